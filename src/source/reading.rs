//! Reading a tree into typed values: each step notes what is wrong and goes on, so that all faults are found.

use super::{Entry, Fault, Faults, Field, Node, Source, Span, Value, did_you_mean, shown};
use std::sync::Arc;

/// One file's tree being read; holds what was found wrong so far.
#[derive(Debug)]
pub struct Reading {
    source: Arc<Source>,
    faults: Vec<Fault>,
}

impl Reading {
    /// Begins with nothing wrong.
    #[must_use]
    pub fn new(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), faults: Vec::new() }
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Notes a fault at a place; for use as the end of an `Option` function.
    pub fn refuse<T>(&mut self, span: Span, message: impl Into<String>) -> Option<T> {
        self.note(Fault::at(&self.source.place(span), message))
    }

    /// The same with a hint.
    pub fn refuse_with<T>(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.note(Fault::at(&self.source.place(span), message).hint(hint))
    }

    /// Notes a fault made elsewhere.
    pub fn note<T>(&mut self, fault: Fault) -> Option<T> {
        self.faults.push(fault);
        None
    }

    /// Takes the value of a checked conversion, or notes what its error says.
    pub fn fit<T, E: std::fmt::Display>(&mut self, span: Span, made: Result<T, E>) -> Option<T> {
        match made {
            Ok(value) => Some(value),
            Err(error) => self.refuse(span, error.to_string()),
        }
    }

    /// The value if nothing was wrong, else all that was.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Faults> {
        Faults::check(self.faults)?;
        // Every step that gives up notes why; this only keeps a mistake here from passing as success.
        value.ok_or_else(|| Fault::about(self.source.path(), "the file was not understood").into())
    }

    /// A map with these keys and no others.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &'static str, known: &[&'static str]) -> Option<Fields<'n>> {
        let Value::Map(entries) = &node.value else {
            return self.wrong_kind(node, what, "a map");
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let message = format!("{what} has no key {}", shown(&entry.key));
                let hint = did_you_mean(&entry.key, known.iter().copied())
                    .unwrap_or_else(|| format!("its keys are: {}", known.join(", ")));
                self.refuse_with::<()>(entry.key_span, message, hint);
            }
        }
        Some(Fields { what, span: node.span, entries })
    }

    /// A map with the keys of this table and no others.
    pub fn fields_of<'n>(&mut self, node: &'n Node, what: &'static str, known: &[Field]) -> Option<Fields<'n>> {
        let keys: Vec<&'static str> = known.iter().map(|field| field.key).collect();
        self.fields(node, what, &keys)
    }

    /// Text without control characters.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) => self.printable(node.span, text, what),
            Value::Tagged(tag, inner) if tag == "!unsafe" => match &**inner {
                Value::Text(text) => self.printable(node.span, text, what),
                _ => self.wrong_kind(node, what, "text"),
            },
            Value::Number(number) => self.refuse_with(
                node.span,
                format!("{what} must be text, not a number"),
                format!("put it in quotes: \"{number}\""),
            ),
            _ => self.wrong_kind(node, what, "text"),
        }
    }

    /// The text if it has no control characters: a line break could smuggle in a second command or rule.
    pub fn printable<'n>(&mut self, span: Span, text: &'n str, what: &str) -> Option<&'n str> {
        match text.chars().find(|c| c.is_control()) {
            None => Some(text),
            Some(c) => self.refuse(span, format!("{what} holds {}; control characters are not allowed", named(c))),
        }
    }

    /// A whole number, decimal, not negative.
    pub fn number(&mut self, node: &Node, what: &str) -> Option<u64> {
        match &node.value {
            Value::Number(written) => {
                let made = decimal(written);
                self.fit(node.span, made.map_err(|why| format!("{what} {why}")))
            }
            Value::Text(text) if decimal(text).is_ok() => self.refuse_with(
                node.span,
                format!("{what} must be a number, not text"),
                format!("write it without quotes: {text}"),
            ),
            _ => self.wrong_kind(node, what, "a number"),
        }
    }

    /// True or false.
    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            _ => self.wrong_kind(node, what, "true or false"),
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        self.one_of(node.span, text, what, words)
    }

    /// The meaning of a text that is one of a few words.
    pub fn one_of<T: Copy>(&mut self, span: Span, text: &str, what: &str, words: &[(&'static str, T)]) -> Option<T> {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = did_you_mean(text, known.iter().copied());
        let message = format!("{what} is one of {}, not {}", known.join(", "), shown(text));
        self.note(Fault::at(&self.source.place(span), message).maybe_hint(hint))
    }

    /// A list's items.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            _ => self.wrong_kind(node, what, "a list"),
        }
    }

    /// Notes that a value is of another kind than wanted.
    pub fn wrong_kind<T>(&mut self, node: &Node, what: &str, wanted: &str) -> Option<T> {
        let message = format!("{what} must be {wanted}, not {}", node.value.kind());
        let fault = Fault::at(&self.source.place(node.span), message);
        self.note(match node.value {
            Value::Null => fault.hint("write a value, or leave the key out if it has a default"),
            _ => fault,
        })
    }
}

/// A map whose keys are known.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'n> {
    what: &'static str,
    span: Span,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// The value of a key, if it is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub fn require(&self, reading: &mut Reading, key: &str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            let start = self.span.start;
            let at = Span { start, end: start + 1 };
            reading.refuse::<()>(at, format!("{} needs the key `{key}`", self.what));
        }
        found
    }
}

/// A whole number in decimal digits; the error fits after the value's name.
pub fn decimal(written: &str) -> Result<u64, String> {
    let digits = written.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || written.is_empty() {
        return Err(format!("must be a whole number of 0 or more, in decimal digits, not {}", shown(written)));
    }
    if written.len() > 1 && written.starts_with('0') {
        return Err(format!("looks octal: {}; write it without leading zeros", shown(written)));
    }
    written.parse().map_err(|_| format!("is too large: {}", shown(written)))
}

fn named(c: char) -> String {
    match c {
        '\n' | '\r' => "a line break".to_owned(),
        '\t' => "a tab".to_owned(),
        '\0' => "a NUL".to_owned(),
        _ => format!("the control character U+{:04X}", u32::from(c)),
    }
}
