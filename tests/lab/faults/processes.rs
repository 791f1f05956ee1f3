//! A host's processes, as the lab machine sees them.

use crate::hosts;
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, path::Path};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number here, and as the host counts.
    pub pid: u32,
    pub inner: u32,
    pub parent: u32,
    pub name: String,
    pub command: String,
}

/// All of a host's processes but its first.
pub fn of(host: &str) -> Vec<Process> {
    let first = hosts::pid(host);
    let space = fs::read_link(format!("/proc/{first}/ns/pid")).unwrap();
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    all.filter(|pid| pid.to_string() != first)
        .filter(|pid| fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|own| own == space))
        .filter_map(read)
        .collect()
}

/// A process that is neither gone nor about to go.
fn read(pid: u32) -> Option<Process> {
    let folder = format!("/proc/{pid}");
    let status = fs::read_to_string(Path::new(&folder).join("status")).ok()?;
    let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim();
    if field("State:").starts_with(['Z', 'X']) {
        return None;
    }
    let words = fs::read(Path::new(&folder).join("cmdline")).ok()?;
    Some(Process {
        pid,
        inner: field("NSpid:").split_whitespace().last()?.parse().ok()?,
        parent: field("PPid:").parse().ok()?,
        name: field("Name:").to_owned(),
        command: String::from_utf8_lossy(&words).replace('\0', " ").trim().to_owned(),
    })
}

/// kill -9.
pub fn kill(process: &Process) {
    signal(process, Signal::KILL);
}

pub fn signal(process: &Process, signal: Signal) {
    if let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) {
        // Whoever is gone already is just as dead.
        let _ = kill_process(pid, signal);
    }
}

impl Process {
    /// A connection, not the daemon that listens.
    pub fn is_ssh_session(&self) -> bool {
        self.name.starts_with("sshd") && !self.command.contains("[listener]")
    }

    /// What is no part of any run: the daemon itself, and the sleep of a host's first process.
    pub fn is_the_host(&self) -> bool {
        self.command.contains("[listener]") || self.command == "sleep 1000000"
    }

    pub fn is_there(&self) -> bool {
        read(self.pid).is_some_and(|now| now.name == self.name)
    }
}
