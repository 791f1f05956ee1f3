//! The hosts. The only room that starts a process; the only one through which anything is changed.

mod connection;
mod process;
mod script;
mod step_script;

pub use connection::{Connection, Session, Writable};

use crate::{
    plan::Step,
    probe::{Facts, Probe},
};

/// Why a host could not be asked or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// There was no connection, so nothing was done.
    #[error("failed to connect: {0}")]
    Unreachable(String),
    /// The host was reached, but something failed there.
    #[error("{0}")]
    Failed(String),
}

/// A host that can be asked. Whoever holds only this cannot change it.
pub trait Observe: Send + Sync {
    /// Asks every probe, in one round trip.
    fn observe(&self, probes: &[Probe]) -> Result<Facts, HostError>;
}

/// A host that can be changed. Check mode never holds one.
pub trait Change: Observe {
    /// Makes the steps in order, in one round trip; stops at the first that fails.
    fn change(&self, steps: &[Step]) -> Result<(), HostError>;
}
