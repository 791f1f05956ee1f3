//! lvs.cf, and Piranha's daemons: pulse, its lvsd where it is the active router, and lvsd's nannies, one for each real
//! server.
//!
//! Whether lvs.cf has been read is told as for vsftpd, by the stamp that we leave or by a start; an lvsd that came by a
//! fail-over has read it, too. What it said when it was read last is kept beside the stamp ([`READ`]); before the first
//! time it is the file that we replaced. What a nanny found it only tells the system log. That is looked at for the nannies that run
//! now; where the log does not tell (any more), nobody does.

use super::{
    Answer,
    clock::{CHANGED, Clock, LOOKS, TICKS, change_time},
    regular,
    vsftpd::stamp_path,
};
use crate::format::cksum::cksum;
use camino::Utf8Path;
use std::{collections::HashSet, net::Ipv4Addr};

/// Where Piranha has its file.
pub const CONF: &str = "/etc/sysconfig/ha/lvs.cf";

/// Process id and start of a pulse that took only a part of what we told it to read.
pub const OWES: &str = "/var/run/lvs-ftp/pulse-owes";

/// The text that pulse was last told to read.
pub const READ: &str = "/var/run/lvs-ftp/pulse-read";

/// The file before our last edit.
const OLD: &str = "/etc/sysconfig/ha/lvs.cf.lvs-ftp-old";

/// Piranha on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piranha {
    /// The file's text; nothing where there is no file.
    pub text: Option<Vec<u8>>,
    /// The daemon that reads it.
    pub pulse: Option<Pulse>,
    /// Another one, and the file that it reads.
    pub other: Option<(u32, String)>,
    /// Whether it is the active router: pulse has an lvsd.
    pub is_active: bool,
    /// One for each real server that lvsd looks at.
    pub nannies: Vec<Nanny>,
}

/// The running daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// Its process id.
    pub pid: u32,
    /// When it was started, in clock ticks after boot.
    pub start_ticks: u64,
    /// Whether the file's present content has been read.
    pub has_read: bool,
    /// What has been read, where that can be told.
    pub read: Option<Vec<u8>>,
    /// Whether something that it was told to read counts only after a restart.
    pub owes_restart: bool,
}

/// A process that looks at one real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nanny {
    /// The virtual server's firewall mark; 0 is none.
    pub mark: u32,
    /// The real server.
    pub address: Ipv4Addr,
    /// The port at which it is looked at.
    pub port: u16,
    /// The weight that it shall have.
    pub weight: i64,
    /// What the log tells last of it.
    pub last: Option<Told>,
}

/// What a nanny told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whether it takes clients.
    pub is_up: bool,
    /// When, in the log's own words.
    pub when: String,
}

pub(super) fn scripts() -> Vec<String> {
    let facts = format!(
        r#"conf={CONF}
[ ! -e "$conf" ] || echo there
echo "changed $({CHANGED} -- "$conf" 2>/dev/null)"
echo "ticks $({TICKS})"
echo "old $(TZ=UTC0 stat -L -c '%Y %y' -- {OLD} 2>/dev/null)"
{LOOKS}
stamp={stamp}
[ ! -e "$stamp" ] || while read -r line; do printf 'stamp %s\n' "$line"; done <"$stamp"
[ ! -e {OWES} ] || printf 'owes %s\n' "$(cat {OWES} 2>/dev/null)"
net=$(readlink /proc/self/ns/net 2>/dev/null)
nannies=
cd /proc || exit
for stat in $(grep -l -e '^[0-9]* (pulse) ' -e '^[0-9]* (lvsd) ' -e '^[0-9]* (nanny) ' [0-9]*/stat 2>/dev/null); do
  pid=${{stat%/stat}}
  [ "$(readlink "$pid/ns/net" 2>/dev/null)" = "$net" ] || continue
  line=$(cat "$stat" 2>/dev/null)
  case $line in *'(nanny)'*) nannies=yes ;; esac
  printf 'process %s\t%s\n' "$line" "$(tr '\000\n\t' '\t  ' <"$pid/cmdline" 2>/dev/null)"
done
if [ -n "$nannies" ]; then
  for log in /var/log/messages /var/log/syslog; do
    # Where a machine lost its power a log has zero bytes, and grep would take it for no text.
    [ ! -f "$log" ] || tail -c 4194304 "$log" | tr '\000' ' ' | grep 'nanny\[[0-9]*\]: .*:[0-9]* \(available\|due to connection failure\)' |
      tail -n 1000 | sed 's/^/log /'
  done
fi
:"#,
        stamp = stamp_path(Utf8Path::new(CONF)),
    );
    vec![facts, regular(CONF), regular(READ), regular(OLD)]
}

