//! What is read of a host's lock.

use super::{Answer, Run, who};

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
