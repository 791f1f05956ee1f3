//! What is wrong with an input: where, what, and what to do.

use super::{Place, render};
use camino::{Utf8Path, Utf8PathBuf};
use std::fmt;

/// One thing that is wrong with an input.
#[derive(Debug, Clone)]
pub struct Fault(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    path: Utf8PathBuf,
    place: Option<Place>,
    message: String,
    hint: Option<String>,
    related: Option<(Place, &'static str)>,
}

impl Fault {
    /// Something wrong at a place in a file.
    pub fn at(place: &Place, message: impl Into<String>) -> Self {
        let mut fault = Self::about(place.source().path(), message);
        fault.0.place = Some(place.clone());
        fault
    }

    /// Something wrong with a file as a whole.
    pub fn about(path: impl Into<Utf8PathBuf>, message: impl Into<String>) -> Self {
        Self(Box::new(Parts { path: path.into(), place: None, message: message.into(), hint: None, related: None }))
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds what to do about it, where that is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint.or(self.0.hint);
        self
    }

    /// Adds a second place that has to do with it.
    #[must_use]
    pub fn related(mut self, place: &Place, label: &'static str) -> Self {
        self.0.related = Some((place.clone(), label));
        self
    }

    /// The file, or the option's name.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.0.path
    }

    /// Where in the file.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What is wrong, as one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    pub(super) fn related_place(&self) -> Option<(&Place, &'static str)> {
        self.0.related.as_ref().map(|(place, label)| (place, *label))
    }
}

/// All that is wrong with the input: one fault or more.
#[derive(Debug, Clone)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Faults are shown up to this number; a file with more is wrong as a whole.
    pub const SHOWN: usize = 50;

    /// An error if there is a fault, else fine.
    pub fn check(faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self(faults)) }
    }

    /// The faults, in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// The faults themselves, to be joined with others.
    #[must_use]
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// The text for a terminal, with colour if wanted.
    #[must_use]
    pub fn rendered(&self, colour: bool) -> String {
        render::faults(self, colour)
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered(false))
    }
}

impl std::error::Error for Faults {}

/// A user's text for a message: in backticks, and cut where it is long.
#[must_use]
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        None => format!("`{text}`"),
        Some((cut, _)) => format!("`{}…`", &text[..cut]),
    }
}
