//! Python's string literals: quotes of one or three, prefixes, escapes, several in a row.

/// String literals in a row.
pub(super) struct Literals<'t> {
    pub(super) text: String,
    /// Whether they are bytes.
    pub(super) bytes: bool,
    /// Whether a character is named in them, by `\N{…}`.
    pub(super) named: bool,
    /// What follows.
    pub(super) rest: &'t str,
}

/// The string literals at the begin of a text; `None` where there is none that is whole.
pub(super) fn read(text: &str) -> Option<Literals<'_>> {
    let mut found: Option<Literals<'_>> = None;
    let mut rest = text;
    while let Some(part) = one(rest) {
        rest = part.rest;
        found = match found {
            None => Some(part),
            Some(before) if before.bytes == part.bytes => {
                Some(Literals { text: before.text + &part.text, named: before.named || part.named, ..part })
            }
            // Text and bytes side by side are an error in Python.
            Some(_) => return None,
        };
        let next = rest.trim_start_matches([' ', '\t']);
        if !starts(next) {
            break;
        }
        rest = next;
    }
    found
}

fn starts(text: &str) -> bool {
    quote(text).is_some_and(|at| is_prefix(&text[..at]))
}

/// Where the first quote is, no further than behind the longest prefix: else each word of a list would look through all
/// of it.
fn quote(text: &str) -> Option<usize> {
    text.bytes().take(3).position(|byte| matches!(byte, b'\'' | b'"'))
}

fn is_prefix(prefix: &str) -> bool {
    matches!(prefix.to_ascii_lowercase().as_str(), "" | "r" | "u" | "b" | "br" | "rb")
}

/// One literal.
fn one(text: &str) -> Option<Literals<'_>> {
    let at = quote(text)?;
    let (prefix, quoted) = text.split_at(at);
    if !is_prefix(prefix) {
        return None;
    }
    let has = |letter: char| prefix.to_ascii_lowercase().contains(letter);
    let (raw, bytes) = (has('r'), has('b'));
    let quote = &quoted[..1];
    let long = quote.repeat(3);
    let end = if quoted.starts_with(&long) { long.as_str() } else { quote };
    let body = &quoted[end.len()..];
    let mut closing = None;
    let mut characters = body.char_indices();
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            characters.next()?;
        } else if body[at..].starts_with(end) {
            closing = Some(at);
            break;
        }
    }
    let closing = closing?;
    let inside = &body[..closing];
    if bytes && !inside.is_ascii() {
        return None;
    }
    let (text, named) = if raw { (inside.to_owned(), false) } else { unescaped(inside, bytes)? };
    Some(Literals { text, bytes, named, rest: &body[closing + end.len()..] })
}

/// A literal's inside, and whether it names a character; what has no character of its own, such as half a surrogate pair,
/// makes it none.
fn unescaped(inside: &str, bytes: bool) -> Option<(String, bool)> {
    let mut named = false;
    let mut made: Vec<u8> = Vec::new();
    let mut rest = inside;
    let mut push = |code: u32| -> Option<()> {
        if bytes {
            made.push(u8::try_from(code).ok()?);
        } else {
            made.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Some(())
    };
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            push(u32::from(c))?;
            continue;
        }
        let kind = rest.chars().next()?;
        let hexadecimal = match kind {
            'x' => 2,
            'u' if !bytes => 4,
            'U' if !bytes => 8,
            'N' if !bytes => {
                let (_, after) = rest.strip_prefix("N{")?.split_once('}')?;
                named = true;
                rest = after;
                continue;
            }
            _ => 0,
        };
        if hexadecimal > 0 {
            let digits = rest.get(1..=hexadecimal)?;
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            push(u32::from_str_radix(digits, 16).ok()?)?;
            rest = &rest[1 + hexadecimal..];
            continue;
        }
        let octal = rest.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        if octal > 0 {
            push(u32::from_str_radix(&rest[..octal], 8).ok()?)?;
            rest = &rest[octal..];
            continue;
        }
        rest = &rest[kind.len_utf8()..];
        let code = match kind {
            'n' => 10,
            't' => 9,
            'r' => 13,
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'v' => 11,
            '\\' | '\'' | '"' => u32::from(kind),
            // Python keeps the backslash of an escape that it does not know.
            _ => {
                push(u32::from('\\'))?;
                u32::from(kind)
            }
        };
        push(code)?;
    }
    String::from_utf8(made).ok().map(|text| (text, named))
}
