//! One condition of a rule, and whether it holds of a packet (iptables-extensions(8)).

use super::{
    packet::{Address, Packet, Protocol},
    truth::{Truth, share},
};
use crate::format::port_set::PortSet;
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// A condition, without its negation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `-p`: a number of /etc/protocols.
    Protocol(u8),
    /// `-s`.
    Source(Ipv4Net),
    /// `-d`.
    Destination(Ipv4Net),
    /// `-m iprange --src-range`, both ends included.
    SourceRange(Ipv4Addr, Ipv4Addr),
    /// `-m iprange --dst-range`.
    DestinationRange(Ipv4Addr, Ipv4Addr),
    /// `-i`; a `+` at the end stands for any rest.
    Input(String),
    /// `-o`.
    Output(String),
    /// `--sport`, `--sports`.
    SourcePorts(PortSet),
    /// `--dport`, `--dports`.
    DestinationPorts(PortSet),
    /// `--ports`: either.
    EitherPorts(PortSet),
    /// `--tcp-flags`: of the first, just the second are set.
    Flags(Vec<String>, Vec<String>),
    /// `--ctstate`, `--state`: one of these.
    State(Vec<String>),
    /// `-m mark --mark`: value and mask.
    Mark(u32, u32),
    /// `-m connmark --mark`: value and mask.
    ConnectionMark(u32, u32),
    /// `-m addrtype --dst-type`: one of these.
    DestinationType(Vec<String>),
    /// `-m addrtype --src-type`: one of these.
    SourceType(Vec<String>),
    /// Something that tells one client from another, or much from little: `limit`, `set`, `recent`, …
    SomeClients,
    /// The same, which holds unless there is too much of something: `limit`, `quota`, …
    Usually,
    /// Something that the model does not know.
    Unknown,
}

impl Condition {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, packet: &Packet, real_network: Option<Ipv4Net>) -> Truth {
        match self {
            Self::Protocol(number) => Truth::from(*number == 0 || *number == packet.protocol.number()),
            Self::Source(network) => within(&packet.source, *network, real_network),
            Self::Destination(network) => within(&packet.destination, *network, real_network),
            Self::SourceRange(low, high) => between(&packet.source, *low, *high),
            Self::DestinationRange(low, high) => between(&packet.destination, *low, *high),
            Self::Input(name) => named(&packet.input, name),
            Self::Output(name) => named(&packet.output, name),
            Self::SourcePorts(ports) => ports_in(packet, &packet.source_ports, ports),
            Self::DestinationPorts(ports) => ports_in(packet, &packet.destination_ports, ports),
            Self::EitherPorts(ports) => {
                let neither = ports_in(packet, &packet.source_ports, ports)
                    .not()
                    .and(ports_in(packet, &packet.destination_ports, ports).not());
                neither.not()
            }
            Self::Flags(looked_at, set) => {
                let is_set = |flag: &String| packet.moment.flags().contains(&flag.as_str());
                let fits = looked_at.iter().all(|flag| is_set(flag) == set.contains(flag));
                Truth::from(packet.protocol == Protocol::Tcp && fits)
            }
            Self::State(words) => Truth::from(words.iter().any(|word| word == packet.state.word())),
            Self::Mark(value, mask) => marked(packet.mark, *value, *mask),
            Self::ConnectionMark(value, mask) => marked(packet.connection_mark, *value, *mask),
            Self::DestinationType(words) => {
                let is = if packet.to_this_host { "LOCAL" } else { "UNICAST" };
                Truth::from(words.iter().any(|word| word == is))
            }
            Self::SourceType(words) => {
                let is = if packet.input.is_empty() && packet.source != Address::Client { "LOCAL" } else { "UNICAST" };
                Truth::from(words.iter().any(|word| word == is))
            }
            Self::SomeClients => Truth::SOME_CLIENTS,
            Self::Usually => Truth::SOME_CLIENTS.not(),
            Self::Unknown => Truth::UNKNOWN,
        }
    }
}

impl Protocol {
    const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::IpIp => 4,
        }
    }
}

/// A client is in no network of the real servers; of every other network some clients may be.
fn within(address: &Address, network: Ipv4Net, real_network: Option<Ipv4Net>) -> Truth {
    match address {
        _ if network.prefix_len() == 0 => Truth::Yes,
        Address::Client if real_network.is_some_and(|real| real.contains(&network)) => Truth::No,
        Address::Client => Truth::SOME_CLIENTS,
        Address::OneOf(all) => share(all.len(), all.iter().filter(|address| network.contains(*address)).count()),
    }
}

fn between(address: &Address, low: Ipv4Addr, high: Ipv4Addr) -> Truth {
    match address {
        Address::Client if low.is_unspecified() && high.is_broadcast() => Truth::Yes,
        Address::Client => Truth::SOME_CLIENTS,
        Address::OneOf(all) => share(all.len(), all.iter().filter(|address| (low..=high).contains(*address)).count()),
    }
}

/// A packet without an interface has the empty name, which only `+` is for.
fn named(interfaces: &[String], name: &str) -> Truth {
    let is = |interface: &str| match name.strip_suffix('+') {
        Some(begin) => interface.starts_with(begin),
        None => interface == name,
    };
    match interfaces {
        [] => Truth::from(is("")),
        all => share(all.len(), all.iter().filter(|interface| is(interface)).count()),
    }
}

fn ports_in(packet: &Packet, has: &PortSet, asked: &PortSet) -> Truth {
    if packet.protocol != Protocol::Tcp || !has.overlaps(asked) {
        Truth::No
    } else if has.is_subset(asked) {
        Truth::Yes
    } else {
        Truth::UNKNOWN
    }
}

fn marked(mark: Option<u32>, value: u32, bits: u32) -> Truth {
    mark.map_or(Truth::UNKNOWN, |mark| Truth::from(mark & bits == value))
}
