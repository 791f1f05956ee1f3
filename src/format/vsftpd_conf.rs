//! vsftpd.conf, every byte kept (vsftpd.conf(5), and parseconf.c where the manual is silent).

use super::{
    ipv4,
    vsftpd_options::{BOOLEANS, NUMBERS},
};

/// vsftpd reads no further.
pub const READ_LIMIT: usize = 100_000;

/// A configuration file as its lines, line ends included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VsftpdConf {
    lines: Vec<Vec<u8>>,
}

/// What kind of value an option takes, which decides how two of them compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// YES, TRUE or 1; NO, FALSE or 0; in any case.
    Boolean,
    /// An unsigned number.
    Number,
    /// An IPv4 address, for inet_aton(3).
    Address,
    /// Bytes, blanks at the end included.
    Text,
}

impl ValueKind {
    /// The kind of an option's value.
    #[must_use]
    pub fn of(key: &str) -> Self {
        match key {
            "pasv_address" | "listen_address" => Self::Address,
            _ if BOOLEANS.contains(&key) => Self::Boolean,
            _ if NUMBERS.contains(&key) => Self::Number,
            _ => Self::Text,
        }
    }

    /// Whether vsftpd takes both values for the same. A value that it would refuse equals none.
    #[must_use]
    pub fn same(self, one: &[u8], two: &[u8]) -> bool {
        match self {
            Self::Boolean => boolean(one).is_some() && boolean(one) == boolean(two),
            Self::Number => number(one) == number(two),
            Self::Address => address(one).is_some() && address(one) == address(two),
            Self::Text => one == two,
        }
    }
}

impl VsftpdConf {
    /// Splits a file into its lines. Every text is one: what vsftpd would refuse is kept as it is.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self { lines: text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect() }
    }

    /// The text, byte for byte.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        self.lines.concat()
    }

    /// The value that counts: the last one. Nothing when the option is not set.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        self.lines
            .iter()
            .rev()
            .find_map(|line| setting(line).filter(|(name, _)| *name == key.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The options whose value that counts is another in the other file, in this file's order, then in the other's.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let lines = self.lines.iter().chain(&other.lines);
        let mut keys: Vec<String> =
            lines.filter_map(|line| Some(String::from_utf8_lossy(setting(line)?.0).into_owned())).collect();
        let mut known = std::collections::HashSet::new();
        keys.retain(|key| known.insert(key.clone()) && self.value(key) != other.value(key));
        keys
    }

    /// How many lines set the option.
    #[must_use]
    pub fn count(&self, key: &str) -> usize {
        self.lines.iter().filter(|line| sets(line, key)).count()
    }

    /// Sets an option in the line that counts, or in a new last line, and drops the lines that it shadows.
    pub fn set(&mut self, key: &str, value: &str) {
        let same = self.value(key).is_some_and(|old| ValueKind::of(key).same(old, value.as_bytes()));
        let last = self.lines.iter().rposition(|line| sets(line, key));
        match last {
            Some(_) if same => {}
            Some(last) => {
                // A carriage return is harmless behind a number or an address; elsewhere it is part of the value.
                let keeps_end = matches!(ValueKind::of(key), ValueKind::Number | ValueKind::Address);
                let line = &self.lines[last];
                let end: &[u8] = if keeps_end && line.ends_with(b"\r\n") {
                    b"\r\n"
                } else if line.ends_with(b"\n") {
                    b"\n"
                } else {
                    b""
                };
                self.lines[last] = [key.as_bytes(), b"=", value.as_bytes(), end].concat();
            }
            None => {
                if let Some(line) = self.lines.last_mut().filter(|line| !line.ends_with(b"\n")) {
                    line.push(b'\n');
                }
                self.lines.push(format!("{key}={value}\n").into_bytes());
            }
        }
        let mut index = 0;
        self.lines.retain(|line| {
            index += 1;
            last.is_none_or(|last| index > last) || !sets(line, key)
        });
    }
}

fn sets(line: &[u8], key: &str) -> bool {
    setting(line).is_some_and(|(name, _)| name == key.as_bytes())
}

/// Name and value of a line that sets something. Blanks before the name are skipped; those after it are part of it.
fn setting(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    if line.starts_with(b"#") {
        return None;
    }
    let start = line.iter().position(|byte| !is_blank(*byte))?;
    let line = &line[start..];
    let equals = line.iter().position(|byte| *byte == b'=')?;
    Some((&line[..equals], &line[equals + 1..]))
}

/// isspace(3) in the C locale.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// What a boolean's text means; nothing when vsftpd would refuse it.
#[must_use]
pub fn boolean(value: &[u8]) -> Option<bool> {
    match value.to_ascii_uppercase().as_slice() {
        b"YES" | b"TRUE" | b"1" => Some(true),
        b"NO" | b"FALSE" | b"0" => Some(false),
        _ => None,
    }
}

/// What a number's text means to vsftpd: octal behind a leading 0, else atoi(3), as an unsigned 32-bit number.
#[must_use]
pub fn number(value: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(value);
    let (digits, radix) = if text.starts_with('0') { (text.as_ref(), 8) } else { (text.trim_start(), 10) };
    let (negative, digits) = match digits.strip_prefix(['-', '+']) {
        Some(rest) if radix == 10 => (digits.starts_with('-'), rest),
        _ => (false, digits),
    };
    let value = digits
        .chars()
        .map_while(|digit| digit.to_digit(radix))
        .fold(0_u32, |value, digit| value.wrapping_mul(radix).wrapping_add(digit));
    if negative { value.wrapping_neg() } else { value }
}

/// An address as inet_aton(3) reads it: blanks behind it are ignored.
fn address(value: &[u8]) -> Option<std::net::Ipv4Addr> {
    ipv4::address(std::str::from_utf8(value).ok()?.trim_end())
}

#[cfg(test)]
#[path = "vsftpd_conf_tests.rs"]
mod tests;
