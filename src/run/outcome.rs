//! What a run did, or would do, on one host.

use crate::{
    plan::{Change, Stage},
    resource::Kind,
};

/// One host's part of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The host's name in the inventory.
    pub host: String,
    /// What each of its resources left to be done. Empty when the host could not be observed.
    pub items: Vec<Item>,
    /// Why the host did not come to the end.
    pub trouble: Option<Trouble>,
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
    /// For each change, whether it is known to have been made.
    pub made: Vec<bool>,
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

impl Item {
    /// Whether any of its changes is known to have been made.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.made.contains(&true)
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
    /// Every change, resource by resource.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.items.iter().flat_map(|item| &item.changes)
    }

    /// Notes that the changes of a stage were made.
    pub(super) fn made(&mut self, stage: Stage) {
        for item in &mut self.items {
            for (change, made) in item.changes.iter().zip(&mut item.made) {
                *made |= change.stage == stage;
            }
        }
    }
}
