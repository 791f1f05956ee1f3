//! The shell of one run on one host. It stays while its input is open and makes one script after the other: so these need
//! no way onto the host of their own.

use super::{
    held::{Beat, Heard, Held},
    lock::first_line,
    process::{self, End, Finished},
    script::{self, Script},
};
use std::time::{Duration, Instant};

/// How often the shell hears of its run; where it has the lock, it touches the lock's file then. A link may be cut without
/// a word, and a host may take hours to notice: a lock whose run was not heard of for some minutes is another run's for the
/// taking.
const BEAT: Beat = Beat { text: "$beat 9>&-\n", every: Duration::from_secs(20) };

/// How often somebody looks whether a wait was ended.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// The shell. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Shell {
    pub(super) held: Held,
    has_answered: bool,
    /// What it is told in the end, where it holds the lock.
    farewell: Option<String>,
}

impl Shell {
    /// Starts it, by a way onto the host. The text of an error says why not.
    pub fn start(words: &[String]) -> Result<Self, String> {
        let held = Held::start(words, "beat=\n".to_owned(), BEAT)?;
        Ok(Self { held, has_answered: false, farewell: None })
    }

    /// Whether scripts can be sent to it.
    pub fn is_there(&self) -> bool {
        self.held.is_there()
    }

    /// Whether it has made a script.
    pub const fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// Takes note that it holds the lock, and of what gives that back.
    pub(super) fn holds(&mut self, farewell: String) {
        self.farewell = Some(farewell);
    }

    /// Makes a script. What changes something, and all while the lock is held, runs in the background: the shell still hears
    /// of its run meanwhile, and ends with it. Where the script's end does not come in time, the shell is given up, and the
    /// lock with it.
    pub fn run(&mut self, script: &Script, limit: Duration, stop: &dyn Fn() -> bool) -> Finished {
        let text = &script.text;
        let mark = script::nonce();
        // Either is one command, so that a shell which gets only a piece of it runs nothing.
        let (text, end_mark) = if self.farewell.is_some() || script.leaves {
            let over = format!("printf '\\n{mark} over %s\\n' \"$?\"");
            (format!("(\n(\n{text}) </dev/null 9>&-\n{over}\n) 9>&- &\n"), format!("\n{mark} over "))
        } else {
            (text.clone(), script.end_mark())
        };
        self.held.send(text);
        let deadline = Instant::now() + limit;
        let mut answer = Vec::new();
        let end = loop {
            let rest = deadline.saturating_duration_since(Instant::now());
            match self.held.hear(rest.min(LOOK)) {
                Heard::Piece(piece) => {
                    let known = answer.len();
                    process::append(&mut answer, &piece);
                    if let Some(status) = ended(&answer, known, end_mark.as_bytes()) {
                        self.has_answered = true;
                        break End::Status(status);
                    }
                }
                Heard::End => break self.held.leave().unwrap_or(End::Signal),
                Heard::Endless => break End::Endless,
                Heard::Nothing if stop() => break End::Stopped,
                Heard::Nothing if rest.is_zero() => break End::Late(limit),
                Heard::Nothing => {}
            }
        };
        if matches!(end, End::Late(_) | End::Endless | End::Stopped) {
            self.held.abandon();
        }
        Finished { end, stdout: answer, stderr: self.held.error_text() }
    }

    /// Lets it end, and does not wait for that now.
    pub fn rest(&mut self) {
        self.held.close();
    }

    /// Ends it; a lock that it holds is given back.
    pub fn leave(mut self) {
        if let Some(farewell) = self.farewell.take() {
            self.held.send(farewell);
        }
        // However it ends: it holds nothing any more.
        self.held.leave();
    }
}

/// The status behind an end mark, if that is there: 0 where the mark has none. So much of the answer was looked at before.
fn ended(answer: &[u8], known: usize, mark: &[u8]) -> Option<i32> {
    // A number has three digits at most, and there is a line end.
    let start = known.saturating_sub(mark.len() + 4);
    let [_, behind, ..] = script::split(&answer[start..], mark)[..] else { return None };
    let line = first_line(behind)?;
    if line.is_empty() { Some(0) } else { std::str::from_utf8(line).ok()?.parse().ok() }
}

#[cfg(test)]
#[path = "shell_tests.rs"]
mod tests;
