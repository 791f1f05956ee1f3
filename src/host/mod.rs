//! The hosts. The only room that starts a process; the only one through which anything is changed.

mod connection;
mod descriptors;
mod director_script;
mod ftp_sessions;
mod guard;
mod held;
mod inventory_program;
mod ipvs_script;
mod kept;
mod lock;
mod machine;
mod process;
mod script;
mod shell;
mod ssh;
mod step_script;
mod trace;
mod writable;

pub use connection::{Connection, Session};
pub use descriptors::make_room;
pub use ftp_sessions::Packed;
pub use inventory_program::run_inventory_program;
pub use machine::{Machine, systemctl, systemctl_says, takes_connections};
pub use trace::{Command, Listener, Told};
pub use writable::Writable;

use crate::{
    plan::Step,
    probe::{Facts, Probe},
};
use std::time::{Duration, Instant};

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

/// A host whose lock was asked for, and not refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locked {
    /// What people should know: it has no locks.
    pub warning: Option<String>,
    /// When this run began to look at it last, if no run has changed it since.
    pub unchanged_since: Option<Instant>,
}

/// A host that can be changed. Check mode never holds one.
pub trait Change: Observe {
    /// Takes the host's own lock for the rest of the run, waiting for it so long at most, and no longer than until
    /// `stop` says so. It ends with [`Change::unlock`], with the connection, and with either side's process; from then on
    /// [`Change::change`] fails. A host that has no locks gives a warning instead, and can be changed all the same.
    fn lock(&self, wait: Duration, stop: &(dyn Fn() -> bool + Sync)) -> Result<Locked, LockError>;

    /// Makes the steps in order, in one round trip; stops at the first that fails.
    fn change(&self, steps: &[Step]) -> Result<(), StepError>;

    /// Says over a new connection that the host can still be reached, so that it does not undo the last change.
    fn confirm(&self) -> Result<(), HostError>;

    /// Lets go what is held open for it: it is not asked or changed for a while.
    fn rest(&self) {}

    /// Gives the lock back, and lets go all that is held open.
    fn unlock(&self);
}

/// Why there is no lock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another run has it; who, as far as that is known.
    #[error("another run holds the lock: {0}")]
    Busy(String),
    /// The wait was ended from outside.
    #[error("the wait for the lock was ended")]
    Stopped,
    /// The host could not be asked.
    #[error("{0}")]
    Host(#[from] HostError),
}

/// How far a list of steps has come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct StepError {
    /// So many, from the first, are known to have been made.
    pub made: usize,
    /// Whether others may have been made: there is no whole answer.
    pub lost: bool,
    /// Why the next one was not.
    pub error: HostError,
}
