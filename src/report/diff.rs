//! A change as a unified diff, readable on a terminal and in a mail.

use crate::{format::printable, plan::Change};
use similar::TextDiff;

/// The unified diff of what changes name before and after; empty when they have no text.
#[must_use]
pub fn unified<'a>(name: &str, changes: impl IntoIterator<Item = &'a Change>) -> String {
    let (mut before, mut after) = (String::new(), String::new());
    for change in changes {
        before.push_str(&shown(&change.before));
        after.push_str(&shown(&change.after));
    }
    if before == after {
        return String::new();
    }
    TextDiff::from_lines(&before, &after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("before: {name}"), &format!("after: {name}"))
        .to_string()
}

/// One change as a diff without file names and with little around it.
pub(super) fn hunks(change: &Change) -> String {
    let (before, after) = (shown(&change.before), shown(&change.after));
    TextDiff::from_lines(&before, &after).unified_diff().context_radius(1).to_string()
}

/// A host's text, safe to print: its bytes cannot drive a terminal.
pub(super) fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => format!("{}\n", printable(line)),
            None => printable(line),
        })
        .collect()
}
