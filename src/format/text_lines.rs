//! Lines of a text file, every other byte kept. A line's end is `\n` or `\r\n`; the last one may have none.

/// The text with this line: in place of the last line that `matches`; else, unless it is there already, behind all others.
#[must_use]
pub fn with(text: &[u8], line: &[u8], matches: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut all: Vec<Vec<u8>> = lines(text).map(<[u8]>::to_vec).collect();
    if let Some(last) = all.iter_mut().rev().find(|known| matches(content(known))) {
        let end = last[content(last).len()..].to_vec();
        *last = [line, &end].concat();
        return all.concat();
    }
    if all.iter().any(|known| content(known) == line) {
        return text.to_vec();
    }
    let end: &[u8] = if all.first().is_some_and(|first| first.ends_with(b"\r\n")) { b"\r\n" } else { b"\n" };
    if let Some(last) = all.last_mut().filter(|last| !last.ends_with(b"\n")) {
        last.extend(end);
    }
    all.push([line, end].concat());
    all.concat()
}

/// The text without the lines that `goes` takes.
#[must_use]
pub fn without(text: &[u8], goes: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    lines(text).filter(|line| !goes(content(line))).flatten().copied().collect()
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// A line without its end.
fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::{with, without};

    #[track_caller]
    fn check(before: &str, after: &str) {
        let like = |line: &[u8]| line.starts_with(b"Port ");
        let text = with(before.as_bytes(), b"Port 22", like);
        assert_eq!(String::from_utf8_lossy(&text), after);
        assert_eq!(with(&text, b"Port 22", like), text);
        let gone = without(&text, like);
        assert_eq!(without(&gone, like), gone);
        assert!(!String::from_utf8_lossy(&gone).contains("Port 22"));
    }

    #[test]
    fn one_line_changes_and_no_other_byte() {
        check("", "Port 22\n");
        check("# x\nPort 2222\nPort 21\r\ny", "# x\nPort 2222\nPort 22\r\ny");
        check("a\r\nb", "a\r\nb\r\nPort 22\r\n");
        check("a\nb", "a\nb\nPort 22\n");
        check("Port 22\nz\n", "Port 22\nz\n");
    }
}
