//! The whole cluster on a real IPVS kernel: the product converges it over ssh, and FTP clients use it.
//!
//! Started outside, this program boots the lab and runs itself there; inside, it runs its trials one after the other.
//! Each starts from a known state: hosts as new, or the cluster converged.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod adoption;
mod breakage_table;
mod broken;
mod change_table;
mod check_writes_nothing;
mod compare;
mod converge;
mod cron;
mod cut_off;
mod dead;
mod died;
mod direct;
mod doctor;
mod drift_table;
mod drifts;
mod faults;
mod foreign;
mod ftp;
mod hosts;
mod install;
mod keepalived;
mod listing;
mod load;
mod machine;
mod machines;
mod model_and_ipvsadm;
mod noticed;
mod piranha;
mod product;
mod pulse;
mod reboot;
mod served;
mod state;
mod systemd;
mod tasks;
mod two_clusters;
mod unnoticed;

#[path = "../model/mod.rs"]
mod model;

use libtest_mimic::Arguments;
use machines::Trial;
use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    if load::Load::here() {
        return ExitCode::SUCCESS;
    }
    if let Some(daemon) = pulse::called() {
        return daemon();
    }
    if std::env::var_os("LAB_DIR").is_some() && Path::new("/run/lab/job").is_dir() {
        machines::inside(trials());
        ExitCode::SUCCESS
    } else {
        machines::outside(&Arguments::from_args(), trials(), &[]).exit()
    }
}

/// `tests/faults.rs` has them all in a tenth of the time, most on a stand-in for IPVS; here IPVS is the kernel's.
fn faults() -> Vec<Trial> {
    if std::env::var_os("LAB_SOAK").is_some() { faults::trials() } else { Vec::new() }
}

fn trials() -> Vec<Trial> {
    let all = [
        converge::trials(),
        ftp::trials(),
        served::trials(),
        direct::trials(),
        doctor::trials(),
        keepalived::trials(),
        piranha::trials(),
        drifts::trials(),
        check_writes_nothing::trials(),
        foreign::trials(),
        adoption::trials(),
        cut_off::trials(),
        dead::trials(),
        broken::trials(),
        died::trials(),
        faults(),
        tasks::trials(),
        two_clusters::trials(),
        model_and_ipvsadm::trials(),
        reboot::trials(),
        systemd::trials(),
        install::trials(),
        unnoticed::trials(),
        cron::trials(),
    ];
    all.into_iter().flatten().collect()
}
