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
            b'"' => {
                quoted = !quoted;
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
        assert_eq!(split(b"--comment \"\""), Some(vec![b"--comment".to_vec(), Vec::new()]));
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(words in proptest::collection::vec("\\PC*", 0..5)) {
            let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
            let read = split(line.join(" ").as_bytes());
            prop_assert_eq!(read, Some(words.into_iter().map(String::into_bytes).collect()));
        }
    }
}
