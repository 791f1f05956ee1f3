//! Which names hosts and groups may have: none that could be mistaken for a path, a pattern or several lines.

use crate::format::harmful;

/// The longest name, in bytes; DNS allows 253.
pub(super) const LONGEST: usize = 253;

/// Whether a host may have this name; the error fits after the name.
pub(super) fn check_host(name: &str) -> Result<(), String> {
    if name == "all" {
        return Err("a host's name must not be `all`, which is every host's group".to_owned());
    }
    check(name, "a host's name")
}

/// Whether a group may have this name.
pub(super) fn check_group(name: &str) -> Result<(), String> {
    check(name, "a group's name")
}

fn check(name: &str, what: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{what} is empty"));
    }
    if name.len() > LONGEST {
        return Err(format!("{what} is longer than {LONGEST} bytes"));
    }
    if let Some(c) = name.chars().find(|c| c.is_whitespace() || harmful(*c)) {
        return Err(format!("{what} holds a blank or a character that is not seen (U+{:04X})", u32::from(c)));
    }
    if name == "." || name == ".." || name.contains('/') {
        return Err(format!("{what} must not be a path, as `{name}` is"));
    }
    if let Some(c) = name.chars().find(|c| "!&,*?[]{}'\"`$;|<>()\\~@#".contains(*c)) {
        return Err(format!("{what} must not hold `{c}`"));
    }
    Ok(())
}
