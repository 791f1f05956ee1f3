//! Who keeps changing what: drift is told from what new inputs asked for.
//!
//! A host that was as some inputs want it, and is not any more under the same inputs, has drifted. What was seen before
//! and is still to be made is the same drift, however many runs see it.

use super::{HostRecord, Made, Record};
use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;
use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

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
#[derive(Debug, Clone, Default)]
struct Known {
    /// The inputs as which it has been since somebody else's were made on it, the last ones.
    settled: IndexSet<Rc<str>>,
    /// What was seen and is still to be made.
    pending: HashSet<Thing>,
}

/// So many inputs as which a host was are remembered.
const SETTLED: usize = 64;

/// A resource's kind, and what of it differs.
type Thing = (String, String);

/// What drifted, while runs come one by one.
#[derive(Debug, Clone)]
pub(super) struct Drifts {
    since: Timestamp,
    hosts: HashMap<String, Known>,
    found: IndexMap<(String, Thing), Vec<Timestamp>>,
}

impl Drifts {
    pub(super) fn new(since: Timestamp) -> Self {
        Self { since, hosts: HashMap::new(), found: IndexMap::new() }
    }

    /// Takes in a run. One before the window counts for what is known of a host.
    pub(super) fn take(&mut self, run: &Record) {
        let Some(inputs) = run.inputs.as_deref().map(Rc::from) else { return };
        for (host, found) in &run.hosts {
            if !self.hosts.contains_key(host) {
                self.hosts.insert(host.clone(), Known::default());
            }
            let Some(known) = self.hosts.get_mut(host) else { continue };
            let new = known.take(found, &inputs);
            for thing in new.into_iter().filter(|_| run.start >= self.since) {
                self.found.entry((host.clone(), thing)).or_default().push(run.start);
            }
        }
    }

    /// What drifts most comes first.
    pub(super) fn sorted(&self) -> Vec<Drift> {
        let drift = |((host, (resource, what)), times): (&(String, Thing), &Vec<Timestamp>)| Drift {
            host: host.clone(),
            resource: resource.clone(),
            what: what.clone(),
            times: times.clone(),
        };
        let mut drifts: Vec<Drift> = self.found.iter().map(drift).collect();
        drifts.sort_by_key(|drift| std::cmp::Reverse((drift.times.len(), drift.times.last().copied())));
        drifts
    }
}

/// Every drift since then, what drifts most first. Earlier runs count for what is known of a host.
#[must_use]
pub fn drifts(runs: &[Record], since: Timestamp) -> Vec<Drift> {
    let mut drifts = Drifts::new(since);
    for run in runs {
        drifts.take(run);
    }
    drifts.sorted()
}

impl Known {
    /// Takes in what a run with these inputs found; what of it is new drift comes back.
    fn take(&mut self, found: &HostRecord, inputs: &Rc<str>) -> Vec<Thing> {
        let things = |made: &dyn Fn(Made) -> bool| -> HashSet<Thing> {
            let changes = found.changes.iter().filter(|change| made(change.made));
            changes.flat_map(|change| change.what.iter().map(|what| (change.resource.clone(), what.clone()))).collect()
        };
        let is_unseen = found.changes.is_empty() && (found.failed.is_some() || found.unreachable.is_some());
        if is_unseen {
            return Vec::new();
        }
        let mut new: Vec<_> = things(&|made| made != Made::Draining).into_iter().collect();
        new.retain(|thing| self.settled.contains(inputs) && !self.pending.contains(thing));
        new.sort_unstable();
        if found.changes.iter().any(|change| change.made == Made::Yes) {
            self.settled.retain(|known| known == inputs);
        }
        self.pending = things(&|made| made != Made::Yes);
        if found.failed.is_none()
            && found.changes.iter().all(|change| matches!(change.made, Made::Yes | Made::Draining))
        {
            self.settled.insert(Rc::clone(inputs));
            if self.settled.len() > SETTLED {
                self.settled.shift_remove_index(0);
            }
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
