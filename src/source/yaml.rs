//! YAML to the tree, by saphyr-parser's events: anchors, merge keys and Ansible's reading of plain words.

use super::{
    Entry, Fault, Faults, Node, Source, Span, Value,
    json::{DEEPEST, MOST_VALUES},
    node::Repeats,
    number, scalar, shown,
};
use indexmap::IndexMap;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// A file's aliases may stand for this many values in all; a "billion laughs" has more.
const MOST_COPIES: usize = 100_000;

pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Faults> {
    let mut tree = Tree {
        source,
        repeats: Repeats::new(source),
        offsets: Offsets { text: source.text(), characters: 0, bytes: 0 },
        open: Vec::new(),
        anchors: HashMap::new(),
        anchored: HashSet::new(),
        values: 0,
        copies: 0,
        root: None,
    };
    tree.check_characters()?;
    for event in Parser::new_from_str(source.text()) {
        let (event, span) = event.map_err(|error| tree.syntax(&error))?;
        let start = tree.offsets.byte(span.start.index());
        let end = tree.offsets.byte(span.end.index());
        tree.event(event, Span { start, end })?;
    }
    let root = tree.root.unwrap_or(Node { span: Span::default(), value: Value::Null });
    tree.repeats.check()?;
    Ok(root)
}

struct Tree<'s> {
    source: &'s Arc<Source>,
    repeats: Repeats<'s>,
    offsets: Offsets<'s>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    /// The names of the anchors so far.
    anchored: HashSet<&'s str>,
    /// Values read so far, those that aliases stand for included.
    values: usize,
    /// Values kept for an anchor or put in place of an alias.
    copies: usize,
    root: Option<Node>,
}

/// A list or a map that has begun.
struct Open {
    start: Span,
    anchor: usize,
    tag: Option<String>,
    /// How many values had been read before it.
    before: usize,
    holds: Holds,
}

enum Holds {
    Items(Vec<Node>),
    Entries { entries: Vec<Entry>, key: Option<Key>, merged: Option<Node> },
}

/// A key that waits for its value.
enum Key {
    Merge(Span),
    Of { key: String, not_text: Option<&'static str>, span: Span },
}

impl Tree<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        if self.values > MOST_VALUES {
            return Err(self.fault(span, &format!("the file has more than {MOST_VALUES} values")));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar_value(&text, style, tag.as_deref().map(written).as_deref())
                    .map_err(|why| self.fault(span, &why))?;
                self.values += 1;
                let word = (style == ScalarStyle::Plain && tag.is_none()).then_some(&*text);
                self.keep(anchor, Node { span, value }, 1, word)
            }
            Event::SequenceStart(anchor, tag) => self.begin(anchor, tag.as_deref(), span, Holds::Items(Vec::new())),
            Event::MappingStart(anchor, tag) => self.begin(
                anchor,
                tag.as_deref(),
                span,
                Holds::Entries { entries: Vec::new(), key: None, merged: None },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some((node, size)) => {
                    self.values += size;
                    self.copy(size, span)?;
                    self.add(Node { span, ..node }, None)
                }
                None => Err(self.fault(span, "this alias stands inside the value that it names")),
            },
            Event::DocumentStart(_) if self.root.is_some() => {
                let fault = self.fault(span, "a second YAML document starts here");
                Err(fault.hint("one file holds one document; remove the `---` and what follows"))
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, tag: Option<&Tag>, start: Span, holds: Holds) -> Result<(), Fault> {
        if self.open.len() > DEEPEST {
            return Err(self.fault(start, &format!("values are nested deeper than {DEEPEST} levels")));
        }
        let kind = if matches!(holds, Holds::Items(_)) { "seq" } else { "map" };
        let tag = tag.map(written);
        let tag = match tag.as_deref().map(Tagged::of) {
            None => None,
            Some(Tagged::Core(core)) if core == kind => None,
            Some(Tagged::Own("!unsafe")) => Some("!unsafe".to_owned()),
            Some(tag) => return Err(self.fault(start, &tag.unread())),
        };
        let before = self.values;
        self.values += 1;
        self.open.push(Open { start, anchor, tag, before, holds });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = match open.holds {
            Holds::Items(items) => Value::List(items),
            Holds::Entries { entries, merged, .. } => {
                self.repeats.look(&entries);
                Value::Map(self.joined(merged, entries)?)
            }
        };
        let node = Node {
            span: Span { start: open.start.start, end: span.end.max(open.start.end) },
            value: match open.tag {
                Some(tag) => Value::Tagged(tag, Box::new(value)),
                None => value,
            },
        };
        self.keep(open.anchor, node, self.values - open.before, None)
    }

