//! What files of lines and blocks in braces have in common, keepalived.conf and lvs.cf: statements with their places, and
//! edits that touch nothing else.

use std::ops::Range;

/// One line, or a block with its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its words without their quotes; at least one.
    pub words: Vec<String>,
    /// From its first byte to behind its last word, or to behind the brace that closes its block.
    pub span: Range<usize>,
    /// Where its words are.
    pub head: Range<usize>,
    /// What is in its braces.
    pub block: Option<Block>,
}

/// What is between two braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The statements.
    pub statements: Vec<Statement>,
    /// From behind the opening brace to the closing one.
    pub inside: Range<usize>,
}

impl Statement {
    /// The first word, which says what it is.
    #[must_use]
    pub fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The statements in its block; none where it has no block.
    #[must_use]
    pub fn inner(&self) -> &[Self] {
        self.block.as_ref().map_or(&[], |block| &block.statements)
    }

    /// The words behind the name of the last statement in the block that has one of these names.
    #[must_use]
    pub fn setting(&self, names: &[&str]) -> Option<&[String]> {
        self.inner().iter().rev().find(|one| names.contains(&one.name())).map(|one| &one.words[1..])
    }

    /// The first of these words.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.setting(&[name]).and_then(|words| words.first()).map(String::as_str)
    }
}

/// Edits of a text. They must not overlap.
pub(super) struct TextEdits<'t> {
    text: &'t [u8],
    edits: Vec<(Range<usize>, String)>,
}

impl<'t> TextEdits<'t> {
    pub const fn of(text: &'t [u8]) -> Self {
        Self { text, edits: Vec::new() }
    }

    pub fn put(&mut self, range: Range<usize>, text: String) {
        self.edits.push((range, text));
    }

    /// The text with all of them made.
    pub fn made(mut self) -> Vec<u8> {
        // Of several that are put in at one place, the first comes first.
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut new, mut at) = (Vec::new(), 0);
        for (range, text) in self.edits {
            new.extend_from_slice(self.text.get(at..range.start).unwrap_or_default());
            new.extend(text.into_bytes());
            at = range.end;
        }
        new.extend_from_slice(self.text.get(at..).unwrap_or_default());
        new
    }

    /// Puts a block behind everything else.
    pub fn add(&mut self, block: &str) {
        let gap = match self.text {
            [] | [.., b'\n', b'\n'] => "",
            [.., b'\n'] => "\n",
            _ => "\n\n",
        };
        self.put(self.text.len()..self.text.len(), format!("{gap}{block}"));
    }

    /// Puts lines before the closing brace.
    pub fn append(&mut self, block: &Block, lines: &str) {
        let blanks =
            self.text[block.inside.clone()].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let at = block.inside.end - blanks;
        match self.text.get(at.wrapping_sub(1)) {
            Some(b'\n') => self.put(at..at, lines.to_owned()),
            // The brace stands behind something else.
            _ => self.put(at..at, format!("\n{lines}")),
        }
    }

    /// Puts lines before the line on which a statement begins.
    pub fn before(&mut self, statement: &Statement, lines: &str) {
        let start = self.text[..statement.span.start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.put(start..start, lines.to_owned());
    }

    /// Puts lines behind the line on which a statement ends.
    pub fn behind(&mut self, statement: &Statement, lines: &str) {
        let end = self.text[statement.span.end..].iter().position(|byte| *byte == b'\n');
        match end {
            Some(end) => self.put(statement.span.end + end + 1..statement.span.end + end + 1, lines.to_owned()),
            None => self.put(self.text.len()..self.text.len(), format!("\n{lines}")),
        }
    }

    /// Puts another value behind the `=` of a line, and leaves what stands before it as it is written.
    pub fn put_value(&mut self, line: &Statement, value: String) {
        let text = &self.text[line.head.clone()];
        let behind = text.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1);
        let blanks = text[behind..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.put(line.head.start + behind + blanks..line.head.end, value);
    }

    /// Removes a statement, and its line where nothing else is on it but a comment, which begins with one of these.
    pub fn remove(&mut self, statement: &Statement, comments: &[u8]) {
        let before =
            self.text[..statement.span.start].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let start = statement.span.start - before;
        let starts_line = start == 0 || self.text[start - 1] == b'\n';
        let rest = &self.text[statement.span.end..];
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let behind = rest[..line].trim_ascii();
        if starts_line && behind.first().is_none_or(|byte| comments.contains(byte)) {
            self.put(start..statement.span.end + line, String::new());
        } else {
            self.put(statement.span.clone(), String::new());
        }
    }

    /// The blanks before the lines of a block.
    pub fn indent_in(&self, found: &Statement, block: &Block, step: &str) -> String {
        match block.statements.iter().find(|one| self.starts_line(one)) {
            Some(first) => self.indent_of(first),
            None => format!("{}{step}", self.indent_of(found)),
        }
    }

    fn starts_line(&self, one: &Statement) -> bool {
        let line = self.text[..one.span.start].rsplit(|byte| *byte == b'\n').next();
        line.unwrap_or_default().trim_ascii().is_empty()
    }

    fn indent_of(&self, one: &Statement) -> String {
        let line = self.text[..one.span.start].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        String::from_utf8_lossy(&line[..blanks]).into_owned()
    }
}
