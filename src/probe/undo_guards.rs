//! Undo guards that earlier runs left on the host: see `host/guard.sh` for what one is.

use super::Answer;
use crate::format::excerpt;

/// Where they are: a folder for each, named by its run.
pub const FOLDER: &str = "/var/run/lvs-ftp/undo";

/// What tells one boot of the host from another.
pub const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// So many records are read: a run that dies leaves one, and the next run removes it.
const MOST: usize = 256;

/// A guard that is there though no run of ours is at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoGuard {
    /// Its run died; it undoes what that run did when its time is over.
    Armed {
        /// Its name.
        name: String,
    },
    /// It has undone what its run did.
    Fired {
        /// Its name.
        name: String,
        /// When, by the host's clock.
        when: String,
        /// What it did, and what failed; safe to print.
        report: Vec<String>,
    },
    /// It undoes nothing: its run died before it was armed or when it was disarmed, or the host has booted since. Not all
    /// hosts empty /var/run then, and some remove just the files.
    Over {
        /// Its name.
        name: String,
    },
}

pub(super) fn scripts() -> Vec<String> {
    vec![format!(
        r#"[ -d {FOLDER} ] || exit 0
cd {FOLDER} || exit
for guard in *; do
  [ -d "$guard" ] || continue
  case $guard in
    *[!0-9a-z.-]*) continue ;;
    *.new | *.old) echo "over $guard"; continue ;;
  esac
  if [ -e "$guard/report" ]; then echo "fired $guard"; sed 's/^/said /' <"$guard/report"
  elif [ -e "$guard/disarmed" ] || [ "$(cat "$guard/boot" 2>/dev/null)" != "$(cat {BOOT_ID} 2>/dev/null)" ]; then
    echo "over $guard"
  elif [ ! -e "$guard/fired" ]; then echo "armed $guard"
  elif pid=$(cat "$guard/pid") && kill -0 "${{pid:-none}}" 2>/dev/null; then echo "firing $guard"
  else echo "fired $guard"; echo 'said a time that it could not write down'; echo 'said it was killed at its work'
  fi
done"#
    )]
}

pub(super) fn read(answers: &[Answer]) -> Result<Vec<UndoGuard>, String> {
    let [answer] = answers else {
        return Err("the host did not answer".to_owned());
    };
    let mut guards: Vec<UndoGuard> = Vec::new();
    for line in answer.output("the probe")?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if guards.len() > MOST {
            return Err(format!("{FOLDER} has more than {MOST} records; remove those of runs that are over"));
        }
        let line = excerpt(line);
        match (line.split_once(' '), guards.last_mut()) {
            (Some(("armed", name)), _) => guards.push(UndoGuard::Armed { name: name.to_owned() }),
            (Some(("over", name)), _) => guards.push(UndoGuard::Over { name: name.to_owned() }),
            (Some(("fired", name)), _) => {
                guards.push(UndoGuard::Fired { name: name.to_owned(), when: String::new(), report: Vec::new() });
            }
            (Some(("firing", _)), _) => {
                return Err("one is undoing just now what an earlier run did: run again in a minute".to_owned());
            }
            (Some(("said", text)), Some(UndoGuard::Fired { when, .. })) if when.is_empty() => text.clone_into(when),
            (Some(("said", text)), Some(UndoGuard::Fired { report, .. })) => report.push(text.to_owned()),
            _ => return Err(format!("this is not what was asked: {line}")),
        }
    }
    Ok(guards)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Answer, MOST, UndoGuard, read};
    use crate::probe::{Facts, Probe};

    fn of(text: &str) -> Result<Vec<UndoGuard>, String> {
        read(&[Answer { status: 0, stdout: text.into(), stderr: Vec::new() }])
    }

    /// A look may meet the run's own guard as it is disarmed.
    #[test]
    fn a_runs_own_are_none_of_an_earlier_one() {
        let text = "armed run-1\nover run-1\nover run-1.old\nover other\narmed other\nfired run-2\nsaid now\n";
        let answer = Answer { status: 0, stdout: text.into(), stderr: Vec::new() };
        let facts = Facts::read(&[Probe::UndoGuards], vec![answer]).without_guards("run");
        let left: Vec<String> = facts.undo_guards().unwrap().iter().map(|guard| format!("{guard:?}")).collect();
        assert_eq!(left.len(), 3, "{left:?}");
        assert!(
            left[0].starts_with("Over") && left[1].starts_with("Armed") && left[2].starts_with("Fired"),
            "{left:?}"
        );
    }

    #[test]
    fn armed_fired_and_at_work() {
        assert_eq!(of(""), Ok(Vec::new()));
        let armed = UndoGuard::Armed { name: "a-1".to_owned() };
        let fired = UndoGuard::Fired {
            name: "b-2".to_owned(),
            when: "2026-01-01 00:00:00 +0000".to_owned(),
            report: vec!["table nat is as it was".to_owned(), "an odd \\u{1b} one".to_owned()],
        };
        let over = UndoGuard::Over { name: "c-3.new".to_owned() };
        assert_eq!(of("over c-3.new\n"), Ok(vec![over]));
        let text =
            "armed a-1\nfired b-2\nsaid 2026-01-01 00:00:00 +0000\nsaid table nat is as it was\nsaid an odd \x1b one\n";
        assert_eq!(of(text), Ok(vec![armed, fired]));
        assert!(of("firing a-1\n").is_err_and(|why| why.contains("run again")));
        assert!(of("hello\n").is_err());
        assert!(of(&"armed a-1\n".repeat(MOST)).is_ok());
        assert!(of(&"armed a-1\n".repeat(MOST + 2)).is_err_and(|why| why.contains("more than 256 records")));
    }
}
