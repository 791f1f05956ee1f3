//! Why a verb has nothing to run, with the exit status and the words for it.

use super::{Exit, say};
use crate::source::Faults;
use std::io::IsTerminal;

/// Why there is nothing to run.
pub(super) enum Refusal {
    Faults(Faults),
    Text(String),
    /// The same with a status of its own.
    Because(Exit, String),
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults)
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Refusal {
    /// Says it on standard error.
    pub fn told(&self) -> Exit {
        let (exit, text) = self.text(std::io::stderr().is_terminal());
        say::error(&text);
        exit
    }

    /// The status, and the text for people, with colours or without.
    pub fn text(&self, colours: bool) -> (Exit, String) {
        match self {
            Self::Faults(faults) => (Exit::Usage, faults.rendered(colours)),
            Self::Text(text) => (Exit::Usage, format!("error: {text}\n")),
            Self::Because(exit, text) => (*exit, format!("error: {text}\n")),
        }
    }
}
