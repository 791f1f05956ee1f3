//! A rule as packets meet it: its conditions, and what it does with a packet that meets them all.

use super::{matching::Condition, packet::Packet, truth::Truth};
use crate::format::{
    iptables_words, ipv4,
    port_set::PortSet,
    rule::{mark_operation, port_range, port_ranges},
};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// A rule of any chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// The line, without counters: `-A CHAIN …`.
    pub text: String,
    /// Its conditions, each with whether it is negated.
    pub conditions: Vec<(bool, Condition)>,
    /// What it does.
    pub action: Action,
}

/// What a rule does with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The packet has passed this table.
    Accept,
    /// The packet is lost, told or not.
    Drop,
    /// Back to where the chain was called.
    Return,
    /// Another chain, and back.
    Jump(String),
    /// Another chain, and from there back to where this one was called.
    Goto(String),
    /// `MARK`: the bits of the mask are cleared, then the value is xored in.
    Mark(u32, u32),
    /// `CONNMARK --restore-mark`: the packet's mark becomes its connection's, as far as the mask goes.
    RestoreMark(u32),
    /// `CONNMARK --save-mark`.
    SaveMark(u32),
    /// `CONNMARK --set-mark`: value and mask.
    ConnectionMark(u32, u32),
    /// `NOTRACK`, `CT --notrack`.
    NoTrack,
    /// The destination becomes another: to these addresses and ports, where they are stated.
    Redirect(Option<Ipv4Addr>, Option<u16>),
    /// The source becomes this one; nothing is the outgoing interface's address.
    Source(Option<Ipv4Addr>),
    /// Something that lets the packet go on.
    Continue,
    /// Something that the model does not know.
    Unknown,
}

/// Targets that look at a packet, or change what no other rule asks for.
const PASSING: [&str; 21] = [
    "LOG",
    "NFLOG",
    "ULOG",
    "TRACE",
    "TCPMSS",
    "CLASSIFY",
    "CHECKSUM",
    "DSCP",
    "TOS",
    "TTL",
    "SET",
    "AUDIT",
    "TEE",
    "RATEEST",
    "IDLETIMER",
    "LED",
    "SECMARK",
    "CONNSECMARK",
    "TCPOPTSTRIP",
    "HMARK",
    "ECN",
];

/// Matches that tell one client from another, or much traffic from little.
const BY_CLIENT: [&str; 13] = [
    "limit",
    "hashlimit",
    "connlimit",
    "recent",
    "set",
    "geoip",
    "time",
    "quota",
    "connbytes",
    "statistic",
    "rateest",
    "mac",
    "asn",
];

impl PathRule {
    /// Reads `-A CHAIN …`. What it does not know is an open condition or an open action; it never fails.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line).into_owned();
        let Some(words) = iptables_words::split(line) else {
            return Self { text, conditions: vec![(false, Condition::Unknown)], action: Action::Unknown };
        };
        let words: Vec<String> = words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let mut reader = Reader { words: words.get(2..).unwrap_or_default(), conditions: Vec::new() };
        let action = reader.read();
        Self { text, conditions: reader.conditions, action }
    }

    /// Whether it takes a packet.
    #[must_use]
    pub fn takes(&self, packet: &Packet, real_network: Option<Ipv4Net>) -> Truth {
        let each = self.conditions.iter().map(|(negated, one)| one.holds(packet, real_network).negated(*negated));
        each.fold(Truth::Yes, Truth::and)
    }

    /// Every set of ports that it asks for.
    pub fn port_sets(&self) -> impl Iterator<Item = &PortSet> {
        self.conditions.iter().filter_map(|(_, one)| match one {
            Condition::DestinationPorts(ports) | Condition::SourcePorts(ports) | Condition::EitherPorts(ports) => {
                Some(ports)
            }
            _ => None,
        })
    }

    /// Whether it asks for destination ports: whoever wrote it had a service in mind.
    #[must_use]
    pub fn names_ports(&self) -> bool {
        self.conditions.iter().any(|(_, one)| matches!(one, Condition::DestinationPorts(_) | Condition::EitherPorts(_)))
    }
}

struct Reader<'a> {
    words: &'a [String],
    conditions: Vec<(bool, Condition)>,
}

