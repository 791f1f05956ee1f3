//! JSON to the tree, by `serde_json`: its own grammar and its own line and column for syntax errors.
//!
//! Each value is first found as a raw slice of the text, whose position in the text is its place.

use super::{Entry, Fault, Faults, Node, Source, Span, Value, node::Repeats, shown};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{fmt, sync::Arc};

/// Deeper nesting is refused: nothing that is read here has more than a dozen levels.
pub(super) const DEEPEST: usize = 100;

/// Keys that mean a tag of Ansible's, and which.
const OWN_KEYS: [(&str, Option<&str>); 3] =
    [("__ansible_vault", Some("!vault")), ("__ansible_unsafe", Some("!unsafe")), ("__ansible_type", None)];

/// Whether the text is JSON at all; a YAML map may start like it.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text.strip_prefix('\u{feff}').unwrap_or(text)).is_ok()
}

pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Faults> {
    let text = source.text();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tree = Tree { source, values: 0, repeats: Repeats::new(source) };
    let node = serde_json::from_str::<&RawValue>(text)
        .map_err(|error| tree.syntax(&error, text))
        .and_then(|raw| tree.node(raw.get(), 0))?;
    tree.repeats.check()?;
    Ok(node)
}

/// So many values are read of a file: each takes some 50 bytes, however short it is written.
pub(super) const MOST_VALUES: usize = 4_000_000;

struct Tree<'s> {
    source: &'s Arc<Source>,
    values: usize,
    repeats: Repeats<'s>,
}

impl<'s> Tree<'s> {
    fn node(&mut self, raw: &'s str, depth: usize) -> Result<Node, Fault> {
        let span = self.span(raw);
        if depth > DEEPEST {
            let message = format!("values are nested deeper than {DEEPEST} levels");
            return Err(Fault::at(&self.source.place(Span { end: span.start + 1, ..span }), message));
        }
        self.values += 1;
        if self.values > MOST_VALUES {
            let message = format!("the file has more than {MOST_VALUES} values");
            return Err(Fault::at(&self.source.place(Span { end: span.start + 1, ..span }), message));
        }
        let value = match raw.as_bytes().first() {
            Some(b'{') => self.map(raw, depth)?,
            Some(b'[') => Value::List(
                self.parsed::<Vec<&RawValue>>(raw)?
                    .into_iter()
                    .map(|item| self.node(item.get(), depth + 1))
                    .collect::<Result<_, _>>()?,
            ),
            Some(b'"') => Value::Text(self.parsed(raw)?),
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') | None => Value::Null,
            Some(_) => Value::Number(raw.to_owned()),
        };
        Ok(Node { span, value })
    }

    fn map(&mut self, raw: &'s str, depth: usize) -> Result<Value, Fault> {
        let pairs: Pairs<'s> = self.parsed(raw)?;
        let mut entries = Vec::with_capacity(pairs.0.len());
        for (key, value) in pairs.0 {
            let (name, value): (String, Node) = (self.parsed(key.get())?, self.node(value.get(), depth + 1)?);
            entries.push(Entry::new(name, self.span(key.get()), value));
        }
        self.repeats.look(&entries);
        self.tagged(entries)
    }

    /// Ansible writes its own tags in JSON as maps of one key. What stands beside such a key Ansible drops.
    fn tagged(&self, mut entries: Vec<Entry>) -> Result<Value, Fault> {
        let Some(at) = entries.iter().position(|entry| OWN_KEYS.iter().any(|(key, _)| *key == entry.key)) else {
            return Ok(Value::Map(entries));
        };
        let refuse = |span, message: String| Fault::at(&self.source.place(span), message);
        if let Some(other) = entries.iter().enumerate().find_map(|(index, entry)| (index != at).then_some(entry)) {
            let own = &entries[at];
            let fault = refuse(other.key_span, format!("the key {} stands beside `{}`", shown(&other.key), own.key));
            return Err(fault
                .related(&self.source.place(own.key_span), "Ansible reads this key alone")
                .hint("Ansible drops all other keys of such a map; remove them, or this one"));
        }
        let entry = entries.swap_remove(at);
        match (OWN_KEYS.iter().find(|(key, _)| *key == entry.key).and_then(|(_, tag)| *tag), entry.value.value) {
            (Some(tag), text @ Value::Text(_)) => Ok(Value::Tagged(tag.to_owned(), Box::new(text))),
            (Some(_), other) => {
                Err(refuse(entry.value.span, format!("`{}` must be text, not {}", entry.key, other.kind())))
            }
            (None, _) => {
                Err(refuse(entry.key_span, format!("`{}` is a key of Ansible's own, which is not read", entry.key)))
            }
        }
    }

    fn parsed<T: Deserialize<'s>>(&self, raw: &'s str) -> Result<T, Fault> {
        serde_json::from_str(raw).map_err(|error| self.syntax(&error, raw))
    }

    /// Where a slice of the text lies in it.
    fn span(&self, part: &str) -> Span {
        let start = part.as_ptr().addr() - self.source.text().as_ptr().addr();
        Span { start, end: start + part.len() }
    }

    /// `serde_json`'s error, pointing at the byte that it names: its column counts bytes from 1.
    fn syntax(&self, error: &serde_json::Error, within: &str) -> Fault {
        let line_start = within.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let start = self.span(within).start + line_start + error.column().saturating_sub(1);
        let start = start.min(self.source.text().len());
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said);
        let place = self.source.place(Span { start, end: start + 1 });
        let comma = matches!(said, "trailing comma" | "key must be a string");
        let hint = "keys are in double quotes, and no comma stands before a closing bracket";
        Fault::at(&place, format!("this is not JSON: {said}")).maybe_hint(comma.then(|| hint.to_owned()))
    }
}

/// A map's keys and values, as they stand in the text.
struct Pairs<'s>(Vec<(&'s RawValue, &'s RawValue)>);

impl<'s> Deserialize<'s> for Pairs<'s> {
    fn deserialize<D: Deserializer<'s>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'s> Visitor<'s> for PairsVisitor {
    type Value = Pairs<'s>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'s>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
