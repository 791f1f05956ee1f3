//! A host's line split into words as Python's shlex does it: unlike a shell's, a `#` inside a word begins a comment too.

use std::ops::Range;

/// A word without its quotes, and the bytes of the line that it was written in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) at: Range<usize>,
}

enum Within {
    Blanks,
    Word,
    Quotes(char),
}

/// The words of a line; an error says what is wrong with it.
pub(super) fn split(line: &str) -> Result<Vec<Word>, &'static str> {
    let mut words = Vec::new();
    let mut word = Word { text: String::new(), at: 0..0 };
    let mut within = Within::Blanks;
    let mut characters = line.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let after = at + c.len_utf8();
        if matches!(within, Within::Blanks) {
            word = Word { text: String::new(), at: at..after };
        }
        match (&within, c) {
            (Within::Quotes(quote), c) if c == *quote => within = Within::Word,
            (Within::Quotes('"'), '\\') => match characters.next() {
                // Only what would end or escape loses its backslash.
                Some((_, c @ ('"' | '\\'))) => word.text.push(c),
                Some((_, c)) => word.text.extend(['\\', c]),
                None => return Err("a quote has no end"),
            },
            (Within::Quotes(_), c) => word.text.push(c),
            (Within::Blanks, ' ' | '\t' | '\r' | '\n') => continue,
            (Within::Word, ' ' | '\t' | '\r' | '\n') => {
                words.push(std::mem::replace(&mut word, Word { text: String::new(), at: 0..0 }));
                within = Within::Blanks;
                continue;
            }
            (Within::Blanks, '#') => return Ok(words),
            (Within::Word, '#') => break,
            (_, '\\') => {
                let (_, escaped) = characters.next().ok_or("a backslash ends the line")?;
                word.text.push(escaped);
                within = Within::Word;
            }
            (_, '\'' | '"') => within = Within::Quotes(c),
            (_, c) => {
                word.text.push(c);
                within = Within::Word;
            }
        }
        word.at.end = characters.peek().map_or(line.len(), |(next, _)| *next);
    }
    match within {
        Within::Blanks => {}
        Within::Word => words.push(word),
        Within::Quotes(_) => return Err("a quote has no end"),
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::split;

    fn check(line: &str, expected: &[&str]) {
        let words = split(line).unwrap();
        assert_eq!(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), expected, "{line}");
    }

    /// Each as Python 3.11 answers `shlex.split(line, comments=True)`.
    #[test]
    fn words_are_pythons() {
        check("a b='x y'  c=\"1 2\"", &["a", "b=x y", "c=1 2"]);
        check("a b=c#d e", &["a", "b=c"]);
        check("a 'b#c' \\#d # e", &["a", "b#c", "#d"]);
        check("a \"x\\\"y\\n\\\\\" z\\ z", &["a", "x\"y\\n\\", "z z"]);
        check("a b='' ''", &["a", "b=", ""]);
        check("# a", &[]);
        check("a\tb", &["a", "b"]);
        for bad in ["a 'b", "a \"b", "a b\\", "a \"b\\"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn words_know_their_places() {
        let line = "h  a='ä b'\tc=1#x";
        let places: Vec<&str> = split(line).unwrap().into_iter().map(|word| &line[word.at]).collect();
        assert_eq!(places, ["h", "a='ä b'", "c=1"]);
    }
}
