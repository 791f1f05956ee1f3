//! Whatever dies at whatever moment, one plain run heals it. The lab's hosts as namespaces of this machine where that is
//! allowed, for a process costs a tenth there of what it costs in user-mode Linux; where its kernel has no IPVS, a stand-in keeps the table.
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
#[path = "lab/machines.rs"]
mod machines;
mod model;
#[path = "lab/product.rs"]
mod product;
#[path = "lab/stand_in.rs"]
mod stand_in;
#[path = "lab/together.rs"]
mod together;

use libtest_mimic::Arguments;
use machines::Trial;
use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    if stand_in::is_called() {
        return stand_in::run();
    }
    if std::env::var_os("LAB_DIR").is_some() && Path::new("/run/lab/job").is_dir() {
        machines::inside(trials());
        ExitCode::SUCCESS
    } else {
        let own = std::env::current_exe().unwrap();
        let ipvs = if Path::new("/proc/net/ip_vs").exists() { "kernel" } else { "model" };
        let settings = [("LAB_IPVS", ipvs), ("LAB_STAND_IN", own.to_str().unwrap())];
        machines::outside(&Arguments::from_args(), trials(), &settings).exit_code()
    }
}

fn trials() -> Vec<Trial> {
    let mut all = faults::trials();
    all.push(Trial::new("together::twenty_runs_at_once", together::twenty_at_once));
    all
}
