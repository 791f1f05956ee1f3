//! A change as a unified diff, readable on a terminal and in a mail.

use crate::{format::printable, plan::Change};
use similar::TextDiff;

/// The unified diff of a change's text before and after; empty when it has none.
#[must_use]
pub fn unified(name: &str, change: &Change) -> String {
    let (before, after) = (shown(&change.before), shown(&change.after));
    if before == after {
        return String::new();
    }
    TextDiff::from_lines(&before, &after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("before: {name}"), &format!("after: {name}"))
        .to_string()
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
