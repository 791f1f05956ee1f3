//! keepalived.conf, what it includes, whether the running daemon has read it, and which real servers it has taken out.
//!
//! A health check's script tells a moment after the daemon took a server out. So where servers are lacking that nobody has
//! told of, we wait a few seconds for it; the IPVS table is looked at behind this.
//!
//! Whether it has read the file is told as for vsftpd: by the stamp that a reload leaves, else by the daemon's start. Which
//! servers it has taken out, and since when, its notify scripts leave in files that the resource has it write.

use super::{
    Answer,
    clock::{CHANGED, Clock, LOOKS, TICKS, change_time},
    directors::{KEEPALIVED_FILES, files, keepalived_marks},
    regular,
    vsftpd::stamp_path,
};
use crate::format::{cksum::cksum, keepalived_conf::KeepalivedConf};
use camino::Utf8Path;
use std::{collections::BTreeMap, net::Ipv4Addr};

/// Where every distribution has it.
pub const CONF: &str = "/etc/keepalived/keepalived.conf";

/// What a health check's notify script leaves while a server is out: `DOWN-MARK-ADDRESS`, with the time in it.
pub const DOWN: &str = "/var/run/lvs-ftp/down";

/// keepalived on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keepalived {
    /// The file's text; nothing where there is no file.
    pub text: Option<Vec<u8>>,
    /// Marks that files name which it includes.
    pub included: Vec<(u32, String)>,
    /// The daemon that reads it.
    pub daemon: Option<KeepalivedDaemon>,
    /// Another daemon, and the file that it reads.
    pub other: Option<(u32, String)>,
    /// By mark and address, since when the daemon has had a real server out, in seconds after 1970.
    pub down: BTreeMap<(u32, Ipv4Addr), i64>,
}

/// The running daemon: its first process, which the others are children of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepalivedDaemon {
    /// Its process id.
    pub pid: u32,
    /// When it was started, in clock ticks after boot.
    pub start_ticks: u64,
    /// Whether it has read the file's present content.
    pub has_read: bool,
}

pub(super) fn scripts() -> Vec<String> {
    let facts = format!(
        r#"conf={CONF}
[ ! -e "$conf" ] || echo there
lines() {{ grep -c -e "$1" 2>/dev/null || :; }}
down() {{ for file in {DOWN}-*; do [ ! -f "$file" ] || echo; done | lines ''; }}
for look in 1 2 3; do
  servers=$(lines '^[[:space:]]*real_server[[:space:]]' <"$conf") || break
  [ "${{servers:-0}}" -gt $(($(ipvsadm -S -n 2>/dev/null | lines '^-a ') + $(down))) ] || break
  sleep 1
done 2>/dev/null
echo "changed $({CHANGED} -- "$conf" 2>/dev/null)"
echo "ticks $({TICKS})"
{LOOKS}
stamp={stamp}
[ ! -e "$stamp" ] || while read -r line; do printf 'stamp %s\n' "$line"; done <"$stamp"
for file in {DOWN}-*; do [ ! -f "$file" ] || printf 'down %s %s\n' "${{file#{DOWN}-}}" "$(cat "$file" 2>/dev/null)"; done
net=$(readlink /proc/self/ns/net 2>/dev/null)
cd /proc || exit
for stat in $(grep -l '^[0-9]* (keepalived' [0-9]*/stat 2>/dev/null); do
  pid=${{stat%/stat}}
  [ "$(readlink "$pid/ns/net" 2>/dev/null)" = "$net" ] || continue
  printf 'process %s | %s\n' "$(cat "$stat" 2>/dev/null)" "$(tr '\000\n' '\n ' <"$pid/cmdline" 2>/dev/null | tr '\n' ' ')"
done
:"#,
        stamp = stamp_path(Utf8Path::new(CONF)),
    );
    vec![facts, regular(CONF), format!("{KEEPALIVED_FILES}show {CONF} 0")]
}