impl Reader<'_> {
    fn read(&mut self) -> Action {
        let mut module = String::new();
        while let Some(word) = self.next() {
            let (negated, option) = if word == "!" { (true, self.next().unwrap_or_default()) } else { (false, word) };
            match option.as_str() {
                "-j" | "--jump" => return self.target(),
                "-g" | "--goto" => return Action::Goto(self.next().unwrap_or_default()),
                "-m" | "--match" => {
                    module = self.next().unwrap_or_default();
                    if BY_CLIENT.contains(&module.as_str()) {
                        let options = self.module_options();
                        self.conditions.push(by_client(&module, &options));
                    }
                }
                "-c" | "--set-counters" => self.words = self.words.get(2..).unwrap_or_default(),
                "--comment" => self.words = self.words.get(1..).unwrap_or_default(),
                _ => {
                    let values = self.values();
                    let condition = condition(&module, &option, &values).unwrap_or(Condition::Unknown);
                    // Of something unknown the opposite is as unknown.
                    self.conditions.push((negated && condition != Condition::Unknown, condition));
                }
            }
        }
        // A rule without a target only counts.
        Action::Continue
    }

    fn next(&mut self) -> Option<String> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first.clone())
    }

    /// The words up to the next option.
    fn values(&mut self) -> Vec<String> {
        let end = self.words.iter().position(|word| word.starts_with('-') || word == "!").unwrap_or(self.words.len());
        let (values, rest) = self.words.split_at(end);
        self.words = rest;
        values.to_vec()
    }

    /// All options of a match that is one open condition as a whole.
    fn module_options(&mut self) -> Vec<String> {
        let ends = ["-m", "--match", "-j", "--jump", "-g", "--goto"];
        let end = self.words.iter().position(|word| ends.contains(&word.as_str())).unwrap_or(self.words.len());
        let (options, rest) = self.words.split_at(end);
        self.words = rest;
        options.to_vec()
    }

    fn target(&mut self) -> Action {
        let name = self.next().unwrap_or_default();
        let options = self.words;
        let value = |wanted: &[&str]| {
            let at = options.iter().position(|word| wanted.contains(&word.as_str()))?;
            Some(options.get(at + 1).map_or("", String::as_str))
        };
        let has = |wanted: &str| options.iter().any(|word| word == wanted);
        let mask = |option: &str| value(&[option]).map_or(Some(u32::MAX), ipv4::number);
        match name.as_str() {
            "ACCEPT" => Action::Accept,
            "DROP" | "REJECT" => Action::Drop,
            "RETURN" => Action::Return,
            "NOTRACK" => Action::NoTrack,
            "CT" if has("--notrack") => Action::NoTrack,
            "CT" => Action::Continue,
            "MARK" => operation(options).map_or(Action::Unknown, |(value, mask)| Action::Mark(value, mask)),
            "CONNMARK" if has("--restore-mark") || has("--save-mark") => {
                // --mask is for both sides; two masks that differ are more than the model knows.
                let masks = [mask("--mask"), mask("--nfmask"), mask("--ctmask")];
                let differ = mask("--nfmask") != mask("--ctmask");
                match masks.into_iter().collect::<Option<Vec<u32>>>() {
                    Some(masks) if !differ && has("--restore-mark") => {
                        Action::RestoreMark(masks.iter().fold(u32::MAX, |all, mask| all & mask))
                    }
                    Some(masks) if !differ => Action::SaveMark(masks.iter().fold(u32::MAX, |all, mask| all & mask)),
                    _ => Action::Unknown,
                }
            }
            "CONNMARK" => {
                operation(options).map_or(Action::Unknown, |(value, mask)| Action::ConnectionMark(value, mask))
            }
            "DNAT" | "REDIRECT" | "TPROXY" => {
                let target = value(&["--to-destination", "--to-ports", "--on-ip", "--on-port"]).unwrap_or_default();
                let (address, port) = match (name.as_str(), target.split_once(':')) {
                    ("DNAT", Some((address, port))) => (address.parse().ok(), port.parse().ok()),
                    ("DNAT", None) => (target.parse().ok(), None),
                    _ => (None, target.parse().ok()),
                };
                Action::Redirect(address, port)
            }
            "SNAT" => {
                Action::Source(value(&["--to-source"]).and_then(|text| text.split([':', '-']).next()?.parse().ok()))
            }
            "MASQUERADE" => Action::Source(None),
            passing if PASSING.contains(&passing) => Action::Continue,
            "" => Action::Continue,
            // A name in capitals may be a target of a module, but a chain's name is looked for first.
            other => Action::Jump(other.to_owned()),
        }
    }
}

