//! The boundaries of a run: the calls of tools on hosts.

use crate::hosts::path;
use std::{fmt, fs, io, os::unix::fs::symlink, path::PathBuf};

/// The tools with which steps act. `kill` is the shell's own: the calls around it stand for it.
const TOOLS: &[&str] = &[
    "chmod",
    "cksum",
    "cp",
    "flock",
    "ip6tables-restore",
    "iptables",
    "iptables-legacy-restore",
    "iptables-nft-restore",
    "iptables-restore",
    "ipvsadm",
    "ipvsadm-restore",
    "ln",
    "mkdir",
    "mkfifo",
    "mv",
    "nohup",
    "rm",
    "rmdir",
    "setsid",
    "sync",
    "touch",
    "unshare",
    "update-rc.d",
    "vsftpd",
];

/// Where the script and the host meet.
const FOLDER: &str = "/run/faults";

/// One call of a tool on a host, counted from 1 there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    pub host: &'static str,
    pub number: usize,
    /// Tool and arguments.
    pub call: String,
}

/// On which side of the tool's work the fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

impl Boundary {
    pub fn tool(&self) -> &str {
        self.call.split(' ').next().unwrap_or_default()
    }

    /// Whether the tool changes, or tries, what the host lives by; the rest only leads there.
    pub fn acts(&self) -> bool {
        ["iptables-restore", "ipvsadm", "mv", "update-rc.d", "vsftpd"].contains(&self.tool())
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {}", self.host, self.number, self.call)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// Puts a link for each tool before it in PATH. They lead nowhere, and are passed over, until [`arm`].
pub fn install(host: &str) {
    for tool in TOOLS.iter().filter(|tool| exists(host, tool)) {
        symlink(format!("{FOLDER}/faulty"), path(host, &format!("/usr/local/sbin/{tool}"))).unwrap();
    }
}

fn exists(host: &str, tool: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .any(|folder| fs::symlink_metadata(path(host, &format!("{folder}/{tool}"))).is_ok())
}

/// From now on calls are counted, from 1; a fault may be awaited at one of them.
pub fn arm(host: &str, at: Option<(usize, When)>) {
    let folder = path(host, FOLDER);
    gone(fs::remove_dir_all(&folder));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("count"), "0\n").unwrap();
    fs::write(folder.join("log"), "").unwrap();
    let chosen = at.map_or_else(|| "0 before\n".to_owned(), |(number, when)| format!("{number} {when}\n"));
    fs::write(folder.join("at"), chosen).unwrap();
    let fifo = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, folder.join("go"), rustix::fs::FileType::Fifo, fifo, 0).unwrap();
    let script = PathBuf::from(std::env::var("LAB_DIR").unwrap()).join("faulty");
    symlink(script, folder.join("faulty")).unwrap();
}

/// Tools are called directly again.
pub fn disarm(host: &str) {
    gone(fs::remove_file(path(host, FOLDER).join("faulty")));
}

/// The calls that were counted.
pub fn calls(host: &'static str) -> Vec<Boundary> {
    let log = fs::read_to_string(path(host, FOLDER).join("log")).unwrap();
    let all = log.lines().enumerate();
    all.map(|(index, call)| Boundary { host, number: index + 1, call: call.to_owned() }).collect()
}

/// The process number, as the host counts, of the tool that waits for the fault.
pub fn asking(host: &str) -> Option<u32> {
    let folder = path(host, FOLDER);
    folder.join("asked").exists().then(|| fs::read_to_string(folder.join("asks")).unwrap().trim().parse().unwrap())
}

/// The tool that waits goes on. Nobody may be there to read this any more.
pub fn release(host: &str) -> fs::File {
    let go = fs::OpenOptions::new().read(true).write(true).open(path(host, FOLDER).join("go")).unwrap();
    io::Write::write_all(&mut &go, b"go\n").unwrap();
    go
}

fn gone(result: io::Result<()>) {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{error}"),
        _ => {}
    }
}
