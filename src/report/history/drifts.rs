//! Who keeps changing what: drift is told from what new inputs asked for.
//!
//! A host that was as some inputs want it, and is not any more under the same inputs, has drifted. What was seen before
//! and is still to be made is the same drift, however many runs see it.

use super::{HostRecord, Made, Record};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

/// A thing that drifted on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The host.
    pub host: String,
    /// The kind of resource.
    pub resource: String,
    /// What it is.
    pub what: String,
    /// When runs began that found it, the first one first.
    pub times: Vec<Timestamp>,
}

/// What is known of a host so far.
#[derive(Default)]
struct Known<'a> {
    /// The inputs as which it has been since somebody else's were made on it.
    settled: HashSet<&'a str>,
    /// What was seen and is still to be made.
    pending: HashSet<(&'a str, &'a str)>,
}

/// Every drift since then, what drifts most first. Earlier runs count for what is known of a host.
#[must_use]
pub fn drifts(runs: &[Record], since: Timestamp) -> Vec<Drift> {
    let mut hosts: HashMap<&str, Known<'_>> = HashMap::new();
    let mut drifts: Vec<Drift> = Vec::new();
    for run in runs {
        let Some(inputs) = &run.inputs else { continue };
        for (host, found) in &run.hosts {
            let known = hosts.entry(host).or_default();
            let new = known.take(found, inputs);
            for (resource, what) in new.into_iter().filter(|_| run.start >= since) {
                let same = |drift: &&mut Drift| drift.host == *host && drift.resource == resource && drift.what == what;
                match drifts.iter_mut().find(same) {
                    Some(drift) => drift.times.push(run.start),
                    None => drifts.push(Drift {
                        host: host.clone(),
                        resource: resource.to_owned(),
                        what: what.to_owned(),
                        times: vec![run.start],
                    }),
                }
            }
        }
    }
    drifts.sort_by_key(|drift| std::cmp::Reverse((drift.times.len(), drift.times.last().copied())));
    drifts
}

impl<'a> Known<'a> {
    /// Takes in what a run with these inputs found; what of it is new drift comes back.
    fn take(&mut self, found: &'a HostRecord, inputs: &'a str) -> Vec<(&'a str, &'a str)> {
        let things = |made: &dyn Fn(Made) -> bool| -> HashSet<(&'a str, &'a str)> {
            let changes = found.changes.iter().filter(|change| made(change.made));
            changes
                .flat_map(|change| change.what.iter().map(|what| (change.resource.as_str(), what.as_str())))
                .collect()
        };
        let is_unseen = found.changes.is_empty() && (found.failed.is_some() || found.unreachable.is_some());
        if is_unseen {
            return Vec::new();
        }
        let mut new: Vec<_> = things(&|made| made != Made::Draining).into_iter().collect();
        new.retain(|thing| self.settled.contains(inputs) && !self.pending.contains(thing));
        new.sort_unstable();
        if found.changes.iter().any(|change| change.made == Made::Yes) {
            self.settled.retain(|known| *known == inputs);
        }
        self.pending = things(&|made| made != Made::Yes);
        if found.failed.is_none()
            && found.changes.iter().all(|change| matches!(change.made, Made::Yes | Made::Draining))
        {
            self.settled.insert(inputs);
        }
        new
    }
}

impl Drift {
    /// `pasv_max_port on ftp2 has drifted 4 times`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let times = match self.times.len() {
            1 => "once".to_owned(),
            2 => "twice".to_owned(),
            count => format!("{count} times"),
        };
        format!("{} on {} has drifted {times}", self.what, self.host)
    }
}
