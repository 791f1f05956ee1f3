//! One round trip: several parts of sh text go out as one script, and an answer for each comes back.
//!
//! The script is one `{ …; }` block: a shell that gets only a piece of it runs nothing. Marks with a number that nobody
//! can know beforehand part the answers; an answer without its last mark was cut off, and is unknown.

use crate::probe::Answer;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A script, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Script {
    mark: String,
    parts: usize,
    /// The text for the shell's standard input.
    pub text: String,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Whether the far shell began to work.
    pub begun: bool,
    /// Whether it came to the end.
    pub done: bool,
    /// An answer for each part that was run.
    pub answers: Vec<Answer>,
}

/// Where a router's tools are: cron's own PATH has none of them.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Script {
    /// A script of these parts. Each runs in a shell of its own, with an empty standard input.
    pub fn new(parts: &[String], stop_at_failure: bool) -> Self {
        let mark = nonce();
        let mut text = format!(
            "{{\nunset ENV BASH_ENV CDPATH LANGUAGE\nLC_ALL=C LANG=C PATH={PATH}\nexport LC_ALL LANG PATH\numask 022\n\
             exec 3>&1\nprintf '\\n{mark} begin'\n"
        );
        for part in parts {
            text.push_str(&format!(
                "printf '\\n{mark} out\\n'\nsaid=$({{\n{part}\n}} 2>&1 >&3 3>&- </dev/null)\nstatus=$?\n\
                 printf '\\n{mark} end %s\\n%s' \"$status\" \"$said\"\n"
            ));
            if stop_at_failure {
                text.push_str(&format!("[ $status = 0 ] || {{ printf '\\n{mark} done\\n'; exit 0; }}\n"));
            }
        }
        text.push_str(&format!("printf '\\n{mark} done\\n'\nexit 0\n}}\n"));
        Self { mark, parts: parts.len(), text }
    }

    /// Reads what the shell printed.
    pub fn reply(&self, output: &[u8]) -> Reply {
        let mark = format!("\n{} ", self.mark).into_bytes();
        let mut pieces = split(output, &mark).into_iter().skip(1);
        let mut reply = Reply { begun: pieces.next() == Some(b"begin"), done: false, answers: Vec::new() };
        while reply.begun && !reply.done {
            match (pieces.next(), reply.answers.len()) {
                (Some(piece), count) if count < self.parts && piece.starts_with(b"out\n") => {
                    let Some(answer) = pieces.next().and_then(|end| answer(&piece[4..], end)) else { break };
                    reply.answers.push(answer);
                }
                (Some(piece), _) => {
                    // What a log-out script prints behind it is not ours.
                    reply.done = piece.starts_with(b"done\n");
                    break;
                }
                (None, _) => break,
            }
        }
        reply
    }
}

/// The piece behind an `end` mark: `end STATUS\nSTDERR`.
fn answer(stdout: &[u8], end: &[u8]) -> Option<Answer> {
    let rest = end.strip_prefix(b"end ")?;
    let newline = rest.iter().position(|byte| *byte == b'\n')?;
    let status = std::str::from_utf8(&rest[..newline]).ok()?.parse().ok()?;
    Some(Answer { status, stdout: stdout.to_vec(), stderr: rest[newline + 1..].to_vec() })
}

fn split<'a>(text: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(newline) = text[at..].iter().position(|byte| *byte == b'\n') {
        let found = at + newline;
        if text[found..].starts_with(mark) {
            pieces.push(&text[start..found]);
            start = found + mark.len();
            at = start;
        } else {
            at = found + 1;
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// 128 bits that differ each time.
pub(super) fn nonce() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("lvs-ftp-{:016x}{:016x}", half(), half())
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
