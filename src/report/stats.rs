//! A host's figures, with Ansible's names and Ansible's way of counting.

use crate::run::{Outcome, Trouble};
use std::collections::BTreeSet;

/// How many tasks went how on one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Tasks that came to a good end, changed ones included.
    pub ok: usize,
    /// Tasks that changed something, or would.
    pub changed: usize,
    /// 1 when the host could not be reached.
    pub unreachable: usize,
    /// 1 when the host failed.
    pub failed: usize,
}

impl Stats {
    /// The figures of one host. A task is one kind of thing in one play; observing the host is a task too.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let observed = usize::from(!outcome.items.is_empty());
        let tasks = |changed_only: bool| {
            let items = outcome.items.iter().filter(|item| !changed_only || !item.changes.is_empty());
            items.map(|item| (&item.play, item.kind)).collect::<BTreeSet<_>>().len()
        };
        Self {
            ok: tasks(false) + observed,
            changed: tasks(true),
            unreachable: usize::from(matches!(outcome.trouble, Some(Trouble::Unreachable(_)))),
            failed: usize::from(matches!(outcome.trouble, Some(Trouble::Failed(_)))),
        }
    }
}
