//! The words of a line of iptables-save: blanks part them; only double quotes, `\"` and `\\` are special.

/// The words of one line, or nothing when a quote is left open (a comment may hold a newline: the line goes on).
#[must_use]
pub fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            // The end of a quote ends the word, as it does for iptables-restore.
            b'"' if quoted => {
                quoted = false;
                words.push(word.take().unwrap_or_default());
            }
            b'"' => {
                quoted = true;
                word.get_or_insert_default();
            }
            b'\\' if quoted => word.get_or_insert_default().push(bytes.next()?),
            b' ' | b'\t' | b'\n' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    (!quoted).then_some(words)
}

/// Whether a quote is open behind the text that was read so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quote {
    open: bool,
    escaped: bool,
}

impl Quote {
    /// Reads on.
    pub fn read(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'"' => self.open = !self.open,
                b'\\' => self.escaped = self.open,
                _ => {}
            }
        }
    }

    /// Whether one is.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.open
    }
}

/// A word as iptables-restore reads it back: quoted unless it is plain.
#[must_use]
pub fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::{quote, split};
    use proptest::prelude::*;

    #[test]
    fn an_open_quote_is_no_line() {
        assert_eq!(split(b"-A X --comment \"a"), None);
        assert_eq!(split(b"a \"b"), None);
        assert_eq!(split(b"a 'b c'").map(|words| words.len()), Some(3), "single quotes are ordinary bytes");
        assert_eq!(split(b"\"a\"b").map(|words| words.len()), Some(2), "a closing quote ends its word");
        assert_eq!(split(b"--comment \"\""), Some(vec![b"--comment".to_vec(), Vec::new()]));
    }

    proptest! {
        #[test]
        fn an_open_quote_is_seen_however_the_text_comes(text in "[a\"\\\\ \n]{0,12}", at in 0_usize..13) {
            let (one, two) = text.as_bytes().split_at(at.min(text.len()));
            let mut quote = super::Quote::default();
            quote.read(one);
            quote.read(two);
            prop_assert_eq!(quote.is_open(), split(text.as_bytes()).is_none());
        }

        #[test]
        fn what_is_quoted_is_read_back(words in proptest::collection::vec("\\PC*", 0..5)) {
            let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
            let read = split(line.join(" ").as_bytes());
            prop_assert_eq!(read, Some(words.into_iter().map(String::into_bytes).collect()));
        }
    }
}
