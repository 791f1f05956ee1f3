//! One run as one line of a log. Lean: a host that is as it should be takes its name and four bytes.

use super::{Cluster, thing::things};
use crate::{
    report::EndedRun,
    run::{Outcome, Progress, Trouble},
};
use indexmap::IndexMap;
use jiff::{Timestamp, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// The line's version: it grows when a field changes its meaning or goes.
const VERSION: u64 = 1;
/// The longest text of a host or a change, in characters.
const LONGEST: usize = 400;

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Line of lvs-ftp apply --log")]
pub struct Record {
    /// The line's version.
    pub v: u64,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// The version of the program.
    pub lvs_ftp: String,
    /// Whether it only looked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub check: bool,
    /// Its exit status.
    pub status: u8,
    /// Why no host was contacted or changed, or what else went wrong beside the hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The digest of what the inputs meant for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
    /// The clusters; left out where an earlier line has the same inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<Cluster>,
    /// The hosts that were contacted.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub hosts: IndexMap<String, HostRecord>,
}

/// What came of a run on one host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct HostRecord {
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Why it could not be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
    /// The virtual IPs that it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Ipv4Addr>,
    /// What loses clients' packets there, though it is not lvs-ftp's to change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// What differed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeRecord>,
    /// What somebody should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeRecord {
    /// The kind of resource, as JSON output names it.
    pub resource: String,
    /// What is done.
    pub action: String,
    /// What it is about, without values; empty when it only follows from another change.
    pub what: Vec<String>,
    /// The same with values.
    pub summary: String,
    /// How far it has come.
    pub made: Made,
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Made {
    /// It is made.
    Yes,
    /// It is not known to be made; in a run that only looked, it is not.
    No,
    /// It is held back because of what failed elsewhere.
    Held,
    /// It waits for clients, which is no drift.
    Draining,
}

/// How a run ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is its word")]
pub enum Verdict {
    Converged,
    Changed,
    Drift,
    NotServed,
    Refused,
    Locked,
    Interrupted,
    Unreachable,
    Failed,
}

/// How a host is after a run, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostState {
    /// As it should be.
    Fine,
    /// The same, but something waits for clients.
    Draining,
    /// It was changed, and is as it should be since.
    Changed,
    /// It is not as it should be.
    Drift,
    /// It is as wanted, and something on it loses clients' packets.
    NotServed,
    /// It failed.
    Failed,
    /// It could not be reached.
    Unreachable,
}

impl Record {
    /// The record of a run.
    #[must_use]
    pub fn of(run: &EndedRun) -> Self {
        let rounded = |time: Timestamp| time.round(Unit::Millisecond).unwrap_or(time);
        let vips: Vec<Ipv4Addr> = run.clusters.iter().map(|cluster| cluster.virtual_ip).collect();
        let host = |outcome: &Outcome| (outcome.host.clone(), HostRecord::of(outcome, &vips));
        Self {
            v: VERSION,
            start: rounded(run.start),
            end: rounded(run.end),
            lvs_ftp: env!("CARGO_PKG_VERSION").to_owned(),
            check: run.report.check,
            status: run.status,
            error: run.error.as_deref().map(cut),
            inputs: run.inputs.clone(),
            clusters: run.clusters.clone(),
            hosts: run.report.outcomes.iter().map(host).collect(),
        }
    }

    /// Reads a line.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        match record.v {
            VERSION => Ok(record),
            v => Err(format!("it has version {v}, and lvs-ftp {} reads {VERSION}", env!("CARGO_PKG_VERSION"))),
        }
    }

    /// The line, its end included.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// How the run ended.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.status {
            0 if self.hosts.values().any(|host| host.changes.iter().any(|change| change.made == Made::Yes)) => {
                Verdict::Changed
            }
            0 => Verdict::Converged,
            1 => Verdict::Refused,
            3 => Verdict::Drift,
            4 => Verdict::Unreachable,
            5 => Verdict::Locked,
            6 => Verdict::NotServed,
            99 => Verdict::Interrupted,
            _ => Verdict::Failed,
        }
    }

    /// Seconds that it took; 0 when a clock was set back.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.end.duration_since(self.start).as_secs_f64().max(0.0)
    }
}

impl HostRecord {
    fn of(outcome: &Outcome, vips: &[Ipv4Addr]) -> Self {
        let (failed, unreachable) = match &outcome.trouble {
            Some(Trouble::Failed(text)) => (Some(cut(text)), None),
            Some(Trouble::Unreachable(text)) => (None, Some(cut(text))),
            None => (None, None),
        };
        let has = |vip: &&Ipv4Addr| outcome.addresses.as_ref().is_some_and(|known| known.contains(vip));
        let changes = outcome.each().map(|(item, change, progress)| ChangeRecord {
            resource: item.kind.name().to_owned(),
            action: change.action.to_string(),
            what: things(item.kind, change).iter().map(|text| cut(text)).collect(),
            summary: cut(&change.summary),
            made: match progress {
                Progress::Made => Made::Yes,
                Progress::Planned => Made::No,
                Progress::Held(_) => Made::Held,
                Progress::Draining(_) => Made::Draining,
            },
        });
        Self {
            failed,
            unreachable,
            holds: vips.iter().filter(has).copied().collect(),
            lost: outcome.losses().map(|finding| cut(&finding.to_string())).collect(),
            changes: changes.collect(),
            warnings: outcome.warnings().map(|text| cut(text)).collect(),
        }
    }

    /// How the host is after the run.
    #[must_use]
    pub fn state(&self) -> HostState {
        let any = |made: Made| self.changes.iter().any(|change| change.made == made);
        if self.unreachable.is_some() {
            HostState::Unreachable
        } else if self.failed.is_some() {
            HostState::Failed
        } else if !self.lost.is_empty() {
            HostState::NotServed
        } else if any(Made::No) || any(Made::Held) {
            HostState::Drift
        } else if any(Made::Yes) {
            HostState::Changed
        } else if any(Made::Draining) {
            HostState::Draining
        } else {
            HostState::Fine
        }
    }

    /// The things that differed, each once, without values. What drains is none of them.
    #[must_use]
    pub fn things(&self) -> Vec<&str> {
        let differing = self.changes.iter().filter(|change| change.made != Made::Draining);
        let mut all: Vec<&str> = differing.flat_map(|change| &change.what).map(String::as_str).collect();
        let mut known = std::collections::HashSet::new();
        all.retain(|thing| known.insert(*thing));
        all
    }
}

impl Verdict {
    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::Changed => "changed",
            Self::Drift => "drift",
            Self::NotServed => "not served",
            Self::Refused => "refused",
            Self::Locked => "locked",
            Self::Interrupted => "interrupted",
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
        }
    }
}

impl HostState {
    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fine => "as it should be",
            Self::Draining => "draining",
            Self::Changed => "changed",
            Self::Drift => "drift",
            Self::NotServed => "not served",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_false(value: &bool) -> bool {
    !*value
}
