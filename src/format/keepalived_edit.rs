//! The least edit of a keepalived.conf that makes it say what is wanted: what says so already stays as it is written.

use super::{
    Malformed,
    block_text::{Statement, TextEdits},
    keepalived_conf::KeepalivedConf,
};

/// What begins a comment.
const COMMENTS: &[u8] = b"#!";

/// A block as it shall be. What is not named in it may be there, and stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The words before its brace.
    pub head: Vec<String>,
    /// Its lines.
    pub settings: Vec<Setting>,
    /// Lines that begin with an address, `192.0.2.10/24 dev eth0`, and are known by it.
    pub lines: Vec<Vec<String>>,
    /// Its blocks.
    pub blocks: Vec<Wanted>,
    /// Names of which only what is wanted may be there.
    pub only: &'static [&'static str],
}

/// A line of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The name that we write, and older or other names for the same.
    pub names: &'static [&'static str],
    /// The words behind the name; nothing: the line must not be there.
    pub words: Option<Vec<String>>,
}

impl Setting {
    /// A line with one word behind its name.
    #[must_use]
    pub fn is(names: &'static [&'static str], word: &dyn ToString) -> Self {
        Self { names, words: Some(vec![word.to_string()]) }
    }

    /// A line that must not be there.
    #[must_use]
    pub const fn none(names: &'static [&'static str]) -> Self {
        Self { names, words: None }
    }

    fn line(&self, words: &[String]) -> String {
        let name = self.names.first().copied().unwrap_or_default();
        std::iter::once(name.to_owned()).chain(words.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
    }
}

impl Wanted {
    /// Whether a statement is this block, whatever is in it.
    #[must_use]
    pub fn is_head_of(&self, statement: &Statement) -> bool {
        let port = |words: &[String]| -> Vec<String> {
            // Without a port it is port 0.
            let lacks = words.len() == 2 && words[0] == "real_server";
            words.iter().cloned().chain(lacks.then(|| "0".to_owned())).collect()
        };
        statement.block.is_some() && same_words(&port(&self.head), &port(&statement.words))
    }

    fn text(&self, indent: &str) -> String {
        let inner = format!("{indent}    ");
        let head: Vec<String> = self.head.iter().map(|word| quoted(word)).collect();
        let mut text = format!("{indent}{} {{\n", head.join(" "));
        for setting in &self.settings {
            if let Some(words) = &setting.words {
                text.push_str(&format!("{inner}{}\n", setting.line(words)));
            }
        }
        for line in &self.lines {
            text.push_str(&format!("{inner}{}\n", line.join(" ")));
        }
        text.extend(self.blocks.iter().map(|block| block.text(&inner)));
        text + &format!("{indent}}}\n")
    }
}

impl KeepalivedConf {
    /// The file with a block outside of all others as wanted; `is_it` says which blocks of the file are that one. The last
    /// of several counts, and the others go.
    pub fn with(&self, wanted: &Wanted, is_it: &dyn Fn(&Statement) -> bool) -> Result<Self, Malformed> {
        let mut edits = Edits(TextEdits::of(self.render()));
        let mut found: Vec<&Statement> = self.statements.iter().filter(|one| is_it(one)).collect();
        match found.pop() {
            Some(last) => edits.block(wanted, last),
            None => edits.0.add(&wanted.text("")),
        }
        for earlier in found {
            edits.0.remove(earlier, COMMENTS);
        }
        Self::parse(&edits.0.made())
    }

    /// The file without the blocks and lines outside of all others that this picks.
    pub fn without(&self, picks: &dyn Fn(&Statement) -> bool) -> Result<Self, Malformed> {
        let mut edits = TextEdits::of(self.render());
        for statement in self.statements.iter().filter(|one| picks(one)) {
            edits.remove(statement, COMMENTS);
        }
        Self::parse(&edits.made())
    }
}

struct Edits<'c>(TextEdits<'c>);

impl Edits<'_> {
    /// What one block of the file lacks and has too much.
    fn block(&mut self, wanted: &Wanted, found: &Statement) {
        let Some(block) = &found.block else { return };
        let indent = self.0.indent_in(found, block, "    ");
        let mut new = String::new();
        for setting in &wanted.settings {
            let is_it = |one: &&Statement| setting.names.contains(&one.name()) && one.block.is_none();
            let mut lines: Vec<&Statement> = block.statements.iter().filter(is_it).collect();
            let last = setting.words.as_ref().and_then(|words| Some((words, lines.pop()?)));
            match (last, &setting.words) {
                (Some((words, last)), _) if !same_words(words, &last.words[1..]) => {
                    self.0.put(last.head.clone(), setting.line(words));
                }
                (None, Some(words)) => new.push_str(&format!("{indent}{}\n", setting.line(words))),
                _ => {}
            }
            for line in lines {
                self.0.remove(line, COMMENTS);
            }
        }
        for line in &wanted.lines {
            let address = |words: &[String]| words.first().and_then(|word| word.split('/').next().map(str::to_owned));
            let mut found: Vec<&Statement> =
                block.statements.iter().filter(|one| address(&one.words) == address(line)).collect();
            match found.pop() {
                Some(last) if !same_words(line, &last.words) => self.0.put(last.head.clone(), line.join(" ")),
                Some(_) => {}
                None => new.push_str(&format!("{indent}{}\n", line.join(" "))),
            }
            for earlier in found {
                self.0.remove(earlier, COMMENTS);
            }
        }
        for inner in &wanted.blocks {
            let mut found: Vec<&Statement> = block.statements.iter().filter(|one| inner.is_head_of(one)).collect();
            match found.pop() {
                Some(last) => self.block(inner, last),
                None => new.push_str(&inner.text(&indent)),
            }
            for earlier in found {
                self.0.remove(earlier, COMMENTS);
            }
        }
        let is_too_much = |one: &&Statement| {
            wanted.only.contains(&one.name()) && !wanted.blocks.iter().any(|inner| inner.is_head_of(one))
        };
        for one in block.statements.iter().filter(is_too_much) {
            self.0.remove(one, COMMENTS);
        }
        if !new.is_empty() {
            self.0.append(block, &new);
        }
    }
}

/// A word as it is written in the file.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,=@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) { word.to_owned() } else { format!("\"{word}\"") }
}

fn same_words(one: &[String], two: &[String]) -> bool {
    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
}

/// Whether keepalived takes two words for the same: numbers and switches are written in several ways.
fn same(one: &str, two: &str) -> bool {
    let number = |word: &str| word.bytes().all(|b| b.is_ascii_digit() || b == b'.').then(|| word.parse::<f64>().ok());
    let switch = |word: &str| match word {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => None,
    };
    let numbers = (number(one).flatten(), number(two).flatten());
    one == two
        || matches!(numbers, (Some(one), Some(two)) if (one - two).abs() < f64::EPSILON)
        || (switch(one).is_some() && switch(one) == switch(two))
}
