//! What may stand on ssh's command line as a host, a user or a file: nothing that ssh or a shell could take for more.

use crate::lvs::ipv4_address;
use crate::source::shown;
use std::net::Ipv6Addr;

/// The longest host name of DNS, in bytes.
const LONGEST_HOST: usize = 253;
/// Linux allows user names of 32 bytes; directories add a domain.
const LONGEST_USER: usize = 104;

/// Whether ssh can be given this as a host: a name, an IPv4 or an IPv6 address.
pub(super) fn check_host(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.starts_with('-') {
        return Err(format!("starts with `-`, so that ssh would take it for an option: {}", shown(text)));
    }
    if text.len() > LONGEST_HOST {
        return Err(format!("is longer than {LONGEST_HOST} bytes"));
    }
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    if address.parse::<Ipv6Addr>().is_ok() {
        return allowed(zone, "._-");
    }
    allowed(text, "._-")?;
    let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    if last.bytes().all(|byte| byte.is_ascii_digit()) || hexadecimal.is_some_and(is_hexadecimal) {
        return match ipv4_address(text) {
            Ok(_) => Ok(()),
            Err(why) => Err(format!("is neither a host's name nor an IPv4 address: {why}")),
        };
    }
    Ok(())
}

/// Whether ssh or sudo can be given this as a user.
pub(super) fn check_user(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.starts_with('-') {
        return Err(format!("starts with `-`, so that it would be taken for an option: {}", shown(text)));
    }
    if text.len() > LONGEST_USER {
        return Err(format!("is longer than {LONGEST_USER} bytes"));
    }
    allowed(text, "._-+@")
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn allowed(text: &str, also: &str) -> Result<(), String> {
    match text.chars().find(|c| !c.is_ascii_alphanumeric() && !also.contains(*c)) {
        None => Ok(()),
        Some(c) => Err(format!("must not hold `{c}`; letters, digits and `{also}` are allowed")),
    }
}
