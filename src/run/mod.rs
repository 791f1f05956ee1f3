//! A run: observe every host, plan, change stage by stage, observe again. What happened comes back as data.

mod outcome;
mod pool;

pub use outcome::{Item, Outcome, Trouble};

use crate::{
    desired::{Target, Wanted},
    host::{Change, Connection, HostError, Observe},
    plan::{Stage, steps},
    probe::Facts,
};

/// What differs between a host and what it shall have. Nothing at all is planned when any fact is unknown.
pub fn plan(target: &Target, facts: &Facts) -> Result<Vec<Item>, String> {
    let item = |wanted: &Wanted| {
        let diff = wanted.resource.diff(facts).map_err(|unknown| unknown.to_string())?;
        Ok(Item {
            play: wanted.play.clone(),
            kind: wanted.resource.kind(),
            made: vec![false; diff.changes.len()],
            changes: diff.changes,
            warnings: diff.warnings,
        })
    };
    target.wanted.iter().map(item).collect()
}

/// Says what would change. It holds hosts that cannot be changed.
#[must_use]
pub fn check<H: Observe>(targets: &[(Target, H)], forks: usize) -> Vec<Outcome> {
    pool::each(targets, forks, |(target, host)| observe(target, host))
}

/// Changes what differs, stage by stage with a barrier across hosts between them, and observes again.
#[must_use]
pub fn apply<H: Change>(targets: &[(Target, H)], forks: usize) -> Vec<Outcome> {
    let mut outcomes = check(targets, forks);
    for stage in Stage::ALL {
        let work: Vec<_> = targets.iter().zip(outcomes.drain(..)).collect();
        outcomes = pool::each_owned(work, forks, |((_, host), outcome)| advance(host, outcome, stage));
    }
    let work: Vec<_> = targets.iter().zip(outcomes).collect();
    pool::each_owned(work, forks, |((target, host), outcome)| verify(target, host, outcome))
}

fn observe<H: Observe>(target: &Target, host: &H) -> Outcome {
    let outcome = Outcome { host: target.host.name.clone(), items: Vec::new(), trouble: None };
    match host.observe(&target.probes()).map(|facts| plan(target, &facts)) {
        Ok(Ok(items)) => Outcome { items, ..outcome },
        Ok(Err(unknown)) => Outcome { trouble: Some(Trouble::Failed(unknown)), ..outcome },
        Err(error) => Outcome { trouble: Some(error.into()), ..outcome },
    }
}

/// Makes one host's changes of one stage, unless the host has failed before.
fn advance<H: Change>(host: &H, mut outcome: Outcome, stage: Stage) -> Outcome {
    let steps = steps(outcome.changes(), stage);
    if outcome.trouble.is_some() || steps.is_empty() {
        return outcome;
    }
    match host.change(&steps) {
        Ok(()) => outcome.made(stage),
        Err(error) => outcome.trouble = Some(error.into()),
    }
    outcome
}

/// Observes a changed host again: nothing may differ now.
fn verify<H: Observe>(target: &Target, host: &H, mut outcome: Outcome) -> Outcome {
    if outcome.trouble.is_some() || outcome.changes().next().is_none() {
        return outcome;
    }
    let again = observe(target, host);
    outcome.trouble = again.trouble.clone().or_else(|| {
        let rest: Vec<String> = again.changes().map(|change| format!("{} {}", change.action, change.summary)).collect();
        (!rest.is_empty())
            .then(|| Trouble::Failed(format!("did not converge; what still differs: {}", rest.join("; "))))
    });
    outcome
}

impl From<HostError> for Trouble {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Unreachable(_) => Self::Unreachable(error.to_string()),
            HostError::Failed(text) => Self::Failed(text),
        }
    }
}

/// Ends the shared connections of a run.
pub fn close(targets: &[(Target, Connection)], forks: usize) {
    pool::each(targets, forks, |(_, connection)| connection.close());
}
