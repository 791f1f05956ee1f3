//! Children that do not behave.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{End, Finished, run};
use std::time::{Duration, Instant};

fn sh(script: &str, input: &str, limit: Duration) -> Finished {
    run(&["sh", "-c", script].map(str::to_owned), input, limit).unwrap()
}

/// Far above what a busy machine needs.
const PLENTY: Duration = Duration::from_secs(60);

#[test]
fn a_child_is_heard_to_its_end() {
    let heard = sh("cat; echo bad >&2; exit 7", "in\0put", PLENTY);
    assert_eq!(
        (heard.end, heard.stdout.as_slice(), heard.stderr.as_slice()),
        (End::Status(7), &b"in\0put"[..], &b"bad\n"[..])
    );
    assert_eq!(sh("kill -9 $$", "", PLENTY).end, End::Signal);
    let input = "x".repeat(1 << 20);
    assert_eq!(sh("exit 0", &input, PLENTY).end, End::Status(0), "one that does not read its input");
    assert!(run(&["/nosuch/tool".to_owned()], "", PLENTY).unwrap_err().starts_with("/nosuch/tool cannot be run here"));
}

/// The limit holds, however the child clings: asleep, with its output closed, or through children of its own.
#[test]
fn a_child_that_never_ends_is_ended() {
    let limit = Duration::from_millis(300);
    for script in [
        "echo begun; sleep 1000",
        "echo begun; exec >&- 2>&-; sleep 1000",
        "echo begun; sleep 1000 & wait",
        "echo begun; trap '' TERM HUP INT; while :; do sleep 1; done",
        "echo begun; sleep 1000 & exit 0",
        "echo begun; setsid sleep 5 & exit 0",
    ] {
        let start = Instant::now();
        let heard = sh(script, "", limit);
        assert_eq!((heard.end, heard.stdout.as_slice()), (End::Late(limit), &b"begun\n"[..]), "{script}");
        assert!(start.elapsed() < Duration::from_secs(4), "{script}");
    }
}

/// Nothing of the child's group is left.
#[test]
fn its_children_end_with_it() {
    let heard = sh("sleep 1000 & echo $!; wait", "", Duration::from_millis(300));
    let pid = String::from_utf8(heard.stdout).unwrap();
    let gone = || match std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    let start = Instant::now();
    while !gone() {
        assert!(start.elapsed() < PLENTY, "process {pid} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_child_that_prints_without_end_is_ended() {
    for script in ["exec yes", "exec yes >&2"] {
        let heard = sh(script, "", PLENTY);
        assert_eq!(heard.end, End::Endless, "{script}");
        let limit = usize::try_from(super::SIZE_LIMIT).unwrap();
        assert!(heard.stdout.len() <= limit + (1 << 16), "{script}");
        assert!(heard.stdout.capacity() <= limit + super::STEP + (1 << 16), "{script}: {}", heard.stdout.capacity());
        assert!(heard.stderr.len() <= 1 << 16, "{script}");
    }
}

#[test]
fn last_words_are_safe_to_print() {
    let heard = sh("printf 'a\\nb\\n\\n\\033[31mc\\007\\r\\nd\\n' >&2; echo out", "", PLENTY);
    assert_eq!(heard.last_words(), "b; \\u{1b}[31mc\\u{7}; d");
    assert_eq!(
        sh("echo This account is not available.; exit 1", "", PLENTY).last_words(),
        "This account is not available."
    );
    assert_eq!(sh("exit 1", "", PLENTY).last_words(), "it said nothing");
}
