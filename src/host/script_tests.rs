//! The script in every shell that a managed host may have.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{Reply, Script};

const SHELLS: [&[&str]; 3] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"]];

fn run(shell: &[&str], input: &str) -> Vec<u8> {
    duct::cmd(shell[0], &shell[1..]).stdin_bytes(input).stderr_null().stdout_capture().unchecked().run().unwrap().stdout
}

fn parts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn every_part_answers_in_every_shell() {
    let script = Script::new(
        &parts(&[
            "printf 'a\\n\\nb'",
            "echo oops >&2; exit 7",
            "cat; printf '\\000\\377'",
            "true # comment",
            "nosuchtool",
        ]),
        false,
    );
    for shell in SHELLS {
        let reply = script.reply(&run(shell, &script.text));
        assert!(reply.begun && reply.done, "{shell:?}");
        let [first, second, third, fourth, fifth] = reply.answers.as_slice() else { panic!("{reply:?}") };
        assert_eq!((first.status, first.stdout.as_slice()), (0, &b"a\n\nb"[..]));
        assert_eq!((second.status, second.stderr.as_slice()), (7, &b"oops"[..]));
        assert_eq!((third.status, third.stdout.as_slice()), (0, &b"\0\xff"[..]), "input is empty, output is bytes");
        assert_eq!((fourth.status, fourth.stdout.as_slice()), (0, &b""[..]));
        assert_eq!(fifth.status, 127);
    }
}

#[test]
fn a_failed_step_stops_the_rest() {
    let script = Script::new(&parts(&["echo one", "false", "echo never"]), true);
    for shell in SHELLS {
        let reply = script.reply(&run(shell, &script.text));
        assert!(reply.done);
        assert_eq!(reply.answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [0, 1]);
    }
}

/// A link that drops while the script is sent: no prefix of it, however cut, runs anything.
#[test]
fn a_cut_script_does_nothing() {
    let script = Script::new(&parts(&["echo ran", "echo ran"]), true);
    for shell in SHELLS {
        for cut in (0..script.text.len() - 2).step_by(7) {
            assert_eq!(run(shell, &script.text[..cut]), b"", "{shell:?} cut at {cut}");
        }
    }
}

/// An answer that is cut anywhere is never taken for a whole one.
#[test]
fn a_cut_answer_is_not_done() {
    let script = Script::new(&parts(&["echo one", "echo two >&2"]), false);
    let whole = run(SHELLS[0], &script.text);
    for cut in 0..whole.len() - 1 {
        assert!(!script.reply(&whole[..cut]).done, "cut at {cut}");
    }
    let nothing = Reply { begun: false, done: false, last: None, answers: Vec::new() };
    assert_eq!(script.reply(b"some banner\nof the host\n"), nothing);
    assert!(script.reply(&[&b"Welcome!\n"[..], &whole].concat()).done, "a banner before the answer is harmless");
    assert!(script.reply(&[&whole, &b"Bye!\n"[..]].concat()).done, "so is one behind it");
}

/// Text that looks like a mark of another run is only text.
#[test]
fn old_marks_are_text() {
    let script = Script::new(&parts(&["printf 'x\\nlvs-ftp-0000 end 0\\nlvs-ftp-0000 done\\n'"]), false);
    let reply = script.reply(&run(SHELLS[0], &script.text));
    assert_eq!(reply.answers[0].stdout, b"x\nlvs-ftp-0000 end 0\nlvs-ftp-0000 done\n");
}

/// What a user's environment says of `ls` does not count.
#[test]
fn words_of_tools_are_as_ever() {
    let script = Script::new(&parts(&["ls -ln /proc/self/ns/net"]), false);
    let command = duct::cmd!("sh").stdin_bytes(&*script.text).env("QUOTING_STYLE", "c").env("TIME_STYLE", "+x -> x");
    let reply = script.reply(&command.stdout_capture().run().unwrap().stdout);
    let said = String::from_utf8(reply.answers[0].stdout.clone()).unwrap();
    assert!(said.contains(" /proc/self/ns/net -> net:[") && !said.contains("x -> x"), "{said}");
}
