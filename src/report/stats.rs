//! A host's figures, with Ansible's names and Ansible's way of counting.

use crate::run::{Item, Outcome, Trouble};

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
    /// Tasks that a failed host left undone.
    pub skipped: usize,
}

impl Stats {
    /// The figures of one host. Observing it is a task too. In check mode what would change counts as changed.
    #[must_use]
    pub fn of(outcome: &Outcome, check: bool) -> Self {
        let observed = usize::from(!outcome.items.is_empty());
        let to_change = outcome.items.iter().filter(|item| item.has_drift());
        let (changed, skipped): (Vec<&Item>, Vec<&Item>) = to_change.partition(|item| check || item.is_changed());
        Self {
            ok: outcome.items.len() - skipped.len() + observed,
            changed: changed.len(),
            unreachable: usize::from(matches!(outcome.trouble, Some(Trouble::Unreachable(_)))),
            failed: usize::from(matches!(outcome.trouble, Some(Trouble::Failed(_)))),
            skipped: skipped.len(),
        }
    }
}
