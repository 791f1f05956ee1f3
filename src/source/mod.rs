//! Text files and what is said about them: reading, JSON and YAML as one tree with places, errors with a caret.

mod fault;
mod json;
mod lock;
mod node;
mod read;
mod reading;
mod render;
mod scalar;
mod shape;
mod suggest;
mod yaml;

pub use fault::{Fault, Faults, shown};
pub use lock::{Busy, Hold, Locks};
pub use node::{Entry, Node, Value};
pub use read::{Kind, Listing, kind_of, list_folder, read_document, read_text};
pub use reading::{Fields, Reading, decimal};
pub use shape::{Field, Shape};
pub use suggest::{did_you_mean, nearest};

use camino::{Utf8Path, Utf8PathBuf};
use std::sync::Arc;

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

    /// The tree of a JSON or YAML text: by the name's ending, else JSON where it starts like JSON.
    pub fn tree(self: &Arc<Self>) -> Result<Node, Faults> {
        let as_json = match self.path.extension() {
            Some("json") => true,
            Some("yml" | "yaml") => false,
            _ => self.text.trim_start().starts_with(['{', '[']),
        };
        if as_json { json::parse(self) } else { yaml::parse(self) }
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

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;
