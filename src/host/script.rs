//! One round trip: several parts of sh text go out as one script, and an answer for each comes back.
//!
//! The script is one `{ …; }` block: a shell that gets only a piece of it runs nothing. Marks with a number that nobody
//! can know beforehand part the answers; an answer without its last mark was cut off, and is unknown.

use super::lock::READ_LAST;
use crate::probe::Answer;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A script, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Script {
    mark: String,
    count: usize,
    /// The text for the shell's standard input.
    pub text: String,
    /// Whether it ends its shell.
    pub leaves: bool,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Whether the far shell began to work.
    pub begun: bool,
    /// Whether it came to the end.
    pub done: bool,
    /// What its host's lock said when it began, where it asked.
    pub last: Option<String>,
    /// An answer for each part that was run.
    pub answers: Vec<Answer>,
}

/// Where a router's tools are: cron's own PATH has none of them.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The text that notes the process of a script's main shell. `$$` is another one where that runs in the background.
const OWN: &str = "read -r main rest </proc/self/stat || main=$$\n";

impl Script {
    /// A script of these parts. Each runs in a shell of its own, with an empty standard input.
    pub fn new(parts: &[String], stop_at_failure: bool) -> Self {
        Self::begin(OWN).parts(parts, stop_at_failure)
    }

    /// A script that only looks: at the host's lock first, which takes no process. Its shell can make another one.
    pub fn looking(parts: &[String]) -> Self {
        let mut script = Self { leaves: false, ..Self::begin(READ_LAST) };
        script.text.push_str(&format!("printf '\\n{} last %s' \"$last\"\n", script.mark));
        script.parts(parts, false)
    }

    fn parts(mut self, parts: &[String], stop_at_failure: bool) -> Self {
        for part in parts {
            self.part(part, "", stop_at_failure);
        }
        self.end()
    }

    /// A script that stops at its first failure. `open` runs in its main shell, and may open descriptor 8; the part
    /// `look` has that too, and nothing that the others start.
    pub fn guarded((open, look): &(String, String), parts: &[String]) -> Self {
        let mut script = Self::begin(&format!("{OWN}{open}"));
        script.part(look, "", true);
        for part in parts {
            script.part(part, "8>&- ", true);
        }
        script.end()
    }

    fn begin(open: &str) -> Self {
        let mark = nonce();
        let text = format!("{{\n{}umask 022\nexec 3>&1\n{open}", prelude(&mark));
        Self { mark, count: 0, text, leaves: true }
    }

    fn part(&mut self, part: &str, closed: &str, stop_at_failure: bool) {
        let mark = &self.mark;
        self.count += 1;
        // A part that begins with `[ … ] || exit 0`, and has nothing to say for that reason, costs no process.
        let first = part.lines().next().and_then(|line| line.strip_suffix(" || exit 0"));
        let test = first.filter(|test| test.starts_with("[ ") && test.ends_with(" ]")).unwrap_or(":");
        // Not inside of the `$( )`: bash before 4 looks for its end by counting parentheses, those of `case x)` too.
        self.text.push_str(&format!(
            "part() {{\n{part}\n}}\nprintf '\\n{mark} out\\n'\nstatus=0 said=\n\
             if {test}; then said=$(part 2>&1 >&3 3>&- {closed}</dev/null); status=$?; fi\n\
             printf '\\n{mark} end %s\\n%s' \"$status\" \"$said\"\n"
        ));
        if stop_at_failure {
            self.text.push_str(&format!("[ $status = 0 ] || {{ printf '\\n{mark} done\\n'; exit 0; }}\n"));
        }
    }

    fn end(mut self) -> Self {
        let leave = if self.leaves { "exit 0\n" } else { "" };
        self.text.push_str(&format!("printf '\\n{} done\\n'\n{leave}}}\n", self.mark));
        self
    }

    /// What it prints at its end, up to the line end.
    pub fn end_mark(&self) -> String {
        format!("\n{} done", self.mark)
    }

    /// Reads what the shell printed.
    pub fn reply(&self, output: &[u8]) -> Reply {
        let mark = format!("\n{} ", self.mark).into_bytes();
        let mut pieces = split(output, &mark).into_iter().skip(1);
        let begun = pieces.next() == Some(b"begin");
        let mut reply = Reply { begun, done: false, last: None, answers: Vec::new() };
        while reply.begun && !reply.done {
            match (pieces.next(), reply.answers.len()) {
                (Some(piece), count) if count < self.count && piece.starts_with(b"out\n") => {
                    let Some(answer) = pieces.next().and_then(|end| answer(&piece[4..], end)) else { break };
                    reply.answers.push(answer);
                }
                (Some(piece), 0) if reply.last.is_none() && piece.starts_with(b"last ") => {
                    reply.last = Some(String::from_utf8_lossy(&piece[5..]).into_owned());
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

/// The pieces between marks.
pub(super) fn split<'a>(text: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
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

/// What every script begins with: the same tools and words whoever logs in, and the mark that tells that it began.
pub(super) fn prelude(mark: &str) -> String {
    format!(
        "unset ENV BASH_ENV CDPATH LANGUAGE QUOTING_STYLE TIME_STYLE\nLC_ALL=C LANG=C PATH={PATH}\nexport LC_ALL LANG PATH\nprintf '\\n{mark} begin'\n"
    )
}

/// 128 bits that differ each time.
pub(super) fn nonce() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("lvs-ftp-{:016x}{:016x}", half(), half())
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