pub(super) fn read(answers: &[Answer]) -> Result<Keepalived, String> {
    let [facts, text, all] = answers else { return Err("the host did not answer".to_owned()) };
    let facts = String::from_utf8_lossy(facts.output("the probe")?).into_owned();
    let lines = |key: &'static str| facts.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '));
    let text = facts.lines().any(|line| line == "there").then_some(text.output("cat")?.to_vec());
    let clock = Clock::best(lines("now"))?;
    let changed = lines("changed").next().unwrap_or_default();
    let version = format!("{} {changed}", cksum(text.as_deref().unwrap_or_default()));
    let processes: Vec<Process> = lines("process").filter_map(Process::read).collect();
    let is_first = |one: &&Process| !processes.iter().any(|other| other.pid == one.parent);
    let (mut daemon, mut other) = (None, None);
    for one in processes.iter().filter(is_first) {
        if one.conf != CONF {
            other = Some((one.pid, one.conf.clone()));
            continue;
        }
        let id = format!("{} {} ", one.pid, one.start_ticks);
        let stamp = lines("stamp").find_map(|stamp| stamp.strip_prefix(&*id)?.split_once(' '));
        let has_read = match stamp {
            Some((_, read)) => read == version.trim_end(),
            None => change_time(changed).is_some_and(|changed| clock.started_after(one.start_ticks, changed)),
        };
        daemon = Some((
            KeepalivedDaemon { pid: one.pid, start_ticks: one.start_ticks, has_read },
            clock.start(one.start_ticks),
        ));
    }
    // What a daemon of before left says nothing of this one's servers.
    let start = daemon.as_ref().map_or(i64::MAX, |(_, start)| *start);
    let down = lines("down").filter_map(|line| {
        let (name, since) = line.split_once(' ')?;
        let (mark, address) = name.split_once('-')?;
        Some(((mark.parse().ok()?, address.parse().ok()?), since.trim().parse::<i64>().ok()?))
    });
    let down = down.filter(|(_, since)| since.saturating_add(1) >= start).collect();
    let listed = String::from_utf8_lossy(all.output("sed")?).into_owned();
    let mut included = Vec::new();
    for (path, text) in files(&listed).into_iter().skip(1) {
        let conf = KeepalivedConf::parse(text.as_bytes()).map_err(|malformed| format!("{path}, {malformed}"))?;
        let marks = conf.statements.iter().flat_map(keepalived_marks);
        included.extend(marks.map(|mark| (mark, path.clone())));
    }
    Ok(Keepalived { text, included, daemon: daemon.map(|(daemon, _)| daemon), other, down })
}

/// A process whose name begins with keepalived.
struct Process {
    pid: u32,
    parent: u32,
    start_ticks: u64,
    conf: String,
}

impl Process {
    /// `/proc/PID/stat | argument argument …` (proc(5)).
    fn read(text: &str) -> Option<Self> {
        let (stat, arguments) = text.split_once(" | ")?;
        let (pid, rest) = stat.split_once(" (keepalived")?;
        let fields: Vec<&str> = rest.split_once(") ")?.1.split(' ').collect();
        if matches!(fields.first(), Some(&("Z" | "X"))) {
            return None;
        }
        let words: Vec<&str> = arguments.split(' ').collect();
        let long = words.iter().find_map(|word| word.strip_prefix("--use-file="));
        let next = words.windows(2).find(|pair| pair[0] == "-f" || pair[0] == "--use-file").map(|pair| pair[1]);
        let short = words.iter().find_map(|word| word.strip_prefix("-f").filter(|rest| !rest.is_empty()));
        Some(Self {
            pid: pid.parse().ok()?,
            parent: fields.get(1)?.parse().ok()?,
            start_ticks: fields.get(19)?.parse().ok()?,
            conf: long.or(next).or(short).unwrap_or(CONF).to_owned(),
        })
    }
}
