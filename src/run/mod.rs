//! A run: observe every host, plan, change stage by stage, observe again. What happened comes back as data.

mod advance;
mod agree;
mod drain;
mod hold;
mod locks;
mod lull;
mod options;
mod outcome;
mod pool;
mod rollout;
mod served;
mod watch;

pub use agree::Shared;
pub use options::{Answers, GivenUp, Options, Review};
pub use outcome::{Item, Outcome, Progress, Trouble};
pub use watch::{Nobody, Watch};

use crate::{
    desired::Target,
    host::{Change, Connection, HostError, Observe},
    plan::{Change as Planned, Stage},
    probe::Facts,
    resource::Kind,
};
use hold::hold;
use lull::Lull;
use rollout::Rollout;
use std::time::{Duration, Instant};

/// How long a look may be trusted when all locks were taken after it. Our own runs tell of themselves in the lock; people,
/// who change hosts too, do not.
const FRESH: Duration = Duration::from_secs(5);

/// So many hosts at a time are looked at beside others that are confirmed: these log in anew, and shall not be held up.
const FEW: usize = 3;

/// What differs between a host and what it shall have. Nothing at all is planned when any fact is unknown.
///
/// Resources of one kind and play, such as several services, are one item: people read them as one task. So are those of
/// one kind and task.
pub fn plan(target: &Target, facts: &Facts) -> Result<Vec<Item>, String> {
    let mut items: Vec<Item> = Vec::new();
    for wanted in target.wanted.iter().filter(|wanted| wanted.resource.kind() != Kind::Path) {
        let diff = wanted.resource.diff(facts).map_err(|unknown| unknown.to_string())?;
        let mine = Item::new(wanted.play.clone(), wanted.task.clone(), wanted.resource.kind());
        let known = items.iter().position(|item| item.is_same(&mine)).unwrap_or_else(|| {
            items.push(mine);
            items.len() - 1
        });
        items[known].take(diff);
    }
    Ok(items)
}

/// Says what would change. It holds hosts that cannot be changed.
#[must_use]
pub fn check<H: Observe>(targets: &[(Target, H)], options: &Options<'_>) -> Vec<Outcome> {
    let mut outcomes = observe(targets, options, |_, _| ());
    settle(targets, &mut outcomes, options);
    outcomes
}

/// Notes what would be held back, and what drains.
fn settle<H: Observe>(targets: &[(Target, H)], outcomes: &mut [Outcome], options: &Options<'_>) {
    agree::note(outcomes);
    hold(&Rollout::new(options.sides, outcomes), targets, outcomes, options);
    drain::note(outcomes);
    served::note(outcomes);
}

/// What [`check`] says, with the facts that it says it from.
#[must_use]
pub fn survey<H: Observe>(targets: &[(Target, H)], options: &Options<'_>) -> Vec<(Outcome, Facts)> {
    options.watch.phase("observe", targets.len());
    let seen = pool::each(targets, options.forks, |(target, host)| {
        if options.is_interrupted() {
            return (not_looked_at(target), Facts::default());
        }
        options.watched(&target.host.name, || seen(target, host))
    });
    let (mut outcomes, facts): (Vec<Outcome>, Vec<Facts>) = seen.into_iter().unzip();
    settle(targets, &mut outcomes, options);
    outcomes.into_iter().zip(facts).collect()
}

/// Changes what differs, stage by stage with a barrier across hosts between them, and observes again. What is changed is
/// locked from before the look that counts to the end.
pub fn apply<H: Change>(targets: &[(Target, H)], options: &Options<'_>) -> Result<Vec<Outcome>, GivenUp> {
    let outcomes = observe(targets, options, |host, outcome| {
        if !is_to_be_changed(outcome) {
            host.rest();
        }
    });
    let outcomes = lock(targets, outcomes, options).and_then(|outcomes| converge(targets, outcomes, options));
    locks::release(targets, options.forks);
    let mut outcomes = outcomes?;
    served::note(&mut outcomes);
    Ok(outcomes)
}

