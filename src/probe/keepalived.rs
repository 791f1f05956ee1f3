//! keepalived.conf, what it includes, whether the running daemon has read it, and which real servers it has taken out.
//!
//! keepalived of 2.3 disables a script whose path leads through a link, as /bin does on merged systems. So the shell's real path
//! is a fact, and so are the paths of scripts that lead through one.
//!
//! A health check's script tells a moment after the daemon took a server out. So where servers are lacking that nobody has
//! told of, we wait a few seconds for it; the IPVS table is looked at behind this.
//!
//! Whether it has read the file is told as for vsftpd: by the stamp that a reload leaves, else by the daemon's start. Which
//! servers it has taken out, and since when, its notify scripts leave in files that the resource has it write.

use super::{
    Answer,
    clock::{CHANGED, Clock, LOOKS, TICKS, change_time},
    directors::{KEEPALIVED_FILES, files},
    regular,
    vsftpd::stamp_path,
};
use crate::format::{cksum::cksum, keepalived_conf::KeepalivedConf};
use camino::Utf8Path;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::Ipv4Addr,
};

/// Where every distribution has it.
pub const CONF: &str = "/etc/keepalived/keepalived.conf";

/// What a health check's notify script leaves while a server is out: `DOWN-MARK-ADDRESS`, with the time in it.
pub const DOWN: &str = "/var/run/lvs-ftp/down";

/// keepalived on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keepalived {
    /// The file's text; nothing where there is no file.
    pub text: Option<Vec<u8>>,
    /// Path and statements of each file that it includes.
    pub included: Vec<(String, KeepalivedConf)>,
    /// The words that a script of this host begins with to be sh: a real path.
    pub shell: String,
    /// Paths of scripts that the daemon disables, since they lead through a link.
    pub disabled: BTreeSet<String>,
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
    vec![
        facts,
        regular(CONF),
        format!("{KEEPALIVED_FILES}{SHELL}conf={CONF}\n{}", include_str!("keepalived_scripts.sh")),
    ]
}

/// Says what the shell's real path is. Only where /bin or the shell is a link does that take a process.
const SHELL: &str = r#"shell=/bin/sh
if [ -h /bin ] || [ -h /bin/sh ]; then
  shell=$(readlink -f /bin/sh 2>/dev/null)
  case ${shell##*/} in
  '') shell=$(cd -P /bin && pwd -P)/sh ;;
  *box) shell="$shell sh" ;;
  esac
fi
echo "shell $shell"
"#;

pub(super) fn read(answers: &[Answer]) -> Result<Keepalived, String> {
    let [facts, text, all] = answers else { return Err("the host did not answer".to_owned()) };
    let facts = String::from_utf8_lossy(facts.output("the probe")?).into_owned();
    let lines = |key: &'static str| facts.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '));
    let text = facts.lines().any(|line| line == "there").then_some(text.output("cat")?.to_vec());
    let clock = Clock::best(lines("now"))?;
    let changed = lines("changed").next().unwrap_or_default();
    let version = format!("{} {changed}", cksum(text.as_deref().unwrap_or_default()));
    let processes: Vec<Process> = lines("process").filter_map(Process::read).collect();
    let stamps: Vec<&str> = lines("stamp").collect();
    let pids: HashSet<u32> = processes.iter().map(|process| process.pid).collect();
    let is_first = |one: &&Process| !pids.contains(&one.parent);
    let (mut daemon, mut other) = (None, None);
    for one in processes.iter().filter(is_first) {
        if one.conf != CONF {
            other = Some((one.pid, one.conf.clone()));
            continue;
        }
        let id = format!("{} {} ", one.pid, one.start_ticks);
        let stamp = stamps.iter().find_map(|stamp| stamp.strip_prefix(&*id)?.split_once(' '));
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
        included.push((path, conf));
    }
    let says = |key: &str| -> Vec<&str> { listed.lines().filter_map(|line| line.strip_prefix(key)).collect() };
    let shell = says("shell ").first().map_or("/bin/sh", |shell| *shell).to_owned();
    let is_strict = says("version ").first().is_some_and(|said| disables_linked(said));
    let disabled = says("linked ").into_iter().filter(|_| is_strict).map(str::to_owned).collect();
    Ok(Keepalived { text, included, shell, disabled, daemon: daemon.map(|(daemon, _)| daemon), other, down })
}

/// Whether this version, `Keepalived v2.3.3 (03/30,2025)`, no longer resolves a link in a script's path: 2.3 and later.
fn disables_linked(said: &str) -> bool {
    let version = said.split_whitespace().find_map(|word| word.strip_prefix('v')).unwrap_or_default();
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(2), Some(3))
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{KEEPALIVED_FILES, SHELL, disables_linked};

    /// Scripts are found in the file and in what it includes, quoted or not, and in blocks of one line; in every shell.
    #[test]
    fn scripts_behind_a_link_and_the_real_shell() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir(path("real")).unwrap();
        std::os::unix::fs::symlink("real", path("link")).unwrap();
        std::os::unix::fs::symlink("file", path("real/end")).unwrap();
        let at = folder.path().display();
        let conf = format!(
            "include more.conf\nvrrp_script a {{ script \"{at}/link/one -x\" }}\n# script {at}/link/not\n\
             real_server 10.1.1.11 0 {{\n notify_down \"{at}/link/two\" root\n notify_up \"{at}/real/end\"\n weight 1\n}}\n"
        );
        std::fs::write(path("main.conf"), conf).unwrap();
        std::fs::write(path("more.conf"), format!("\tmisc_path '{at}/link/three'\n  notify {at}/real/four\n")).unwrap();
        let scripts = include_str!("keepalived_scripts.sh");
        std::fs::write(path("probe"), format!("{KEEPALIVED_FILES}{SHELL}conf={at}/main.conf\n{scripts}")).unwrap();
        for shell in ["dash", "bash --posix", "busybox sh"] {
            let said = duct::cmd!("sh", "-c", format!("PATH=/usr/bin:/bin {shell} {at}/probe")).read().unwrap();
            let linked: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("linked ")).collect();
            assert_eq!(linked, ["one", "two", "three"].map(|name| format!("{at}/link/{name}")), "{shell}: {said}");
            let real = std::fs::canonicalize("/bin/sh").unwrap();
            let told = said.lines().find_map(|line| line.strip_prefix("shell ")).unwrap();
            assert_eq!(told.split(' ').next(), real.to_str(), "{shell}");
        }
    }

    #[test]
    fn versions_that_disable_scripts_behind_a_link() {
        for (said, is_one) in [
            ("Keepalived v2.3.3 (03/30,2025)", true),
            ("Keepalived v2.4.0 (01/01,2026)", true),
            ("Keepalived v3.0 (01/01,2027)", true),
            ("Keepalived v2.2.7 (01/16,2022)", false),
            ("Keepalived v1.3.5 (03/19,2017), git commit v1.3.5-6-g6fa32f2", false),
            ("Keepalived v2.10.0 (01/01,2027)", true),
            ("", false),
        ] {
            assert_eq!(disables_linked(said), is_one, "{said}");
        }
    }
}
