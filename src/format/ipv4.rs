//! IPv4 addresses and networks as iptables reads them, which is inet_aton(3), not the usual strict form.

use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `10/8`, `192.0.02.010`: host bits are cleared. A host name,
/// or a mask with holes, is not understood.
#[must_use]
pub fn network(text: &str) -> Option<Ipv4Net> {
    let (host, prefix) = match text.split_once('/') {
        None => (address(text)?, 32),
        Some((host, mask)) => (address(host)?, prefix(mask)?),
    };
    Ipv4Net::new(host, prefix).ok().map(|net| net.trunc())
}

/// An address in the forms that iptables takes: missing parts are 0 (`10` is 10.0.0.0), a leading 0 means octal.
#[must_use]
pub fn address(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > 4 {
        return None;
    }
    for (octet, part) in octets.iter_mut().zip(parts) {
        *octet = u8::try_from(number(part)?).ok()?;
    }
    Some(octets.into())
}

/// An address of four parts, which masks and the addresses of targets must have.
#[must_use]
pub fn whole_address(text: &str) -> Option<Ipv4Addr> {
    (text.split('.').count() == 4).then(|| address(text))?
}

/// A number as strtoul(3) with base 0 reads it: `21`, `0x15`, `025`.
#[must_use]
pub fn number(text: &str) -> Option<u32> {
    let (digits, radix) = if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        (hex, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        (&text[1..], 8)
    } else {
        (text, 10)
    };
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

fn prefix(mask: &str) -> Option<u8> {
    if mask.contains('.') {
        let bits = u32::from(whole_address(mask)?);
        let ones = bits.leading_ones();
        return (ones + bits.trailing_zeros() >= 32).then(|| u8::try_from(ones).ok()).flatten();
    }
    number(mask).and_then(|prefix| u8::try_from(prefix).ok()).filter(|prefix| *prefix <= 32)
}

#[cfg(test)]
mod tests {
    use super::{network, number};

    #[test]
    fn reads_what_iptables_reads() {
        let shown = |text| network(text).map(|net| net.to_string());
        assert_eq!(shown("192.0.2.1").as_deref(), Some("192.0.2.1/32"));
        assert_eq!(shown("10.1.1.5/255.255.255.0").as_deref(), Some("10.1.1.0/24"));
        assert_eq!(shown("10/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(shown("192.0.02.010").as_deref(), Some("192.0.2.8/32"));
        for odd in [
            "localhost",
            "",
            "1.2.3.4.5",
            "1.2.3.4/255.0.255.0",
            "1.2.3.4/33",
            "256.1.1.1",
            "1.2.3.4/+8",
            "1.2.3.4/255.255",
            "1.2.3.4/08",
        ] {
            assert_eq!(shown(odd), None, "{odd}");
        }
        assert_eq!(shown("10.1.255.255/024").as_deref(), Some("10.1.240.0/20"), "a prefix length has a base, too");
        assert_eq!(shown("10.1.255.255/0x18").as_deref(), Some("10.1.255.0/24"));
        assert_eq!(shown("1.2.3.4/0.0.0.0").as_deref(), Some("0.0.0.0/0"));
    }

    #[test]
    fn numbers_have_three_bases() {
        assert_eq!([number("21"), number("0X15"), number("025"), number("0")], [Some(21), Some(21), Some(21), Some(0)]);
        assert_eq!([number(""), number("0x"), number("08"), number("+1"), number("-1")], [None; 5]);
    }
}
