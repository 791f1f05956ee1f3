//! A host with or without a port, `name:2222` or `[2001:db8::1]:22`: Ansible's rules for what is an address at all.

use std::net::Ipv6Addr;

/// The host and its port, where the text is a name or an address, with ranges or without; else `None`.
pub(super) fn parse(text: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = with_port(text);
    is_address(host).then_some((host, port))
}

/// The same; what is no address is a name as a whole.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    parse(text).unwrap_or((text, None))
}

/// Cuts off `:PORT` where no other colon stands outside of brackets.
fn with_port(text: &str) -> (&str, Option<&str>) {
    let cut =
        text.rsplit_once(':').filter(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let Some((host, port)) = cut else { return (text, None) };
    if let Some(inside) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return (inside, Some(port));
    }
    if without_ranges(host).is_some_and(|plain| !plain.contains(':')) { (host, Some(port)) } else { (text, None) }
}

fn is_address(host: &str) -> bool {
    let Some(plain) = without_ranges(host) else { return false };
    is_name(&plain) || plain.parse::<Ipv6Addr>().is_ok()
}

/// The text with `0` for each range; `None` where a bracket is not part of a range.
fn without_ranges(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let (range, tail) = after.split_once(']')?;
        if before.contains(']') || !is_range(range) {
            return None;
        }
        plain.push_str(before);
        plain.push('0');
        rest = tail;
    }
    plain.push_str(rest);
    (!rest.contains(']')).then_some(plain)
}

fn is_range(range: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let letter = |text: &str| text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let bounds: Vec<&str> = range.split(':').collect();
    match bounds[..] {
        [begin, end] => (digits(begin) && digits(end)) || (letter(begin) && letter(end)),
        [begin, end, step] => {
            let fits = (digits(begin) && digits(end)) || (letter(begin) && letter(end));
            fits && !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// Labels between dots, each of letters, digits, `_` and `-`; none starts with `-` or ends with `-` or `_`.
fn is_name(plain: &str) -> bool {
    plain.split('.').all(|label| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        label.starts_with(word) && !label.ends_with(['_', '-']) && label.chars().all(|c| word(c) || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_port_is_cut_off_where_ansible_does() {
        for (text, host, port) in [
            ("web", "web", None),
            ("web:2222", "web", Some("2222")),
            ("web[1:3]", "web[1:3]", None),
            ("web[01:10:2]:22", "web[01:10:2]", Some("22")),
            ("192.0.2.1:22", "192.0.2.1", Some("22")),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]:22", "2001:db8::1", Some("22")),
            ("::1", "::1", None),
            ("a:b", "a:b", None),
            ("web_:22", "web_:22", None),
            ("web:", "web:", None),
            ("a:1:2", "a:1:2", None),
            ("größe:1", "größe", Some("1")),
        ] {
            assert_eq!(split(text), (host, port), "{text}");
        }
    }
}
