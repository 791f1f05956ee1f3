//! Executable inventories are run here, like everything else that is run: bounded in time and in what they print.

use super::process::{self, End};
use camino::Utf8Path;
use std::time::Duration;

/// How long one call of an inventory program may take: those that ask a cloud are slow.
const LIMIT: Duration = Duration::from_secs(300);

/// What the program prints. It gets no input and no shell is between; an error fits after the program's name.
pub fn run_inventory_program(
    program: &Utf8Path,
    arguments: &[&str],
    stop: &dyn Fn() -> bool,
) -> Result<String, String> {
    run(program, arguments, LIMIT, stop)
}

fn run(program: &Utf8Path, arguments: &[&str], limit: Duration, stop: &dyn Fn() -> bool) -> Result<String, String> {
    let words: Vec<String> =
        std::iter::once(program.as_str()).chain(arguments.iter().copied()).map(str::to_owned).collect();
    let finished = process::run_until(&words, "", limit, stop)?;
    let because = |why: String| format!("{why}: {}", finished.last_words());
    match finished.end {
        End::Status(0) => {}
        End::Status(status) => return Err(because(format!("the inventory program ended with status {status}"))),
        End::Signal => return Err(because("a signal ended the inventory program".to_owned())),
        End::Late(limit) => {
            return Err(because(format!("the inventory program gave no answer within {} s", limit.as_secs())));
        }
        End::Endless => {
            return Err(format!("the inventory program printed more than {} MiB", process::SIZE_LIMIT >> 20));
        }
        End::Stopped => return Err("interrupted".to_owned()),
    }
    String::from_utf8(finished.stdout).map_err(|_| "the inventory program printed what is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{run, run_inventory_program};
    use camino::Utf8Path;
    use std::time::{Duration, Instant};

    fn sh(script: &str, limit: Duration) -> Result<String, String> {
        run(Utf8Path::new("/bin/sh"), &["-c", script], limit, &|| false)
    }

    const PLENTY: Duration = Duration::from_secs(60);

    #[test]
    fn a_program_is_heard_or_its_trouble_is_told() {
        assert_eq!(sh("echo '{}'; echo noise >&2", PLENTY).unwrap(), "{}\n");
        let cases = [
            (
                "echo cannot ask the cloud >&2; exit 3",
                "the inventory program ended with status 3: cannot ask the cloud",
            ),
            ("kill -9 $$", "a signal ended the inventory program: it said nothing"),
            ("printf '\\377'", "the inventory program printed what is not UTF-8"),
        ];
        for (script, expected) in cases {
            assert_eq!(sh(script, PLENTY).unwrap_err(), expected, "{script}");
        }
        let missing = run_inventory_program(Utf8Path::new("/nosuch/program"), &["--list"], &|| false);
        assert!(missing.unwrap_err().starts_with("/nosuch/program cannot be run here"));
    }

    #[test]
    fn a_program_without_end_is_ended() {
        let begun = Instant::now();
        let late = sh("echo waiting >&2; sleep 1000", Duration::from_secs(1)).unwrap_err();
        assert_eq!(late, "the inventory program gave no answer within 1 s: waiting");
        let words = ["-c", "sleep 1000"];
        assert_eq!(run_inventory_program(Utf8Path::new("/bin/sh"), &words, &|| true).unwrap_err(), "interrupted");
        assert!(begun.elapsed() < Duration::from_secs(50));
    }

    /// Arguments are words, whatever is in them.
    #[test]
    fn no_shell_is_between() {
        let printed = run(Utf8Path::new("/bin/echo"), &["$(id);", "`id`"], PLENTY, &|| false).unwrap();
        assert_eq!(printed, "$(id); `id`\n");
    }
}
