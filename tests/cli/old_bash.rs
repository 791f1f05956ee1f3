//! What bash before 4 would make of a script. It looks for the end of `$( )` by counting parentheses, so the one of
//! `case x)` ends it. No such bash can be had any more; this reads scripts by that rule, and dash what it finds.

use std::fmt::Write as _;

/// What is inside of each `$( )` of a script, as that bash sees it; and what is inside of those.
fn substitutions(script: &str) -> Vec<String> {
    let bytes = script.as_bytes();
    let (mut found, mut at, mut quoted) = (Vec::new(), 0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            b'\'' if !quoted => at = past_quote(bytes, at),
            b'#' if !quoted && (at == 0 || bytes[at - 1].is_ascii_whitespace() || bytes[at - 1] == b';') => {
                at = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end);
            }
            b'$' if bytes[at..].starts_with(b"$(") && !bytes[at..].starts_with(b"$((") => {
                let end = end(bytes, at + 2);
                let inner = script.get(at + 2..end).unwrap_or_default().to_owned();
                found.extend(substitutions(&inner));
                found.push(inner);
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Where the parenthesis closes that is open here.
fn end(bytes: &[u8], mut at: usize) -> usize {
    let mut open = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\'' => at = past_quote(bytes, at),
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    match bytes[at] {
                        b'\\' => at += 1,
                        b'$' if bytes[at..].starts_with(b"$(") => at = end(bytes, at + 2),
                        _ => {}
                    }
                    at += 1;
                }
            }
            b'(' => open += 1,
            b')' if open == 1 => return at,
            b')' => open -= 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The quote that closes the one here.
fn past_quote(bytes: &[u8], at: usize) -> usize {
    bytes[at + 1..].iter().position(|byte| *byte == b'\'').map_or(bytes.len(), |end| at + 1 + end)
}

/// What of a script that bash would not read; empty is well.
pub fn refuses(script: &str) -> String {
    let mut trouble = String::new();
    for inner in substitutions(script) {
        let read = duct::cmd("dash", ["-n"]).stdin_bytes(inner.as_str()).stderr_to_stdout().unchecked().read().unwrap();
        if !read.is_empty() {
            let _ = writeln!(trouble, "$({inner}): {read}");
        }
    }
    trouble
}

#[test]
fn a_pattern_without_its_opening_parenthesis_is_refused() {
    assert_eq!(refuses("a=$(case $1 in (x) echo \"$(echo ')')\" ;; esac) # it's\necho '$(('"), "");
    assert!(refuses("echo \"$(case $1 in x) echo 1 ;; esac)\"").starts_with("$(case $1 in x): "));
    assert!(refuses("a=$(b=$(case $1 in x) echo 1 ;; esac); echo $b)").contains("$(case $1 in x): "));
}