    /// A map with its merge key (`<<`) written out. What is merged comes first, and keys of the map's own win: so it is in
    /// Python, and the order of hosts with it.
    fn joined(&self, merged: Option<Node>, own: Vec<Entry>) -> Result<Vec<Entry>, Fault> {
        let Some(from) = merged else { return Ok(own) };
        let span = from.span;
        let maps = match from.value {
            Value::List(maps) => maps,
            _ => vec![from],
        };
        let mut entries: IndexMap<String, Entry> = IndexMap::new();
        // Of several maps the first wins.
        for map in maps.into_iter().rev() {
            let Value::Map(more) = map.value else {
                return Err(self.fault(span, "`<<` takes a map, or a list of maps"));
            };
            entries.extend(more.into_iter().map(|entry| (entry.key.clone(), entry)));
        }
        entries.extend(own.into_iter().map(|entry| (entry.key.clone(), entry)));
        Ok(entries.into_values().collect())
    }

    fn keep(&mut self, anchor: usize, node: Node, size: usize, word: Option<&str>) -> Result<(), Fault> {
        if anchor != 0 {
            self.name_anchor(node.span)?;
            self.copy(size, node.span)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        self.add(node, word)
    }

    /// Puts a value where it belongs. A word without quotes and tag may be a merge key.
    fn add(&mut self, node: Node, word: Option<&str>) -> Result<(), Fault> {
        match self.open.last_mut().map(|open| &mut open.holds) {
            None => self.root = Some(node),
            Some(Holds::Items(items)) => items.push(node),
            Some(Holds::Entries { entries, key, merged }) => match key.take() {
                None => {
                    let span = node.span;
                    *key = Some(key_of(node, word).map_err(|why| Fault::at(&self.source.place(span), why))?);
                }
                Some(Key::Merge(_)) if merged.is_none() => *merged = Some(node),
                Some(Key::Merge(span)) => {
                    let fault = self.fault(span, "the key `<<` is here twice");
                    return Err(fault.hint("it takes a list of maps: `<<: [*a, *b]`"));
                }
                Some(Key::Of { key, not_text, span }) => {
                    entries.push(Entry { key, not_text, key_span: span, value: node });
                }
            },
        }
        Ok(())
    }
    /// PyYAML refuses an anchor that was there before. The parser does not tell its name; it stands before the value.
    fn name_anchor(&mut self, span: Span) -> Result<(), Fault> {
        let text = self.source.text();
        let at = if text[span.start..].starts_with('&') { Some(span.start) } else { text[..span.start].rfind('&') };
        let Some(name) = at.map(|at| &text[at + 1..]) else { return Ok(()) };
        let end = name.find(|c: char| c.is_whitespace() || "[]{},".contains(c)).unwrap_or(name.len());
        if self.anchored.insert(&name[..end]) {
            return Ok(());
        }
        Err(self.fault(span, &format!("the anchor `&{}` is here twice", &name[..end])))
    }

    /// PyYAML refuses characters that are not printed, and ends a line at some that no editor shows.
    fn check_characters(&self) -> Result<(), Fault> {
        let is_read = |c: char| match c {
            '\t' | '\n' | '\r' | ' '..='~' => true,
            '\u{85}' | '\u{2028}' | '\u{2029}' => false,
            c => c >= '\u{a0}' && !matches!(c, '\u{fffe}' | '\u{ffff}'),
        };
        let Some((at, c)) = self.source.text().char_indices().find(|(_, c)| !is_read(*c)) else { return Ok(()) };
        let span = Span { start: at, end: at + c.len_utf8() };
        let fault = self.fault(span, &format!("the file holds a character that is not seen (U+{:04X})", u32::from(c)));
        Err(fault.hint("write it as an escape within double quotes, such as \"\\x07\""))
    }

    fn copy(&mut self, size: usize, span: Span) -> Result<(), Fault> {
        self.copies += size;
        if self.copies > MOST_COPIES {
            let message = format!("anchors and aliases stand for more than {MOST_COPIES} values");
            return Err(self.fault(span, &message));
        }
        Ok(())
    }

    fn fault(&self, span: Span, message: &str) -> Fault {
        Fault::at(&self.source.place(span), message)
    }

    fn syntax(&mut self, error: &ScanError) -> Fault {
        let start = self.offsets.byte(error.marker().index());
        self.fault(Span { start, end: start + 1 }, &format!("this is not YAML: {}", error.info()))
    }
}

/// A key, as Ansible would write it in JSON.
fn key_of(node: Node, word: Option<&str>) -> Result<Key, String> {
    let span = node.span;
    let other = |key: String, what| Ok(Key::Of { key, not_text: Some(what), span });
    let kind = node.value.kind();
    match node.value {
        Value::Text(_) if word == Some("<<") => Ok(Key::Merge(span)),
        Value::Text(key) => Ok(Key::Of { key, not_text: None, span }),
        Value::Number(written) => other(number::canonical(&written).unwrap_or(written), kind),
        Value::Bool(value) => other(value.to_string(), kind),
        Value::Null => other("null".to_owned(), kind),
        Value::Tagged(tag, inner) if tag == "!unsafe" => key_of(Node { span, value: *inner }, None),
        Value::Time(_) => Err("a key must be a word, not a date; put it in quotes".to_owned()),
        Value::List(_) | Value::Map(_) => Err("a key must be a word, not a list or a map".to_owned()),
        Value::Tagged(..) => Err("a key must be a word, without a tag".to_owned()),
    }
}

/// A tag: one of YAML's own, without their prefix, or another.
enum Tagged<'t> {
    Core(&'t str),
    Own(&'t str),
}

impl<'t> Tagged<'t> {
    fn of(tag: &'t str) -> Self {
        tag.strip_prefix(CORE).map_or(Self::Own(tag), Self::Core)
    }

    fn unread(&self) -> String {
        let (Self::Core(tag) | Self::Own(tag)) = self;
        let sign = if matches!(self, Self::Core(_)) { "!!" } else { "" };
        format!("a value tagged {} is not read here", shown(&format!("{sign}{tag}")))
    }
}

/// What YAML's own tags begin with when they are written out.
const CORE: &str = "tag:yaml.org,2002:";

/// A word's value; the error says why it has none.
fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&str>) -> Result<Value, String> {
    let implied = || match style {
        ScalarStyle::Plain => scalar::plain(text),
        _ => Ok(Value::Text(text.to_owned())),
    };
    let tag = match tag.map(Tagged::of) {
        // A `!` alone says that nothing is to be said.
        None | Some(Tagged::Own("!")) => return implied(),
        Some(tag) => tag,
    };
    match tag {
        Tagged::Core("str") => Ok(Value::Text(text.to_owned())),
        Tagged::Core(core @ ("null" | "bool" | "int" | "float" | "timestamp")) => {
            let value = match (core, scalar::plain(&text.to_lowercase()), scalar::plain(text)) {
                ("null", ..) => Some(Value::Null),
                ("bool", Ok(value @ Value::Bool(_)), _) | ("timestamp", _, Ok(value @ Value::Time(_))) => Some(value),
                ("float", _, Ok(Value::Number(whole))) if whole.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Some(Value::Number(whole + ".0"))
                }
                ("float", _, Ok(value @ Value::Number(_))) if text.contains(['.', ':']) => Some(value),
                ("int", _, Ok(value @ Value::Number(_))) if !text.contains('.') => Some(value),
                _ => None,
            };
            value.ok_or_else(|| format!("{} has the tag `!!{core}`, but is none", shown(text)))
        }
        Tagged::Own(own @ ("!vault" | "!vault-encrypted")) => match implied()? {
            text @ Value::Text(_) => Ok(Value::Tagged(own.to_owned(), Box::new(text))),
            other => Err(format!("a value tagged `{own}` must be text, not {}", other.kind())),
        },
        // Its own text is resolved anew, in quotes or not: so it is in Ansible.
        Tagged::Own(own @ "!unsafe") => Ok(Value::Tagged(own.to_owned(), Box::new(implied()?))),
        other => Err(other.unread()),
    }
}

/// A tag in full.
fn written(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// From the parser's count of characters to bytes, by going on from where it was last.
struct Offsets<'s> {
    text: &'s str,
    characters: usize,
    bytes: usize,
}

impl Offsets<'_> {
    fn byte(&mut self, character: usize) -> usize {
        while self.characters < character {
            let Some(next) = self.text[self.bytes..].chars().next() else {
                break;
            };
            self.bytes += next.len_utf8();
            self.characters += 1;
        }
        while self.characters > character {
            let Some(last) = self.text[..self.bytes].chars().next_back() else {
                break;
            };
            self.bytes -= last.len_utf8();
            self.characters -= 1;
        }
        self.bytes
    }
}
