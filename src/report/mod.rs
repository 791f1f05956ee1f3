//! What a run did, for people and for programs.

mod diff;
mod ended;
pub mod history;
mod human;
mod json;
mod metrics;
mod names;
mod page;
mod plan_file;
mod progress;
mod short;
mod stats;
mod status;
mod syslog;
mod text_table;
pub mod trace;

#[cfg(test)]
#[path = "served_tests.rs"]
mod tests;

pub use ended::EndedRun;
pub use human::{Detail, human};
pub(crate) use json::VERSION;
pub use json::json;
pub use metrics::metrics;
pub use page::page;
pub use plan_file::PlanFile;
pub use progress::Progress;
pub use short::short;
pub use stats::Stats;
pub use status::{Status, StatusDocument};
pub use syslog::{Severity, syslog};

use crate::run::Outcome;
use std::{collections::BTreeMap, net::Ipv4Addr};
use text_table::text_table;

/// Everything that a report is made of.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Whether nothing was changed on purpose.
    pub check: bool,
    /// Whether a signal ended the run before it was done.
    pub interrupted: bool,
    /// The plays, in order, with the hosts that were contacted for each.
    pub plays: Vec<(String, Vec<String>)>,
    /// Each play's virtual IP.
    pub virtual_ips: BTreeMap<String, Ipv4Addr>,
    /// The hosts, each once.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Whether a host was seen to hold a play's virtual IP; nothing is asked of real servers.
    fn holds(&self, outcome: &Outcome, play: &str) -> Option<Ipv4Addr> {
        let address = self.virtual_ips.get(play)?;
        outcome.addresses.as_ref().is_some_and(|known| known.contains(address)).then_some(*address)
    }
}
