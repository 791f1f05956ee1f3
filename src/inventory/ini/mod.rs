//! Ansible's INI shape: `[group]`, `[group:children]`, `[group:vars]`, and one host or variable a line.

mod literal;
mod strings;
mod words;

use super::{graph::Graph, host_name, host_port, range, shape, variables::Variables};
use crate::format::harmful;
use crate::source::{Entry, Fault, Faults, Node, Reading, Source, Span, shown};
use indexmap::IndexMap;
use std::sync::Arc;

/// Adds what a source says to the graph.
pub(super) fn read(source: &Arc<Source>, graph: &mut Graph) -> Result<(), Faults> {
    let ungrouped = graph.group("ungrouped");
    let mut ini =
        Ini { graph, reading: Reading::new(source), group: ungrouped, section: Section::Hosts, owed: IndexMap::new() };
    let mut at = 0;
    for line in source.text().split_inclusive('\n') {
        ini.line(line, at);
        at += line.len();
    }
    ini.all_declared();
    ini.reading.finish(Some(()))
}

/// Whether a text has a line that only an INI inventory has.
pub(super) fn has_section(text: &str) -> bool {
    text.lines().any(|line| matches!(section(line.trim()), Some((_, "" | "hosts" | "children" | "vars"))))
}

#[derive(Clone, Copy)]
enum Section {
    Hosts,
    Children,
    Vars,
    /// Its header was refused: what stands below it is not looked at.
    Unknown,
}

/// A group that was named before it was declared.
enum Owed {
    /// It has variables.
    Vars(Span),
    /// It is a child of these, the last of them named here.
    Child(Vec<usize>, Span),
}

struct Ini<'g> {
    graph: &'g mut Graph,
    reading: Reading,
    group: usize,
    section: Section,
    owed: IndexMap<String, Owed>,
}

