//! The machine that the program runs on: what it is called, its addresses, and what it can reach by itself.

use super::{process, script::PATH};
use crate::probe::{Answer, Facts, Probe};
use camino::Utf8Path;
use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    time::Duration,
};

/// How long this machine may take to tell its addresses.
const LIMIT: Duration = Duration::from_secs(10);
/// How long systemctl may take.
const SYSTEMCTL: Duration = Duration::from_secs(90);
/// How long a service may take to answer.
const ANSWER: Duration = Duration::from_secs(3);

/// This machine, by what an inventory may call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its host name, as uname(2) says it.
    pub name: String,
    /// Its IPv4 addresses, those that every machine has left out.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// Whether we are root on it.
    pub is_root: bool,
}

impl Machine {
    /// This machine. The text of an error fits after "failed to find out which machine this is: ".
    pub fn this() -> Result<Self, String> {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let script = format!("PATH={PATH}; export PATH\n{}", Probe::Addresses.scripts().concat());
        let finished = process::run(&["/bin/sh".to_owned()], &script, LIMIT)?;
        let status = if let process::End::Status(status) = finished.end { status } else { -1 };
        let answer = Answer { status, stdout: finished.stdout, stderr: finished.stderr };
        let facts = Facts::read(&[Probe::Addresses], [answer]);
        let addresses = facts.addresses().map_err(|unknown| unknown.to_string())?;
        let addresses = addresses.iter().copied().filter(|address| !address.is_loopback()).collect();
        Ok(Self { name, addresses, is_root: rustix::process::geteuid().is_root() })
    }
}

/// Whether something takes connections there. An error says why not.
pub fn takes_connections(address: Ipv4Addr, port: u16) -> Result<(), String> {
    let end = SocketAddrV4::new(address, port);
    TcpStream::connect_timeout(&end.into(), ANSWER).map(drop).map_err(|error| format!("{end} does not answer: {error}"))
}

/// Runs systemctl on this machine, or on the image below a folder. An error has its last words.
pub fn systemctl(root: Option<&Utf8Path>, arguments: &[&str]) -> Result<(), String> {
    let (finished, line) = run_systemctl(root, arguments)?;
    match finished.end {
        process::End::Status(0) => Ok(()),
        _ => Err(format!("failed to run {line}: {}", finished.last_words())),
    }
}

/// What it says in one word, whatever its status; nothing where it does not know the unit.
pub fn systemctl_says(root: Option<&Utf8Path>, arguments: &[&str]) -> Result<String, String> {
    let (finished, _) = run_systemctl(root, arguments)?;
    Ok(String::from_utf8_lossy(&finished.stdout).trim().to_owned())
}

fn run_systemctl(root: Option<&Utf8Path>, arguments: &[&str]) -> Result<(process::Finished, String), String> {
    let mut words = vec!["systemctl".to_owned()];
    words.extend(root.map(|root| format!("--root={root}")));
    words.extend(arguments.iter().map(|word| (*word).to_owned()));
    Ok((process::run(&words, "", SYSTEMCTL)?, words.join(" ")))
}
