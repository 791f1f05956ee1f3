//! One packet on its way, as far as rules ask about it. What rules ask and nobody can know of every client is left open.

use crate::format::port_set::PortSet;
use std::net::Ipv4Addr;

/// A packet. All values are those of this moment: a hook that rewrites them makes another packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its protocol.
    pub protocol: Protocol,
    /// Where it comes from.
    pub source: Address,
    /// Where it goes to.
    pub destination: Address,
    /// The source ports that it may have.
    pub source_ports: PortSet,
    /// The destination ports that it may have.
    pub destination_ports: PortSet,
    /// The interfaces that it may have come in by; none where it starts on this host.
    pub input: Vec<String>,
    /// The interfaces that it may leave by; none before the host has looked for a route, or where it stays.
    pub output: Vec<String>,
    /// Its place in its connection.
    pub moment: Moment,
    /// What conntrack says of it.
    pub state: State,
    /// Its firewall mark; nothing where it cannot be told.
    pub mark: Option<u32>,
    /// Its connection's mark; nothing where it cannot be told.
    pub connection_mark: Option<u32>,
    /// Whether its destination is an address of this host.
    pub to_this_host: bool,
}

/// The protocols of FTP's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TCP, protocol 6.
    Tcp,
    /// A packet within a packet, protocol 4.
    IpIp,
}

/// One end of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Some client, anywhere but on the routers and in the real servers' network.
    Client,
    /// One of these.
    OneOf(Vec<Ipv4Addr>),
}

/// A packet's place in its connection: rules ask for its TCP flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// SYN.
    First,
    /// SYN and ACK: the answer to the first.
    FirstAnswer,
    /// ACK, with or without data.
    Later,
    /// FIN and ACK.
    Last,
}

/// A packet's state, as `-m conntrack --ctstate` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The first packet of a connection, or one that looks like it.
    New,
    /// A later one.
    Established,
    /// One that fits no connection.
    Invalid,
    /// One that conntrack was told to leave alone.
    Untracked,
}

impl Address {
    /// One address.
    #[must_use]
    pub fn is(address: Ipv4Addr) -> Self {
        Self::OneOf(vec![address])
    }
}

impl Moment {
    /// The TCP flags that are set, by iptables' names.
    #[must_use]
    pub const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::First => &["SYN"],
            Self::FirstAnswer => &["SYN", "ACK"],
            Self::Later => &["ACK"],
            Self::Last => &["FIN", "ACK"],
        }
    }
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Established => "ESTABLISHED",
            Self::Invalid => "INVALID",
            Self::Untracked => "UNTRACKED",
        }
    }
}
