//! The firewall mark that joins control port and passive range into one virtual service.

use super::Unfit;
use std::fmt;

/// A firewall mark, 1 to 2147483647.
///
/// The kernel's marks are 32 bits wide, but ipvsadm prints marks above 2^31-1 as negative numbers, and 0 means "no mark".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FirewallMark(u32);

impl FirewallMark {
    /// What the reference set-up uses.
    pub const DEFAULT: Self = Self(21);
    /// The greatest mark that every tool reads and prints alike.
    pub const MAX: u32 = 0x7fff_ffff;

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u64> for FirewallMark {
    type Error = Unfit;

    fn try_from(value: u64) -> Result<Self, Unfit> {
        match u32::try_from(value) {
            Ok(mark) if (1..=Self::MAX).contains(&mark) => Ok(Self(mark)),
            _ => Err(Unfit::new(format!("a firewall mark is a number from 1 to {}, not {value}", Self::MAX))),
        }
    }
}

impl fmt::Display for FirewallMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
