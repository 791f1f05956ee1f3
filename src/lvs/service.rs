//! What a virtual service and its destinations can be set to (ipvsadm(8)).

use super::Unfit;
use std::{fmt, net::Ipv4Addr, str::FromStr};

/// The name of an IPVS scheduler: `wlc`, `wrr`, `rr`, `lc`, `sh`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scheduler(String);

impl Scheduler {
    /// Schedulers of Linux 2.6 to 6.x, for suggestions; a kernel may have others.
    pub const KNOWN: [&'static str; 14] =
        ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"];

    /// Weighted least-connection, ipvsadm's own default.
    #[must_use]
    pub fn wlc() -> Self {
        Self("wlc".to_owned())
    }

    /// The name, as ipvsadm takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Scheduler {
    type Err = Unfit;

    /// A name of 1 to 16 small letters, digits, `_` and `-` (the kernel's `IP_VS_SCHEDNAME_MAXLEN`).
    fn from_str(text: &str) -> Result<Self, Unfit> {
        let fits = (1..=15).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Unfit::new(format!("a scheduler is a short name in small letters, such as wlc or rr, not {text:?}")))
        }
    }
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A contiguous IPv4 netmask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Netmask(Ipv4Addr);

impl Netmask {
    /// One client, one template: what IPVS uses when no mask is given.
    pub const HOST: Self = Self(Ipv4Addr::BROADCAST);

    /// The mask in dotted form, the only one that ipvsadm reads right.
    #[must_use]
    pub const fn dotted(self) -> Ipv4Addr {
        self.0
    }
}

impl TryFrom<Ipv4Addr> for Netmask {
    type Error = Unfit;

    fn try_from(mask: Ipv4Addr) -> Result<Self, Unfit> {
        let bits = u32::from(mask);
        if bits != 0 && bits.leading_ones() + bits.trailing_zeros() == 32 {
            Ok(Self(mask))
        } else {
            Err(Unfit::new(format!("a netmask is ones and then zeros, such as 255.255.255.0, not {mask}")))
        }
    }
}

impl fmt::Display for Netmask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How long a client stays with its real server after its last connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Persistence {
    /// Seconds, 1 to 2678400 (31 days, ipvsadm's own limit).
    timeout: u32,
    netmask: Netmask,
}

impl Persistence {
    /// ipvsadm's limit, 31 days in seconds.
    pub const MAX: u32 = 31 * 24 * 60 * 60;
    /// What the reference set-up uses.
    pub const DEFAULT: Self = Self { timeout: 300, netmask: Netmask::HOST };

    /// Persistence of so many seconds for clients grouped by this mask.
    pub fn new(timeout: u64, netmask: Netmask) -> Result<Self, Unfit> {
        match u32::try_from(timeout) {
            Ok(timeout) if (1..=Self::MAX).contains(&timeout) => Ok(Self { timeout, netmask }),
            _ => Err(Unfit::new(format!(
                "persistence is 1 to {} seconds, not {timeout}: without it control and data connections part",
                Self::MAX
            ))),
        }
    }

    /// Seconds.
    #[must_use]
    pub const fn timeout(self) -> u32 {
        self.timeout
    }

    /// The mask by which clients are grouped.
    #[must_use]
    pub const fn netmask(self) -> Netmask {
        self.netmask
    }
}

/// A destination's weight, 0 to 65535; 0 gets no new clients (a drain).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u16);

impl Weight {
    /// ipvsadm's default.
    pub const DEFAULT: Self = Self(1);
    /// No new clients.
    pub const NONE: Self = Self(0);

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u64> for Weight {
    type Error = Unfit;

    fn try_from(value: u64) -> Result<Self, Unfit> {
        u16::try_from(value)
            .map(Self)
            .map_err(|_| Unfit::new(format!("a weight is a number from 0 to 65535, not {value}")))
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How packets reach the real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForwardingMethod {
    /// Network address translation, `-m`; ipvsadm calls it masquerading.
    Nat,
    /// Direct routing, `-g`.
    Direct,
    /// IP-in-IP tunnelling, `-i`.
    Tunnel,
}

impl ForwardingMethod {
    /// ipvsadm's option.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Nat => "-m",
            Self::Direct => "-g",
            Self::Tunnel => "-i",
        }
    }

    /// The playbook's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nat => "nat",
            Self::Direct => "direct",
            Self::Tunnel => "tunnel",
        }
    }
}

/// What routers do to the source address of active data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActiveNat {
    /// The outgoing interface's primary address.
    Masquerade,
    /// The virtual IP, which strict clients insist on.
    Snat,
    /// No rule: something else does it.
    None,
}
