//! The least edit of an lvs.cf that makes it say what is wanted. What says so already stays as it is written, and a server
//! that goes stays as an inactive one.
//!
//! For that there is a reason: told to read its file again, pulse (0.8.6) takes the whole virtual server away when a
//! `server` block of it is gone, and does not bring it back. `active = 0` takes out that one server.

use super::{
    Malformed,
    block_text::{Statement, TextEdits},
    lvs_cf::{LvsCf, address, is_active, same, serial_number, servers},
};
use std::net::Ipv4Addr;

/// What begins a comment.
const COMMENTS: &[u8] = b"#";
/// How piranha-gui sets blocks in.
const INDENT: [&str; 2] = ["     ", "         "];

/// A line `KEY = WORD…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key.
    pub key: &'static str,
    /// Its words.
    pub words: Vec<String>,
    /// How much it is wanted.
    pub wish: Wish,
}

/// How much a line is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The line says this.
    Is,
    /// The same, in double quotes.
    Quoted,
    /// The line says this if there is none; another stays.
    Unless,
    /// Pulse takes this where there is no line; only a new block has one.
    Default,
    /// Pulse takes this where there is no line, and so it is best.
    IfThere,
    /// There is no such line.
    Never,
}

impl Setting {
    /// A line that says one word.
    #[must_use]
    pub fn is(key: &'static str, word: &dyn ToString) -> Self {
        Self::are(key, vec![word.to_string()])
    }

    /// A line that says several words.
    #[must_use]
    pub const fn are(key: &'static str, words: Vec<String>) -> Self {
        Self { key, words, wish: Wish::Is }
    }

    /// A line that says a word in quotes.
    #[must_use]
    pub fn quoted(key: &'static str, word: &str) -> Self {
        Self { wish: Wish::Quoted, ..Self::is(key, &word) }
    }

    /// A line for where there is none.
    #[must_use]
    pub fn unless(key: &'static str, word: &dyn ToString) -> Self {
        Self { wish: Wish::Unless, ..Self::is(key, word) }
    }

    /// A line that says what pulse takes without it.
    #[must_use]
    pub fn default(key: &'static str, word: &dyn ToString) -> Self {
        Self { wish: Wish::Default, ..Self::is(key, word) }
    }

    /// The same, and none is written.
    #[must_use]
    pub fn if_there(key: &'static str, word: &dyn ToString) -> Self {
        Self { wish: Wish::IfThere, ..Self::is(key, word) }
    }

    /// No line.
    #[must_use]
    pub const fn never(key: &'static str) -> Self {
        Self { key, words: Vec::new(), wish: Wish::Never }
    }

    fn value(&self) -> String {
        if self.wish == Wish::Quoted { format!("\"{}\"", self.words.concat()) } else { self.words.join(" ") }
    }

    fn line(&self, indent: &str) -> String {
        let is_none = matches!(self.wish, Wish::Never | Wish::IfThere);
        if is_none { String::new() } else { format!("{indent}{} = {}\n", self.key, self.value()) }
    }

    fn is_said_by(&self, line: &Statement) -> bool {
        let said = &line.words[1..];
        let same_words =
            said.len() == self.words.len() && said.iter().zip(&self.words).all(|(one, two)| same(one, two));
        self.wish == Wish::Unless || same_words
    }
}

/// A `virtual` block as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Virtual {
    /// Its name, where it is new.
    pub name: String,
    /// Its lines.
    pub settings: Vec<Setting>,
    /// Its servers. Others that it has become inactive, unless they are among `leaving`.
    pub servers: Vec<Server>,
    /// Addresses of servers that stay as they are for now.
    pub leaving: Vec<Ipv4Addr>,
}

/// A `server` block as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name, where it is new.
    pub name: String,
    /// By which it is known.
    pub address: Ipv4Addr,
    /// Its other lines.
    pub settings: Vec<Setting>,
}

impl Server {
    fn text(&self, indents: [&str; 2]) -> String {
        let [outer, inner] = indents;
        let lines: String = self.settings.iter().map(|setting| setting.line(inner)).collect();
        format!("{outer}server {} {{\n{inner}address = {}\n{lines}{outer}}}\n", self.name, self.address)
    }
}

impl Virtual {
    fn text(&self) -> String {
        let lines: String = self.settings.iter().map(|setting| setting.line(INDENT[0])).collect();
        let servers: String = self.servers.iter().map(|server| server.text(INDENT)).collect();
        format!("virtual {} {{\n{lines}{servers}}}\n", self.name)
    }
}

