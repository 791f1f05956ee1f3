//! FTP clients that use the cluster while something is done to it, and what they met.

mod download;
mod generator;
mod session;

pub use download::Download;

use crate::hosts::{ROUTERS, SERVERS, on, path};
use serde::{Deserialize, Serialize};
use session::Mode;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

const VIRTUAL_IP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// Where it works on the client host: the file to compare with, its events, and the file that stops it.
const FOLDER: &str = "/tmp/load";

/// How many clients, and how long they stay.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Rates {
    /// Visitors with short sessions, and their pause between two.
    pub short: usize,
    pub pause_millis: u64,
    /// Seconds until another visitor takes their place.
    pub visit_seconds: u64,
    /// Visitors whose session stays open for so long.
    pub stay: usize,
    pub stay_seconds: u64,
    /// Visitors with one download that lasts so long.
    pub long: usize,
    pub long_seconds: u64,
    /// It ends by itself after so many seconds.
    pub at_most: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// A session of its own for one small file.
    Short,
    /// One more small file in a session that stays open.
    Stay,
    /// A long download.
    Long,
}

/// What one client met. Times are in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    pub kind: Kind,
    pub mode: Mode,
    pub from: Ipv4Addr,
    pub server: String,
    pub start: u64,
    /// When something last went well: what failed, failed right after it, though it may have been noticed late.
    pub last_good: u64,
    pub end: u64,
    pub error: Option<String>,
}

impl Event {
    pub fn failed(&self) -> bool {
        self.error.is_some()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, mode, from, server, start, last_good, end, error } = self;
        let error = error.as_deref().unwrap_or("well");
        let (good, noticed) = (last_good.saturating_sub(*start), end - start);
        write!(f, "{start}: {kind:?} {mode:?} {from} at {server}, good for {good} ms, after {noticed} ms: {error}")
    }
}

/// A running load. It stops when dropped.
pub struct Load(Child);

impl Load {
    /// The lab's program as the process on the client host, when that is what it was started for.
    pub fn here() -> bool {
        let Ok(rates) = std::env::var("LAB_LOAD") else { return false };
        generator::generate(serde_json::from_str(&rates).unwrap());
        true
    }

    pub fn start(rates: Rates) -> Self {
        // All addresses of a network are the client's, and the routers know the way there. Its kernel keeps little of
        // what nobody has read: else a server would be done long before a slow reader.
        let script = format!(
            "ip route replace local 198.18.0.0/15 dev lo
            echo 4096 8192 16384 >/proc/sys/net/ipv4/tcp_rmem
            rm -rf {FOLDER}
            mkdir {FOLDER}"
        );
        on("client", &script);
        for router in ROUTERS {
            on(router, "ip route replace 198.18.0.0/15 via 192.0.2.100");
        }
        let file = &fs::read("/run/lab/ftp/big.bin").unwrap()[..512 * 1024];
        fs::write(path("client", &format!("{FOLDER}/long.bin")), file).unwrap();
        for server in SERVERS {
            fs::write(path(server, "/srv/ftp/long.bin"), file).unwrap();
        }
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new("on");
        command.arg("client").arg(program).env("LAB_LOAD", serde_json::to_string(&rates).unwrap());
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Ends it: all that its clients met.
    pub fn stop(mut self) -> Vec<Event> {
        end();
        let status = self.0.wait().unwrap();
        assert!(status.success(), "the load ended with {status}");
        let events = crate::hosts::text("client", &format!("{FOLDER}/events"));
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn end() {
    let _ = fs::write(path("client", &format!("{FOLDER}/stop")), "");
}

impl Drop for Load {
    fn drop(&mut self) {
        end();
        let _ = self.0.wait();
    }
}

/// A part of the load's time.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub from: u64,
    pub to: u64,
}

impl Window {
    /// The failures that came about in it.
    pub fn failures(self, events: &[Event]) -> Vec<&Event> {
        events.iter().filter(|event| event.failed() && self.holds(event.last_good)).collect()
    }

    /// The real servers of the clients that something went well for in it.
    pub fn servers(self, events: &[Event]) -> BTreeSet<&str> {
        let well = events.iter().filter(|event| !event.failed() && self.holds(event.end));
        well.map(|event| event.server.as_str()).collect()
    }

    pub fn seconds(self) -> u64 {
        (self.to - self.from) / 1000
    }

    /// How many of each kind and mode went well in it. A download counts where it had begun before: it met the change.
    pub fn successes(self, events: &[Event]) -> BTreeMap<(Kind, Mode), usize> {
        let mut counts = BTreeMap::new();
        for event in events.iter().filter(|event| !event.failed()) {
            let counts_here = match event.kind {
                Kind::Long => event.start <= self.from && event.end > self.from,
                Kind::Short | Kind::Stay => self.holds(event.end),
            };
            *counts.entry((event.kind, event.mode)).or_insert(0) += usize::from(counts_here);
        }
        counts
    }

    fn holds(self, time: u64) -> bool {
        (self.from..self.to).contains(&time)
    }
}

/// Milliseconds since 1970; the client host has the lab machine's clock.
pub fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub fn now() -> u64 {
    millis(SystemTime::now())
}
