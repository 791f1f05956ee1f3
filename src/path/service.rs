//! The cluster, as far as its packets' path depends on it.

use crate::lvs::{ActiveNat, ForwardingMethod};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// What a cluster's packets look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The address that clients connect to.
    pub virtual_ip: Ipv4Addr,
    /// The port that they log in at.
    pub control_port: u16,
    /// The passive range.
    pub passive_ports: (u16, u16),
    /// The mark.
    pub mark: u32,
    /// How packets reach the real servers.
    pub forwarding: ForwardingMethod,
    /// The real servers' network, where the routers rewrite.
    pub network: Option<Ipv4Net>,
    /// The real servers.
    pub real_servers: Vec<Ipv4Addr>,
    /// What the routers do to active data connections.
    pub active_nat: ActiveNat,
}

/// A way of using FTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// The control connection, which both others need.
    Control,
    /// Data connections that the client opens.
    Passive,
    /// Data connections that the real server opens.
    Active,
}

/// A sort of packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// From a client to the virtual IP, control port.
    ToControl,
    /// The answers.
    ControlAnswer,
    /// From a client to the virtual IP, passive range.
    ToRange,
    /// The answers.
    RangeAnswer,
    /// From a real server's port 20 to a client.
    ActiveData,
    /// The answers.
    ActiveAnswer,
}

impl Sort {
    /// Every sort.
    pub const ALL: [Self; 6] =
        [Self::ToControl, Self::ControlAnswer, Self::ToRange, Self::RangeAnswer, Self::ActiveData, Self::ActiveAnswer];

    /// The mode that cannot do without it.
    #[must_use]
    pub const fn mode(self) -> Mode {
        match self {
            Self::ToControl | Self::ControlAnswer => Mode::Control,
            Self::ToRange | Self::RangeAnswer => Mode::Passive,
            Self::ActiveData | Self::ActiveAnswer => Mode::Active,
        }
    }

    /// In a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ToControl => "clients' packets to the control port",
            Self::ControlAnswer => "answers from the control port",
            Self::ToRange => "clients' packets to the passive range",
            Self::RangeAnswer => "answers from the passive range",
            Self::ActiveData => "active data connections of real servers",
            Self::ActiveAnswer => "clients' answers to active data connections",
        }
    }
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Control, Self::Passive, Self::Active];

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Passive => "passive",
            Self::Active => "active",
        }
    }
}
