//! Faults as text with file, line, column and caret; nothing in a file can drive the terminal that shows it.

use super::{Fault, Faults, Place};
use crate::format::harmful;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// A line longer than this many bytes is not shown, only its number and column.
const LONGEST_LINE: usize = 16 * 1024;

pub(super) fn faults(faults: &Faults, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text: Vec<String> =
        faults.as_slice().iter().take(Faults::SHOWN).map(|fault| render(fault, &renderer)).collect();
    match faults.as_slice().len().saturating_sub(Faults::SHOWN) {
        0 => {}
        1 => text.push("error: and 1 more".to_owned()),
        more => text.push(format!("error: and {more} more")),
    }
    text.join("\n\n")
}

fn render(fault: &Fault, renderer: &Renderer) -> String {
    let message = escaped(fault.message());
    let hint = fault.hint_text().map(escaped);
    let path = escaped(fault.path().as_str());
    let related_path = fault.related_place().map(|(place, _)| escaped(place.source().path().as_str()));
    let mut group = Level::ERROR.primary_title(&message).elements(Vec::<Origin<'_>>::new());
    group = match fault.place() {
        None => group.element(Origin::path(&path)),
        Some(place) => point(group, &path, place, AnnotationKind::Primary, None),
    };
    if let (Some((place, label)), Some(path)) = (fault.related_place(), &related_path) {
        group = point(group, path, place, AnnotationKind::Context, Some(label));
    }
    if let Some(hint) = &hint {
        group = group.element(Level::HELP.message(hint));
    }
    renderer.render(&[group])
}

/// Adds the line that a place is in, with a mark below it.
fn point<'a>(
    group: Group<'a>,
    path: &'a str,
    place: &Place,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Group<'a> {
    let line = Line::of(place);
    if line.text.len() > LONGEST_LINE {
        let column = line.text[..line.marked.start].chars().count() + 1;
        return group.element(Origin::path(path).line(line.number).char_column(column));
    }
    let (text, marked) = drawable(line.text, line.marked);
    group.element(
        Snippet::<Annotation<'_>>::source(text)
            .line_start(line.number)
            .path(path)
            .annotation(kind.span(marked).label(label)),
    )
}

/// The line that a place starts in.
struct Line<'a> {
    /// Counted from 1.
    number: usize,
    text: &'a str,
    marked: Range<usize>,
}

impl<'a> Line<'a> {
    fn of(place: &'a Place) -> Self {
        let text = place.source().text();
        let at = text.floor_char_boundary_before(place.span().start);
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
        let line = &text[start..end];
        let line = line.strip_suffix('\r').unwrap_or(line);
        let from = (at - start).min(line.len());
        let to = text.floor_char_boundary_before(place.span().end);
        let to = to.saturating_sub(start).clamp(from, line.len());
        Self { number: text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1, text: line, marked: from..to }
    }
}

/// `str::floor_char_boundary`, which is younger than the compiler that this crate asks for.
trait CharBoundary {
    fn floor_char_boundary_before(&self, index: usize) -> usize;
}

impl CharBoundary for str {
    fn floor_char_boundary_before(&self, index: usize) -> usize {
        let mut at = index.min(self.len());
        while !self.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// The line with each character that a terminal might obey replaced by one that it draws.
fn drawable(line: &str, marked: Range<usize>) -> (String, Range<usize>) {
    let draw = |part: &str| -> String {
        part.chars()
            .map(|c| match u32::from(c) {
                _ if c == '\t' => c,
                code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or(char::REPLACEMENT_CHARACTER),
                0x7f => '\u{2421}',
                _ if harmful(c) => char::REPLACEMENT_CHARACTER,
                _ => c,
            })
            .collect()
    };
    let before = draw(&line[..marked.start]);
    let inside = draw(&line[marked.clone()]);
    let after = draw(&line[marked.end..]);
    let marked = before.len()..before.len() + inside.len();
    (before + &inside + &after, marked)
}

/// The text with each character that a terminal might obey written as an escape.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if harmful(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
