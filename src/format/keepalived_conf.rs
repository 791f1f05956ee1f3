//! keepalived.conf (keepalived.conf(5)): statements line by line, blocks in braces. What is not edited stays byte for
//! byte.

use super::Malformed;
pub use super::block_text::{Block, Statement};
use std::ops::Range;

/// A file, as text and as what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepalivedConf {
    text: Vec<u8>,
    /// What stands outside of every block, and blocks.
    pub statements: Vec<Statement>,
}

impl KeepalivedConf {
    /// Reads a file. Braces that do not fit and quotes that do not end are refused, as keepalived does.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { text: text.to_vec(), statements: Parser { text, at: 0, line: 1 }.file()? })
    }

    /// The text.
    #[must_use]
    pub fn render(&self) -> &[u8] {
        &self.text
    }
}

/// keepalived's own blocks have four levels.
const DEEPEST: usize = 100;

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

/// What comes next.
enum Token {
    Word(String, Range<usize>),
    Open(usize),
    Close(usize),
    LineEnd,
    End,
}

/// A block that is not closed yet: the statement that it belongs to, and where it begins.
type Opened = (Vec<Statement>, usize, usize);

impl Parser<'_> {
    fn file(&mut self) -> Result<Vec<Statement>, Malformed> {
        let mut opened: Vec<Opened> = Vec::new();
        let mut now: Vec<Statement> = Vec::new();
        // Whether the next word belongs to the last statement.
        let mut goes_on = false;
        loop {
            match self.next()? {
                Token::Word(word, range) if goes_on => {
                    if let Some(last) = now.last_mut() {
                        last.words.push(word);
                        last.span.end = range.end;
                        last.head.end = range.end;
                    }
                }
                Token::Word(word, range) => {
                    now.push(Statement { words: vec![word], head: range.clone(), span: range, block: None });
                    goes_on = true;
                }
                // A brace may stand on the line below its head.
                Token::Open(at) => {
                    if now.last().is_none_or(|last| last.block.is_some()) {
                        return Err(self.malformed(self.line, "a block without a name"));
                    }
                    if opened.len() >= DEEPEST {
                        return Err(self.malformed(self.line, "blocks nested deeper than keepalived's are"));
                    }
                    opened.push((std::mem::take(&mut now), at + 1, self.line));
                    goes_on = false;
                }
                Token::Close(at) => {
                    let Some((before, start, _)) = opened.pop() else {
                        return Err(self.malformed(self.line, "a closing brace without an opening one"));
                    };
                    let block = Block { statements: std::mem::replace(&mut now, before), inside: start..at };
                    if let Some(last) = now.last_mut() {
                        last.span.end = at + 1;
                        last.block = Some(block);
                    }
                    goes_on = false;
                }
                Token::LineEnd => goes_on = false,
                Token::End => break,
            }
        }
        match opened.last() {
            Some((_, _, line)) => Err(self.malformed(*line, "a block that is not closed")),
            None => Ok(now),
        }
    }

    fn next(&mut self) -> Result<Token, Malformed> {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    return Ok(Token::LineEnd);
                }
                b'#' | b'!' => self.skip_line(),
                b'{' if self.opens() => {
                    self.at += 1;
                    return Ok(Token::Open(self.at - 1));
                }
                b'}' => {
                    self.at += 1;
                    return Ok(Token::Close(self.at - 1));
                }
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => return self.word(),
            }
        }
        Ok(Token::End)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    /// Whether the brace here opens a block, and is no part of `${NAME}` or of a list of paths.
    fn opens(&self) -> bool {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let stands_alone = self.at == 0 || self.text.get(self.at - 1).is_none_or(u8::is_ascii_whitespace);
        // No further than to what is no blank: there may be as many braces on a line as it is long.
        let is_last = || {
            rest.iter().find(|byte| **byte == b'\n' || !byte.is_ascii_whitespace()).is_none_or(|byte| *byte == b'\n')
        };
        match rest.first() {
            None | Some(b'\n') => true,
            Some(byte) if byte.is_ascii_whitespace() => stands_alone || is_last(),
            Some(b'}' | b'#' | b'!') => stands_alone,
            Some(_) => false,
        }
    }

    fn word(&mut self) -> Result<Token, Malformed> {
        let start = self.at;
        let mut word = Vec::new();
        let mut quote = None;
        while let Some(byte) = self.peek() {
            match (quote, byte) {
                (Some(_), b'\n') => return Err(self.malformed(self.line, "a quote that is not closed")),
                (Some(_), b'\\') => {
                    word.push(byte);
                    self.at += 1;
                    word.extend(self.peek().filter(|byte| *byte != b'\n'));
                }
                (Some(open), _) if open == byte => quote = None,
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'#' | b'!') => break,
                (None, b'{') if self.opens() => break,
                (None, _) if byte.is_ascii_whitespace() => break,
                _ => word.push(byte),
            }
            if self.peek() == Some(b'\n') {
                break;
            }
            self.at += 1;
        }
        if quote.is_some() {
            return Err(self.malformed(self.line, "a quote that is not closed"));
        }
        Ok(Token::Word(String::from_utf8_lossy(&word).into_owned(), start..self.at))
    }

    fn malformed(&self, line: usize, what: &'static str) -> Malformed {
        let text = self.text.split(|byte| *byte == b'\n').nth(line - 1).unwrap_or_default();
        Malformed { line, what, text: text.trim_ascii_end().to_vec() }
    }
}

#[cfg(test)]
#[path = "keepalived_conf_tests.rs"]
mod tests;
