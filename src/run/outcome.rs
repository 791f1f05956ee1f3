//! What a run did, or would do, on one host.

use crate::{
    plan::{Change, Diff},
    resource::Kind,
};
use std::collections::BTreeMap;

/// One host's part of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The host's name in the inventory.
    pub host: String,
    /// What each of its resources left to be done. Empty when the host could not be observed.
    pub items: Vec<Item>,
    /// Why the host did not come to the end.
    pub trouble: Option<Trouble>,
    /// What was observed first: for each probe the digest of what its answer means.
    pub observed: BTreeMap<String, String>,
    /// What somebody should look at, beside what the resources say.
    pub warnings: Vec<String>,
}

/// One resource on one host.
#[derive(Debug, Clone)]
pub struct Item {
    /// The play that wants it.
    pub play: String,
    /// Its kind.
    pub kind: Kind,
    /// What differed.
    pub changes: Vec<Change>,
    /// For each change, how far it has come.
    pub progress: Vec<Progress>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// Why a host did not come to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It could not be reached.
    Unreachable(String),
    /// Something failed there, or it did not converge.
    Failed(String),
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is planned. After a run that failed: it is not known to have been made.
    Planned,
    /// It is known to have been made.
    Made,
    /// It is held back, because a real server of its cluster failed.
    Held,
}

impl Item {
    pub(super) const fn new(play: String, kind: Kind) -> Self {
        Self { play, kind, changes: Vec::new(), progress: Vec::new(), warnings: Vec::new() }
    }

    /// Takes in what one resource leaves to be done.
    pub(super) fn take(&mut self, diff: Diff) {
        self.progress.resize(self.progress.len() + diff.changes.len(), Progress::Planned);
        self.changes.extend(diff.changes);
        self.warnings.extend(diff.warnings);
    }

    /// Every change with how far it has come.
    pub fn each(&self) -> impl Iterator<Item = (&Change, Progress)> {
        self.changes.iter().zip(self.progress.iter().copied())
    }

    /// Whether any of its changes is known to have been made.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.progress.contains(&Progress::Made)
    }
}

impl Trouble {
    /// The cause.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Unreachable(text) | Self::Failed(text) => text,
        }
    }
}

impl Outcome {
    /// Nothing is known of the host yet.
    pub(super) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            items: Vec::new(),
            trouble: None,
            observed: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// All that somebody should look at.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        self.warnings.iter().chain(self.items.iter().flat_map(|item| &item.warnings))
    }

    /// Every change with how far it has come, resource by resource.
    pub fn each(&self) -> impl Iterator<Item = (&Change, Progress)> {
        self.items.iter().flat_map(Item::each)
    }

    /// Every change, resource by resource.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.items.iter().flat_map(|item| &item.changes)
    }

    /// Notes how far the changes that this picks have come, where they are only planned so far.
    pub(super) fn note(&mut self, progress: Progress, picks: impl Fn(&Item, &Change) -> bool) {
        for item in &mut self.items {
            let picked: Vec<bool> = item.changes.iter().map(|change| picks(item, change)).collect();
            for (known, _) in
                item.progress.iter_mut().zip(picked).filter(|(known, picked)| *picked && **known == Progress::Planned)
            {
                *known = progress;
            }
        }
    }
}
