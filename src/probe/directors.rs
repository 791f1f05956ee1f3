//! The daemons that fill an IPVS table by themselves, and the firewall marks that their files name.

use super::Answer;
use crate::format::keepalived_conf::{KeepalivedConf, Statement};
use std::collections::BTreeSet;

/// A daemon that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningDirector {
    /// What it is.
    pub daemon: Daemon,
    /// Its process id.
    pub pid: u32,
    /// For each firewall mark that a file of it names, that file.
    pub marks: Vec<(u32, String)>,
    /// Files of it that are not understood, and why.
    pub unread: Vec<String>,
}

/// Daemons that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Daemon {
    /// Piranha's.
    Pulse,
    /// keepalived.
    Keepalived,
    /// linux-ha's.
    Ldirectord,
}

impl Daemon {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Pulse, "pulse"), (Self::Keepalived, "keepalived"), (Self::Ldirectord, "ldirectord")];

    /// The name of program and service.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Prints a file of keepalived and what it includes, each line behind `| `. Lists in braces are no names of files to sh.
pub(super) const KEEPALIVED_FILES: &str = r#"show() {
  [ -f "$1" ] && [ "$2" -lt 5 ] || return 0
  printf 'file %s\n' "$1"
  sed 's/^/| /' "$1"; echo
  sed -n 's/^[[:space:]]*include[rmwba]\{0,1\}[[:space:]]\{1,\}//p' "$1" | tr -d "\"'" | while read -r pattern rest; do
    cd "${1%/*}" 2>/dev/null || continue
    for path in ${pattern%%[#!]*}; do
      case $path in /*) ;; *) path=${1%/*}/$path ;; esac
      show "$path" $(($2 + 1))
    done
  done
}
"#;

/// For each daemon in our network a line `daemon NAME PID`, and then its files.
pub(super) fn scripts() -> Vec<String> {
    vec![format!(
        r#"{KEEPALIVED_FILES}plain() {{ [ ! -f "$1" ] || {{ printf 'file %s\n' "$1"; sed 's/^/| /' "$1"; echo; }}; }}
option() {{ # LETTER LONG WORD...: what follows the option -LETTER or --LONG
  letter=$1 long=$2 before= found=; shift 2
  for word do
    case $before in -"$letter" | --"$long") found=$word ;; esac
    case $word in --"$long"=*) found=${{word#*=}} ;; -"$letter"?*) found=${{word#??}} ;; esac
    before=$word
  done
  printf '%s' "$found"
}}
cd /proc || exit
known=
# ldirectord may be named perl: then its command line tells it.
set -- $(grep -l -e '^[0-9]* (pulse) ' -e '^[0-9]* (keepalived' -e '[l]directord' [0-9]*/stat [0-9]*/cmdline 2>/dev/null)
[ $# = 0 ] || net=$(readlink /proc/self/ns/net 2>/dev/null)
for stat do
  pid=${{stat%/*}}
  [ "$(readlink "$pid/ns/net" 2>/dev/null)" = "$net" ] || continue
  read -r number name rest <"$pid/stat" || continue
  case $name in
  '(pulse)') name=pulse ;;
  '(keepalived'*) name=keepalived ;;
  '(ldirectord)' | '(perl'*) name=ldirectord ;;
  *) continue ;;
  esac
  case " $known " in *" $name "*) continue ;; esac
  known="$known $name"
  printf 'daemon %s %s\n' "$name" "$pid"
  set -f; set -- $(tr '\000' ' ' <"$pid/cmdline" 2>/dev/null); set +f
  case $name in
  pulse) plain /etc/sysconfig/ha/lvs.cf ;;
  keepalived) file=$(option f use-file "$@"); show "${{file:-/etc/keepalived/keepalived.conf}}" 0 ;;
  ldirectord)
    for word do
      case $word in
      *.cf | *.conf) plain "$word"; plain "/etc/ha.d/$word" ;;
      esac
    done
    for word in /etc/ha.d/conf/ldirectord.cf /etc/ha.d/ldirectord.cf /etc/ldirectord.cf; do plain "$word"; done ;;
  esac
done
:"#
    )]
}

pub(super) fn read(answers: &[Answer]) -> Result<Vec<RunningDirector>, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    let text = String::from_utf8_lossy(answer.output("the probe")?).into_owned();
    let mut all: Vec<RunningDirector> = Vec::new();
    for part in text.split("\ndaemon ").map(|part| part.strip_prefix("daemon ").unwrap_or(part)) {
        let Some((name, rest)) = part.split_once(' ') else { continue };
        let Some((daemon, _)) = Daemon::ALL.iter().find(|(_, known)| *known == name) else { continue };
        let (pid, rest) = rest.split_once('\n').unwrap_or((rest, ""));
        let mut found = RunningDirector {
            daemon: *daemon,
            pid: pid.parse().map_err(|_| "the host's answer is not ours".to_owned())?,
            marks: Vec::new(),
            unread: Vec::new(),
        };
        for (path, text) in files(rest) {
            match marks(*daemon, &text) {
                Ok(marks) => found.marks.extend(marks.into_iter().map(|mark| (mark, path.clone()))),
                Err(why) => found.unread.push(format!("{path}, {why}")),
            }
        }
        all.push(found);
    }
    Ok(all)
}

/// Path and text of each file.
pub(super) fn files(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("file "), line.strip_prefix("| "), all.last_mut()) {
            (Some(path), _, _) => all.push((path.to_owned(), String::new())),
            (None, Some(line), Some((_, text))) => text.extend([line, "\n"]),
            _ => {}
        }
    }
    all
}

/// The marks of a file's virtual servers.
fn marks(daemon: Daemon, text: &str) -> Result<BTreeSet<u32>, String> {
    if daemon == Daemon::Keepalived {
        let conf = KeepalivedConf::parse(text.as_bytes()).map_err(|malformed| malformed.to_string())?;
        return Ok(conf.statements.iter().flat_map(keepalived_marks).collect());
    }
    let mut marks = BTreeSet::new();
    for line in text.lines().map(str::trim) {
        let value = |key: &str| Some(line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim().trim_matches('"'));
        let key = if daemon == Daemon::Pulse { "fwmark" } else { "virtual" };
        // ldirectord names addresses, too; those are no numbers.
        marks.extend(value(key).and_then(|value| value.parse::<u32>().ok()));
    }
    Ok(marks)
}

/// `virtual_server fwmark 21 {`, also behind `@HOST`, and groups with lines `fwmark 21`.
pub(crate) fn keepalived_marks(statement: &Statement) -> Vec<u32> {
    let words: Vec<&str> = statement.words.iter().map(String::as_str).filter(|word| !word.starts_with('@')).collect();
    match words[..] {
        ["virtual_server", "fwmark", mark, ..] => mark.parse().into_iter().collect(),
        ["virtual_server_group", ..] => {
            let lines = statement.inner().iter().filter(|line| line.name() == "fwmark");
            lines.filter_map(|line| line.words.get(1)?.parse().ok()).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Answer, Daemon, read, scripts};

    fn found(text: &str) -> Vec<(Daemon, u32, Vec<u32>, usize)> {
        let found = read(&[Answer { stdout: text.into(), ..Answer::default() }]).unwrap();
        let one = |one: &super::RunningDirector| {
            (one.daemon, one.pid, one.marks.iter().map(|(mark, _)| *mark).collect(), one.unread.len())
        };
        found.iter().map(one).collect()
    }

    #[test]
    fn each_daemon_in_its_own_words() {
        assert_eq!(found(""), []);
        let pulse =
            "daemon pulse 12\nfile /etc/sysconfig/ha/lvs.cf\n| virtual FTP {\n|  fwmark = 21\n| # fwmark = 22\n";
        assert_eq!(found(pulse), [(Daemon::Pulse, 12, vec![21], 0)]);
        let both = format!(
            "{pulse}daemon keepalived 13\nfile /etc/keepalived/keepalived.conf\n| include x\n|\n\
             | ! virtual_server fwmark 5 {{\n| virtual_server fwmark 23 {{\n|  real_server 1.2.3.4 0 {{\n|  TCP_CHECK {{\n\
             |   fwmark 6\n| }}\n| }}\n| }}\nfile /etc/keepalived/x\n| virtual_server_group g {{\n|  fwmark 24\n| }}\n"
        );
        assert_eq!(found(&both), [(Daemon::Pulse, 12, vec![21], 0), (Daemon::Keepalived, 13, vec![23, 24], 0)]);
        assert_eq!(found("daemon keepalived 13\nfile /x\n| a {\n"), [(Daemon::Keepalived, 13, vec![], 1)]);
        let perl =
            "daemon ldirectord 7\nfile /etc/ha.d/x.cf\n| virtual=25\n|   real=10.1.1.1 masq\n| virtual = 10.0.0.1:21\n";
        assert_eq!(found(perl), [(Daemon::Ldirectord, 7, vec![25], 0)]);
    }

    /// The script finds daemons by their processes, and their files by their arguments and includes, in every shell.
    #[test]
    fn processes_tell_of_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir(path("more")).unwrap();
        let main = path("main.conf");
        std::fs::write(&main, "include more/*.conf # all\ninclude 'nothing'\nvirtual_server fwmark 31 {\n}\n").unwrap();
        std::fs::write(path("more/a.conf"), "virtual_server fwmark 32 {\n}").unwrap();
        std::fs::write(path("more/b.conf"), "virtual_server fwmark 33 {\n}\ninclude a.conf\n").unwrap();
        std::fs::write(path("keepalived"), "#!/bin/sh\nsleep 60\n").unwrap();
        std::fs::write(path("probe"), scripts().concat()).unwrap();
        for shell in ["dash", "bash --posix", "busybox sh"] {
            // In namespaces of its own, so that no daemon of this machine is seen, nor ours by others.
            let folder = folder.path().display();
            let text = format!(
                "chmod +x {folder}/keepalived; {folder}/keepalived -f {main} & sleep 0.3; {shell} {folder}/probe"
            );
            let said = duct::cmd!("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "dash", "-c", text)
                .unchecked()
                .stderr_to_stdout()
                .read()
                .unwrap();
            let found = found(&format!("{said}\n"));
            assert_eq!(found.len(), 1, "{shell}: {said}");
            assert_eq!((found[0].0, &found[0].2[..]), (Daemon::Keepalived, &[31, 32, 33, 32][..]), "{shell}: {said}");
        }
    }
}
