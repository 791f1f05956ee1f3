//! TCP ports and the passive range.

use super::Unfit;
use std::{fmt, str::FromStr};

/// A TCP port, 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(u16);

impl Port {
    /// FTP's control port (RFC 959).
    pub const FTP: Self = Self(21);
    /// Where an active data connection starts (RFC 959: the port below the control port).
    pub const FTP_DATA: Self = Self(20);

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u64> for Port {
    type Error = Unfit;

    fn try_from(value: u64) -> Result<Self, Unfit> {
        match u16::try_from(value) {
            Ok(port) if port > 0 => Ok(Self(port)),
            _ => Err(Unfit::new(format!("a port is a number from 1 to 65535, not {value}"))),
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The passive range: ports that vsftpd may name to a passive client, both ends included, 1024 or higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortRange {
    low: u16,
    high: u16,
}

impl PortRange {
    /// What the reference set-up uses.
    pub const DEFAULT: Self = Self { low: 10_000, high: 20_000 };

    /// The lowest port.
    #[must_use]
    pub const fn low(self) -> u16 {
        self.low
    }

    /// The highest port.
    #[must_use]
    pub const fn high(self) -> u16 {
        self.high
    }

    /// Whether a port lies in the range.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        self.low <= port && port <= self.high
    }
}

impl FromStr for PortRange {
    type Err = Unfit;

    /// Reads `10000:20000` or `10000-20000`, decimal, without leading zeros (iptables would read those as octal).
    fn from_str(text: &str) -> Result<Self, Unfit> {
        let (low, high) = text.split_once([':', '-']).ok_or_else(|| {
            Unfit::new(format!("a port range is written LOW:HIGH, such as 10000:20000, not `{text}`"))
        })?;
        let (low, high) = (end(low)?, end(high)?);
        if low > high {
            return Err(Unfit::new(format!("the range {low}:{high} is empty: its low end is above its high end")));
        }
        if low < 1024 {
            return Err(Unfit::new(format!("a passive range starts at 1024 or higher, not at {low}")));
        }
        Ok(Self { low, high })
    }
}

fn end(text: &str) -> Result<u16, Unfit> {
    if text.len() > 1 && text.starts_with('0') {
        return Err(Unfit::new(format!("`{text}` looks octal; write the port without leading zeros")));
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unfit::new(format!("`{text}` is not a port number")));
    }
    text.parse().map_err(|_| Unfit::new(format!("the port {text} is above 65535")))
}

impl fmt::Display for PortRange {
    /// As iptables writes it, `LOW:HIGH`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.low, self.high)
    }
}
