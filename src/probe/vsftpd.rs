//! vsftpd.conf, and whether the running daemon has read it.
//!
//! Linux does not tell when a process was last sent SIGHUP. So the reload leaves a stamp in the host's run folder:
//! which process read which content, and since when the file had it. Without a stamp of this very process, the daemon
//! has read the file if it started after the file's last change. A doubt counts as "not read": a SIGHUP more is
//! harmless, a missed one is not.

use super::{
    Answer,
    clock::{CHANGED, Clock, LOOKS, change_time},
    regular,
    vsftpd_process::Process,
};
use crate::format::{
    cksum::cksum,
    sh,
    vsftpd_conf::{VsftpdConf, boolean},
};
use camino::{Utf8Path, Utf8PathBuf};

/// The file and its daemons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vsftpd {
    /// The file's path as it was asked for, or where it was found.
    pub conf: Utf8PathBuf,
    /// Its content.
    pub text: Vec<u8>,
    /// The standalone daemons that read this file. None: it is started by inetd, or not at all.
    pub daemons: Vec<Daemon>,
    /// Sessions that still work by what the file said before.
    pub lingering: Lingering,
    /// Whether the host's clock is behind the file's last change: nobody can tell how long ago that was.
    pub is_from_the_future: bool,
}

/// A running standalone vsftpd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Its process id.
    pub pid: u32,
    /// When it was started, in clock ticks after boot: with the id, this names one process for ever.
    pub start_ticks: u64,
    /// Whether it has read the file's present content.
    pub has_read: bool,
}

/// Sessions that began before their daemon last read its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lingering {
    /// How many processes they have: none when there is no such session.
    pub sessions: usize,
    /// Seconds since the file was read.
    pub seconds: u64,
}

/// Where the distributions keep the file: Debian and old Red Hat; Red Hat since 2004.
const PLACES: [&str; 2] = ["/etc/vsftpd.conf", "/etc/vsftpd/vsftpd.conf"];

/// Where a reload leaves its stamp: one line `PID START_TICKS READ_TICKS CRC LENGTH CHANGED` for each
/// daemon.
#[must_use]
pub fn stamp_path(conf: &Utf8Path) -> String {
    let name = conf.as_str().trim_start_matches('/').replace('_', "__").replace('/', "_");
    format!("/var/run/lvs-ftp/read-{name}")
}

