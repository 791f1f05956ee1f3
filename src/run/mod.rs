//! A run: observe every host, plan, change stage by stage, observe again. What happened comes back as data.

mod locks;
mod options;
mod outcome;
mod pool;

pub use options::{GivenUp, Options, Review};
pub use outcome::{Item, Outcome, Progress, Trouble};

use crate::{
    desired::Target,
    host::{Change, Connection, HostError, Observe},
    plan::{Stage, steps},
    probe::Facts,
};
use locks::Locked;

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
pub fn check<H: Observe>(targets: &[(Target, H)], options: &Options<'_>) -> Vec<Outcome> {
    observe_all(targets, vec![Ok(None); targets.len()], options)
}

/// Changes what differs, stage by stage with a barrier across hosts between them, and observes again. Every host is
/// locked from before the first look to the end.
pub fn apply<H: Change>(targets: &[(Target, H)], options: &Options<'_>) -> Result<Vec<Outcome>, GivenUp> {
    let locked = locks::take(targets, options)?;
    let outcomes = locked_apply(targets, locked, options);
    locks::release(targets, options.forks);
    outcomes
}

fn locked_apply<H: Change>(
    targets: &[(Target, H)],
    locked: Vec<Locked>,
    options: &Options<'_>,
) -> Result<Vec<Outcome>, GivenUp> {
    let mut outcomes = observe_all(targets, locked, options);
    if let Some(review) = options.review.filter(|_| !options.is_interrupted()) {
        review(&outcomes).map_err(GivenUp::Moved)?;
    }
    for stage in Stage::ALL {
        let work: Vec<_> = targets.iter().zip(outcomes.drain(..)).collect();
        outcomes = pool::each_owned(work, options.forks, |((_, host), outcome)| advance(host, outcome, stage, options));
        if !options.is_interrupted() {
            hold(targets, &mut outcomes);
        }
    }
    let work: Vec<_> = targets.iter().zip(outcomes).collect();
    Ok(pool::each_owned(work, options.forks, |((target, host), outcome)| verify(target, host, outcome, options)))
}

/// Looks at every host that could be locked. One that is not looked at any more is told as such.
fn observe_all<H: Observe>(targets: &[(Target, H)], locked: Vec<Locked>, options: &Options<'_>) -> Vec<Outcome> {
    let work: Vec<_> = targets.iter().zip(locked).collect();
    let mut outcomes = pool::each_owned(work, options.forks, |((target, host), locked)| match locked {
        _ if options.is_interrupted() => Outcome {
            trouble: Some(Trouble::Failed("interrupted before it was looked at".to_owned())),
            ..Outcome::new(&target.host.name)
        },
        Ok(warning) => {
            let outcome = observe(target, host);
            Outcome { warnings: warning.into_iter().collect(), ..outcome }
        }
        Err(error) => Outcome { trouble: Some(error.into()), ..Outcome::new(&target.host.name) },
    });
    if !options.is_interrupted() {
        hold(targets, &mut outcomes);
    }
    outcomes
}

fn observe<H: Observe>(target: &Target, host: &H) -> Outcome {
    let outcome = Outcome::new(&target.host.name);
    match host.observe(&target.probes()) {
        Ok(facts) => {
            let outcome = Outcome { observed: facts.digests(), ..outcome };
            match plan(target, &facts) {
                Ok(items) => Outcome { items, ..outcome },
                Err(unknown) => Outcome { trouble: Some(Trouble::Failed(unknown)), ..outcome },
            }
        }
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
fn advance<H: Change>(host: &H, mut outcome: Outcome, stage: Stage, options: &Options<'_>) -> Outcome {
    let planned = outcome.each().filter(|(_, progress)| *progress == Progress::Planned);
    let steps = steps(planned.map(|(change, _)| change), stage);
    if outcome.trouble.is_some() || steps.is_empty() || options.is_interrupted() {
        return outcome;
    }
    match host.change(&steps) {
        Ok(()) => outcome.note(Progress::Made, |_, change| change.stage == stage),
        Err(failed) => outcome.trouble = Some(failed.error.into()),
    }
    outcome
}

/// Observes a changed host again: nothing may differ now but what was held back.
fn verify<H: Observe>(target: &Target, host: &H, mut outcome: Outcome, options: &Options<'_>) -> Outcome {
    if outcome.trouble.is_some() || options.is_interrupted() || !outcome.items.iter().any(Item::is_changed) {
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