/// A match of [`BY_CLIENT`], and whether it is negated. `recent --set` notes a packet and holds of each.
fn by_client(module: &str, options: &[String]) -> (bool, Condition) {
    let negated = options.iter().any(|word| word == "!");
    let has = |wanted: &str| options.iter().any(|word| word == wanted);
    let condition = match module {
        "recent" if has("--set") => Condition::Protocol(0),
        "limit" | "quota" => Condition::Usually,
        "hashlimit" | "connlimit" if !options.iter().any(|word| word.ends_with("-above")) => Condition::Usually,
        _ => Condition::SomeClients,
    };
    (negated, condition)
}

fn operation(options: &[String]) -> Option<(u32, u32)> {
    let [option, value, ..] = options else { return None };
    mark_operation(option.as_bytes(), value)
}

/// One option with its values.
fn condition(module: &str, option: &str, values: &[String]) -> Option<Condition> {
    let [first, rest @ ..] = values else {
        return (option == "--syn").then(|| Condition::Flags(list("FIN,SYN,RST,ACK"), list("SYN")));
    };
    Some(match option {
        "-s" | "--source" | "--src" => Condition::Source(ipv4::network(first)?),
        "-d" | "--destination" | "--dst" => Condition::Destination(ipv4::network(first)?),
        "-p" | "--protocol" | "--proto" => Condition::Protocol(protocol(first)?),
        "-i" | "--in-interface" => Condition::Input(first.clone()),
        "-o" | "--out-interface" => Condition::Output(first.clone()),
        "--sport" | "--source-port" => Condition::SourcePorts(port_range(first)?),
        "--dport" | "--destination-port" => Condition::DestinationPorts(port_range(first)?),
        "--sports" | "--source-ports" => Condition::SourcePorts(port_ranges(first)?),
        "--dports" | "--destination-ports" => Condition::DestinationPorts(port_ranges(first)?),
        "--ports" => Condition::EitherPorts(port_ranges(first)?),
        "--tcp-flags" => Condition::Flags(flags(first), flags(rest.first()?)),
        "--ctstate" | "--state" => Condition::State(states(first)?),
        "--mark" if module == "connmark" => {
            masked(first).map(|(value, mask)| Condition::ConnectionMark(value, mask))?
        }
        "--mark" if module == "mark" => masked(first).map(|(value, mask)| Condition::Mark(value, mask))?,
        "--dst-type" => Condition::DestinationType(list(first)),
        "--src-type" => Condition::SourceType(list(first)),
        "--src-range" => first
            .split_once('-')
            .map(|(low, high)| Some(Condition::SourceRange(low.parse().ok()?, high.parse().ok()?)))??,
        "--dst-range" => first
            .split_once('-')
            .map(|(low, high)| Some(Condition::DestinationRange(low.parse().ok()?, high.parse().ok()?)))??,
        "--icmp-type" => Condition::Protocol(1),
        _ => return None,
    })
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

fn flags(text: &str) -> Vec<String> {
    match text {
        "ALL" => list("FIN,SYN,RST,PSH,ACK,URG"),
        "NONE" => Vec::new(),
        some => list(some),
    }
}

/// NEW, ESTABLISHED, INVALID, UNTRACKED; RELATED, SNAT and DNAT are no state of FTP's own packets here, but SNAT and DNAT
/// would need more than a packet's state.
fn states(text: &str) -> Option<Vec<String>> {
    let words = list(text);
    (!words.iter().any(|word| word == "SNAT" || word == "DNAT")).then_some(words)
}

fn protocol(text: &str) -> Option<u8> {
    Some(match text.to_ascii_lowercase().as_str() {
        "all" => 0,
        "icmp" => 1,
        "igmp" => 2,
        "ipencap" | "ipip" | "ipv4" => 4,
        "tcp" => 6,
        "udp" => 17,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "vrrp" => 112,
        "sctp" => 132,
        "udplite" => 136,
        number => number.parse().ok()?,
    })
}

fn masked(text: &str) -> Option<(u32, u32)> {
    match text.split_once('/') {
        None => Some((ipv4::number(text)?, u32::MAX)),
        Some((value, mask)) => Some((ipv4::number(value)?, ipv4::number(mask)?)),
    }
}
