//! Measured losses, each with a twin that works: rules of a router, and what becomes of each mode.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{Cause, Mode, Router, Service, Tables, Verdict};
use crate::{
    format::iptables_save::IptablesSave,
    lvs::{ActiveNat, ForwardingMethod},
};

pub(super) fn service() -> Service {
    Service {
        virtual_ip: "203.0.113.77".parse().unwrap(),
        control_port: 21,
        passive_ports: (10000, 20000),
        mark: 21,
        forwarding: ForwardingMethod::Nat,
        network: Some("10.44.7.0/24".parse().unwrap()),
        real_servers: ["10.44.7.11", "10.44.7.12", "10.44.7.13"].map(|text| text.parse().unwrap()).into(),
        active_nat: ActiveNat::Masquerade,
    }
}

/// A router's own rules, with others: `table -A CHAIN …`, `table -I CHAIN …` or `table -P CHAIN POLICY`.
pub(super) fn dump(others: &[&str]) -> IptablesSave {
    let mut rules = vec![
        "mangle -A PREROUTING -d 203.0.113.77/32 -p tcp -m tcp --dport 21 -j MARK --set-xmark 0x15/0xffffffff",
        "mangle -A PREROUTING -d 203.0.113.77/32 -p tcp -m tcp --dport 10000:20000 -j MARK --set-xmark 0x15/0xffffffff",
        "nat -A POSTROUTING -s 10.44.7.0/24 -p tcp -m tcp --sport 20 -j MASQUERADE",
    ];
    let (first, last): (Vec<&str>, Vec<&str>) = others.iter().partition(|rule| rule.contains(" -I "));
    rules = first.into_iter().rev().chain(rules).chain(last).collect();
    let mut text = String::new();
    for (table, chains) in crate::format::filter_rule::CHAINS {
        text.push_str(&format!("*{table}\n"));
        for chain in chains {
            let policy = rules.iter().find_map(|rule| rule.strip_prefix(&format!("{table} -P {chain} ")));
            text.push_str(&format!(":{chain} {} [0:0]\n", policy.unwrap_or("ACCEPT")));
        }
        for rule in &rules {
            if let Some(chain) = rule.strip_prefix(&format!("{table} -N ")) {
                text.push_str(&format!(":{chain} - [0:0]\n"));
            }
        }
        for rule in &rules {
            match rule.strip_prefix(&format!("{table} ")) {
                Some(rule) if rule.starts_with("-A ") || rule.starts_with("-I ") => {
                    text.push_str(&format!("-A {}\n", &rule[3..]));
                }
                _ => {}
            }
        }
        text.push_str("COMMIT\n");
    }
    IptablesSave::parse(text.into()).unwrap()
}

/// What becomes of the three modes: `passes`, or how they are lost.
fn modes(others: &[&str], ipvs_conntrack: bool, service: &Service) -> [String; 3] {
    let dump = dump(others);
    let router = Router {
        backends: vec![Tables::of(&dump)],
        ipvs_conntrack,
        outer: vec!["eth0".to_owned()],
        inner: vec!["eth1".to_owned()],
        not_forwarding: Vec::new(),
    };
    let fates = router.fates(service);
    Mode::ALL.map(|mode| {
        let mine = fates.iter().filter(|fate| fate.sort.mode() == mode);
        let mut told: Vec<String> = mine.filter_map(|fate| told(&fate.verdict, fate)).collect();
        told.dedup();
        if told.is_empty() { "passes".to_owned() } else { told.join("; ") }
    })
}

fn told(verdict: &Verdict, fate: &super::Fate) -> Option<String> {
    let ports = if fate.sort == super::Sort::ToRange { format!(" {}", fate.ports) } else { String::new() };
    match verdict {
        Verdict::Passes => None,
        Verdict::Lost(loss) => Some(format!("lost {} {:?}{ports}", loss.hook, loss.why)),
        Verdict::CannotTell { loss, usually_passes, .. } => {
            let news = if verdict.is_news() { "?" } else { "quiet" };
            Some(format!("{news} {} {usually_passes}{ports}", loss.hook))
        }
    }
}