impl Ini<'_> {
    /// Reads a line that starts at this byte of the text.
    fn line(&mut self, line: &str, start: usize) {
        let text = line.trim();
        if text.is_empty() || text.starts_with([';', '#']) {
            return;
        }
        let start = start + (line.len() - line.trim_start().len());
        let span = Span { start, end: start + text.len() };
        if let Some((at, c)) = text.char_indices().find(|(_, c)| harmful(*c) && *c != '\t') {
            let span = Span { start: start + at, end: start + at + c.len_utf8() };
            self.reading
                .refuse::<()>(span, format!("the line holds a character that is not seen (U+{:04X})", u32::from(c)));
        } else if let Some((name, kind)) = section(text) {
            self.header(name, kind, span);
        } else if text.starts_with('[') && text.ends_with(']') {
            self.section = Section::Unknown;
            let hint = "a section is [group], [group:children] or [group:vars], without blanks";
            self.reading.refuse_with::<()>(span, format!("this is no section: {}", shown(text)), hint);
        } else {
            // Whatever is wrong is noted; the next line is read all the same.
            let _ = match self.section {
                Section::Hosts => self.hosts(text, span),
                Section::Children => self.child(text, span),
                Section::Vars => self.variable(text, span),
                Section::Unknown => None,
            };
        }
    }

    fn header(&mut self, name: &str, kind: &str, span: Span) {
        let kinds =
            [("", Section::Hosts), ("hosts", Section::Hosts), ("children", Section::Children), ("vars", Section::Vars)];
        self.section = Section::Unknown;
        let Some((_, section)) = kinds.into_iter().find(|(word, _)| *word == kind) else {
            self.reading.refuse_with::<()>(
                span,
                format!("the section [{name}:{kind}] has an unknown kind: {}", shown(kind)),
                "a section is [group], [group:children] or [group:vars]",
            );
            return;
        };
        if self.reading.fit(span, host_name::check_group(name)).is_none() {
            return;
        }
        self.section = section;
        let is_new = !self.graph.groups.contains_key(name);
        self.group = self.graph.group(name);
        if matches!(section, Section::Vars) {
            if is_new && !self.owed.contains_key(name) {
                self.owed.insert(name.to_owned(), Owed::Vars(span));
            }
        } else {
            self.declared(name);
        }
    }

    /// A group that was named as a child before becomes one now: so Ansible has it, and so is the order of the children.
    fn declared(&mut self, name: &str) {
        let mut declared = vec![name.to_owned()];
        while let Some(name) = declared.pop() {
            let Some(Owed::Child(parents, span)) = self.owed.shift_remove(&name) else { continue };
            let place = self.reading.source().place(span);
            let child = self.graph.group(&name);
            for parent in parents {
                self.graph.add_child(parent, child, Some(place.clone()));
                let parent = self.graph.groups.get_index(parent).map(|(name, _)| name);
                declared
                    .extend(parent.filter(|parent| matches!(self.owed.get(*parent), Some(Owed::Child(..)))).cloned());
            }
        }
    }

    fn all_declared(&mut self) {
        for (name, owed) in std::mem::take(&mut self.owed) {
            let (message, span) = match owed {
                Owed::Vars(span) => (format!("[{name}:vars] is for a group that is not declared"), span),
                Owed::Child(_, span) => (format!("the group {} is not declared", shown(&name)), span),
            };
            self.reading.refuse_with::<()>(span, message, format!("add a section [{name}], with hosts or without"));
        }
    }

    fn hosts(&mut self, text: &str, span: Span) -> Option<()> {
        let words = self.reading.fit(span, words::split(text).map_err(|why| format!("this host's line: {why}")))?;
        let (host, pairs) = words.split_first()?;
        let at = Span { start: span.start + host.at.start, end: span.start + host.at.end };
        let (name, port) = host_port::split(&host.text);
        if port.is_none() && name.ends_with(':') {
            return self.reading.refuse(at, format!("{} has no port after its colon", shown(name)));
        }
        if name == "---" {
            return self.reading.refuse_with(at, "a YAML document starts here", "give the file the ending .yml");
        }
        let names = self.reading.fit(at, range::expand(name))?;
        let mut variables = Variables::default();
        for pair in pairs {
            let place = Span { start: span.start + pair.at.start, end: span.start + pair.at.end };
            let Some((key, value)) = pair.text.split_once('=') else {
                let message = format!("a host's variable is key=value, not {}", shown(&pair.text));
                return self.reading.refuse_with(place, message, "put a value that has blanks in quotes: key=\"a b\"");
            };
            let written = text.get(pair.at.clone()).and_then(|written| written.find('='));
            let span = Span { start: place.start + written.map_or(0, |at| at + 1), end: place.end };
            let value = self.reading.fit(span, literal::value(value, span))?;
            let node = Node { span, value };
            variables.set(key, self.reading.source(), node);
        }
        let counted = self.graph.count_range(names.len(), pairs.len());
        self.reading.fit(at, counted)?;
        for name in names {
            self.reading.fit(at, host_name::check_host(&name))?;
            let host = shape::host(&name, port, at, self.graph, &self.reading);
            self.graph.groups[self.group].hosts.insert(host);
            shape::set_host_variables(host, &variables, self.graph, &mut self.reading)?;
        }
        Some(())
    }

    fn child(&mut self, text: &str, span: Span) -> Option<()> {
        let Some(name) = child_name(text) else {
            return self.reading.refuse(span, format!("this must be the name of a group, not {}", shown(text)));
        };
        let span = Span { end: span.start + name.len(), ..span };
        self.reading.fit(span, host_name::check_group(name))?;
        if let Some(child) = self.graph.groups.get_index_of(name) {
            let place = self.reading.source().place(span);
            if child == self.group {
                let fault = Fault::at(&place, format!("the group {} is its own child", shown(name)));
                return self.reading.note(fault.hint("remove this line"));
            }
            self.graph.add_child(self.group, child, Some(place));
            return Some(());
        }
        match self.owed.entry(name.to_owned()).or_insert_with(|| Owed::Child(Vec::new(), span)) {
            Owed::Child(parents, at) => {
                parents.push(self.group);
                *at = span;
            }
            // A group with variables is in the graph already.
            Owed::Vars(_) => {}
        }
        Some(())
    }

    fn variable(&mut self, text: &str, span: Span) -> Option<()> {
        let Some((key, value)) = text.split_once('=') else {
            return self.reading.refuse(span, format!("a group's variable is key=value, not {}", shown(text)));
        };
        let value = value.trim();
        let at = Span { start: span.end - value.len(), end: span.end };
        let key = key.trim();
        let key_span = Span { end: span.start + key.len(), ..span };
        let value = self.reading.fit(at, literal::value(value, at))?;
        let node = Node { span: at, value };
        let entry = Entry::new(key, key_span, node);
        shape::set_group_variables(self.group, &[entry], self.graph, &mut self.reading)
    }
}

/// The name on a line of children, with a comment behind it or not. A `#` begins a comment where it must.
fn child_name(line: &str) -> Option<&str> {
    let (word, rest) =
        line.split_at(line.find(|c: char| matches!(c, ':' | ']') || c.is_whitespace()).unwrap_or(line.len()));
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        return Some(word).filter(|word| !word.is_empty());
    }
    word.rsplit_once('#').map(|(name, _)| name).filter(|name| !name.is_empty())
}

/// The name and the kind of a section's header, `[name]` or `[name:kind]`, with a comment behind it or not.
fn section(line: &str) -> Option<(&str, &str)> {
    let (inside, after) = line.strip_prefix('[')?.split_once(']')?;
    let after = after.trim_start();
    if !(after.is_empty() || after.starts_with('#')) {
        return None;
    }
    let (name, kind) = inside.split_once(':').unwrap_or((inside, ""));
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let fits = !name.is_empty()
        && !name.contains(char::is_whitespace)
        && kind.chars().all(is_word)
        && (inside.len() == name.len() || !kind.is_empty());
    fits.then_some((name, kind))
}
