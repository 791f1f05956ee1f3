//! A file of kernel parameters, every byte kept (sysctl.conf(5)).

/// The value of the last line that sets one of these keys, which are names of one parameter.
#[must_use]
pub fn value(text: &[u8], keys: &[&str]) -> Option<Vec<u8>> {
    lines(text)
        .rev()
        .find_map(|line| setting(line).filter(|(key, _)| is_one(key, keys)).map(|(_, value)| value.to_vec()))
}

/// The text with this value: in the line that counts, or in a new last line under the first key's name.
#[must_use]
pub fn with(text: &[u8], keys: &[&str], value: &str) -> Vec<u8> {
    let mut all: Vec<Vec<u8>> = lines(text).map(<[u8]>::to_vec).collect();
    let last = all.iter().rposition(|line| setting(line).is_some_and(|(key, _)| is_one(key, keys)));
    if let Some(last) = last {
        let line = &all[last];
        let equals = line.iter().position(|byte| *byte == b'=').unwrap_or(0);
        let blank: &[u8] = if line.get(equals + 1) == Some(&b' ') { b" " } else { b"" };
        let end: &[u8] = if line.ends_with(b"\n") { b"\n" } else { b"" };
        all[last] = [&line[..=equals], blank, value.as_bytes(), end].concat();
        return all.concat();
    }
    if let Some(line) = all.last_mut().filter(|line| !line.ends_with(b"\n")) {
        line.push(b'\n');
    }
    all.push(format!("{} = {value}\n", keys.first().copied().unwrap_or_default()).into_bytes());
    all.concat()
}

/// The text without any line that sets one of these keys.
#[must_use]
pub fn without(text: &[u8], keys: &[&str]) -> Vec<u8> {
    lines(text).filter(|line| setting(line).is_none_or(|(key, _)| !is_one(key, keys))).flatten().copied().collect()
}

fn lines(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// Key and value of a line; a leading `-` only silences errors.
fn setting(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    if matches!(line.first(), None | Some(b'#' | b';')) {
        return None;
    }
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let key = line[..equals].trim_ascii();
    Some((key.strip_prefix(b"-").unwrap_or(key).trim_ascii(), line[equals + 1..].trim_ascii()))
}

/// A parameter's name with dots only: slashes may stand for them.
#[must_use]
pub fn dotted(name: &str) -> String {
    name.replace('/', ".")
}

fn is_one(key: &[u8], keys: &[&str]) -> bool {
    std::str::from_utf8(key).is_ok_and(|key| keys.iter().any(|known| dotted(known) == dotted(key)))
}

#[cfg(test)]
mod tests {
    use super::{value, with};

    const KEYS: [&str; 2] = ["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"];

    #[track_caller]
    fn check(before: &str, after: &str) {
        let text = with(before.as_bytes(), &KEYS, "1");
        assert_eq!(String::from_utf8_lossy(&text), after);
        assert_eq!(value(&text, &KEYS).as_deref(), Some(&b"1"[..]));
        assert_eq!(with(&text, &KEYS, "1"), text);
    }

    #[test]
    fn the_line_that_counts_is_edited_in_place() {
        check("", "net.ipv4.ip_forward = 1\n");
        check("# x\nnet.ipv4.ip_forward=0\nkernel.x = 1", "# x\nnet.ipv4.ip_forward=1\nkernel.x = 1");
        check(
            "net.ipv4.ip_forward = 1\n-net/ipv4/conf/all/forwarding = 0",
            "net.ipv4.ip_forward = 1\n-net/ipv4/conf/all/forwarding = 1",
        );
        check(
            "#net.ipv4.ip_forward = 0\n;net.ipv4.ip_forward=0",
            "#net.ipv4.ip_forward = 0\n;net.ipv4.ip_forward=0\nnet.ipv4.ip_forward = 1\n",
        );
    }
}
