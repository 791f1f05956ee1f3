//! Tells, while a run works, which commands are run on which host, and what they answer.

use super::HostError;
use crate::probe::Answer;
use std::{fmt, sync::Arc};

/// A command of a host, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What it comes to: a long question by its first line, a change by what is run or written for it.
    pub short: String,
    /// Its text, as a shell of the host runs it.
    pub full: String,
}

impl Command {
    /// A question.
    #[must_use]
    pub fn asking(full: &str) -> Self {
        // That the shell gives way to it is no news.
        let mut lines = full.strip_prefix("exec ").unwrap_or(full).lines();
        let first = lines.next().unwrap_or_default();
        let short = match lines.count() {
            0 => first.to_owned(),
            1 => format!("{first} … (1 more line)"),
            more => format!("{first} … ({more} more lines)"),
        };
        Self { short, full: full.to_owned() }
    }
}

/// What there is to tell of one round trip.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// These commands are sent.
    Sent(&'a [Command]),
    /// They ran, up to the first that had to succeed and did not: an answer of each that ran.
    Answered(&'a [Command], &'a [Answer]),
    /// There is no whole answer.
    Broken(&'a [Command], &'a HostError),
}

/// Hears of it; several hosts work at once.
pub type Listener = dyn Fn(&str, Told<'_>) + Send + Sync;

/// One host's part of it.
#[derive(Clone)]
pub(super) struct Trace {
    host: String,
    listener: Option<Arc<Listener>>,
}

impl Trace {
    pub fn new(host: &str, listener: Option<&Arc<Listener>>) -> Self {
        Self { host: host.to_owned(), listener: listener.cloned() }
    }

    /// The commands, if anybody hears of them.
    pub fn commands(&self, make: impl FnOnce() -> Vec<Command>) -> Vec<Command> {
        if self.listener.is_some() { make() } else { Vec::new() }
    }

    pub fn tell(&self, told: Told<'_>) {
        if let Some(listener) = &self.listener {
            listener(&self.host, told);
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("host", &self.host).finish_non_exhaustive()
    }
}
