//! JSON as Ansible prints it: an indent of four, sorted keys, numbers of any size.

use crate::{format::harmful, source::canonical};
use std::collections::BTreeMap;

/// A value to be printed.
pub(super) enum Json<'v> {
    Null,
    Bool(bool),
    /// A number as it was written.
    Number(&'v str),
    Text(&'v str),
    List(Vec<Json<'v>>),
    Map(BTreeMap<&'v str, Json<'v>>),
}

impl Json<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, text: &mut String, depth: usize) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Self::Number(written) => match canonical(written) {
                Some(number) => text.push_str(&number),
                None => quote(written, text),
            },
            Self::Text(value) => quote(value, text),
            Self::List(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    begin(text, index, depth + 1);
                    item.write(text, depth + 1);
                }
                end(text, items.is_empty(), depth, ']');
            }
            Self::Map(entries) => {
                text.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    begin(text, index, depth + 1);
                    quote(key, text);
                    text.push_str(": ");
                    value.write(text, depth + 1);
                }
                end(text, entries.is_empty(), depth, '}');
            }
        }
    }
}

fn begin(text: &mut String, index: usize, depth: usize) {
    text.push_str(if index > 0 { ",\n" } else { "\n" });
    text.push_str(&"    ".repeat(depth));
}

fn end(text: &mut String, empty: bool, depth: usize, bracket: char) {
    if !empty {
        text.push('\n');
        text.push_str(&"    ".repeat(depth));
    }
    text.push(bracket);
}

fn quote(value: &str, text: &mut String) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            // Ansible writes some of these as they are: the value is the same, but a terminal may obey them.
            c if harmful(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn nothing_can_drive_a_terminal() {
        let text = Json::Text("ü\u{7f}\u{1b}\u{202e}\u{9b}😀\"\\/").text();
        assert_eq!(text, "\"ü\\u007f\\u001b\\u202e\\u009b😀\\\"\\\\/\"");
    }
}