fn converge<H: Change>(
    targets: &[(Target, H)],
    mut outcomes: Vec<Outcome>,
    options: &Options<'_>,
) -> Result<Vec<Outcome>, GivenUp> {
    agree::note(&mut outcomes);
    let rollout = Rollout::new(options.sides, &outcomes);
    if options.is_interrupted() {
        return Ok(outcomes);
    }
    hold(&rollout, targets, &mut outcomes, options);
    if let Some(review) = options.review {
        review(&outcomes).map_err(GivenUp::Moved)?;
    }
    for stage in Stage::ALL {
        let busy: Vec<usize> = (0..outcomes.len()).filter(|index| outcomes[*index].is_busy(stage)).collect();
        for wave in rollout.waves(&busy) {
            // Those that have nothing left to do are looked at while others are confirmed, or in the end.
            let done: Vec<usize> = (0..outcomes.len()).filter(|index| outcomes[*index].is_done()).collect();
            // What failed in an earlier wave may have left a host of this one nothing to do.
            let wave: Vec<usize> = wave.into_iter().filter(|index| !done.contains(index)).collect();
            let lull = Lull::new(wave.len(), FEW);
            options.watch.phase(&stage.to_string(), wave.len());
            outcomes = pool::some(outcomes, &[&wave[..], &done].concat(), options.forks, |index, outcome| {
                let (target, host) = &targets[index];
                let picks = |_: &Item, change: &Planned| change.drain.is_none();
                if done.contains(&index) {
                    let Some(_beside) = lull.beside() else { return outcome };
                    return verify(target, host, outcome, options);
                }
                let mut main = lull.main();
                options.watched(&target.host.name, || {
                    advance::advance(target, host, outcome, stage, &picks, options, &mut || main.waits())
                })
            });
            if options.is_interrupted() {
                return Ok(outcomes);
            }
            hold(&rollout, targets, &mut outcomes, options);
        }
        if stage == Stage::Contract {
            outcomes = drain::finish(&rollout, targets, outcomes, options);
        }
    }
    let changed: Vec<usize> = (0..outcomes.len()).filter(|index| outcomes[*index].tried).collect();
    options.watch.phase("verify", changed.len());
    Ok(pool::some(outcomes, &changed, options.forks, |index, outcome| {
        let (target, host) = &targets[index];
        options.watched(&target.host.name, || {
            let outcome = verify(target, host, outcome, options);
            // Nothing is changed any more.
            host.unlock();
            outcome
        })
    }))
}

/// Looks at every host; `seen` hears of each.
fn observe<H: Observe>(
    targets: &[(Target, H)],
    options: &Options<'_>,
    seen: impl Fn(&H, &Outcome) + Sync,
) -> Vec<Outcome> {
    options.watch.phase("observe", targets.len());
    pool::each(targets, options.forks, |(target, host)| {
        if options.is_interrupted() {
            return not_looked_at(target);
        }
        options.watched(&target.host.name, || {
            let outcome = look(target, host);
            seen(host, &outcome);
            outcome
        })
    })
}

fn is_to_be_changed(outcome: &Outcome) -> bool {
    outcome.trouble.is_none() && outcome.changes().next().is_some()
}

fn not_looked_at(target: &Target) -> Outcome {
    let trouble = Trouble::Failed("interrupted before it was looked at".to_owned());
    Outcome { host: target.host.name.clone(), trouble: Some(trouble), ..Outcome::default() }
}

/// Observes one host and plans for it.
fn look<H: Observe>(target: &Target, host: &H) -> Outcome {
    seen(target, host).0
}

