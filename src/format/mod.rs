//! Lossless text <-> value, for each thing that is read on a host: `render(parse(x)) == x`.

pub mod block_text;
pub mod cksum;
pub mod filter_rule;
pub mod iptables_save;
pub mod iptables_words;
pub mod ipv4;
pub mod ipvs;
pub mod ipvs_file;
pub mod ipvs_thresholds;
pub mod keepalived_conf;
pub mod keepalived_edit;
pub mod lvs_cf;
pub mod lvs_cf_edit;
mod lvs_cf_keys;
pub mod port_set;
pub mod rule;
pub mod sh;
pub mod sysctl_conf;
pub mod text_lines;
pub mod vsftpd_conf;
mod vsftpd_options;

/// Text that does not follow its format: what is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}: {}", excerpt(.text))]
pub struct Malformed {
    /// Line number, from 1.
    pub line: usize,
    /// What was expected, or what is wrong.
    pub what: &'static str,
    /// The line itself.
    pub text: Vec<u8>,
}

/// Bytes from a host, safe to print: control characters escaped, at most 160 characters.
#[must_use]
pub fn excerpt(bytes: &[u8]) -> String {
    const LIMIT: usize = 160;
    // A character has four bytes at most: what is behind that is neither decoded nor escaped.
    let begin = &bytes[..bytes.len().min(4 * (LIMIT + 1))];
    let text = String::from_utf8_lossy(begin);
    let mut shown = String::new();
    let mut characters = text.chars().flat_map(|c| {
        let escaped = harmful(c).then(|| c.escape_default());
        let plain = escaped.is_none().then_some(c);
        escaped.into_iter().flatten().chain(plain)
    });
    shown.extend(characters.by_ref().take(LIMIT));
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// The end of what a tool said, safe to print: its last lines, of the first of these texts that says anything.
#[must_use]
pub fn last_words(texts: [&[u8]; 2]) -> String {
    const LINES: usize = 3;
    for text in texts {
        let lines = text.rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let mut last: Vec<String> = lines.take(LINES).map(excerpt).collect();
        last.reverse();
        if !last.is_empty() {
            return last.join("; ");
        }
    }
    "it said nothing".to_owned()
}

/// Whether a terminal might obey a character, or hide it: control characters, and those that change the direction of
/// the text or hide in it.
#[must_use]
pub fn harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text with every harmful character escaped, so that a host cannot drive our terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if harmful(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}
