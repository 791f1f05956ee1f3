//! `--limit`: patterns, and `@FILE` with one pattern a line.

use super::{Pattern, pattern};
use crate::source::{Fault, Faults, Place, Source, Span, read_text};
use camino::Utf8Path;

/// The one pattern that all arguments of `--limit` make up.
pub(super) fn read(arguments: &[String]) -> Result<Pattern, Faults> {
    let text = arguments.join(",");
    let whole = Place::whole(&Source::new("--limit", text.as_str()));
    pattern::check_seen(&text, &whole)?;
    let mut terms = Vec::new();
    let mut faults = Vec::new();
    for word in arguments.iter().flat_map(|argument| pattern::split(argument)) {
        let read = match word.strip_prefix('@') {
            Some(path) => of_file(Utf8Path::new(path)),
            None => pattern::checked_term(word, &text, &whole).map(|term| vec![term]).map_err(Faults::from),
        };
        match read {
            Ok(more) => terms.extend(more),
            Err(more) => faults.extend(more.into_vec()),
        }
    }
    Faults::check(faults)?;
    Ok(Pattern::of_terms(text, terms, &whole)?)
}

/// The patterns of a file, one a line and none of them split, as Ansible's `.retry` files have them.
fn of_file(path: &Utf8Path) -> Result<Vec<pattern::Term>, Faults> {
    let source = read_text(path)?;
    let mut terms = Vec::new();
    let mut faults = Vec::new();
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let text = line.trim();
        let at = start + (line.len() - line.trim_start().len());
        let place = source.place(Span { start: at, end: at + text.len() });
        start += line.len();
        match text {
            "" => {}
            text => match pattern::check_seen(text, &place).and_then(|()| pattern::checked_term(text, text, &place)) {
                Ok(term) => terms.push(term),
                Err(fault) => faults.push(fault),
            },
        }
    }
    if terms.is_empty() && faults.is_empty() {
        faults.push(Fault::about(path, "the file names no host").hint("write one pattern a line"));
    }
    Faults::check(faults).map(|()| terms)
}
