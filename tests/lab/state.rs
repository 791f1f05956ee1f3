//! What the hosts have, as texts that are compared whole; and the two known states that trials start from.

use crate::{
    compare::difference,
    hosts::{MANAGED, ROUTERS, SERVERS, in_network, lab, path, text},
    product::Site,
};
use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt, path::Path, sync::Mutex};

/// The parts of one host: name and text.
pub type Parts = BTreeMap<&'static str, String>;

/// Every managed host's parts.
pub type Cluster = BTreeMap<&'static str, Parts>;

/// The cluster as the last converge left it.
static CONVERGED: Mutex<Option<Cluster>> = Mutex::new(None);

/// Hosts as new, nothing set up.
pub fn fresh() {
    *lock() = None;
    lab(if Path::new("/run/lab/hosts").is_dir() { "cluster reset" } else { "cluster up" });
}

/// Hosts as new, of which these have systemd as their first process.
pub fn booted_by_systemd(hosts: &[&str]) {
    *lock() = None;
    lab(&format!("cluster reset {}", hosts.join(" ")));
}

/// The project's playbook is converged, and nothing else was ever done. Cheap when the last trial left it so.
pub fn converged() -> Site {
    let known = lock().clone();
    if known.is_none_or(|known| known != cluster()) {
        fresh();
        Site::project().converge();
        *lock() = Some(cluster());
    }
    Site::project()
}

fn lock() -> std::sync::MutexGuard<'static, Option<Cluster>> {
    CONVERGED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// All hosts as they are.
pub fn cluster() -> Cluster {
    if !Path::new("/run/lab/hosts").is_dir() {
        return Cluster::new();
    }
    MANAGED.map(|host| (host, parts(host))).into()
}

/// One host as it is.
pub fn parts(host: &str) -> Parts {
    if ROUTERS.contains(&host) {
        router(host)
    } else {
        assert!(SERVERS.contains(&host));
        server(host)
    }
}

/// Why two hosts differ, part by part; empty when they do not.
pub fn differences(what: &str, expected: &Parts, found: &Parts) -> String {
    let names: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let text = |parts: &Parts, name: &str| parts.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .filter_map(|name| difference(&format!("{what}, {name}"), &text(expected, name), &text(found, name)))
        .collect()
}

/// Panics when a host is not as expected.
pub fn same_parts(what: &str, expected: &Parts, found: &Parts) {
    let text = differences(what, expected, found);
    assert!(text.is_empty(), "{text}");
}

/// Panics when any host is not as expected.
pub fn same_cluster(what: &str, expected: &Cluster, found: &Cluster) {
    for host in MANAGED {
        same_parts(&format!("{host} {what}"), &expected[host], &found[host]);
    }
}

fn router(host: &str) -> Parts {
    let script = "
        iptables-legacy-save | sed '/^#/d; s/^\\(:.*\\) \\[.*/\\1/'
        echo '%'
        ipvsadm -S -n
        echo '%'
        ipvsadm -L -n --thresholds | while read -r one two upper lower rest; do
            case $one in '->') echo \"$two $upper $lower\";; esac
        done
        echo '%'
        cat /proc/sys/net/ipv4/ip_forward";
    let text = in_network(host, script);
    let names = ["packet filter", "IPVS", "thresholds", "ip_forward"];
    let parts: Vec<&str> = text.split("%\n").collect();
    assert_eq!(parts.len(), names.len(), "{text}");
    names.into_iter().zip(parts.into_iter().map(str::to_owned)).collect()
}

fn server(host: &str) -> Parts {
    let mut parts = Parts::new();
    let conf = path(host, "/etc/vsftpd.conf");
    if conf.is_file() {
        parts.insert("vsftpd.conf", text(host, "/etc/vsftpd.conf"));
    }
    parts.insert("vsftpd.conf is", fs::symlink_metadata(&conf).map(|meta| owner_and_mode(&meta)).unwrap_or_default());
    let names = fs::read_dir(path(host, "/etc")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    // The copy of what was there before is kept on purpose.
    files.retain(|name| name.contains("vsftpd") && name != "vsftpd.conf.lvs-ftp-old");
    files.sort();
    parts.insert("files", files.join("\n") + "\n");
    parts.insert("daemon", daemons(host));
    parts
}

pub fn owner_and_mode(meta: &fs::Metadata) -> String {
    format!("{:o} {} {}\n", meta.mode(), meta.uid(), meta.gid())
}

/// Process number and start of each vsftpd on a host: a reload keeps both, a restart does not.
fn daemons(host: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for entry in fs::read_dir(path(host, "/proc")).unwrap() {
        let Ok(stat) = fs::read_to_string(entry.unwrap().path().join("stat")) else { continue };
        if let Some((pid, rest)) = stat.split_once(" (vsftpd) ") {
            all.push(format!("{pid} started at {}\n", rest.split(' ').nth(19).unwrap()));
        }
    }
    all.sort();
    all.concat()
}
