//! What a value in an INI inventory means: a Python literal where it is one, as `ast.literal_eval` reads it, else text.

use super::{super::number, strings};
use crate::source::{Entry, Node, Span, Value};

/// Deeper nesting is text.
const DEEPEST: usize = 90;

/// The value of a text that stands at this place.
pub(super) fn value(text: &str, span: Span) -> Value {
    let mut literal = Literal { rest: text.trim_start_matches([' ', '\t']), span };
    literal.whole().unwrap_or_else(|| Value::Text(text.to_owned()))
}

struct Literal<'t> {
    rest: &'t str,
    span: Span,
}

impl Literal<'_> {
    /// All of the text: one item, or a tuple without its parentheses.
    fn whole(&mut self) -> Option<Value> {
        let (items, commas) = self.items(None, 0)?;
        self.list_or_one(items, commas)
    }

    /// Tuples are lists in what Ansible keeps; one item without a comma is itself.
    fn list_or_one(&self, mut items: Vec<Value>, commas: usize) -> Option<Value> {
        if commas > 0 {
            return Some(self.list(items));
        }
        items.pop()
    }

    fn list(&self, items: Vec<Value>) -> Value {
        Value::List(items.into_iter().map(|value| self.node(value)).collect())
    }

    fn node(&self, value: Value) -> Node {
        Node { span: self.span, value }
    }

    /// Items with commas between them up to a closing bracket, or to the end; and how many commas there were.
    fn items(&mut self, close: Option<char>, depth: usize) -> Option<(Vec<Value>, usize)> {
        let (mut items, mut commas) = (Vec::new(), 0);
        loop {
            self.blanks();
            if self.closes(close) {
                return Some((items, commas));
            }
            if items.len() > commas {
                return None;
            }
            items.push(self.item(depth)?);
            self.blanks();
            if self.take(',') {
                commas += 1;
            }
        }
    }

    /// Whether here is the end; a comment may stand before that of the text, but nothing closes behind one.
    fn closes(&mut self, close: Option<char>) -> bool {
        match close {
            Some(close) => self.take(close),
            None => self.rest.is_empty() || self.rest.starts_with('#'),
        }
    }

    fn item(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        match self.rest.chars().next()? {
            '[' => {
                self.take('[');
                let (items, _) = self.items(Some(']'), depth + 1)?;
                Some(self.list(items))
            }
            '(' => {
                self.take('(');
                let (items, commas) = self.items(Some(')'), depth + 1)?;
                if items.is_empty() { Some(Value::List(Vec::new())) } else { self.list_or_one(items, commas) }
            }
            '{' => {
                self.take('{');
                self.braces(depth + 1)
            }
            '+' | '-' => {
                let sign = if self.take('-') { "-" } else { "" };
                self.take('+');
                self.blanks();
                let digits = self.number()?;
                Some(Value::Number(number::canonical(&format!("{sign}{digits}"))?))
            }
            c if c.is_ascii_digit() => self.number().and_then(|digits| number::canonical(&digits)).map(Value::Number),
            '.' if self.rest.starts_with("...") => {
                self.rest = &self.rest[3..];
                Some(Value::Text("...".to_owned()))
            }
            '.' => self.number().and_then(|digits| number::canonical(&digits)).map(Value::Number),
            _ => self.word_or_text(),
        }
    }

    fn word_or_text(&mut self) -> Option<Value> {
        if let Some((text, bytes, rest)) = strings::read(self.rest) {
            self.rest = rest;
            let text = Value::Text(text);
            // Ansible takes bytes for text in which nothing is to be evaluated.
            return Some(if bytes { Value::Tagged("!unsafe".to_owned(), Box::new(text)) } else { text });
        }
        for (word, value) in [
            ("True", Value::Bool(true)),
            ("False", Value::Bool(false)),
            ("None", Value::Null),
            ("set()", Value::List(Vec::new())),
        ] {
            if let Some(rest) = self.rest.strip_prefix(word)
                && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                self.rest = rest;
                return Some(value);
            }
        }
        None
    }

    /// A dictionary or a set, after its brace.
    fn braces(&mut self, depth: usize) -> Option<Value> {
        self.blanks();
        if self.take('}') {
            return Some(Value::Map(Vec::new()));
        }
        let first = self.item(depth)?;
        self.blanks();
        if !self.rest.starts_with(':') {
            let mut items = vec![first];
            if self.take(',') {
                items.extend(self.items(Some('}'), depth)?.0);
            } else if !self.take('}') {
                return None;
            }
            let mut set: Vec<Value> = Vec::new();
            for item in items {
                if !set.contains(&item) {
                    set.push(item);
                }
            }
            return Some(self.list(set));
        }
        let mut entries: Vec<Entry> = Vec::new();
        let mut key = first;
        loop {
            self.blanks();
            if !self.take(':') {
                return None;
            }
            self.blanks();
            let value = self.item(depth)?;
            self.put(&mut entries, &key, value)?;
            self.blanks();
            let comma = self.take(',');
            self.blanks();
            if self.take('}') {
                return Some(Value::Map(entries));
            }
            if !comma {
                return None;
            }
            key = self.item(depth)?;
            self.blanks();
        }
    }

    /// Sets a key, as it stands in JSON; what stood there before is gone.
    fn put(&self, entries: &mut Vec<Entry>, key: &Value, value: Value) -> Option<()> {
        let key = match key {
            Value::Text(text) | Value::Number(text) => text.clone(),
            Value::Bool(true) => "true".to_owned(),
            Value::Bool(false) => "false".to_owned(),
            Value::Null => "null".to_owned(),
            _ => return None,
        };
        let value = self.node(value);
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry { key, key_span: self.span, value }),
        }
        Some(())
    }

    /// A number without a sign, by Python's grammar: `1_0` but not `1__0`, no zero before other digits but in a fraction.
    fn number(&mut self) -> Option<String> {
        let end =
            self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_').unwrap_or(self.rest.len());
        let mut end = end;
        // The sign of an exponent belongs to the number.
        let mantissa = self.rest.get(..end)?.to_ascii_lowercase();
        if !mantissa.starts_with("0x") && mantissa.ends_with('e') && self.rest[end..].starts_with(['+', '-']) {
            let after = &self.rest[end + 1..];
            end += 1 + after.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(after.len());
        }
        let (written, rest) = self.rest.split_at(end);
        if !is_number(written) {
            return None;
        }
        self.rest = rest;
        // Zeros alone would look octal; before a point they do not matter.
        let plain = written.trim_start_matches(['0', '_']);
        Some(match plain.chars().next() {
            Some('x' | 'X' | 'o' | 'O' | 'b' | 'B') => written.to_owned(),
            Some(c) if c.is_ascii_digit() => plain.to_owned(),
            _ => format!("0{plain}"),
        })
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn take(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// Whether Python reads this as a number; one that is complex is left as text.
fn is_number(written: &str) -> bool {
    let lower = written.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return are_digits(digits.strip_prefix('_').unwrap_or(digits), radix);
        }
    }
    let (mantissa, exponent) =
        lower.split_once('e').map_or((lower.as_str(), None), |(left, right)| (left, Some(right)));
    let exponent_fits = exponent.is_none_or(|text| are_digits(text.strip_prefix(['+', '-']).unwrap_or(text), 10));
    match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            let fits = |text: &str| text.is_empty() || are_digits(text, 10);
            exponent_fits && fits(whole) && fits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None if exponent.is_some() => exponent_fits && are_digits(mantissa, 10),
        None => {
            are_digits(mantissa, 10) && (!mantissa.starts_with('0') || mantissa.trim_matches(['0', '_']).is_empty())
        }
    }
}

/// Digits, with single underscores between them.
fn are_digits(text: &str, radix: u32) -> bool {
    text.split('_').all(|part| !part.is_empty() && part.chars().all(|c| c.is_digit(radix)))
}

#[cfg(test)]
#[path = "literal_tests.rs"]
mod tests;
