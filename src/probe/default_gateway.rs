//! Where packets go that no other route takes.

use super::Answer;
use std::net::Ipv4Addr;

/// iproute2's words, or those of the older net-tools.
pub(super) fn scripts() -> Vec<String> {
    vec!["ip -4 route show default 2>/dev/null || route -n".to_owned()]
}

/// The gateway of the default route that counts, the one with the least metric. Nothing: there is none.
pub(super) fn read(answers: &[Answer]) -> Result<Option<Ipv4Addr>, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    let text = String::from_utf8_lossy(answer.output("ip")?).into_owned();
    let routes = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |key: &str| words.windows(2).find(|pair| pair[0] == key).map(|pair| pair[1]);
        match words[..] {
            ["default", ..] => Some((after("metric").and_then(|word| word.parse().ok()).unwrap_or(0), after("via")?)),
            ["0.0.0.0", gateway, "0.0.0.0", _, metric, ..] => Some((metric.parse::<u32>().ok()?, gateway)),
            _ => None,
        }
    });
    let best = routes.min_by_key(|(metric, _)| *metric);
    best.map(|(_, gateway)| gateway.parse().map_err(|_| format!("the route's gateway is not understood: {gateway}")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::{Answer, read};

    #[test]
    fn the_least_metric_counts() {
        for (text, expected) in [
            ("", None),
            ("default via 10.1.1.1 dev eth0 \n", Some("10.1.1.1")),
            ("default dev ppp0 scope link\n", None),
            (
                "default via 10.1.1.9 dev eth0 metric 100\ndefault via 10.1.1.1 dev eth1 proto dhcp metric 20\n",
                Some("10.1.1.1"),
            ),
            (
                "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n\
                 0.0.0.0         10.1.1.1        0.0.0.0         UG    0      0        0 eth0\n\
                 10.1.1.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0\n",
                Some("10.1.1.1"),
            ),
        ] {
            let found = read(&[Answer { stdout: text.into(), ..Answer::default() }]);
            assert_eq!(
                found.map(|found| found.map(|found| found.to_string())),
                Ok(expected.map(str::to_owned)),
                "{text}"
            );
        }
    }
}
