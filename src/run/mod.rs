//! A run: observe every host, plan, change stage by stage, observe again. What happened comes back as data.

mod advance;
mod drain;
mod hold;
mod outcome;
mod pool;
mod rollout;

pub use outcome::{Item, Outcome, Progress, Trouble};

use crate::{
    desired::{Side, Target},
    host::{Change, Connection, HostError, LockError, Observe},
    plan::{Change as Planned, Stage},
    probe::Facts,
};
use hold::hold;
use rollout::Rollout;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// How a run goes.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The sides of the clusters: which hosts change together.
    pub sides: &'a [Side],
    /// How many hosts are worked on at a time.
    pub forks: usize,
    /// How long to wait for another run's lock on a host.
    pub lock_wait: Duration,
    /// Whether to wait for clients of what goes; else a later run makes what waits.
    pub may_wait: bool,
    /// Set by a signal: no further step is begun.
    pub interrupted: &'a AtomicBool,
}

/// One host at a time, and nothing stops it.
impl Default for Options<'static> {
    fn default() -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self { sides: &[], forks: 1, lock_wait: Duration::ZERO, may_wait: true, interrupted: &NEVER }
    }
}

impl Options<'_> {
    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

/// Another run has the locks of these hosts: host, and who has it. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked(pub Vec<(String, String)>);

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
    let mut outcomes = observe(targets, options);
    hold(&Rollout::new(options.sides, &outcomes), targets, &mut outcomes);
    drain::note(&mut outcomes);
    outcomes
}

/// Changes what differs, stage by stage with a barrier across hosts between them, and observes again.
pub fn apply<H: Change>(targets: &[(Target, H)], options: &Options<'_>) -> Result<Vec<Outcome>, Locked> {
    let mut outcomes = lock(targets, observe(targets, options), options)?;
    let rollout = Rollout::new(options.sides, &outcomes);
    hold(&rollout, targets, &mut outcomes);
    for stage in Stage::ALL {
        let busy: Vec<usize> = (0..outcomes.len()).filter(|index| outcomes[*index].is_busy(stage)).collect();
        for wave in rollout.waves(&busy) {
            outcomes = pool::some(outcomes, &wave, options.forks, |index, outcome| {
                let (target, host) = &targets[index];
                advance::advance(target, host, outcome, stage, &|_, change| change.drain.is_none(), options)
            });
            hold(&rollout, targets, &mut outcomes);
        }
        if stage == Stage::Contract {
            outcomes = drain::finish(&rollout, targets, outcomes, options);
        }
    }
    let changed: Vec<usize> = (0..outcomes.len()).filter(|index| outcomes[*index].tried).collect();
    let outcomes = pool::some(outcomes, &changed, options.forks, |index, outcome| {
        let (target, host) = &targets[index];
        verify(target, host, outcome, options)
    });
    pool::each(targets, options.forks, |(_, host)| host.unlock());
    Ok(outcomes)
}

fn observe<H: Observe>(targets: &[(Target, H)], options: &Options<'_>) -> Vec<Outcome> {
    pool::each(targets, options.forks, |(target, host)| look(target, host))
}

/// Observes one host and plans for it.
fn look<H: Observe>(target: &Target, host: &H) -> Outcome {
    let outcome = Outcome { host: target.host.name.clone(), ..Outcome::default() };
    let facts = match host.observe(&target.probes()) {
        Ok(facts) => facts,
        Err(error) => return Outcome { trouble: Some(error.into()), ..outcome },
    };
    let lingering = target.wanted.iter().filter_map(|wanted| {
        let found = wanted.resource.lingering(&facts).ok()??;
        Some((wanted.play.clone(), found))
    });
    let outcome = Outcome { lingering: lingering.collect(), addresses: facts.addresses().ok().cloned(), ..outcome };
    match plan(target, &facts) {
        Ok(items) => Outcome { items, ..outcome },
        Err(unknown) => Outcome { trouble: Some(Trouble::Failed(unknown)), ..outcome },
    }
}

/// Takes the lock of each host that is to be changed, and looks at it again: what was seen before may be another run's
/// half-done work. All locks or none.
fn lock<H: Change>(
    targets: &[(Target, H)],
    mut outcomes: Vec<Outcome>,
    options: &Options<'_>,
) -> Result<Vec<Outcome>, Locked> {
    let planned = |outcome: &Outcome| outcome.trouble.is_none() && outcome.changes().next().is_some();
    let changing: Vec<usize> = (0..outcomes.len()).filter(|index| planned(&outcomes[*index])).collect();
    if options.is_interrupted() {
        return Ok(outcomes);
    }
    let got = pool::each(&changing, options.forks, |index| targets[*index].1.lock(options.lock_wait));
    let mut busy = Vec::new();
    for (index, got) in changing.iter().zip(got) {
        match got {
            Ok(()) => {}
            Err(LockError::Busy(who)) => busy.push((outcomes[*index].host.clone(), who)),
            Err(LockError::Host(error)) => outcomes[*index].trouble = Some(error.into()),
        }
    }
    if !busy.is_empty() {
        pool::each(&changing, options.forks, |index| targets[*index].1.unlock());
        return Err(Locked(busy));
    }
    let locked: Vec<usize> = changing.into_iter().filter(|index| outcomes[*index].trouble.is_none()).collect();
    Ok(pool::some(outcomes, &locked, options.forks, |index, _| look(&targets[index].0, &targets[index].1)))
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
    let waits = |change: &Planned| {
        outcome.each().any(|(_, known, progress)| {
            known.summary == change.summary && matches!(progress, Progress::Held(_) | Progress::Draining(_))
        })
    };
    let rest: Vec<&Planned> = again.changes().filter(|change| !waits(change)).collect();
    if !rest.is_empty() {
        outcome.trouble = Some(differs(rest));
    }
    outcome
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
