//! The field's words as types that cannot be wrong: each is checked once, at the border.

mod address;
mod interface;
mod mark;
mod port;
mod service;

pub use address::{host_address, ipv4_address, network};
pub use interface::{Device, InterfaceAddress};
pub use mark::FirewallMark;
pub use port::{Port, PortRange};
pub use service::{ActiveNat, ForwardingMethod, Netmask, Persistence, Scheduler, Weight};

/// A value that the field does not allow; the text says which values it does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

impl Unfit {
    /// An error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