/// The same, with the facts.
fn seen<H: Observe>(target: &Target, host: &H) -> (Outcome, Facts) {
    let outcome = Outcome { host: target.host.name.clone(), ..Outcome::default() };
    let facts = match host.observe(&target.probes()) {
        Ok(facts) => facts,
        Err(error) => return (Outcome { trouble: Some(error.into()), ..outcome }, Facts::default()),
    };
    let outcome = Outcome { observed: facts.digests(), ..outcome };
    let lingering = target.wanted.iter().filter_map(|wanted| {
        let found = wanted.resource.lingering(&facts).ok()??;
        Some((wanted.play.clone(), found))
    });
    let shared = target.wanted.iter().filter_map(|wanted| {
        let (path, text) = wanted.resource.shared(&facts).ok()??;
        Some(Shared { play: wanted.play.clone(), path, text })
    });
    let outcome = Outcome { shared: shared.collect(), ..outcome };
    let outcome = Outcome { lingering: lingering.collect(), addresses: facts.addresses().ok().cloned(), ..outcome };
    let outcome = match plan(target, &facts) {
        Ok(items) => served::noted(target, &facts, Outcome { items, ..outcome }),
        Err(unknown) => Outcome { trouble: Some(Trouble::Failed(unknown)), ..outcome },
    };
    (outcome, facts)
}

/// Takes the lock of each host that is to be changed, all of them or none, and looks at it again: what was seen before may
/// be another run's half-done work, unless its lock tells that it is not.
fn lock<H: Change>(
    targets: &[(Target, H)],
    mut outcomes: Vec<Outcome>,
    options: &Options<'_>,
) -> Result<Vec<Outcome>, GivenUp> {
    let changing: Vec<usize> = (0..outcomes.len()).filter(|index| is_to_be_changed(&outcomes[*index])).collect();
    if options.is_interrupted() {
        return Ok(outcomes);
    }
    options.watch.phase("lock", changing.len());
    let mut doubtful = Vec::new();
    let is_fresh = |since: &Instant| since.elapsed() < FRESH;
    for (index, got) in changing.iter().copied().zip(locks::take(targets, &changing, options)?) {
        match got {
            Ok(locked) => {
                outcomes[index].warnings.extend(locked.warning);
                if !locked.unchanged_since.as_ref().is_some_and(is_fresh) {
                    doubtful.push(index);
                }
            }
            Err(error) => outcomes[index].trouble = Some(error.into()),
        }
    }
    options.watch.phase("look again", doubtful.len());
    Ok(pool::some(outcomes, &doubtful, options.forks, |index, old| {
        let (target, host) = &targets[index];
        options.watched(&target.host.name, || Outcome { warnings: old.warnings, ..look(target, host) })
    }))
}

/// Observes a changed host again: nothing may differ now but what was held back, or waits for clients.
fn verify<H: Observe>(target: &Target, host: &H, mut outcome: Outcome, options: &Options<'_>) -> Outcome {
    if outcome.trouble.is_some() || outcome.verified || options.is_interrupted() {
        return outcome;
    }
    let again = look(target, host);
    if again.trouble.is_some() {
        outcome.trouble = again.trouble;
        return outcome;
    }
    let rest = unexpected(&outcome, &again);
    if rest.is_empty() {
        outcome.verified = true;
        served::refresh(&mut outcome, &again);
    } else {
        outcome.trouble = Some(differs(rest));
    }
    outcome
}

/// What differs in a later look, but was neither held back nor waits for clients.
fn unexpected<'a>(outcome: &Outcome, again: &'a Outcome) -> Vec<&'a Planned> {
    let waits = |change: &Planned| {
        outcome.each().any(|(_, known, progress)| {
            known.summary == change.summary && matches!(progress, Progress::Held(_) | Progress::Draining(_))
        })
    };
    again.changes().filter(|change| !waits(change)).collect()
}

fn differs<'a>(rest: impl IntoIterator<Item = &'a Planned>) -> Trouble {
    let rest: Vec<String> = rest.into_iter().map(|change| format!("{} {}", change.action, change.summary)).collect();
    Trouble::Failed(format!("did not converge; what still differs: {}", rest.join("; ")))
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
