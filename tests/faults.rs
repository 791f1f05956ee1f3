//! Whatever dies at whatever moment, one plain run heals it. The lab's hosts as namespaces of this machine, where a
//! process costs a tenth of what it costs in user-mode Linux; where its kernel has no IPVS, a stand-in keeps the table.
//!
//! `LAB_SOAK=1` goes through the whole matrix; `LAB_CASE=lvs1:12:before:shell` does the cases whose names contain
//! that, and says more.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    dead_code,
    reason = "a test may panic, and uses a part of the lab's modules"
)]

#[path = "lab/compare.rs"]
mod compare;
#[path = "lab/faults/mod.rs"]
mod faults;
#[path = "lab/hosts.rs"]
mod hosts;
#[path = "lab/machine.rs"]
mod machine;
mod model;
#[path = "lab/product.rs"]
mod product;
#[path = "lab/stand_in.rs"]
mod stand_in;
#[path = "lab/together.rs"]
mod together;

use libtest_mimic::{Arguments, Failed, Trial};
use std::{os::unix::process::CommandExt, path::Path, process::ExitCode};

fn main() -> ExitCode {
    if stand_in::is_called() {
        return stand_in::run();
    }
    let mut arguments = Arguments::from_args();
    if !arguments.list {
        let own = std::env::current_exe().unwrap();
        let ipvs = if Path::new("/proc/net/ip_vs").exists() { "kernel" } else { "model" };
        enter(&[("LAB_MODE", "native"), ("LAB_IPVS", ipvs), ("LAB_STAND_IN", own.to_str().unwrap())]);
    }
    arguments.test_threads = Some(1);
    let trials = [
        ("faults::any_death_at_any_boundary_heals", faults::every_boundary as fn() -> Result<(), String>),
        ("together::twenty_runs_at_once", together::twenty_at_once),
    ];
    let trials = trials.map(|(name, body)| Trial::test(name, move || body().map_err(Failed::from)));
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

/// Goes on inside only; outside, it ends with the exit status of what ran inside.
fn enter(settings: &[(&str, &str)]) {
    let inside = std::env::var_os("LAB_DIR").is_some() && Path::new("/run/lab/job").is_dir();
    if !inside {
        let error = machine::boot(settings).exec();
        eprintln!("tests/lab/boot cannot be run: {error}");
        std::process::exit(125);
    }
}