/// Rules, whether `net.ipv4.vs.conntrack` is on, and what becomes of control, passive, active.
const CASES: &[(&str, &[&str], bool, [&str; 3])] = &[
    ("nothing else", &[], false, ["passes", "passes", "passes"]),
    ("nothing else, conntrack", &[], true, ["passes", "passes", "passes"]),
    // forward-policy-drop
    (
        "forward-policy-drop",
        &["filter -P FORWARD DROP"],
        false,
        ["lost FORWARD Dropped", "lost FORWARD Dropped", "lost FORWARD Dropped"],
    ),
    (
        "forward lets the network through",
        &[
            "filter -P FORWARD DROP",
            "filter -A FORWARD -s 10.44.7.0/24 -j ACCEPT",
            "filter -A FORWARD -d 10.44.7.0/24 -j ACCEPT",
        ],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "forward by interfaces, negated",
        &["filter -P FORWARD DROP", "filter -A FORWARD ! -i eth0 -j ACCEPT", "filter -A FORWARD -o eth+ -j ACCEPT"],
        false,
        ["passes", "passes", "passes"],
    ),
    // forward-invalid-drop
    (
        "forward-invalid-drop",
        &["filter -A FORWARD -m conntrack --ctstate INVALID -j DROP"],
        false,
        ["lost FORWARD ConntrackOff", "lost FORWARD ConntrackOff", "passes"],
    ),
    (
        "forward-invalid-drop with conntrack",
        &["filter -A FORWARD -m conntrack --ctstate INVALID -j DROP"],
        true,
        ["passes", "passes", "passes"],
    ),
    (
        "established only",
        &[
            "filter -P FORWARD DROP",
            "filter -A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT",
            "filter -A FORWARD -s 10.44.7.0/24 -p tcp -m tcp --sport 20 -j ACCEPT",
        ],
        false,
        ["lost FORWARD ConntrackOff", "lost FORWARD ConntrackOff", "passes"],
    ),
    (
        "established only, with conntrack",
        &[
            "filter -P FORWARD DROP",
            "filter -A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT",
            "filter -A FORWARD -s 10.44.7.0/24 -p tcp -m tcp --sport 20 -j ACCEPT",
        ],
        true,
        ["passes", "passes", "passes"],
    ),
    // output-drop
    (
        "output-drop",
        &["filter -A OUTPUT -o eth1 -p tcp -m tcp --dport 1024:65535 -j DROP"],
        false,
        ["passes", "lost OUTPUT Dropped 10000:20000", "passes"],
    ),
    (
        "output-drop elsewhere",
        &["filter -A OUTPUT -o eth0 -p tcp -m tcp --dport 1024:65535 -j DROP"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "output drops a part of the range",
        &["filter -A OUTPUT -o eth1 -p tcp -m tcp --dport 15000:15999 -j DROP"],
        false,
        ["passes", "lost OUTPUT Dropped 15000:15999", "passes"],
    ),
    // connmark-restore
    (
        "connmark-restore",
        &["mangle -A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff"],
        false,
        ["lost PREROUTING NotMarked", "lost PREROUTING NotMarked 10000:20000", "passes"],
    ),
    (
        "connmark-restore of what is established",
        &[
            "mangle -A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff",
        ],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "connmark-restore before ours",
        &["mangle -I PREROUTING -j CONNMARK --restore-mark"],
        false,
        ["passes", "passes", "passes"],
    ),
    // mangle-accept-before
    (
        "mangle-accept-before",
        &["mangle -I PREROUTING -d 203.0.113.0/24 -p tcp -j ACCEPT"],
        false,
        ["lost PREROUTING NotMarked", "lost PREROUTING NotMarked 10000:20000", "passes"],
    ),
    (
        "mangle accepts somebody else's",
        &["mangle -I PREROUTING -d 203.0.113.78/32 -p tcp -j ACCEPT", "mangle -I PREROUTING -p udp -j ACCEPT"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "mangle returns before ours",
        &["mangle -I PREROUTING -p tcp -m tcp --dport 21 -j RETURN"],
        false,
        ["lost PREROUTING NotMarked", "passes", "passes"],
    ),
    (
        "mangle has a chain that comes back",
        &[
            "mangle -N THEIRS",
            "mangle -I PREROUTING -j THEIRS",
            "mangle -A THEIRS -p tcp -j RETURN",
            "mangle -A THEIRS -j ACCEPT",
        ],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "mangle goes to a chain that does not come back",
        &["mangle -N THEIRS", "mangle -I PREROUTING -p tcp -g THEIRS", "mangle -A THEIRS -p udp -j ACCEPT"],
        false,
        ["lost PREROUTING NotMarked", "lost PREROUTING NotMarked 10000:20000", "passes"],
    ),
    // mangle-mark-after
    (
        "mangle-mark-after",
        &["mangle -A PREROUTING -i eth0 -p tcp -m tcp --dport 1024:65535 -j MARK --set-xmark 0x7/0xffffffff"],
        false,
        ["passes", "lost PREROUTING NotMarked 10000:20000", "passes"],
    ),
    (
        "mangle marks other bits of another interface",
        &["mangle -A PREROUTING -i eth2 -p tcp -j MARK --set-xmark 0x7/0xffffffff"],
        false,
        ["passes", "passes", "passes"],
    ),
    // nat-accept-before
    (
        "nat-accept-before",
        &["nat -I POSTROUTING -s 10.44.7.0/24 -o eth0 -j ACCEPT"],
        false,
        ["passes", "passes", "lost POSTROUTING NotRewritten"],
    ),
    (
        "nat accepts what goes to another network",
        &["nat -I POSTROUTING -s 10.44.7.0/24 -o eth2 -j ACCEPT"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "nat masquerades all of the network before",
        &["nat -I POSTROUTING -s 10.44.7.0/24 -o eth0 -j MASQUERADE"],
        false,
        ["passes", "passes", "passes"],
    ),
    // dnat-left-over
    (
        "dnat-left-over",
        &["nat -A PREROUTING -d 203.0.113.77/32 -p tcp -m tcp --dport 21 -j DNAT --to-destination 10.44.7.12:21"],
        false,
        ["lost PREROUTING Redirected", "passes", "passes"],
    ),
    (
        "dnat of another port",
        &["nat -A PREROUTING -d 203.0.113.77/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.44.7.12:80"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "redirect to a proxy of the router",
        &["nat -A PREROUTING -p tcp -m tcp --dport 21 -j REDIRECT --to-ports 2121"],
        false,
        ["lost PREROUTING Redirected", "passes", "passes"],
    ),
    // conntrack-helper, notrack
    (
        "conntrack-helper",
        &["raw -A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "notrack of the control port",
        &["raw -A PREROUTING -p tcp -m tcp --dport 21 -j CT --notrack"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "notrack of the real servers",
        &["raw -A PREROUTING -s 10.44.7.0/24 -j NOTRACK"],
        false,
        ["passes", "passes", "lost POSTROUTING NotTracked"],
    ),
    // A MASQUERADE on the inner interface.
    (
        "masquerade inside, conntrack off",
        &["nat -A POSTROUTING -o eth1 -j MASQUERADE"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "masquerade inside, conntrack on",
        &["nat -A POSTROUTING -o eth1 -j MASQUERADE"],
        true,
        ["lost POSTROUTING Masked", "lost POSTROUTING Masked 10000:20000", "passes"],
    ),
    // INPUT.
    (
        "input lets the range in by multiport",
        &["filter -P INPUT DROP", "filter -A INPUT -p tcp -m multiport --dports 21,10000:20000 -j ACCEPT"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "input lets the mark in",
        &["filter -P INPUT DROP", "filter -A INPUT -m mark --mark 0x15 -j ACCEPT"],
        false,
        ["passes", "passes", "passes"],
    ),
    (
        "input lets the control port in alone",
        &["filter -P INPUT DROP", "filter -A INPUT -p tcp -m tcp --dport 21 -j ACCEPT"],
        false,
        ["passes", "lost INPUT Dropped 10000:20000", "passes"],
    ),
    (
        "input by a user's chain, and what is established",
        &[
            "filter -P INPUT DROP",
            "filter -N FTP",
            "filter -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "filter -A INPUT -d 203.0.113.77/32 -j FTP",
            "filter -A FTP -p tcp -m tcp --dport 21 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT",
            "filter -A FTP -p tcp -m tcp --dport 10000:20000 -m conntrack --ctstate NEW -j ACCEPT",
        ],
        true,
        ["passes", "passes", "passes"],
    ),
    (
        "the same without conntrack for IPVS",
        &[
            "filter -P INPUT DROP",
            "filter -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "filter -A INPUT -p tcp -m multiport --dports 21,10000:20000 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT",
        ],
        false,
        ["lost INPUT ConntrackOff", "lost INPUT ConntrackOff 10000:20000", "passes"],
    ),
    // What was written to tell clients apart is no news.
    (
        "bans and limits",
        &[
            "filter -N f2b",
            "filter -A INPUT -p tcp -m multiport --dports 21 -j f2b",
            "filter -A f2b -s 198.51.100.7/32 -j REJECT --reject-with icmp-port-unreachable",
            "filter -A f2b -j RETURN",
            "filter -A INPUT -p tcp -m connlimit --connlimit-above 50 --connlimit-mask 32 --connlimit-saddr -j REJECT",
            "filter -A INPUT -m set --match-set banned src -j DROP",
            "filter -A INPUT -m limit --limit 5/min -j LOG",
        ],
        false,
        ["quiet INPUT true", "quiet INPUT true 10000:20000", "passes"],
    ),
    (
        "only some clients may log in",
        &[
            "filter -P INPUT DROP",
            "filter -A INPUT -s 198.51.100.0/24 -p tcp -m multiport --dports 21,10000:20000 -j ACCEPT",
        ],
        false,
        ["quiet INPUT false", "quiet INPUT false 10000:20000", "passes"],
    ),
    (
        "only an administrator's network comes in",
        &["filter -P INPUT DROP", "filter -A INPUT -s 198.51.100.0/24 -j ACCEPT"],
        false,
        ["? INPUT false", "? INPUT false 10000:20000", "passes"],
    ),
    (
        "a match that nobody knows",
        &["filter -A INPUT -p tcp -m u32 --u32 \"0x0&0xff=0x1\" -j DROP"],
        false,
        ["? INPUT true", "? INPUT true 10000:20000", "passes"],
    ),
    (
        "a target that nobody knows",
        &["filter -A INPUT -p tcp -m tcp --dport 21 -j NFQUEUE --queue-num 0"],
        false,
        ["? INPUT false", "passes", "passes"],
    ),
];

#[test]
fn what_is_lost_and_its_healthy_twin() {
    let mut wrong = Vec::new();
    for (name, rules, conntrack, expected) in CASES {
        let found = modes(rules, *conntrack, &service());
        if found != *expected {
            wrong.push(format!("{name}:\n  found    {found:?}\n  expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// With direct routing and tunnels answers go past the routers, and so does active data.
#[test]
fn direct_and_tunnel_have_other_packets() {
    for forwarding in [ForwardingMethod::Direct, ForwardingMethod::Tunnel] {
        let service = Service { forwarding, network: None, active_nat: ActiveNat::None, ..service() };
        let data =
            "mangle -A PREROUTING -d 203.0.113.77/32 -p tcp -m tcp --dport 20 -j MARK --set-xmark 0x15/0xffffffff";
        assert_eq!(modes(&[data, "filter -P FORWARD DROP"], false, &service), ["passes"; 3]);
        let drops = modes(&[data, "filter -P OUTPUT DROP"], false, &service);
        assert_eq!(drops, ["lost OUTPUT Dropped", "lost OUTPUT Dropped 10000:20000", "lost OUTPUT Dropped"]);
    }
}

/// An interface that does not forward loses what comes in by it.
#[test]
fn each_interface_forwards_or_not() {
    let dump = dump(&[]);
    for (dead, expected) in [("eth1", [true, true, true]), ("eth0", [false, false, true]), ("eth2", [false; 3])] {
        let router = Router {
            backends: vec![Tables::of(&dump)],
            ipvs_conntrack: false,
            outer: vec!["eth0".to_owned()],
            inner: vec!["eth1".to_owned()],
            not_forwarding: vec![dead.to_owned()],
        };
        let fates = router.fates(&service());
        let lost = Mode::ALL.map(|mode| {
            fates.iter().any(|fate| {
                fate.sort.mode() == mode
                    && matches!(&fate.verdict, Verdict::Lost(loss) if loss.why == Cause::NotForwarded)
            })
        });
        assert_eq!(lost, expected, "{dead}");
    }
}