pub(super) fn read(answers: &[Answer]) -> Result<Piranha, String> {
    let [facts, text, read, old] = answers else { return Err("the host did not answer".to_owned()) };
    let facts = String::from_utf8_lossy(facts.output("the probe")?).into_owned();
    let lines = |key: &'static str| facts.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '));
    let text = facts.lines().any(|line| line == "there").then_some(text.output("cat")?.to_vec());
    let clock = Clock::best(lines("now"))?;
    let changed = lines("changed").next().unwrap_or_default();
    let version = format!("{} {changed}", cksum(text.as_deref().unwrap_or_default()));
    let processes: Vec<Process> = lines("process").filter_map(Process::read).collect();
    let named = |name: &'static str| processes.iter().filter(move |one| one.name == name);
    let (mut pulse, mut other, mut is_active) = (None, None, false);
    let stamps: Vec<&str> = lines("stamp").collect();
    let owes: Vec<&str> = lines("owes").collect();
    let pids: HashSet<u32> = named("pulse").map(|pulse| pulse.pid).collect();
    let is_first = |one: &&Process| !pids.contains(&one.parent);
    for one in named("pulse").filter(is_first) {
        let conf = one.option(&["-c", "--configfile"]).unwrap_or(CONF);
        if conf != CONF {
            other = Some((one.pid, conf.to_owned()));
            continue;
        }
        let id = format!("{} {}", one.pid, one.start_ticks);
        let lvsd = named("lvsd").find(|lvsd| lvsd.parent == one.pid);
        let stamp = stamps.iter().find_map(|stamp| stamp.strip_prefix(&*id)?.strip_prefix(' ')?.split_once(' '));
        let starts_after = |changed: &str| {
            let ticks = lvsd.map_or(one.start_ticks, |lvsd| lvsd.start_ticks);
            change_time(changed).is_some_and(|changed| clock.started_after(ticks, changed))
        };
        let has_read = stamp.is_some_and(|(_, read)| read == version.trim_end())
            || starts_after(changed)
            || change_time(changed).is_some_and(|changed| clock.started_after(one.start_ticks, changed));
        let known =
            |copy: &Answer| stamp.is_some_and(|(_, read)| read.starts_with(&format!("{} ", cksum(&copy.stdout))));
        let last = match () {
            () if has_read => text.as_ref(),
            () if known(read) => Some(&read.stdout),
            () if known(old) || (stamp.is_none() && starts_after(lines("old").next().unwrap_or_default())) => {
                Some(&old.stdout)
            }
            () => None,
        };
        let owes_restart = owes.iter().any(|owes| *owes == id);
        pulse = Some(Pulse { pid: one.pid, start_ticks: one.start_ticks, has_read, read: last.cloned(), owes_restart });
        is_active = lvsd.is_some();
    }
    let nannies = named("nanny").filter_map(|one| nanny(one, &mut lines("log"))).collect();
    Ok(Piranha { text, pulse, other, is_active, nannies })
}

fn nanny(process: &Process, log: &mut dyn Iterator<Item = &str>) -> Option<Nanny> {
    let address: Ipv4Addr = process.option(&["-h", "--server"])?.parse().ok()?;
    let port = process.option(&["-r", "--rport"]).or(process.option(&["-p", "--port"])).unwrap_or("80");
    let by = format!(" nanny[{}]: ", process.pid);
    let told = log.filter_map(|line| {
        let (head, said) = line.split_once(&*by)?;
        let is_up = said.ends_with(&format!("making {address}:{port} available"));
        let is_down = said.ends_with(&format!("shutting down {address}:{port} due to connection failure"));
        // Behind the time stands the host's name.
        let when = head.rsplit_once(' ').map_or(head, |(when, _)| when).to_owned();
        (is_up || is_down).then_some(Told { is_up, when })
    });
    Some(Nanny {
        mark: process.option(&["-f", "--fwmark"]).map_or(Some(0), |mark| mark.parse().ok())?,
        address,
        port: port.parse().ok()?,
        weight: process.option(&["-w", "--weight"]).map_or(Some(1), |weight| weight.parse().ok())?,
        last: told.last(),
    })
}

/// A process of Piranha's.
struct Process {
    pid: u32,
    name: String,
    parent: u32,
    start_ticks: u64,
    words: Vec<String>,
}

impl Process {
    /// `/proc/PID/stat`, a tab, and the words of its command line, tabs between them (proc(5)).
    fn read(text: &str) -> Option<Self> {
        let (stat, words) = text.split_once('\t')?;
        let (pid, rest) = stat.split_once(" (")?;
        let (name, rest) = rest.split_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        if matches!(fields.first(), Some(&("Z" | "X"))) {
            return None;
        }
        Some(Self {
            pid: pid.parse().ok()?,
            name: name.to_owned(),
            parent: fields.get(1)?.parse().ok()?,
            start_ticks: fields.get(19)?.parse().ok()?,
            words: words.split('\t').map(str::to_owned).collect(),
        })
    }

