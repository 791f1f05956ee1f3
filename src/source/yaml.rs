//! YAML to the tree, by saphyr-parser's events: anchors, merge keys and Ansible's reading of plain words.

use super::{Entry, Fault, Faults, Node, Source, Span, Value, json::DEEPEST, node::Repeats, scalar};
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
        values: 0,
        copies: 0,
        root: None,
    };
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
    Entries(Vec<Entry>, Option<(String, Span)>),
}

impl Tree<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar_value(&text, style, tag.as_deref());
                self.values += 1;
                self.keep(anchor, Node { span, value }, 1, Some(&text))
            }
            Event::SequenceStart(anchor, tag) => self.begin(anchor, tag.as_deref(), span, Holds::Items(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                self.begin(anchor, tag.as_deref(), span, Holds::Entries(Vec::new(), None))
            }
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
        let before = self.values;
        self.values += 1;
        self.open.push(Open {
            start,
            anchor,
            tag: tag.filter(|tag| !tag.is_yaml_core_schema()).map(written),
            before,
            holds,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = match open.holds {
            Holds::Items(items) => Value::List(items),
            Holds::Entries(entries, _) => {
                self.repeats.look(&entries);
                Value::Map(self.merged(entries)?)
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

    /// A map with its merge key (`<<`) written out: keys of its own win.
    fn merged(&mut self, mut entries: Vec<Entry>) -> Result<Vec<Entry>, Fault> {
        let Some(at) = entries.iter().position(|entry| entry.key == "<<") else {
            return Ok(entries);
        };
        let from = entries.remove(at).value;
        let span = from.span;
        let maps = match from.value {
            Value::List(maps) => maps,
            _ => vec![from],
        };
        for map in maps {
            let Value::Map(more) = map.value else {
                return Err(self.fault(span, "`<<` takes a map, or a list of maps"));
            };
            let mine: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
            entries.extend(more.into_iter().filter(|entry| !mine.contains(&entry.key)));
        }
        Ok(entries)
    }

    fn keep(&mut self, anchor: usize, node: Node, size: usize, word: Option<&str>) -> Result<(), Fault> {
        if anchor != 0 {
            self.copy(size, node.span)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        self.add(node, word)
    }

    /// Puts a value where it belongs; a map's key is its word as written.
    fn add(&mut self, node: Node, word: Option<&str>) -> Result<(), Fault> {
        match self.open.last_mut().map(|open| &mut open.holds) {
            None => self.root = Some(node),
            Some(Holds::Items(items)) => items.push(node),
            Some(Holds::Entries(entries, key)) => {
                let Some((key, key_span)) = key.take() else {
                    return self.begin_entry(node, word);
                };
                entries.push(Entry { key, key_span, value: node });
            }
        }
        Ok(())
    }

    fn begin_entry(&mut self, node: Node, word: Option<&str>) -> Result<(), Fault> {
        let text = match (word, node.value) {
            (Some(word), _) => word.to_owned(),
            (None, Value::Text(text) | Value::Number(text)) => text,
            (None, _) => {
                return Err(self.fault(node.span, "a key must be a word, not a list or a map"));
            }
        };
        if let Some(Holds::Entries(_, key)) = self.open.last_mut().map(|open| &mut open.holds) {
            *key = Some((text, node.span));
        }
        Ok(())
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

fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Value::Text(text.to_owned()),
        Some(tag) if tag.is_yaml_core_schema() => match scalar::plain(text) {
            Value::Number(whole) if tag.suffix == "float" && whole.bytes().all(|byte| byte.is_ascii_digit()) => {
                Value::Number(whole + ".0")
            }
            value => value,
        },
        Some(tag) => {
            let value = if style == ScalarStyle::Plain { scalar::plain(text) } else { Value::Text(text.to_owned()) };
            Value::Tagged(written(tag), Box::new(value))
        }
        None if style == ScalarStyle::Plain => scalar::plain(text),
        None => Value::Text(text.to_owned()),
    }
}

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
