//! Piranha's lvs.cf as pulse reads it (lvs.cf(5); the rules are those of its own lexer): a statement a line, blocks
//! `virtual NAME {` and in them `server NAME {`. What is not edited stays byte for byte.
//!
//! Pulse takes a file whole or not at all, so what it would refuse is refused here: an unknown key, a comment behind
//! something, a quoted word with a blank behind it, a carriage return (which makes it lose lines).

pub use super::block_text::{Block, Statement};
use super::{
    Malformed, ipv4,
    lvs_cf_keys::{GLOBAL, SERVER, VIRTUAL, fault, number},
};
use std::net::Ipv4Addr;

/// The schedulers that pulse knows.
pub use super::lvs_cf_keys::SCHEDULERS;

/// A file, as text and as what it says. The `=` is no word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LvsCf {
    text: Vec<u8>,
    /// What stands outside of every block, and blocks.
    pub statements: Vec<Statement>,
}

/// Blocks outside of all others.
const OUTER: [&str; 2] = ["virtual", "failover"];

impl LvsCf {
    /// Reads a file, and refuses what pulse refuses. An empty one is read: it is as good as none.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader { now: Vec::new(), opened: Vec::new() };
        let mut at = 0;
        for (index, whole) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line = whole.strip_suffix(b"\n").unwrap_or(whole);
            let malformed = |what| Malformed { line: index + 1, what, text: line.trim_ascii_end().to_vec() };
            reader.line(line, at, index + 1).map_err(malformed)?;
            at += whole.len();
        }
        match reader.opened.last() {
            Some(opened) => {
                let text = opened.head.join(" ").into_bytes();
                Err(Malformed { line: opened.line, what: "a block that is not closed", text })
            }
            None => Ok(Self { text: text.to_vec(), statements: reader.now }),
        }
    }

    /// The text.
    #[must_use]
    pub fn render(&self) -> &[u8] {
        &self.text
    }

    /// The words of a global, its last line counting.
    #[must_use]
    pub fn global(&self, key: &str) -> Option<&[String]> {
        self.statements.iter().rev().find(|one| one.block.is_none() && one.name() == key).map(|one| &one.words[1..])
    }

    /// The `virtual` blocks.
    #[must_use = "they are only looked at"]
    pub fn virtuals(&self) -> impl DoubleEndedIterator<Item = &Statement> {
        self.statements.iter().filter(|one| one.name() == "virtual")
    }
}

/// The `server` blocks of a virtual server.
#[must_use = "they are only looked at"]
pub fn servers(block: &Statement) -> impl DoubleEndedIterator<Item = &Statement> {
    block.inner().iter().filter(|one| one.name() == "server")
}

/// The address of a block.
#[must_use]
pub fn address(block: &Statement) -> Option<Ipv4Addr> {
    ipv4::address(block.value("address")?)
}

/// A number of a block.
#[must_use]
pub fn number_of(block: &Statement, key: &str) -> Option<i64> {
    block.value(key).and_then(number)
}

/// A block is inactive unless it says otherwise.
#[must_use]
pub fn is_active(block: &Statement) -> bool {
    number_of(block, "active") == Some(1)
}

/// Whether pulse takes two words for the same: numbers and addresses are written in several ways.
#[must_use]
pub(super) fn same(one: &str, two: &str) -> bool {
    let dotted = |word: &str| ipv4::address(word).filter(|_| word.matches('.').count() == 3);
    one == two
        || (number(one).is_some() && number(one) == number(two))
        || (dotted(one).is_some() && dotted(one) == dotted(two))
}

/// The number of serial_no; 0 where there is none.
#[must_use]
pub fn serial_number(conf: &LvsCf) -> i64 {
    conf.global("serial_no").and_then(|words| number(words.first()?)).unwrap_or(0)
}

/// A block that is not closed yet.
struct Opened {
    head: Vec<String>,
    start: usize,
    end: usize,
    line: usize,
    before: Vec<Statement>,
}

struct Reader {
    now: Vec<Statement>,
    opened: Vec<Opened>,
}