    /// The word behind an option, or behind its `=`.
    fn option(&self, names: &[&str]) -> Option<&str> {
        let next = self.words.windows(2).find(|pair| names.contains(&pair[0].as_str())).map(|pair| pair[1].as_str());
        next.or_else(|| {
            self.words.iter().find_map(|word| names.iter().find_map(|name| word.strip_prefix(name)?.strip_prefix('=')))
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Answer, Nanny, Piranha, Pulse, Told, read};
    use crate::format::cksum::cksum;

    fn found(facts: &str) -> Piranha {
        let facts =
            format!("there\nchanged 1000 2026-01-01 00:00:00.5 +0000\nnow 2000.5 1900.00 100\nticks 1\n{facts}");
        let answer = |text: String| Answer { stdout: text.into(), ..Answer::default() };
        read(&[answer(facts), answer("x\n".to_owned()), answer("y\n".to_owned()), answer("z\n".to_owned())]).unwrap()
    }

    fn process(pid: u32, name: &str, parent: u32, start: u64, words: &str) -> String {
        let zeros = " 0".repeat(17);
        format!("process {pid} ({name}) S {parent}{zeros} {start} 1\t{}\n", words.replace(' ', "\t").replace('~', " "))
    }

    /// The file was changed 899.5 seconds after boot.
    #[test]
    fn a_start_a_fail_over_or_our_reload_reads_the_file() {
        let old = process(7, "pulse", 1, 500, "pulse");
        let stamp = format!("stamp 7 500 95000 {} 1000 2026-01-01 00:00:00.5 +0000\n", cksum(b"x\n"));
        for (facts, expected) in [
            (old.clone(), (false, false, false)),
            (process(7, "pulse", 1, 95_000, "pulse"), (true, false, false)),
            (old.clone() + &process(8, "lvsd", 7, 500, "/usr/sbin/lvsd --nofork"), (false, false, true)),
            (old.clone() + &process(8, "lvsd", 7, 95_000, "/usr/sbin/lvsd --nofork"), (true, false, true)),
            (old.clone() + &process(8, "lvsd", 6, 95_000, "/usr/sbin/lvsd --nofork"), (false, false, false)),
            (old.clone() + &stamp, (true, false, false)),
            (old.clone() + &stamp.replace("7 500", "7 501"), (false, false, false)),
            (old.clone() + &stamp + "owes 7 500\n", (true, true, false)),
            (old.clone() + &stamp + "owes 6 500\n", (true, false, false)),
        ] {
            let found = found(&facts);
            let Some(Pulse { pid: 7, has_read, owes_restart, .. }) = found.pulse else { panic!("{found:?}") };
            assert_eq!((has_read, owes_restart, found.is_active), expected, "{facts}");
        }
        let elsewhere = found(&process(7, "pulse", 1, 500, "pulse -c /etc/other.cf"));
        assert_eq!((elsewhere.pulse, elsewhere.other), (None, Some((7, "/etc/other.cf".to_owned()))));
    }

    /// What was read before the file was changed is in the copy that our stamp is of, or is what we replaced.
    #[test]
    fn what_was_read_before() {
        let stamp =
            |text: &str| format!("stamp 7 500 95000 {} 1000 2026-01-01 00:00:00.5 +0000\n", cksum(text.as_bytes()));
        let replaced = "old 105 1970-01-01 00:01:45.5 +0000\n";
        for (facts, expected) in [
            (String::new(), None),
            (stamp("x\n"), Some("x\n")),
            (stamp("y\n"), Some("y\n")),
            (stamp("z\n"), Some("z\n")),
            (stamp("else\n") + replaced, None),
            (replaced.to_owned(), Some("z\n")),
            (replaced.replace("105", "106"), None),
            ("old \n".to_owned(), None),
        ] {
            let found = found(&(process(7, "pulse", 1, 500, "pulse") + &facts));
            let read = found.pulse.unwrap().read;
            assert_eq!(read.as_deref(), expected.map(str::as_bytes), "{facts}");
        }
    }

    #[test]
    fn what_a_nanny_told_last() {
        let words = "/usr/sbin/nanny -c -h 10.1.1.12 -p 21 -r 2121 -f 21 -s GET~-w~9 -x 220 -a 15 -t 6 -w 3 -V 192.0.2.10 -M m --lvs";
        let log = "log Nov 27 00:21:55 lvs1 nanny[9]: [ active ] making 10.1.1.12:2121 available\n\
                   log 2026-11-27T00:22:07+00:00 lvs1 nanny[9]: [inactive] shutting down 10.1.1.12:2121 due to connection failure\n\
                   log Nov 27 00:23:55 lvs1 nanny[10]: making 10.1.1.12:2121 available\n";
        let nannies = found(&(process(9, "nanny", 8, 600, words) + log)).nannies;
        let last = Some(Told { is_up: false, when: "2026-11-27T00:22:07+00:00".to_owned() });
        let expected = Nanny { mark: 21, address: [10, 1, 1, 12].into(), port: 2121, weight: 3, last };
        assert_eq!(nannies, [expected]);
    }
}
