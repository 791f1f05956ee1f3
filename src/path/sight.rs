//! What the hosts of a cluster say together: who holds the virtual IP, and whether answers come back to that router.

use super::{Finding, Mode, Weight};
use std::{collections::BTreeSet, net::Ipv4Addr};

/// One host's part in a cluster, as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The play.
    pub play: String,
    /// The virtual IP.
    pub virtual_ip: Ipv4Addr,
    /// All routers of the play, by name.
    pub routers: Vec<String>,
    /// What the host is, and what was seen of it.
    pub role: Role,
}

/// A host's role in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A router with these addresses.
    Router(BTreeSet<Ipv4Addr>),
    /// A real server whose answers go by this gateway; nothing where answers need not come back to the routers, or the
    /// play itself states the gateway.
    RealServer(Option<Gateway>),
}

/// Where a real server sends what no other route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    /// To this address.
    Is(Ipv4Addr),
    /// Nowhere: no route leads to clients.
    Absent,
}

/// What the hosts' parts come to, for each host that it is told of. `seen` are the hosts that could be looked at.
#[must_use]
pub fn together(seen: &[(&str, &[Sight])]) -> Vec<(String, Finding)> {
    let mut findings: Vec<(String, Finding)> = Vec::new();
    let mut plays: Vec<&str> = Vec::new();
    for sight in seen.iter().flat_map(|(_, sights)| sights.iter()) {
        if !plays.contains(&sight.play.as_str()) {
            plays.push(&sight.play);
        }
    }
    for play in plays {
        let parts: Vec<(&str, &Sight)> = seen
            .iter()
            .flat_map(|(host, sights)| sights.iter().map(move |sight| (*host, sight)))
            .filter(|(_, sight)| sight.play == play)
            .collect();
        findings.extend(of_play(&parts));
    }
    findings
}

fn of_play(parts: &[(&str, &Sight)]) -> Vec<(String, Finding)> {
    let Some((_, first)) = parts.first() else { return Vec::new() };
    let vip = first.virtual_ip;
    let routers: Vec<(&str, &BTreeSet<Ipv4Addr>)> = parts
        .iter()
        .filter_map(|(host, sight)| match &sight.role {
            Role::Router(addresses) => Some((*host, addresses)),
            Role::RealServer(_) => None,
        })
        .collect();
    let all_seen = first.routers.iter().all(|name| routers.iter().any(|(host, _)| host == name));
    let holders: Vec<(&str, &BTreeSet<Ipv4Addr>)> =
        routers.iter().filter(|(_, addresses)| addresses.contains(&vip)).copied().collect();
    let finding = |text: String, cure: String, weight| Finding {
        play: first.play.clone(),
        mode: Mode::Control,
        weight,
        text,
        cure,
    };
    let mut all = Vec::new();
    match holders[..] {
        [] if all_seen && !routers.is_empty() => {
            let text = format!("no router holds the virtual IP {vip}, so no client gets an answer");
            let cure = "bring it up on one of them, or let keepalived or pulse do so".to_owned();
            all.push((routers[0].0.to_owned(), finding(text, cure, Weight::Lost)));
        }
        [(host, _), _, ..] => {
            let names: Vec<&str> = holders.iter().map(|(host, _)| *host).collect();
            let text = format!(
                "{} hold the virtual IP {vip} at once, so packets go now to one, now to another",
                names.join(" and ")
            );
            let cure = "take it from all but one of them, and see why each thinks the other one dead".to_owned();
            all.push((host.to_owned(), finding(text, cure, Weight::Lost)));
        }
        [(holder, addresses)] => {
            for (host, sight) in parts {
                let Role::RealServer(Some(gateway)) = sight.role else { continue };
                let elsewhere = routers
                    .iter()
                    .find(|(_, other)| matches!(gateway, Gateway::Is(gateway) if other.contains(&gateway)));
                let (is, weight) = match (gateway, elsewhere) {
                    (Gateway::Is(gateway), _) if addresses.contains(&gateway) => continue,
                    (Gateway::Is(gateway), Some((other, _))) => (
                        format!("the default gateway {gateway} is {other}, which does not hold the virtual IP"),
                        Weight::Lost,
                    ),
                    (Gateway::Is(gateway), None) => (
                        format!("the default gateway {gateway} is no address of {holder}, which holds the virtual IP"),
                        Weight::MayBeLost,
                    ),
                    (Gateway::Absent, _) => ("there is no default gateway".to_owned(), Weight::Lost),
                };
                let text = format!("{is}, so answers to clients do not go back through {holder}");
                let cure = format!(
                    "make an address of the real network that moves with the virtual IP the default gateway (nat_address in the \
                     playbook looks after it), for now one of {holder}"
                );
                all.push(((*host).to_owned(), finding(text, cure, weight)));
            }
        }
        [] => {}
    }
    all
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Gateway, Role, Sight, Weight, together};

    fn sight(role: Role) -> Vec<Sight> {
        let routers = ["lvs1", "lvs2"].map(str::to_owned).into();
        vec![Sight { play: "FTP".to_owned(), virtual_ip: "203.0.113.77".parse().unwrap(), routers, role }]
    }

    fn router(addresses: &[&str]) -> Vec<Sight> {
        sight(Role::Router(addresses.iter().map(|text| text.parse().unwrap()).collect()))
    }

    fn server(gateway: &str) -> Vec<Sight> {
        let gateway = gateway.parse().map_or(Gateway::Absent, Gateway::Is);
        sight(Role::RealServer(Some(gateway)))
    }

    fn told(seen: &[(&str, Vec<Sight>)]) -> Vec<(String, Weight)> {
        let seen: Vec<(&str, &[Sight])> = seen.iter().map(|(host, sights)| (*host, &sights[..])).collect();
        together(&seen).into_iter().map(|(host, finding)| (host, finding.weight)).collect()
    }

    #[test]
    fn one_router_holds_it_and_the_gateway() {
        let (holds, waits) = (router(&["203.0.113.77", "10.44.7.1", "10.44.7.254"]), router(&["10.44.7.2"]));
        let of = |lvs1: &Vec<Sight>, lvs2: &Vec<Sight>, gateway: &str| {
            told(&[("lvs1", lvs1.clone()), ("lvs2", lvs2.clone()), ("ftp1", server(gateway))])
        };
        assert_eq!(of(&holds, &waits, "10.44.7.254"), []);
        assert_eq!(of(&holds, &waits, "10.44.7.1"), []);
        assert_eq!(of(&holds, &waits, "10.44.7.2"), [("ftp1".to_owned(), Weight::Lost)]);
        assert_eq!(of(&holds, &waits, "10.44.7.9"), [("ftp1".to_owned(), Weight::MayBeLost)]);
        assert_eq!(of(&holds, &waits, "none"), [("ftp1".to_owned(), Weight::Lost)]);
        assert_eq!(of(&holds, &holds, "10.44.7.254"), [("lvs1".to_owned(), Weight::Lost)]);
        assert_eq!(of(&waits, &waits, "10.44.7.254"), [("lvs1".to_owned(), Weight::Lost)]);
        assert_eq!(told(&[("lvs2", waits.clone()), ("ftp1", server("10.44.7.2"))]), [], "lvs1 was not looked at");
        assert_eq!(told(&[("ftp1", server("10.44.7.2"))]), [], "no router was");
    }
}