impl Reader {
    fn line(&mut self, line: &[u8], at: usize, number: usize) -> Result<(), &'static str> {
        if line.contains(&b'\r') {
            return Err("a carriage return: pulse loses lines of such a file");
        }
        if line.contains(&0) {
            return Err("a zero byte: pulse reads no further");
        }
        let blanks = line.iter().take_while(|byte| is_blank(**byte)).count();
        if matches!(line.get(blanks), None | Some(b'#')) {
            return Ok(());
        }
        let tokens = tokens(&line[blanks..])?;
        let start = at + blanks;
        let end = start + tokens.last().map_or(0, |token| token.end);
        let says = tokens[0].word.clone();
        let words: Vec<String> = tokens.into_iter().map(|token| token.said(&says)).collect();
        match (words[0].as_str(), self.opened.len()) {
            ("}", 0) => Err("a closing brace without an opening one"),
            ("}", _) if words.len() > 1 => Err("something behind a closing brace"),
            ("}", _) => {
                self.close(start);
                Ok(())
            }
            (name, depth) if (depth == 0 && OUTER.contains(&name)) || (depth == 1 && name == "server") => {
                if words.len() != 3 || words[2] != "{" {
                    return Err("a block whose line is not `NAME {` behind its kind");
                }
                let before = std::mem::take(&mut self.now);
                let head = words[..2].to_vec();
                self.opened.push(Opened { head, start, end, line: number, before });
                Ok(())
            }
            (_, depth) => {
                let keys = [GLOBAL, VIRTUAL, SERVER][depth];
                if let Some(why) = fault(keys, &words) {
                    return Err(why);
                }
                let words = std::iter::once(words[0].clone()).chain(words[2..].iter().cloned()).collect();
                self.now.push(Statement { words, span: start..end, head: start..end, block: None });
                Ok(())
            }
        }
    }

    fn close(&mut self, brace: usize) {
        let Some(Opened { head, start, end, before, .. }) = self.opened.pop() else { return };
        let statements = std::mem::replace(&mut self.now, before);
        self.now.push(Statement {
            words: head,
            span: start..brace + 1,
            head: start..end,
            block: Some(Block { statements, inside: end..brace }),
        });
    }
}

/// A word without its quotes, and where it ends in its line.
struct Token {
    word: String,
    is_in_single_quotes: bool,
    end: usize,
}

/// Keys of which only double quotes go: single ones are sent, expected and run as they are.
const VERBATIM: [&str; 5] = ["send", "expect", "send_program", "start_cmd", "stop_cmd"];

impl Token {
    fn said(self, key: &str) -> String {
        if self.is_in_single_quotes && VERBATIM.contains(&key) { format!("'{}'", self.word) } else { self.word }
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The words of a line that begins with one. A word that begins with a quote goes to the next such quote behind its first
/// blank, and to its own last byte where it has no blank: so `"a" ` with a blank behind it is an error to pulse.
fn tokens(line: &[u8]) -> Result<Vec<Token>, &'static str> {
    const MOST: usize = 99;
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < line.len() {
        if tokens.len() == MOST {
            return Err("more words than pulse reads of a line");
        }
        let mut end = at + line[at..].iter().position(|byte| is_blank(*byte)).unwrap_or(line.len() - at);
        let quote = line[at];
        let word = if matches!(quote, b'"' | b'\'') {
            if let Some(more) = line[end..].iter().position(|byte| *byte == quote) {
                end += more + 1;
            } else if end < line.len() || end - at < 2 || line[end - 1] != quote {
                return Err(
                    "a quote that pulse does not find the end of (nothing may stand behind it, not even a blank)",
                );
            }
            &line[at + 1..end - 1]
        } else {
            &line[at..end]
        };
        tokens.push(Token {
            word: String::from_utf8_lossy(word).into_owned(),
            is_in_single_quotes: quote == b'\'',
            end,
        });
        at = end + line[end..].iter().take_while(|byte| is_blank(**byte)).count();
    }
    Ok(tokens)
}

#[cfg(test)]
#[path = "lvs_cf_tests.rs"]
mod tests;
