//! Text of hosts and people inside HTML and SVG: it can neither end an element nor leave its place.

use crate::format::printable;
use unicode_width::UnicodeWidthChar;

/// The widest a column of text is, in parts of the font's size: monospace and usual sans-serif fonts stay below.
const COLUMN: f64 = 0.63;

/// Text that is nothing but text, in an element and in an attribute.
#[must_use]
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            other => shown.push(other),
        }
    }
    shown
}

/// As much of a text as goes into so many pixels at this size; what is cut off is shown to be. Escaped.
pub(super) fn fitted(text: &str, pixels: f64, size: f64) -> String {
    let mut left = room(pixels, size);
    let text = printable(text);
    if text.chars().map(columns).sum::<usize>() <= left {
        return escaped(&text);
    }
    left = left.saturating_sub(1);
    let mut cut = String::new();
    for character in text.chars() {
        let width = columns(character);
        if width > left {
            break;
        }
        left -= width;
        cut.push(character);
    }
    escaped(cut.trim_end()) + "…"
}

/// How wide a text may be, in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|one| f64::from(u32::try_from(columns(one)).unwrap_or(2))).sum::<f64>() * COLUMN * size
}

/// How many columns a character takes at most: one that joins another may stand alone.
fn columns(character: char) -> usize {
    character.width().unwrap_or(1).max(1)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred pixels at most")]
fn room(pixels: f64, size: f64) -> usize {
    (pixels / (size * COLUMN)).max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::{escaped, fitted};
    use proptest::prelude::*;

    #[test]
    fn no_text_ends_its_element() {
        let hostile = "</text><script>alert('1')</script>\"&\u{1b}[31m\u{202e}";
        let shown = escaped(hostile);
        assert!(!shown.contains(['<', '>', '"', '\'', '\u{1b}', '\u{202e}']), "{shown}");
        assert_eq!(escaped("ftp1 & 2"), "ftp1 &amp; 2");
    }

    #[test]
    fn what_is_cut_is_shown_to_be() {
        assert_eq!(fitted("ftp1.example.com", 200.0, 14.0), "ftp1.example.com");
        assert_eq!(fitted("ftp1.example.com", 60.0, 14.0), "ftp1.…");
        assert_eq!(fitted("東京東京東京", 60.0, 14.0), "東京…");
        assert_eq!(fitted("x", 0.0, 14.0), "…");
    }

    proptest! {
        #[test]
        fn nothing_is_too_wide(text in "\\PC{0,40}", pixels in 20.0..400.0_f64) {
            let shown = fitted(&text, pixels, 12.0).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
            let shown = shown.replace("&quot;", "\"").replace("&#39;", "'");
            prop_assert!(super::width(&shown, 12.0) <= pixels.max(12.0), "{}", shown);
        }
    }
}