pub(super) fn scripts(conf: Option<&Utf8Path>) -> Vec<String> {
    let places: Vec<&str> = conf.map_or(PLACES.to_vec(), |conf| vec![conf.as_str()]);
    let stamps: Vec<String> = places.iter().map(|place| stamp_path(Utf8Path::new(place))).collect();
    let find = format!(
        "set --; for place in {}; do [ ! -e \"$place\" ] || set -- \"$@\" \"$place\"; done\n",
        sh::words(&places)
    );
    let facts = format!(
        r#"for place do printf 'conf %s\n' "$place"; done
changed=$({CHANGED} -- "$1" 2>/dev/null)
echo "changed $changed"
[ -n "$changed" ] || echo "modified $(date -r "$1" +%s 2>/dev/null)"
{LOOKS}
for stamp in {stamps}; do [ ! -e "$stamp" ] || while read -r line; do printf 'stamp %s %s\n' "$stamp" "$line"; done <"$stamp"; done
cd /proc || exit
line() {{ {{ read -r line <"$1/stat"; }} 2>/dev/null || return; parent=${{line##*) }}; parent=${{parent#* }}; parent=${{parent%% *}}; }}
whole() {{
  net= mine= input= errors= words=$IFS
  set -f; IFS='
'
  for link in $(ls -ln self/ns/net "$1/ns/net" "$1/fd/0" "$1/fd/2" 2>/dev/null); do
    case $link in
    *' self/ns/net -> '*) mine=${{link##* -> }} ;;
    *" $1/ns/net -> "*) net=${{link##* -> }} ;;
    *" $1/fd/0 -> "*) input=${{link##* -> }} ;;
    *" $1/fd/2 -> "*) errors=${{link##* -> }} ;;
    esac
  done
  set +f; IFS=$words
  [ "$net" = "$mine" ] || return
  printf 'process %s | %s | %s | %s\n' "$line" "$input" "$errors" "$(tr '\000\n' '| ' <"$1/cmdline" 2>/dev/null)"
  own="$own$1 "
}}
set -- $(cat self/stat)
echo "ticks ${{22}}"
set -- $(grep -l '^[0-9]* (vsftpd) ' [0-9]*/stat 2>/dev/null)
all="$* " own=' ' children=
for stat do
  pid=${{stat%/stat}}
  line "$pid" || continue
  case " $all" in *" $parent/stat "*) children="$children $pid" ;; *) whole "$pid" ;; esac
done
for pid in $children; do
  line "$pid" || continue
  case $own in *" $parent "*) printf 'process %s | a child\n' "$line"; own="$own$pid " ;; *) whole "$pid" ;; esac
done
:"#,
        stamps = sh::words(&stamps)
    );
    vec![format!("{find}{facts}"), format!("{find}[ $# = 0 ] || {{ {}; }}", regular("$1"))]
}

pub(super) fn read(answers: &[Answer]) -> Result<Vsftpd, String> {
    let [facts, text] = answers else {
        return Err("the host did not answer".to_owned());
    };
    let facts = String::from_utf8_lossy(facts.output("the probe")?).into_owned();
    let lines = |key: &'static str| facts.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '));
    let places: Vec<&str> = lines("conf").collect();
    let [conf] = places.as_slice() else {
        return Err(if places.is_empty() {
            "there is no vsftpd.conf: install vsftpd, or say where it is (vsftpd.conf in the playbook)".to_owned()
        } else {
            format!("there are two, {}: say which one counts (vsftpd.conf in the playbook)", places.join(" and "))
        });
    };
    let conf = Utf8PathBuf::from(*conf);
    let text = text.output("cat")?.to_vec();
    let clock = Clock::best(lines("now"))?;
    let changed = lines("changed").next().unwrap_or_default();
    // The change's time too: the file may have had another content meanwhile, and the daemon been told of that one.
    let version = format!("{} {changed}", cksum(&text));
    let changed = change_time(changed).or_else(|| change_time(lines("modified").next()?));
    let ticks = lines("ticks").next().and_then(|ticks| ticks.parse().ok());
    let ticks: u64 = ticks.ok_or("the host does not tell the time (/proc/self/stat)")?;
    let listens = listens(&text);
    let stamps: Vec<&str> = lines("stamp").filter_map(|line| line.strip_prefix(&*stamp_path(&conf))).collect();
    let processes: Vec<Process> = lines("process").filter_map(Process::read).collect();
    let running = processes.iter().filter(|process| process.is_daemon(&processes, listens) && process.reads(&conf));
    let (daemons, reads): (Vec<Daemon>, Vec<u64>) = running
        .map(|process| {
            let id = format!(" {} {} ", process.pid, process.start_ticks);
            let stamp = stamps.iter().find_map(|stamp| stamp.strip_prefix(&*id)?.split_once(' '));
            let (has_read, since) = match stamp {
                Some((since, read)) => (read == version.trim_end(), since.parse().unwrap_or(ticks)),
                None => (
                    changed.is_some_and(|changed| clock.started_after(process.start_ticks, changed)),
                    process.start_ticks,
                ),
            };
            // What it has not read, no session of it works by.
            let since = if has_read { since } else { ticks };
            (Daemon { pid: process.pid, start_ticks: process.start_ticks, has_read }, since)
        })
        .unzip();
    // Without a daemon each session reads the file when it begins.
    let read = reads.into_iter().max().unwrap_or_else(|| clock.ticks_at(changed, ticks)).min(ticks);
    // A session that began within a second of that may have begun before it.
    let is_old = |process: &&Process| process.start_ticks <= read.saturating_add(clock.ticks(1.0));
    let sessions = processes.iter().filter(|process| process.is_session(&processes, listens, &conf)).filter(is_old);
    let lingering = Lingering { sessions: sessions.count(), seconds: (ticks - read) / clock.ticks(1.0).max(1) };
    let is_from_the_future = changed.is_some_and(|changed| changed.seconds > clock.now.seconds + 1.0);
    Ok(Vsftpd { conf, text, daemons, lingering, is_from_the_future })
}

/// Whether the file makes vsftpd a daemon of its own.
fn listens(text: &[u8]) -> bool {
    let conf = VsftpdConf::parse(text);
    ["listen", "listen_ipv6"].iter().any(|key| conf.value(key).and_then(boolean) == Some(true))
}

#[cfg(test)]
#[path = "vsftpd_tests.rs"]
mod tests;
