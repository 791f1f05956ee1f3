//! A run that has ended, with all that its records tell.

use super::{Report, history::Cluster};
use jiff::Timestamp;

/// A run that has ended, however it did.
#[derive(Debug, Clone, Default)]
pub struct EndedRun {
    /// When it began, after a `--splay`.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Its exit status.
    pub status: u8,
    /// The digest of what the inputs meant for it; nothing when they could not be read.
    pub inputs: Option<String>,
    /// Why no host was contacted or changed, or what else went wrong beside the hosts.
    pub error: Option<String>,
    /// The clusters of its plays.
    pub clusters: Vec<Cluster>,
    /// What came of it; without hosts when none was contacted.
    pub report: Report,
}
