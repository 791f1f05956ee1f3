//! One shell and several scripts.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{Shell, ended};
use crate::host::{process::End, script::Script};
use std::time::Duration;

const PLENTY: Duration = Duration::from_secs(60);

fn started(words: &[&str]) -> Shell {
    Shell::start(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// The whole answer of the one part of a script.
#[track_caller]
fn said(shell: &mut Shell, script: &Script) -> (i32, String) {
    let finished = shell.run(script, PLENTY, &|| false);
    let reply = script.reply(&finished.stdout);
    assert!(reply.done && finished.end == End::Status(0), "{finished:?}");
    let answer = reply.answers.into_iter().next().unwrap();
    (answer.status, String::from_utf8([answer.stdout, answer.stderr].concat()).unwrap())
}

fn changing(part: &str) -> Script {
    Script::new(&[part.to_owned()], true)
}

fn looking(part: &str) -> Script {
    Script::looking(&[part.to_owned()])
}

/// Looks and changes, one after the other, and beside what the shell holds.
#[test]
fn it_makes_one_script_after_the_other() {
    for words in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
        let mut shell = started(words);
        assert!(shell.is_there() && !shell.has_answered());
        assert_eq!(said(&mut shell, &looking("cat; echo $((6 * 7)); exit 3")), (3, "42\n".to_owned()), "{words:?}");
        assert!(shell.has_answered());
        // A change has a main shell of its own, no input, and nothing of what is held.
        shell.held.send("exec 9</dev/zero\n".to_owned());
        let own = "cat; kill -0 $main && [ $main != $$ ] && ! [ -e /proc/$main/fd/9 ] && [ -e /proc/$$/fd/9 ]";
        for _ in 0..2 {
            assert_eq!(said(&mut shell, &changing(own)), (0, String::new()), "{words:?}");
            // So has a look, as long as there is a lock.
            assert_eq!(said(&mut shell, &looking("[ -e /proc/self/fd/9 ]")).0, i32::from(shell.farewell.is_some()));
            shell.holds(":\n".to_owned());
        }
        assert_eq!(said(&mut shell, &changing("echo out; echo oops >&2; exit 7")), (7, "out\noops".to_owned()));
        let much = said(&mut shell, &changing("head -c 3000000 /dev/zero | tr '\\000' x")).1;
        assert!(much.len() == 3_000_000 && much.bytes().all(|byte| byte == b'x'), "{words:?}");
        // One that is killed is no whole answer, and the next is made all the same.
        let killed = changing("kill -9 $main");
        let finished = shell.run(&killed, PLENTY, &|| false);
        assert_eq!((finished.end, killed.reply(&finished.stdout).done), (End::Status(137), false), "{words:?}");
        assert_eq!(said(&mut shell, &changing("echo again")), (0, "again\n".to_owned()), "{words:?}");
        // The shell is killed: what it has begun goes on, and nothing more is begun.
        assert_eq!(said(&mut shell, &changing("kill -9 $$; sleep 0.2; echo on")), (0, "on\n".to_owned()), "{words:?}");
        assert!(!shell.is_there(), "{words:?}");
        let more = shell.run(&changing("echo more"), PLENTY, &|| false);
        assert_eq!((more.end, more.stdout), (End::Signal, Vec::new()), "{words:?}");
    }
}

/// What never ends is given up, and the lock with it.
#[test]
fn a_script_without_end_is_given_up() {
    let late = Duration::from_millis(300);
    for script in [changing, looking] {
        for (part, limit, stop, end) in [
            ("exec sleep 60", late, false, End::Late(late)),
            ("exec sleep 60", PLENTY, true, End::Stopped),
            ("exec cat /dev/zero", PLENTY, false, End::Endless),
            ("exec cat /dev/zero >&4", PLENTY, false, End::Endless),
        ] {
            let mut shell = started(&["sh"]);
            shell.held.send("exec 4>&2\n".to_owned());
            assert_eq!(shell.run(&script(part), limit, &|| stop).end, end, "{part}");
            assert!(!shell.is_there());
        }
    }
}

#[test]
fn it_says_its_farewell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said");
    let mut shell = started(&["sh"]);
    shell.holds(format!("echo farewell >{}\n", file.display()));
    shell.leave();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "farewell\n");
    // One that rests says nothing more.
    let mut shell = started(&["sh"]);
    assert_eq!(said(&mut shell, &looking("echo here")), (0, "here\n".to_owned()));
    shell.rest();
    assert!(!shell.is_there());
    shell.leave();
}

#[test]
fn the_end_is_seen_wherever_the_pieces_are_cut() {
    let (text, mark) = (b"one\nx\nM over 17\n", b"\nM over ");
    for cut in 1..text.len() {
        let (mut seen, mut known) = (None, 0);
        for piece in [&text[..cut], &text[cut..]] {
            seen = seen.or_else(|| ended(&text[..known + piece.len()], known, mark));
            known += piece.len();
        }
        assert_eq!(seen, Some(17), "cut at {cut}");
        assert_eq!(ended(&text[..cut], 0, mark), None, "cut at {cut}");
    }
    assert_eq!(ended(b"x\nM done\nmore", 0, b"\nM done"), Some(0));
}
