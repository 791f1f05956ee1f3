//! The host's IPv4 addresses: they tell which router holds a virtual IP.

use super::Answer;
use std::{collections::BTreeSet, net::Ipv4Addr};

/// iproute2's words, or those of the older net-tools.
pub(super) fn scripts() -> Vec<String> {
    vec!["ip -4 -o addr show 2>/dev/null || ifconfig -a".to_owned()]
}

pub(super) fn read(answers: &[Answer]) -> Result<BTreeSet<Ipv4Addr>, String> {
    Ok(devices(answers)?.into_iter().map(|(_, address)| address).collect())
}

/// Each address with its device. ifconfig names that at the beginning of a line, with an alias behind a colon.
pub(super) fn devices(answers: &[Answer]) -> Result<Vec<(String, Ipv4Addr)>, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    let text = String::from_utf8_lossy(answer.output("ip")?).into_owned();
    let (mut device, mut all) = (String::new(), Vec::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let named = match words[..] {
            [number, name, ..] if number.trim_end_matches(':').parse::<u32>().is_ok() => Some(name),
            [name, ..] if !line.starts_with([' ', '\t']) => Some(name),
            _ => None,
        };
        if let Some(name) = named {
            name.split(':').next().unwrap_or(name).clone_into(&mut device);
        }
        let addresses = words.windows(2).filter(|pair| pair[0] == "inet").filter_map(|pair| address(pair[1]));
        all.extend(addresses.map(|address| (device.clone(), address)));
    }
    Ok(all)
}

/// `192.0.2.2/24`, `192.0.2.2`, or `addr:192.0.2.2`.
fn address(word: &str) -> Option<Ipv4Addr> {
    let word = word.strip_prefix("addr:").unwrap_or(word);
    word.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Answer, devices, read};

    #[test]
    fn in_the_words_of_three_tools() {
        for text in [
            "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever\n2: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\\   valid_lft forever\n",
            "eth0: flags=4163<UP>  mtu 1500\n        inet 192.0.2.2  netmask 255.255.255.0  broadcast 192.0.2.255\nlo: flags=73<UP>\n        inet 127.0.0.1  netmask 255.0.0.0\n        inet6 ::1  prefixlen 128\n",
            "eth0      Link encap:Ethernet\n          inet addr:192.0.2.2  Bcast:192.0.2.255  Mask:255.255.255.0\nlo        Link encap:Local Loopback\n          inet addr:127.0.0.1  Mask:255.0.0.0\n",
        ] {
            let found = read(&[Answer { stdout: text.into(), ..Answer::default() }]).unwrap_or_default();
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1", "192.0.2.2"], "{text}");
            let mut on = devices(&[Answer { stdout: text.into(), ..Answer::default() }]).unwrap_or_default();
            on.sort();
            let on: Vec<String> = on.iter().map(|(device, address)| format!("{device} {address}")).collect();
            assert_eq!(on, ["eth0 192.0.2.2", "lo 127.0.0.1"], "{text}");
        }
        assert!(read(&[Answer { status: 127, ..Answer::default() }]).is_err());
    }
}
