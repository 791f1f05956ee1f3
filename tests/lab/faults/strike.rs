//! The faults.

use super::{
    boundary,
    processes::{self, Process, kill},
};
use std::{
    fmt,
    fs::File,
    thread::sleep,
    time::{Duration, Instant},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// kill -9 of the tool, on the control host. What it had begun on hosts goes on.
    Tool,
    /// The same, and the next run begins at once.
    Haste,
    /// The host's ssh connections end at once. What runs there goes on until it has something to say.
    Connection,
    /// kill -9 of the shell on the host that runs our script, and of the tool that it is about to run.
    Shell,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tool => "tool",
            Self::Haste => "haste",
            Self::Connection => "connection",
            Self::Shell => "shell",
        })
    }
}

/// Does the fault, with the tool of this number waiting on the host; gives back what of the script may
/// still run, and the fifo that the tool reads: it keeps what is in it only while somebody has it open.
pub fn strike(fault: Fault, host: &str, asking: u32) -> (File, Vec<Process>) {
    let all = processes::of(host);
    let script = script(&all, asking);
    match fault {
        Fault::Tool | Fault::Haste => {
            let tools = processes::of("control").into_iter().filter(|process| process.name == "lvs-ftp");
            tools.for_each(|process| kill(&process));
        }
        Fault::Connection => all.iter().filter(|process| process.is_ssh_session()).for_each(kill),
        Fault::Shell => script.iter().for_each(kill),
    }
    (boundary::release(host), script)
}

/// The waiting tool and the shells above it, from below.
fn script(all: &[Process], asking: u32) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    let mut next = all.iter().find(|process| process.inner == asking);
    while let Some(process) = next.filter(|process| !process.name.starts_with("sshd")) {
        found.push(process.clone());
        next = all.iter().find(|other| other.pid == process.parent);
    }
    found
}

/// Waits until the rest of a script has ended. What is still there after a long time is given back.
pub fn ended(script: &[Process]) -> Vec<&Process> {
    let begun = Instant::now();
    loop {
        let left: Vec<&Process> = script.iter().filter(|process| process.is_there()).collect();
        if left.is_empty() || begun.elapsed() > Duration::from_secs(20) {
            return left;
        }
        sleep(Duration::from_millis(10));
    }
}
