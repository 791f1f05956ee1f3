//! The least edit of a keepalived.conf that makes it say what is wanted: what says so already stays as it is written.

use super::{
    Malformed,
    keepalived_conf::{Block, KeepalivedConf, Statement},
};
use std::ops::Range;

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
        let mut edits = Edits { conf: self, edits: Vec::new() };
        let mut found: Vec<&Statement> = self.statements.iter().filter(|one| is_it(one)).collect();
        if let Some(last) = found.pop() {
            edits.block(wanted, last);
        } else {
            let text = self.render();
            let gap = match text {
                [] => "",
                [.., b'\n'] => "\n",
                _ => "\n\n",
            };
            edits.put(text.len()..text.len(), format!("{gap}{}", wanted.text("")));
        }
        for earlier in found {
            edits.remove(earlier);
        }
        let edits = edits.edits;
        self.edited(edits)
    }

    /// The file without the blocks and lines outside of all others that this picks.
    pub fn without(&self, picks: &dyn Fn(&Statement) -> bool) -> Result<Self, Malformed> {
        let mut edits = Edits { conf: self, edits: Vec::new() };
        for statement in self.statements.iter().filter(|one| picks(one)) {
            edits.remove(statement);
        }
        let edits = edits.edits;
        self.edited(edits)
    }
}

struct Edits<'c> {
    conf: &'c KeepalivedConf,
    edits: Vec<(Range<usize>, String)>,
}

impl Edits<'_> {
    fn put(&mut self, range: Range<usize>, text: String) {
        self.edits.push((range, text));
    }

    /// What one block of the file lacks and has too much.
    fn block(&mut self, wanted: &Wanted, found: &Statement) {
        let Some(block) = &found.block else { return };
        let indent = self.indent_in(found, block);
        let mut new = String::new();
        for setting in &wanted.settings {
            let is_it = |one: &&Statement| setting.names.contains(&one.name()) && one.block.is_none();
            let mut lines: Vec<&Statement> = block.statements.iter().filter(is_it).collect();
            let last = setting.words.as_ref().and_then(|words| Some((words, lines.pop()?)));
            match (last, &setting.words) {
                (Some((words, last)), _) if !same_words(words, &last.words[1..]) => {
                    self.put(last.head.clone(), setting.line(words));
                }
                (None, Some(words)) => new.push_str(&format!("{indent}{}\n", setting.line(words))),
                _ => {}
            }
            for line in lines {
                self.remove(line);
            }
        }
        for line in &wanted.lines {
            let address = |words: &[String]| words.first().and_then(|word| word.split('/').next().map(str::to_owned));
            let mut found: Vec<&Statement> =
                block.statements.iter().filter(|one| address(&one.words) == address(line)).collect();
            match found.pop() {
                Some(last) if !same_words(line, &last.words) => self.put(last.head.clone(), line.join(" ")),
                Some(_) => {}
                None => new.push_str(&format!("{indent}{}\n", line.join(" "))),
            }
            for earlier in found {
                self.remove(earlier);
            }
        }
        for inner in &wanted.blocks {
            let mut found: Vec<&Statement> = block.statements.iter().filter(|one| inner.is_head_of(one)).collect();
            match found.pop() {
                Some(last) => self.block(inner, last),
                None => new.push_str(&inner.text(&indent)),
            }
            for earlier in found {
                self.remove(earlier);
            }
        }
        let is_too_much = |one: &&Statement| {
            wanted.only.contains(&one.name()) && !wanted.blocks.iter().any(|inner| inner.is_head_of(one))
        };
        for one in block.statements.iter().filter(is_too_much) {
            self.remove(one);
        }
        if !new.is_empty() {
            self.append(block, &new);
        }
    }

    /// Puts lines before the closing brace.
    fn append(&mut self, block: &Block, lines: &str) {
        let text = self.conf.render();
        let blanks = text[block.inside.clone()].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let at = block.inside.end - blanks;
        match text.get(at.wrapping_sub(1)) {
            Some(b'\n') => self.put(at..at, lines.to_owned()),
            // The brace stands behind something else.
            _ => self.put(at..at, format!("\n{lines}")),
        }
    }

    /// Removes a statement, and its line where nothing else is on it.
    fn remove(&mut self, statement: &Statement) {
        let text = self.conf.render();
        let before = text[..statement.span.start].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let start = statement.span.start - before;
        let starts_line = start == 0 || text[start - 1] == b'\n';
        let rest = &text[statement.span.end..];
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let behind = rest[..line].trim_ascii();
        if starts_line && matches!(behind.first(), None | Some(b'#' | b'!')) {
            self.put(start..statement.span.end + line, String::new());
        } else {
            self.put(statement.span.clone(), String::new());
        }
    }

    /// The blanks before the lines of a block.
    fn indent_in(&self, found: &Statement, block: &Block) -> String {
        match block.statements.iter().find(|one| self.starts_line(one)) {
            Some(first) => self.indent_of(first),
            None => format!("{}    ", self.indent_of(found)),
        }
    }

    fn starts_line(&self, one: &Statement) -> bool {
        let line = self.conf.render()[..one.span.start].rsplit(|byte| *byte == b'\n').next();
        line.unwrap_or_default().trim_ascii().is_empty()
    }

    fn indent_of(&self, one: &Statement) -> String {
        let line = self.conf.render()[..one.span.start].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        String::from_utf8_lossy(&line[..blanks]).into_owned()
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
