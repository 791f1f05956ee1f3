//! The tree that JSON and YAML files are read to: each value and key knows its place.

use super::{Fault, Faults, Source, Span, shown};
use std::{collections::HashMap, sync::Arc};

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it is written.
    pub span: Span,
    /// What is written there.
    pub value: Value,
}

/// What a file can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing: `null`, or in YAML an empty value.
    Null,
    /// True or false.
    Bool(bool),
    /// A number as it is written, so that `021` and `1e3` can be told from 21 and 1000.
    Number(String),
    /// Text.
    Text(String),
    /// A date, or a date and a time, of YAML; as ISO 8601 has it.
    Time(String),
    /// Values in order.
    List(Vec<Node>),
    /// Keys and values in the order of the file; no key is there twice.
    Map(Vec<Entry>),
    /// A value with a tag of Ansible's own, such as `!vault` or `!unsafe`, and what it stands on.
    Tagged(String, Box<Value>),
}

impl Node {
    /// Its first byte: what to point at when something is missing in it.
    #[must_use]
    pub fn start(&self) -> Span {
        Span { start: self.span.start, end: self.span.start + 1 }
    }

    /// The value of a key, if this is a map that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }
}

/// A key of a map with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key. Of YAML also what is no text, in the form in which it stands in JSON.
    pub key: String,
    /// What kind of value the key is, where it is no text.
    pub not_text: Option<&'static str>,
    /// Where the key is written.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Value {
    /// What kind of value this is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing (null)",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Time(_) => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Tagged(..) => "a tagged value",
        }
    }
}

impl Entry {
    /// An entry whose key is text.
    #[must_use]
    pub fn new(key: impl Into<String>, key_span: Span, value: Node) -> Self {
        Self { key: key.into(), not_text: None, key_span, value }
    }
}

/// Finds keys that are in a map twice.
pub(super) struct Repeats<'s> {
    source: &'s Arc<Source>,
    faults: Vec<Fault>,
}

impl<'s> Repeats<'s> {
    pub(super) fn new(source: &'s Arc<Source>) -> Self {
        Self { source, faults: Vec::new() }
    }

    /// Notes each key of the map that was there before.
    pub(super) fn look(&mut self, entries: &[Entry]) {
        let mut first = HashMap::with_capacity(entries.len());
        for entry in entries {
            // To Python 1, 1.0 and true are one key.
            let key = match (entry.not_text, entry.key.as_str()) {
                (None, key) => key,
                (Some(_), "true") => "1",
                (Some(_), "false") => "0",
                (Some(_), key) => key.strip_suffix(".0").unwrap_or(key),
            };
            if let Some(before) = first.insert(key, entry.key_span) {
                let message = format!("the key {} is here twice", shown(&entry.key));
                self.faults.push(
                    Fault::at(&self.source.place(entry.key_span), message)
                        .related(&self.source.place(before), "it was here before")
                        .hint("keep one of them"),
                );
            }
        }
    }

    pub(super) fn check(self) -> Result<(), Faults> {
        Faults::check(self.faults)
    }
}
