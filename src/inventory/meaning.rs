//! One variable's value as Ansible would take it: numbers also in quotes, booleans in all their spellings.

use super::{
    ours,
    variables::{Layers, Variable},
};
use crate::source::{Fault, Node, Reading, Value, decimal, shown};

/// A host's variables being read; holds what was found wrong so far.
pub(super) struct Meaning<'v> {
    variables: &'v Layers<'v>,
    faults: Vec<Fault>,
}

/// A variable that is set: its value, and a `Reading` to say what is wrong with it.
type Step<T> = fn(&mut Reading, &Node, &str) -> Option<T>;

impl<'v> Meaning<'v> {
    pub(super) fn new(variables: &'v Layers<'v>) -> Self {
        Self { variables, faults: Vec::new() }
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(super) fn refuse(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// The first of these names that is set to something.
    pub(super) fn variable(&self, names: &[&'static str]) -> Option<(&'static str, &'v Variable)> {
        debug_assert!(names.iter().all(|name| ours::knows(name)), "{names:?} is in the table of our variables");
        names.iter().find_map(|name| {
            let variable = self.variables.get(name)?;
            (variable.node.value != Value::Null).then_some((*name, variable))
        })
    }

    /// What the first of these names that is set means; `None` where none is set or the value is wrong.
    pub(super) fn read<T>(&mut self, names: &[&'static str], step: Step<T>) -> Option<T> {
        let (name, variable) = self.variable(names)?;
        let what = format!("`{name}`");
        let mut reading = Reading::new(&variable.source);
        let node = &variable.node;
        let value = match &node.value {
            // What Ansible must not evaluate means itself.
            Value::Tagged(tag, inner) if tag == "!unsafe" => {
                step(&mut reading, &Node { span: node.span, value: (**inner).clone() }, &what)
            }
            Value::Tagged(tag, _) => reading.refuse_with(
                node.span,
                format!("{what} is a value tagged {}, which is not read", shown(tag)),
                "write the value itself",
            ),
            value if holds_template(value) => reading.refuse_with(
                node.span,
                format!("{what} holds a template, which lvs-ftp does not evaluate"),
                "write the value itself",
            ),
            _ => step(&mut reading, node, &what),
        };
        match reading.finish(value) {
            Ok(value) => Some(value),
            Err(faults) => {
                self.faults.extend(faults.into_vec());
                None
            }
        }
    }
}

fn holds_template(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.contains("{{") || text.contains("{%"),
        Value::List(items) => items.iter().any(|item| holds_template(&item.value)),
        _ => false,
    }
}

/// A whole number, in quotes or not.
pub(super) fn number(reading: &mut Reading, node: &Node, what: &str) -> Option<u64> {
    match &node.value {
        Value::Number(text) | Value::Text(text) => {
            let made = decimal(text).map_err(|why| format!("{what} {why}"));
            reading.fit(node.span, made)
        }
        _ => reading.wrong_kind(node, what, "a number"),
    }
}

/// Ansible's booleans.
pub(super) fn boolean(reading: &mut Reading, node: &Node, what: &str) -> Option<bool> {
    let written = match &node.value {
        Value::Bool(value) => return Some(*value),
        Value::Number(text) | Value::Text(text) => text.to_lowercase(),
        _ => return reading.wrong_kind(node, what, "true or false"),
    };
    match written.as_str() {
        "yes" | "on" | "1" | "true" | "t" | "y" => Some(true),
        "no" | "off" | "0" | "false" | "f" | "n" => Some(false),
        _ => reading.refuse_with(
            node.span,
            format!("{what} must be true or false, not {}", shown(&written)),
            "Ansible's words are yes, no, true, false, on, off, 1 and 0",
        ),
    }
}

/// Words: a list of them, or one text that is split like a shell's command line.
pub(super) fn words(reading: &mut Reading, node: &Node, what: &str) -> Option<Vec<String>> {
    match &node.value {
        Value::List(items) => {
            let mut words = Vec::with_capacity(items.len());
            for item in items {
                words.push(reading.text(item, &format!("a word of {what}"))?.to_owned());
            }
            Some(words)
        }
        Value::Text(_) => {
            let text = reading.text(node, what)?;
            // The splitter would drop the rest as a comment; Ansible's keeps it.
            if text.starts_with('#') || text.contains(" #") {
                let message = format!("{what} has a word that starts with `#`");
                return reading.refuse_with(node.span, message, "write a list of words instead");
            }
            match shlex::split(text) {
                Some(words) => Some(words),
                None => reading.refuse(node.span, format!("{what} has a quote without its end")),
            }
        }
        _ => reading.wrong_kind(node, what, "a list of words, or text"),
    }
}

/// Words that are a command: at least one, the first not an option.
pub(super) fn command(reading: &mut Reading, node: &Node, what: &str) -> Option<Vec<String>> {
    let words = words(reading, node, what)?;
    match words.first() {
        None => reading.refuse(node.span, format!("{what} is empty; it must name a command")),
        Some(first) if first.is_empty() || first.starts_with('-') => {
            reading.refuse(node.span, format!("{what} must start with a command, not with {}", shown(first)))
        }
        Some(_) => Some(words),
    }
}
