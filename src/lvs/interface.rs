//! Addresses on network interfaces.

use std::{fmt, net::Ipv4Addr};

/// A network interface, and the length of the network that an address on it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The interface's name.
    pub name: String,
    /// 1 to 32.
    pub prefix: u8,
}

/// An address on a network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The address.
    pub address: Ipv4Addr,
    /// The length of its network, 1 to 32.
    pub prefix: u8,
    /// The interface's name.
    pub device: String,
}

impl Device {
    /// This address on it.
    #[must_use]
    pub fn with(&self, address: Ipv4Addr) -> InterfaceAddress {
        InterfaceAddress { address, prefix: self.prefix, device: self.name.clone() }
    }
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} on {}", self.address, self.prefix, self.device)
    }
}
