//! A kernel parameter has its value now.

use super::{Kind, Resource};
use crate::{
    plan::{Action, Change, Diff, Stage, Step},
    probe::{Facts, Probe, Unknown},
};

/// The running kernel's value of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sysctl {
    /// Its name, as sysctl(8) takes it.
    pub name: String,
    /// The value; single blanks part the words of a list.
    pub value: String,
}

impl Resource for Sysctl {
    fn kind(&self) -> Kind {
        Kind::Sysctl
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::Sysctl(self.name.clone())]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.sysctl(&self.name)?;
        let mut diff = Diff::default();
        if found != self.value {
            let line = |value: &str| format!("{} = {value}\n", self.name).into_bytes();
            diff.changes.push(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Expand,
                action: Action::Edit,
                summary: format!("{}: {found} -> {}", self.name, self.value),
                before: line(found),
                after: line(&self.value),
                step: Step::Sysctl { name: self.name.clone(), value: self.value.clone() },
            });
        }
        Ok(diff)
    }
}
