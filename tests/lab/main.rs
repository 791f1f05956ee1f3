//! The whole cluster on a real IPVS kernel: the product converges it over ssh, and FTP clients use it.
//!
//! Started outside, this program boots the lab and runs itself there; inside, it runs its trials one after the other.
//! Each starts from a known state: hosts as new, or the cluster converged.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod adoption;
mod breakage_table;
mod broken;
mod check_writes_nothing;
mod compare;
mod converge;
mod dead;
mod died;
mod drift_table;
mod drifts;
mod foreign;
mod ftp;
mod hosts;
mod listing;
mod model_and_ipvsadm;
mod product;
mod reboot;
mod state;
mod systemd;
mod two_clusters;

#[path = "../model/mod.rs"]
mod model;

use libtest_mimic::{Arguments, Trial};
use std::{os::unix::process::CommandExt, path::Path, process::Command};

fn main() {
    let mut arguments = Arguments::from_args();
    let inside = std::env::var_os("LAB_DIR").is_some() && Path::new("/run/lab/job").is_dir();
    if !inside && !arguments.list {
        let error = boot().exec();
        eprintln!("tests/lab/boot cannot be run: {error}");
        std::process::exit(125);
    }
    // There is one cluster.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials()).exit();
}

/// This program again, in the lab.
fn boot() -> Command {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let product = Path::new(env!("CARGO_BIN_EXE_lvs-ftp"));
    let folder = product.parent().unwrap_or(project);
    let mut command = Command::new(project.join("tests/lab/boot"));
    command.args(std::env::current_exe()).args(std::env::args_os().skip(1)).env("LAB_BIN", folder);
    if std::env::var_os("LAB_TIMEOUT").is_none() {
        command.env("LAB_TIMEOUT", "1800");
    }
    // Hosts see the project; a target folder elsewhere must be shared.
    if !folder.starts_with(project) && std::env::var_os("LAB_OUT").is_none() {
        command.env("LAB_OUT", folder);
    }
    command
}

fn trials() -> Vec<Trial> {
    let all = [
        converge::trials(),
        ftp::trials(),
        drifts::trials(),
        check_writes_nothing::trials(),
        foreign::trials(),
        adoption::trials(),
        dead::trials(),
        broken::trials(),
        died::trials(),
        two_clusters::trials(),
        model_and_ipvsadm::trials(),
        reboot::trials(),
        systemd::trials(),
    ];
    all.into_iter().flatten().collect()
}

/// A trial that passes unless it panics.
fn trial(name: &str, body: fn()) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}
