//! What is read of a host's lock.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{Answer, BEAT, Holder, Run, who};
use crate::host::{
    held::Held,
    process::{End, Finished},
    script::Script,
};
use std::time::Duration;

#[test]
fn the_last_whole_line_counts() {
    let mut answer = Answer::new("lvs-ftp-1");
    for (piece, begun, word) in [
        ("Welcome\nlvs-ftp-1 \nlvs-ftp-2 locked\n", true, ""),
        ("\nlvs-ftp-1 begin\nlvs-ftp-1 busy lvs-ftp-9 17 pro", true, ""),
        ("cess 1\n", true, "busy lvs-ftp-9 17 process 1"),
        ("\nlvs-f", true, "busy lvs-ftp-9 17 process 1"),
        ("tp-1 locked", true, "busy lvs-ftp-9 17 process 1"),
        ("\n", true, "locked"),
    ] {
        answer.take(piece.as_bytes());
        assert_eq!((answer.begun, answer.word.as_str()), (begun, word), "{piece:?}");
    }
    let mut silent = Answer::new("lvs-ftp-1");
    silent.take(&vec![b'\n'; 100_000]);
    assert!(!silent.begun && silent.rest.len() < 10_000);
}

/// Of any two runs exactly one is the older, whatever their clocks say.
#[test]
fn one_of_two_runs_is_the_older() {
    let (one, two) = (Run::new(), Run::new());
    let line = |run: &Run| format!("{} {} 17 {}", run.nonce, run.began, run.who);
    assert_ne!(one.is_older(&line(&two)), two.is_older(&line(&one)));
    assert!(one.is_older("") && one.is_older("garbled"));
    assert!(!one.is_older(&line(&one)));
    assert_eq!(who(&line(&one)), one.who);
    assert_eq!(who("x 1 2 \u{1b}[31m"), "\\u{1b}[31m");
    assert_eq!(who(""), "it does not say who it is");
}

/// One shell makes a run's scripts, one after the other, beside holding what it holds.
#[test]
fn a_holder_makes_scripts() {
    for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
        let words: Vec<String> = shell.iter().map(|word| (*word).to_owned()).collect();
        let begin = "exec 9</dev/zero\n".to_owned();
        let mut holder = Holder { held: Held::start(&words, begin, BEAT).unwrap(), mark: String::new() };
        let mut run = |part: &str| {
            let script = Script::new(&[part.to_owned()], true);
            let limit = Duration::from_secs(20);
            holder.run(&script, limit, &|| false).map(|finished| (script.reply(&finished.stdout), finished))
        };
        let said = |answered: Option<(_, Finished)>| {
            let (reply, finished): (crate::host::script::Reply, _) = answered.unwrap();
            assert!(reply.done && finished.end == End::Status(0), "{shell:?}: {finished:?}");
            let answer = reply.answers.into_iter().next().unwrap();
            (answer.status, String::from_utf8([answer.stdout, answer.stderr].concat()).unwrap())
        };
        // Its main shell is a process of its own, has no input, and nothing of what is held.
        let own = "cat; kill -0 $main && [ $main != $$ ] && ! [ -e /proc/$main/fd/9 ] && [ -e /proc/$$/fd/9 ]";
        assert_eq!(said(run(own)), (0, String::new()), "{shell:?}");
        assert_eq!(said(run("echo out; echo oops >&2; exit 7")), (7, "out\noops".to_owned()), "{shell:?}");
        let much = said(run("head -c 3000000 /dev/zero | tr '\\000' x")).1;
        assert!(much.len() == 3_000_000 && much.bytes().all(|byte| byte == b'x'), "{shell:?}");
        // One that is killed is no whole answer, and the next is made all the same.
        let (reply, finished) = run("kill -9 $main").unwrap();
        assert!(!reply.done && matches!(finished.end, End::Status(137)), "{shell:?}: {finished:?}");
        assert_eq!(said(run("echo again")), (0, "again\n".to_owned()), "{shell:?}");
        // The holder is killed: what it has begun goes on, and nothing more is begun.
        assert_eq!(said(run("kill -9 $$; sleep 0.2; echo on")), (0, "on\n".to_owned()), "{shell:?}");
        assert!(run("echo more").is_none(), "{shell:?}");
    }
}

/// What never ends is given up, and the lock with it.
#[test]
fn a_script_without_end_is_given_up() {
    let words = ["sh".to_owned()];
    for (part, stop, end) in [
        ("exec sleep 60", false, End::Late(Duration::from_millis(300))),
        ("exec sleep 60", true, End::Stopped),
        ("cat /dev/zero", false, End::Endless),
        ("cat /dev/zero >&4", false, End::Endless),
    ] {
        let mut holder =
            Holder { held: Held::start(&words, "exec 4>&2\n".to_owned(), BEAT).unwrap(), mark: String::new() };
        let limit = Duration::from_millis(if end == End::Endless { 60_000 } else { 300 });
        let finished = holder.run(&Script::new(&[part.to_owned()], true), limit, &|| stop).unwrap();
        assert_eq!(finished.end, end, "{part}");
        assert!(holder.run(&Script::new(&[part.to_owned()], true), limit, &|| stop).is_none());
    }
}
