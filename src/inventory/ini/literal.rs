//! What a value in an INI inventory means: a Python literal where it is one, as `ast.literal_eval` reads it, else text.

use super::strings;
use crate::source::{Entry, Node, Span, Value, canonical};
use indexmap::{
    IndexMap,
    map::Entry::{Occupied, Vacant},
};

/// Deeper nesting is text.
const DEEPEST: usize = 90;

/// Python reads no decimal number that is longer.
const MOST_DIGITS: usize = 4300;

/// The value of a text that stands at this place; the error says which part of it is a literal, but is not read here.
pub(super) fn value(text: &str, span: Span) -> Result<Value, String> {
    let mut literal = Literal { rest: text.trim_start_matches([' ', '\t']), span, hashless: 0, unread: None };
    match (literal.whole(), literal.unread) {
        (None, _) => Ok(Value::Text(text.to_owned())),
        (Some(value), None) => Ok(value),
        (Some(_), Some(what)) => Err(format!("the value is a Python literal with {what}, which is not read here")),
    }
}

struct Literal<'t> {
    rest: &'t str,
    span: Span,
    /// How many lists, dictionaries and sets were read: none can be in a set, or be a key.
    hashless: usize,
    /// What was read that has no value here. It counts only if all of the text is a literal; else that is text.
    unread: Option<&'static str>,
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
                self.hashless += 1;
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
                self.hashless += 1;
                self.braces(depth + 1)
            }
            '+' | '-' => {
                let sign = if self.take('-') { "-" } else { "" };
                let _ = sign.is_empty() && self.take('+');
                self.operand(sign, depth)
            }
            c if c.is_ascii_digit() => self.complex_or_number(""),
            '.' if self.rest.starts_with("...") => {
                self.rest = &self.rest[3..];
                Some(Value::Text("...".to_owned()))
            }
            '.' => self.complex_or_number(""),
            _ => self.word_or_text(),
        }
    }

    /// What stands behind a sign: a number, in parentheses or not.
    fn operand(&mut self, sign: &str, depth: usize) -> Option<Value> {
        self.blanks();
        if depth > DEEPEST {
            return None;
        }
        if !self.take('(') {
            return self.complex_or_number(sign);
        }
        self.blanks();
        let value = self.operand(sign, depth + 1)?;
        self.blanks();
        self.take(')').then_some(value)
    }

    /// A number, or one with an imaginary part: `2j`, `1+2j`.
    fn complex_or_number(&mut self, sign: &str) -> Option<Value> {
        const COMPLEX: &str = "a complex number";
        let begin = self.rest;
        let digits = self.number()?;
        if self.take_imaginary() {
            // Alone it is the text that it was.
            if !(sign.is_empty() && self.rest.is_empty() && begin.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
                self.unread = Some(COMPLEX);
                return Some(Value::Null);
            }
            return Some(Value::Text(begin.to_owned()));
        }
        let before = self.rest;
        self.blanks();
        if (self.take('+') || self.take('-')) && {
            self.blanks();
            self.number().is_some() && self.take_imaginary()
        } {
            self.unread = Some(COMPLEX);
            return Some(Value::Null);
        }
        self.rest = before;
        canonical(&format!("{sign}{digits}")).map(Value::Number)
    }

    fn take_imaginary(&mut self) -> bool {
        self.take('j') || self.take('J')
    }

    fn word_or_text(&mut self) -> Option<Value> {
        if let Some(read) = strings::read(self.rest) {
            self.rest = read.rest;
            if read.named {
                self.unread = Some("a character by its name (\\N)");
            }
            let text = Value::Text(read.text);
            // Ansible takes bytes for text in which nothing is to be evaluated.
            return Some(if read.bytes { Value::Tagged("!unsafe".to_owned(), Box::new(text)) } else { text });
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
        let before = self.hashless;
        let first = self.item(depth)?;
        self.must_hash(before);
        self.blanks();
        if !self.rest.starts_with(':') {
            let mut items = vec![first];
            if self.take(',') {
                items.extend(self.items(Some('}'), depth)?.0);
            } else if !self.take('}') {
                return None;
            }
            self.must_hash(before);
            let mut set = IndexMap::new();
            for item in items {
                set.entry(identity(&item)).or_insert(item);
            }
            return Some(self.list(set.into_values().collect()));
        }
        let mut map = IndexMap::new();
        let mut key = first;
        loop {
            self.blanks();
            if !self.take(':') {
                return None;
            }
            self.blanks();
            let value = self.item(depth)?;
            self.put(&mut map, &key, value);
            self.blanks();
            let comma = self.take(',');
            self.blanks();
            if self.take('}') {
                return Some(Value::Map(map.into_values().collect()));
            }
            if !comma {
                return None;
            }
            let before = self.hashless;
            key = self.item(depth)?;
            self.must_hash(before);
            self.blanks();
        }
    }

    /// Notes that a list, a dictionary or a set was read since where none can be.
    fn must_hash(&mut self, before: usize) {
        if self.hashless > before {
            self.unread = Some("a list or a map in a set, or as a key");
        }
    }

    /// Sets a key, as it stands in JSON; a value that stood there before is gone.
    fn put(&mut self, map: &mut IndexMap<String, Entry>, key: &Value, value: Value) {
        let name = match key {
            Value::Text(text) | Value::Number(text) => text.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Null => "null".to_owned(),
            Value::Time(_) | Value::List(_) | Value::Map(_) | Value::Tagged(..) => {
                self.unread = self.unread.or(Some("a key that is no word"));
                return;
            }
        };
        let value = self.node(value);
        match map.entry(identity(key)) {
            Occupied(mut known) => known.get_mut().value = value,
            Vacant(new) => {
                new.insert(Entry::new(name, self.span, value));
            }
        }
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
        let written = &self.rest[..end];
        // The sign of an imaginary part is not the number's.
        let imaginary = usize::from(written.ends_with(['j', 'J']));
        let (written, rest) = self.rest.split_at(written.len() - imaginary);
        if !is_number(written) || is_too_long(written) {
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

/// What two values have alike that are one to Python: 1, 1.0 and True are.
fn identity(value: &Value) -> String {
    match value {
        Value::Bool(value) => format!("n{}", u8::from(*value)),
        Value::Number(number) => format!("n{}", number.strip_suffix(".0").unwrap_or(number)),
        Value::Text(text) => format!("t{text}"),
        Value::List(items) => {
            let parts = items.iter().map(|item| identity(&item.value)).map(|part| format!("{}:{part}", part.len()));
            format!("l{}", parts.collect::<String>())
        }
        Value::Null => "z".to_owned(),
        other => format!("o{other:?}"),
    }
}

fn is_too_long(written: &str) -> bool {
    let digits = || written.bytes().filter(u8::is_ascii_digit).count();
    written.len() > MOST_DIGITS
        && written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && digits() > MOST_DIGITS
}

/// Whether Python reads this as a number; an imaginary part is read elsewhere.
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
