//! What a run did, or would do, on one host.

use super::Shared;
use crate::{
    path::{Finding, Sight, Weight},
    plan::{Change, Diff, Stage},
    probe::Lingering,
    resource::Kind,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

/// One host's part of a run.
#[derive(Debug, Clone, Default)]
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
    /// Its addresses, where they were asked for and could be read.
    pub addresses: Option<BTreeSet<Ipv4Addr>>,
    /// What keeps clients from being served, or may.
    pub findings: Vec<Finding>,
    /// Its parts in clusters, for what several hosts say together.
    pub sights: Vec<Sight>,
    /// By play, sessions that began before its FTP daemon last read its file.
    pub lingering: Vec<(String, Lingering)>,
    /// Files that its plays' other hosts have alike, as they will be.
    pub shared: Vec<Shared>,
    /// Whether anything was tried on it: then its trouble comes from a change.
    pub tried: bool,
    /// Whether it was observed after its last change.
    pub verified: bool,
}

/// One resource on one host.
#[derive(Debug, Clone)]
pub struct Item {
    /// The play that wants it.
    pub play: String,
    /// The play's task that wants it, where it is a play of tasks.
    pub task: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is planned. After a run that failed or was interrupted: it is not known to have been made.
    Planned,
    /// It is known to have been made.
    Made,
    /// It is held back, because of what failed elsewhere.
    Held(String),
    /// It waits for clients: so much is left. No drift.
    Draining(String),
}

impl Item {
    pub(super) const fn new(play: String, task: Option<String>, kind: Kind) -> Self {
        Self { play, task, kind, changes: Vec::new(), progress: Vec::new(), warnings: Vec::new() }
    }

    /// Whether both are one task to people.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.play, &self.task, self.kind) == (&other.play, &other.task, other.kind)
    }

    /// Takes in what one resource leaves to be done.
    pub(super) fn take(&mut self, diff: Diff) {
        self.progress.resize(self.progress.len() + diff.changes.len(), Progress::Planned);
        self.changes.extend(diff.changes);
        self.warnings.extend(diff.warnings);
    }

    fn push(&mut self, change: Change, progress: Progress) {
        self.changes.push(change);
        self.progress.push(progress);
    }

    /// Every change with how far it has come.
    pub fn each(&self) -> impl Iterator<Item = (&Change, &Progress)> {
        self.changes.iter().zip(&self.progress)
    }

    /// Whether any of its changes is known to have been made.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.progress.contains(&Progress::Made)
    }

    /// Whether it is not as it shall be: what drains is.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        self.progress.iter().any(|progress| !matches!(progress, Progress::Draining(_)))
    }

    /// Takes in a later look for the changes that `picks` takes, and leaves the others as they were planned. What was
    /// made stays told, unless the host did not keep it; what was held back stays so; the rest is as it is now. What was
    /// planned and is in order now is told as `gone` says, or no more.
    fn refresh(&mut self, fresh: Self, picks: &dyn Fn(&Self, &Change) -> bool, gone: Option<&Progress>) {
        let empty =
            Self { warnings: self.warnings.clone(), ..Self::new(fresh.play.clone(), fresh.task.clone(), fresh.kind) };
        let old = std::mem::replace(self, empty);
        let picked: Vec<bool> = old.changes.iter().map(|change| picks(&old, change)).collect();
        let mut now: Vec<Change> = fresh.changes.iter().filter(|change| picks(&fresh, change)).cloned().collect();
        for ((change, progress), picked) in old.changes.into_iter().zip(old.progress).zip(picked) {
            let again = now.iter().position(|fresh| picked && fresh.summary == change.summary);
            match (again.map(|at| now.remove(at)), progress) {
                (None, progress) if !picked || progress == Progress::Made => self.push(change, progress),
                (None, Progress::Planned) => {
                    if let Some(gone) = gone {
                        self.push(change, gone.clone());
                    }
                }
                (None, _) => {}
                (Some(fresh), Progress::Held(why)) => self.push(fresh, Progress::Held(why)),
                (Some(fresh), _) => self.push(fresh, Progress::Planned),
            }
        }
        for change in now {
            self.push(change, Progress::Planned);
        }
        let new: Vec<String> = fresh.warnings.into_iter().filter(|text| !self.warnings.contains(text)).collect();
        self.warnings.extend(new);
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
    /// All that somebody should look at.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        self.warnings.iter().chain(self.items.iter().flat_map(|item| &item.warnings))
    }

    /// What loses clients' packets for certain.
    pub fn losses(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.weight == Weight::Lost)
    }

    /// Whether something here loses clients' packets for certain.
    #[must_use]
    pub fn is_not_serving(&self) -> bool {
        self.losses().next().is_some()
    }

    /// Every change with how far it has come, resource by resource.
    pub fn each(&self) -> impl Iterator<Item = (&Item, &Change, &Progress)> {
        self.items.iter().flat_map(|item| item.each().map(move |(change, progress)| (item, change, progress)))
    }

    /// Every change, resource by resource.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.items.iter().flat_map(|item| &item.changes)
    }

    /// Whether anything is not as it shall be: what drains is.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        self.items.iter().any(Item::has_drift)
    }

    /// Whether any change is known to have been made.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.items.iter().any(Item::is_changed)
    }

    /// What may still be made in the main pass of a stage.
    pub(super) fn is_busy(&self, stage: Stage) -> bool {
        self.trouble.is_none()
            && self.each().any(|(_, change, progress)| {
                *progress == Progress::Planned && change.stage == stage && change.drain.is_none()
            })
    }

    /// Whether it was changed, has nothing left to do, and nobody has looked at it since.
    pub(super) fn is_done(&self) -> bool {
        self.trouble.is_none()
            && self.tried
            && !self.verified
            && self.each().all(|(_, _, progress)| *progress != Progress::Planned)
    }

    /// Takes in a later look at the host for the changes that `picks` takes. What was planned and is in order now is told
    /// as `gone` says, or no more.
    pub(super) fn refresh(&mut self, fresh: Self, picks: &dyn Fn(&Item, &Change) -> bool, gone: Option<&Progress>) {
        for item in fresh.items {
            match self.items.iter_mut().find(|known| known.is_same(&item)) {
                Some(known) => known.refresh(item, picks, gone),
                None => self.items.push(item),
            }
        }
        self.trouble = fresh.trouble;
        self.addresses = fresh.addresses;
        self.lingering = fresh.lingering;
    }

    /// Notes how far the changes have come that this says something of, where they are only planned so far.
    pub(super) fn note(&mut self, says: impl Fn(&Item, &Change) -> Option<Progress>) {
        for item in &mut self.items {
            let said: Vec<Option<Progress>> = item.changes.iter().map(|change| says(item, change)).collect();
            for (known, said) in item.progress.iter_mut().zip(said) {
                if let (Progress::Planned, Some(said)) = (&known, said) {
                    *known = said;
                }
            }
        }
    }
}
