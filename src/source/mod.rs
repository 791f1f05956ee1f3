//! Text files and what is said about them: reading, JSON and YAML as one tree with places, errors with a caret.

mod fault;
mod json;
mod lock;
mod node;
mod number;
mod read;
mod reading;
mod render;
mod scalar;
mod shape;
mod suggest;
mod time;
mod yaml;

pub use fault::{Fault, Faults, shown};
pub use lock::{Busy, Hold, Locks};
pub use node::{Entry, Node, Value};
pub use number::canonical;
pub use read::{Kind, Listing, is_program, kind_of, list_folder, read_document, read_text};
pub use reading::{Fields, Reading, decimal};
pub use shape::{Field, Shape};
pub use suggest::{did_you_mean, nearest};

use camino::{Utf8Path, Utf8PathBuf};
use std::{fmt, sync::Arc};

/// A text and where it came from: a file, or an option of the command line such as `--limit`.
#[derive(Debug)]
pub struct Source {
    path: Utf8PathBuf,
    text: String,
}

impl Source {
    /// A text by this name.
    pub fn new(path: impl Into<Utf8PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// The file's path, as the user named it.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// All of the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A part of this text.
    #[must_use]
    pub fn place(self: &Arc<Self>, span: Span) -> Place {
        Place { source: Arc::clone(self), span }
    }

    /// The tree of a text that must be JSON whatever its name.
    pub fn json(self: &Arc<Self>) -> Result<Node, Faults> {
        json::parse(self)
    }

    /// The tree of a JSON or YAML text. What is JSON is read as that whatever its name, as Ansible does.
    pub fn tree(self: &Arc<Self>) -> Result<Node, Faults> {
        let starts_like_json = self.text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
        let as_json = self.path.extension() == Some("json") || (starts_like_json && json::is_json(&self.text));
        if as_json {
            return json::parse(self);
        }
        let tree = yaml::parse(self);
        if tree.is_err() && starts_like_json && !matches!(self.path.extension(), Some("yml" | "yaml")) {
            // Neither of the two: JSON's grammar says best where it breaks.
            return json::parse(self);
        }
        tree
    }
}

/// A range of bytes in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A part of a source that an error can point at.
#[derive(Debug, Clone)]
pub struct Place {
    source: Arc<Source>,
    span: Span,
}

impl Place {
    /// All of a text that is not a file, such as an option's argument.
    #[must_use]
    pub fn whole(source: &Arc<Source>) -> Self {
        let end = source.text.len();
        source.place(Span { start: 0, end })
    }

    /// Its line and column, counted from 1.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or(&self.source.text);
        let line = before.rfind('\n').map_or(before, |newline| &before[newline + 1..]);
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// The source it is in.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Where in the source.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_and_column();
        write!(f, "{}:{line}:{column}", self.source.path)
    }
}

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;
