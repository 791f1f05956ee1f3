//! What tests with real tools share: ways onto this machine, and network namespaces that go away by themselves.
#![allow(dead_code, reason = "each suite uses a part")]

pub mod edits;
pub mod keepalived;
pub mod piranha;
pub mod run;

use lvs_ftp::{
    host::{Session, Writable},
    inventory::{ConnectionOptions, HostVars, Inventory},
    source::Source,
};
use std::sync::atomic::{AtomicU32, Ordering};

/// Debian's two iptables, as far as the kernel knows them: user-mode Linux has no nf_tables. `tests/lab/suite` says so there,
/// and the gate does not pass.
pub fn backends() -> Vec<&'static str> {
    let mut all = vec!["iptables-legacy", "iptables-nft"];
    if std::env::var("LAB_MODE").is_ok_and(|mode| mode == "uml") {
        all.pop();
    }
    all
}

/// The newest of them.
pub fn nft() -> &'static str {
    backends().pop().unwrap()
}

/// Each of them with the other, where there are two.
pub fn backend_pairs() -> Vec<(&'static str, &'static str)> {
    match backends()[..] {
        [one, other] => vec![(one, other), (other, one)],
        _ => Vec::new(),
    }
}

/// How long something may take that takes some seconds at most. In user-mode Linux a process costs ten times as much.
pub fn within(seconds: u64) -> std::time::Duration {
    let slow = std::env::var("LAB_MODE").is_ok_and(|mode| mode == "uml");
    std::time::Duration::from_secs(if slow { 6 * seconds } else { seconds })
}

/// A host with these variables, as an inventory would give it.
pub fn host_with(variables: &serde_json::Value) -> HostVars {
    let text = serde_json::json!({"all": {"hosts": {"host": variables}}}).to_string();
    let inventory = Inventory::of(&[Source::new("inventory.json", text)]).unwrap();
    inventory.host("host", &ConnectionOptions::default()).unwrap()
}

/// A host without variables.
pub fn host() -> HostVars {
    host_with(&serde_json::json!({}))
}

/// The way onto a host with these variables.
pub fn connection(session: &Session, variables: &serde_json::Value) -> Writable {
    session.connect(&host_with(variables), 0).unwrap().writable(None)
}

/// A network namespace of our own.
pub struct Netns(String, tempfile::TempDir);

impl Netns {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("lvs-ftp-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        duct::cmd!("ip", "netns", "add", &name).run().unwrap();
        Self(name, tempfile::tempdir().unwrap())
    }

    /// The words that run a command in it.
    pub fn words(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.0].map(str::to_owned).into()
    }

    /// The same with nobody else's locks: with a /run of its own.
    pub fn host_words(&self) -> Vec<String> {
        let enter = format!("mount --bind {} /run && exec \"$@\"", self.1.path().display());
        [self.words(), ["unshare", "-m", "--", "sh", "-c", &enter, "sh"].map(str::to_owned).into()].concat()
    }

    /// Runs a shell script in it and returns what it printed. Its iptables waits for nobody in another namespace.
    pub fn sh(&self, script: &str) -> String {
        let lock = self.1.path().join("xtables.lock");
        duct::cmd!("ip", "netns", "exec", &self.0, "sh", "-ec", script).env("XTABLES_LOCKFILE", lock).read().unwrap()
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        let _ = duct::cmd!("ip", "netns", "delete", &self.0).run();
    }
}
