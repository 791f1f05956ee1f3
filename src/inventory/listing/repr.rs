//! Values as Python shows them, for `--graph --vars`: text bare at the top, with quotes inside of lists and maps.

use crate::format::printable;
use crate::source::{Value, canonical};

/// A variable's value on one line, safe to print.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => printable(text),
        // Python's `str` of a date has a blank for the `T`.
        Value::Time(text) => text.replacen('T', " ", 1),
        Value::Tagged(_, inner) => shown(inner),
        _ => repr(value),
    }
}

fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(written) => match canonical(written).as_deref() {
            Some("Infinity") => "inf".to_owned(),
            Some("-Infinity") => "-inf".to_owned(),
            Some("NaN") => "nan".to_owned(),
            number => number.unwrap_or(written).to_owned(),
        },
        Value::Text(text) | Value::Time(text) => quoted(text),
        Value::List(items) => {
            format!("[{}]", items.iter().map(|item| repr(&item.value)).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| format!("{}: {}", quoted(&entry.key), repr(&entry.value.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Tagged(_, inner) => repr(inner),
    }
}

/// Python's quotes: single ones, unless only those are in the text.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if c == quote => shown.extend(['\\', c]),
            c if c.is_control() && u32::from(c) < 256 => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => shown.push_str(&printable(&c.to_string())),
        }
    }
    shown.push(quote);
    shown
}
