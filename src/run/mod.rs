//! A run: observe every host, plan, change stage by stage, observe again. What happened comes back as data.

mod outcome;
mod pool;

pub use outcome::{Item, Outcome, Progress, Trouble};

use crate::{
    desired::Target,
    host::{Change, Connection, HostError, Observe},
    plan::{Stage, steps},
    probe::Facts,
};

/// What differs between a host and what it shall have. Nothing at all is planned when any fact is unknown.
///
/// Resources of one kind and play, such as several services, are one item: people read them as one task.
pub fn plan(target: &Target, facts: &Facts) -> Result<Vec<Item>, String> {
    let mut items: Vec<Item> = Vec::new();
    for wanted in &target.wanted {
        let diff = wanted.resource.diff(facts).map_err(|unknown| unknown.to_string())?;
        let (play, kind) = (&wanted.play, wanted.resource.kind());
        let known = items.iter().position(|item| item.kind == kind && item.play == *play).unwrap_or_else(|| {
            items.push(Item::new(play.clone(), kind));
            items.len() - 1
        });
        items[known].take(diff);
    }
    Ok(items)
}

/// Says what would change. It holds hosts that cannot be changed.
#[must_use]
pub fn check<H: Observe>(targets: &[(Target, H)], forks: usize) -> Vec<Outcome> {
    let mut outcomes = pool::each(targets, forks, |(target, host)| observe(target, host));
    hold(targets, &mut outcomes);
    outcomes
}

/// Changes what differs, stage by stage with a barrier across hosts between them, and observes again.
#[must_use]
pub fn apply<H: Change>(targets: &[(Target, H)], forks: usize) -> Vec<Outcome> {
    let mut outcomes = check(targets, forks);
    for stage in Stage::ALL {
        let work: Vec<_> = targets.iter().zip(outcomes.drain(..)).collect();
        outcomes = pool::each_owned(work, forks, |((_, host), outcome)| advance(host, outcome, stage));
        hold(targets, &mut outcomes);
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

/// Holds back what must not be done when a real server failed: no client is sent to it, and nothing that still serves
/// its cluster's clients goes.
fn hold<H>(targets: &[(Target, H)], outcomes: &mut [Outcome]) {
    let failed = targets.iter().zip(&*outcomes).filter(|(_, outcome)| outcome.trouble.is_some());
    let lost: Vec<(String, String)> = failed
        .flat_map(|((target, _), _)| target.serves.iter().map(|play| (play.clone(), target.host.name.clone())))
        .collect();
    for outcome in outcomes {
        outcome.note(Progress::Held, |item, change| {
            let mut mine = lost.iter().filter(|(play, _)| *play == item.play);
            mine.any(|(_, host)| change.stage == Stage::Contract || change.needs.as_ref() == Some(host))
        });
    }
}

/// Makes one host's changes of one stage, unless the host has failed before.
fn advance<H: Change>(host: &H, mut outcome: Outcome, stage: Stage) -> Outcome {
    let planned = outcome.each().filter(|(_, progress)| *progress == Progress::Planned);
    let steps = steps(planned.map(|(change, _)| change), stage);
    if outcome.trouble.is_some() || steps.is_empty() {
        return outcome;
    }
    let changed = host.change(&steps);
    // A step that failed leaves the ones before it, and the host can still be reached: they are confirmed too.
    let confirmed = host.confirm();
    match changed.map_err(|failed| failed.error).and(confirmed) {
        Ok(()) => outcome.note(Progress::Made, |_, change| change.stage == stage),
        Err(error) => outcome.trouble = Some(error.into()),
    }
    outcome
}

/// Observes a changed host again: nothing may differ now but what was held back.
fn verify<H: Observe>(target: &Target, host: &H, mut outcome: Outcome) -> Outcome {
    if outcome.trouble.is_some() || !outcome.items.iter().any(Item::is_changed) {
        return outcome;
    }
    let again = observe(target, host);
    let held = |summary: &str| {
        outcome.each().any(|(change, progress)| progress == Progress::Held && change.summary == summary)
    };
    let rest: Vec<String> = again
        .changes()
        .filter(|change| !held(&change.summary))
        .map(|change| format!("{} {}", change.action, change.summary))
        .collect();
    outcome.trouble = again.trouble.or_else(|| {
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
pub fn close<H: AsRef<Connection> + Sync>(targets: &[(Target, H)], forks: usize) {
    pool::each(targets, forks, |(_, host)| host.as_ref().close());
}
