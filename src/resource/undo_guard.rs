//! Nothing is left of an earlier run's undo guard: an armed one would undo what runs since then found in order, and one
//! that fired is told of once.

use super::{Kind, Resource};
use crate::{
    plan::{Action, Change, Diff, Stage, Step},
    probe::{Facts, Probe, UndoGuard, Unknown},
};

/// No undo guard is on the host.
#[derive(Debug)]
pub struct NoUndoGuard;

impl Resource for NoUndoGuard {
    fn kind(&self) -> Kind {
        Kind::UndoGuard
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::UndoGuards]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let mut diff = Diff::default();
        for guard in facts.undo_guards()? {
            let (name, summary) = match guard {
                UndoGuard::Armed { name } => (name, "undo guard that a run left armed"),
                UndoGuard::Over { name } => (name, "remains of an undo guard"),
                UndoGuard::Fired { name, when, report } => {
                    let report = report.join("; ");
                    diff.warnings.push(format!(
                        "the undo guard fired at {when}: what an earlier run did there was undone ({report})"
                    ));
                    (name, "record of an undo guard that fired")
                }
            };
            diff.changes.push(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Expand,
                action: Action::Remove,
                summary: summary.to_owned(),
                before: format!("{guard:#?}\n").into_bytes(),
                after: Vec::new(),
                step: Step::EndUndoGuard { name: name.clone(), armed: matches!(guard, UndoGuard::Armed { .. }) },
            });
        }
        Ok(diff)
    }
}
