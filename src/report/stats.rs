//! A host's figures, with Ansible's names and Ansible's way of counting.

use crate::run::{Outcome, Trouble};

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
    /// The figures of one host. Observing it is a task too.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let observed = usize::from(!outcome.items.is_empty());
        Self {
            ok: outcome.items.len() + observed,
            changed: outcome.items.iter().filter(|item| !item.changes.is_empty()).count(),
            unreachable: usize::from(matches!(outcome.trouble, Some(Trouble::Unreachable(_)))),
            failed: usize::from(matches!(outcome.trouble, Some(Trouble::Failed(_)))),
        }
    }
}
