//! Variables of the command line, `-e`: `key=value` pairs, JSON or YAML text, or `@FILE`.

use super::{shape, variables::Variables};
use crate::source::{Fault, Faults, Node, Reading, Source, Span, Value, read_document, shown};
use camino::Utf8PathBuf;
use std::{ops::Range, sync::Arc};

const OPTION: &str = "--extra-vars";

/// The variables of all these arguments; the later win.
pub(super) fn read(arguments: &[String]) -> Result<Variables, Faults> {
    let mut variables = Variables::default();
    let mut faults = Vec::new();
    for argument in arguments.iter().filter(|argument| !argument.is_empty()) {
        match read_one(argument) {
            Ok(more) => variables.overlay(&more),
            Err(more) => faults.extend(more.into_vec()),
        }
    }
    Faults::check(faults).map(|()| variables)
}

fn read_one(argument: &str) -> Result<Variables, Faults> {
    if let Some(path) = argument.strip_prefix('@') {
        return of_map(&read_document(&in_home(path))?);
    }
    let source = Source::new(OPTION, argument);
    match argument.chars().next() {
        Some('/' | '.') => {
            let fault = Fault::about(OPTION, format!("{} looks like a file", shown(argument)));
            Err(fault.hint(format!("put an @ before it: -e @{argument}")).into())
        }
        Some('{' | '[') => of_map(&source),
        _ => pairs(&source),
    }
}

/// `~/` is the user's own folder: behind the `@` no shell sees it.
fn in_home(path: &str) -> Utf8PathBuf {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => Utf8PathBuf::from(home).join(rest),
        _ => Utf8PathBuf::from(path),
    }
}

fn of_map(source: &Arc<Source>) -> Result<Variables, Faults> {
    let tree = source.tree()?;
    let mut reading = Reading::new(source);
    let entries = match &tree.value {
        Value::Map(_) => shape::variables(&tree, &mut reading),
        _ => reading.wrong_kind(&tree, "extra variables", "a map"),
    };
    reading.finish(entries).map(|entries| Variables::of(source, entries))
}

/// `key=value` pairs with blanks between them; each value is text.
fn pairs(source: &Arc<Source>) -> Result<Variables, Faults> {
    let mut reading = Reading::new(source);
    let mut variables = Variables::default();
    let whole = Span { start: 0, end: source.text().len() };
    let words = reading.fit(whole, words(source.text()));
    for word in words.into_iter().flatten() {
        let span = Span { start: word.start, end: word.end };
        let text = unescaped(&source.text()[word]);
        let equals = text.match_indices('=').map(|(at, _)| at).find(|at| *at > 0 && !text[..*at].ends_with('\\'));
        match equals.map(|at| (text[..at].trim(), text[at + 1..].trim())) {
            Some((key, value)) if !key.is_empty() => {
                let value = Value::Text(unquoted(value).to_owned());
                variables.set(key, source, Node { span, value });
            }
            _ => {
                let hint = "put quotes around a value that has blanks: -e 'key=\"a b\"'";
                reading.refuse_with::<()>(span, format!("{} is not key=value", shown(&text)), hint);
            }
        }
    }
    reading.finish(Some(variables))
}

/// Where the words are: split at blanks and line ends, but not within quotes or a template.
fn words(text: &str) -> Result<Vec<Range<usize>>, &'static str> {
    let mut words = Vec::new();
    let (mut quote, mut depth, mut start) = (None, 0_usize, None);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let pair = text.get(at..at + 2).unwrap_or_default();
        match pair {
            "{{" | "{%" | "{#" if before != '{' => depth += 1,
            "}}" | "%}" | "#}" if before != '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if matches!(c, '\'' | '"') && before != '\\' {
            quote = match quote {
                None => Some(c),
                Some(open) if open == c => None,
                open => open,
            };
        }
        before = c;
        if matches!(c, ' ' | '\n') && quote.is_none() && depth == 0 {
            words.extend(start.take().map(|start| start..at));
        } else if start.is_none() {
            start = Some(at);
        }
    }
    if quote.is_some() || depth > 0 {
        return Err("a quote or a template has no end");
    }
    words.extend(start.map(|start| start..text.len()));
    Ok(words)
}

/// Text without the quotes that are around all of it.
fn unquoted(text: &str) -> &str {
    let inside = |quote: char| {
        let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inside.ends_with('\\')).then_some(inside)
    };
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// The escapes that Ansible knows, such as `\n` and `\x41`; any other backslash stays.
fn unescaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        made.push_str(&rest[..at]);
        rest = &rest[at..];
        let (escaped, length) = escape(&rest[1..]).unwrap_or(('\\', 0));
        made.push(escaped);
        rest = &rest[1 + length..];
    }
    made + rest
}

/// What stands behind a backslash, and its length there.
fn escape(text: &str) -> Option<(char, usize)> {
    let kind = text.chars().next()?;
    let length = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    if length > 0 {
        let digits = text.get(1..=length).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        return Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, 1 + length));
    }
    let escaped = match kind {
        '\\' | '\'' | '"' => kind,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ => return None,
    };
    Some((escaped, 1))
}