impl LvsCf {
    /// The file with these globals. One that is new stands behind the last of the others.
    pub fn with_globals(&self, wanted: &[Setting]) -> Result<Self, Malformed> {
        let mut edits = TextEdits::of(self.render());
        let new = if self.statements.is_empty() {
            wanted.iter().map(|setting| setting.line("")).collect()
        } else {
            lines(&mut edits, &self.statements, wanted, "")
        };
        let place = self.statements.iter().take_while(|one| one.block.is_none()).last();
        match (place, self.statements.first()) {
            _ if new.is_empty() => {}
            (Some(last), _) => edits.behind(last, &new),
            (None, Some(first)) => edits.before(first, &new),
            (None, None) => edits.put(0..0, new),
        }
        Self::parse(&edits.made())
    }

    /// The file with a virtual server; `is_it` says which blocks are that one. The first of several counts with pulse, and
    /// the others go.
    pub fn with_virtual(&self, wanted: &Virtual, is_it: &dyn Fn(&Statement) -> bool) -> Result<Self, Malformed> {
        let mut edits = TextEdits::of(self.render());
        let mut found = self.virtuals().filter(|one| is_it(one));
        match found.next() {
            Some(first) => edit(&mut edits, wanted, first),
            None => edits.add(&wanted.text()),
        }
        found.for_each(|later| edits.remove(later, COMMENTS));
        Self::parse(&edits.made())
    }

    /// The file without the virtual servers that this picks.
    pub fn without(&self, picks: &dyn Fn(&Statement) -> bool) -> Result<Self, Malformed> {
        let mut edits = TextEdits::of(self.render());
        self.virtuals().filter(|one| picks(one)).for_each(|one| edits.remove(one, COMMENTS));
        Self::parse(&edits.made())
    }

    /// An edited file with the serial number that follows that of the file as it was; the same file where nothing was
    /// edited.
    pub fn raised_from(&self, old: &Self) -> Result<Self, Malformed> {
        if self == old {
            return Ok(self.clone());
        }
        let next = i32::try_from(serial_number(old) + 1).unwrap_or(1);
        let setting = Setting::is("serial_no", &next);
        if self.global("serial_no").is_some() {
            return self.with_globals(&[setting]);
        }
        // Where piranha-gui puts it.
        Self::parse(&[setting.line("").as_bytes(), self.render()].concat())
    }
}

/// Edits lines in place, and gives back those that are to be added.
fn lines(edits: &mut TextEdits<'_>, statements: &[Statement], wanted: &[Setting], indent: &str) -> String {
    let mut new = String::new();
    for setting in wanted {
        let is_it = |one: &&Statement| one.block.is_none() && one.name() == setting.key;
        let mut known = statements.iter().filter(is_it);
        if setting.wish == Wish::Never {
            known.for_each(|line| edits.remove(line, COMMENTS));
            continue;
        }
        // The last one counts.
        match known.next_back() {
            Some(line) if !setting.is_said_by(line) => edits.put_value(line, setting.value()),
            Some(_) => {}
            None if setting.wish == Wish::Default => {}
            None => new.push_str(&setting.line(indent)),
        }
    }
    new
}

/// What one virtual server lacks and has too much.
fn edit(edits: &mut TextEdits<'_>, wanted: &Virtual, found: &Statement) {
    let Some(block) = &found.block else { return };
    let indent = edits.indent_in(found, block, INDENT[0]);
    let new = lines(edits, &block.statements, &wanted.settings, &indent);
    // Pulse takes the port of a server from a line above it.
    let place = block.statements.iter().take_while(|one| one.block.is_none()).last();
    match (place, servers(found).next()) {
        _ if new.is_empty() => {}
        (Some(last), _) => edits.behind(last, &new),
        (None, Some(first)) => edits.before(first, &new),
        (None, None) => edits.append(block, &new),
    }
    let mut added = String::new();
    let inner = servers(found).find_map(|one| Some(edits.indent_in(one, one.block.as_ref()?, "    ")));
    let inner = inner.unwrap_or_else(|| format!("{indent}    "));
    for server in &wanted.servers {
        let mut known = servers(found).filter(|one| address(one) == Some(server.address));
        match known.next() {
            Some(first) => in_server(edits, &server.settings, first),
            None => added.push_str(&server.text([&indent, &inner])),
        }
        known.for_each(|later| edits.remove(later, COMMENTS));
    }
    for other in servers(found).filter(|one| is_active(one)) {
        let is_known = |address: Ipv4Addr| {
            wanted.leaving.contains(&address) || wanted.servers.iter().any(|server| server.address == address)
        };
        if !address(other).is_some_and(is_known) {
            in_server(edits, &[Setting::is("active", &0)], other);
        }
    }
    match servers(found).last() {
        _ if added.is_empty() => {}
        Some(last) => edits.behind(last, &added),
        None => edits.append(block, &added),
    }
}

fn in_server(edits: &mut TextEdits<'_>, wanted: &[Setting], found: &Statement) {
    let Some(block) = &found.block else { return };
    let indent = edits.indent_in(found, block, "    ");
    let new = lines(edits, &block.statements, wanted, &indent);
    if !new.is_empty() {
        edits.append(block, &new);
    }
}
