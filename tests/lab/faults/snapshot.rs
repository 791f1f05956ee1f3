//! What a host has that a run may change, and that foreign hands have put there: files, kernel tables, processes.

use super::processes::{self, Process};
use crate::{
    compare::difference,
    hosts::{on, path},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
};

/// The hosts of these trials.
pub const HOSTS: [&str; 3] = ["lvs1", "ftp1", "ftp2"];

/// Path and what is there.
pub type Files = BTreeMap<String, Entry>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    mode: u32,
    owner: (u32, u32),
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Folder,
    File(Vec<u8>),
    Link(String),
}

/// One host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub files: Files,
    /// The kernel's tables with the counters of rules; on a real server, what its vsftpd does.
    pub tables: String,
    pub processes: String,
}

/// Where files are looked at: none of them holds more than a host's own configuration.
const FOLDERS: [&str; 14] = [
    "/etc",
    "/etc/default",
    "/etc/iptables",
    "/etc/sysctl.d",
    "/etc/rc0.d",
    "/etc/rc1.d",
    "/etc/rc2.d",
    "/etc/rc3.d",
    "/etc/rc4.d",
    "/etc/rc5.d",
    "/etc/rc6.d",
    "/etc/rcS.d",
    "/run/lvs-ftp",
    "/run/lvs-ftp/undo",
];

const ROUTER: &str = "
    for save in iptables-legacy-save ip6tables-legacy-save; do
        $save -c | sed '/^#/d; s/^\\(:.*\\) \\[.*/\\1/'
    done
    ipvsadm -S -n
    ipvsadm -L -n --thresholds
    cat /proc/sys/net/ipv4/ip_forward";

/// A session of its own shows which range the daemon has read; the port itself differs each time.
const SERVER: &str = "
    curl -sv --max-time 5 ftp://127.0.0.1/hello.txt 2>&1 | sed -n 's/.*(|||\\([0-9]*\\)|).*/\\1/p' | while read -r port; do
        [ $port -ge 10000 ] && [ $port -le 20000 ] && echo 'passive range as wanted' || echo \"passive port $port\"
    done";

pub fn host(name: &str) -> Host {
    let processes = processes(name);
    let tables = on(name, if name.starts_with("lvs") { ROUTER } else { SERVER });
    Host { files: files(name), tables, processes }
}

/// The commands of all processes, but connections of ssh and FTP: those end by themselves.
pub fn processes(name: &str) -> String {
    let all = processes::of(name);
    let is_session = |process: &Process| {
        let parent = all.iter().find(|other| other.pid == process.parent);
        process.is_ssh_session() || (process.name == "vsftpd" && parent.is_some_and(|parent| parent.name == "vsftpd"))
    };
    let daemons = all.iter().filter(|process| !is_session(process));
    let mut lines: Vec<String> = daemons.map(|process| format!("{}\n", process.command)).collect();
    lines.sort();
    lines.concat()
}

pub fn files(host: &str) -> Files {
    let mut files = Files::new();
    for folder in FOLDERS {
        let Ok(entries) = fs::read_dir(path(host, folder)) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            files.extend(self::entry(&entry.path(), name.starts_with("/run/")).map(|found| (name, found)));
        }
    }
    files
}

/// What is at a path. Of a file in /run only that it is there: it holds process numbers and times.
fn entry(path: &Path, volatile: bool) -> Option<Entry> {
    let meta = fs::symlink_metadata(path).ok()?;
    let what = if meta.is_symlink() {
        What::Link(fs::read_link(path).ok()?.to_string_lossy().into_owned())
    } else if meta.is_dir() {
        What::Folder
    } else {
        What::File(if volatile { Vec::new() } else { fs::read(path).ok()? })
    };
    Some(Entry { mode: meta.mode(), owner: (meta.uid(), meta.gid()), what })
}

/// Puts a host's files back.
pub fn restore(host: &str, wanted: &Files) {
    let _ = fs::remove_dir_all(path(host, "/run/lvs-ftp"));
    let now = files(host);
    let names: BTreeSet<&String> = now.keys().chain(wanted.keys()).collect();
    for name in names.into_iter().filter(|name| now.get(*name) != wanted.get(*name)) {
        let place = path(host, name);
        if now.contains_key(name) {
            fs::remove_file(&place).unwrap();
        }
        if let Some(entry) = wanted.get(name) {
            put(&place, entry);
        }
    }
}

fn put(place: &Path, entry: &Entry) {
    match &entry.what {
        What::Folder => fs::create_dir(place).unwrap(),
        What::Link(target) => return symlink(target, place).unwrap(),
        What::File(text) => fs::write(place, text).unwrap(),
    }
    chown(place, Some(entry.owner.0), Some(entry.owner.1)).unwrap();
    fs::set_permissions(place, fs::Permissions::from_mode(entry.mode & 0o7777)).unwrap();
}

/// Why a host is not as expected; empty when it is.
pub fn differences(name: &str, expected: &Host, found: &Host) -> String {
    let mut text = String::new();
    let names: BTreeSet<&String> = expected.files.keys().chain(found.files.keys()).collect();
    for file in names {
        let [one, other] = [expected, found].map(|host| show(host.files.get(file)));
        text.extend(difference(&format!("{name}, {file}"), &one, &other));
    }
    text.extend(difference(&format!("{name}, tables"), &expected.tables, &found.tables));
    text.extend(difference(&format!("{name}, processes"), &expected.processes, &found.processes));
    text
}

fn show(entry: Option<&Entry>) -> String {
    let Some(Entry { mode, owner, what }) = entry else { return "not there\n".to_owned() };
    let what = match what {
        What::Folder => "a folder\n".to_owned(),
        What::Link(target) => format!("a link to {target}\n"),
        What::File(text) => format!("a file\n{}", String::from_utf8_lossy(text)),
    };
    format!("{mode:o} {owner:?} {what}")
}
