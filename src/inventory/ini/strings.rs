//! Python's string literals: quotes of one or three, prefixes, escapes, several in a row.

/// The text of the string literals at the begin of a text, whether it is bytes, and what follows; `None` where there is
/// none that is whole.
pub(super) fn read(text: &str) -> Option<(String, bool, &str)> {
    let mut found: Option<(String, bool)> = None;
    let mut rest = text;
    while let Some((part, bytes, after)) = one(rest) {
        rest = after;
        found = match found {
            None => Some((part, bytes)),
            Some((before, was_bytes)) if was_bytes == bytes => Some((before + &part, bytes)),
            // Text and bytes side by side are an error in Python.
            Some(_) => return None,
        };
        let next = rest.trim_start_matches([' ', '\t']);
        if !starts(next) {
            break;
        }
        rest = next;
    }
    found.map(|(found, bytes)| (found, bytes, rest))
}

fn starts(text: &str) -> bool {
    let quote = text.find(['\'', '"']);
    quote.is_some_and(|at| is_prefix(&text[..at]))
}

fn is_prefix(prefix: &str) -> bool {
    matches!(prefix.to_ascii_lowercase().as_str(), "" | "r" | "u" | "b" | "br" | "rb")
}

/// One literal: its text, whether it is bytes, and what follows.
fn one(text: &str) -> Option<(String, bool, &str)> {
    let at = text.find(['\'', '"'])?;
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
    let value = if raw { inside.to_owned() } else { unescaped(inside, bytes)? };
    Some((value, bytes, &body[closing + end.len()..]))
}

/// A literal's inside; what has no character of its own, such as half a surrogate pair, makes it none.
fn unescaped(inside: &str, bytes: bool) -> Option<String> {
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
            'N' if !bytes => return None,
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
    String::from_utf8(made).ok()
}
