//! Changes that wait for clients: they are made when the connections and sessions that they would cut have ended, or
//! when their time is over. What is left is always observed anew, so a later run can go on where this one stops.

use super::{Options, Outcome, Progress, advance, hold::hold, look, pool, rollout::Rollout};
use crate::{
    desired::Target,
    host::Change,
    plan::{Change as Planned, Drain, Stage, Wait},
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long to wait between two looks, and how often a signal is looked for meanwhile.
const LOOK: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(50);

/// Notes what drains: it is no drift.
pub(super) fn note(outcomes: &mut [Outcome]) {
    let known = outcomes.to_vec();
    for outcome in outcomes {
        outcome.note(|item, change| {
            let drain = change.drain.as_ref()?;
            left(drain, &item.play, &known).map(Progress::Draining)
        });
    }
}

/// Makes what waits, as it becomes ready.
pub(super) fn finish<H: Change>(
    rollout: &Rollout<'_>,
    targets: &[(Target, H)],
    mut outcomes: Vec<Outcome>,
    options: &Options<'_>,
) -> Vec<Outcome> {
    let start = Instant::now();
    while outcomes.iter().any(waits) && !options.is_interrupted() {
        outcomes = look_again(targets, outcomes, options.forks);
        let known = outcomes.clone();
        let is_over = |drain: &Drain, play: &str| {
            left(drain, play, &known).is_none() || start.elapsed() >= Duration::from_secs(drain.timeout.into())
        };
        for outcome in &mut outcomes {
            for item in &mut outcome.items {
                let cut =
                    item.each().filter(|(_, progress)| **progress == Progress::Planned).filter_map(|(change, _)| {
                        let drain = change.drain.as_ref().filter(|drain| is_over(drain, &item.play))?;
                        let left = left(drain, &item.play, &known)?;
                        Some(format!("{}: drain_timeout is over, {left}", change.summary))
                    });
                let cut: Vec<String> = cut.collect();
                item.warnings.extend(cut);
            }
        }
        let ready = |play: &str, change: &Planned| change.drain.as_ref().is_some_and(|drain| is_over(drain, play));
        let busy: Vec<usize> = (0..outcomes.len())
            .filter(|index| {
                let one = &outcomes[*index];
                one.trouble.is_none()
                    && one
                        .each()
                        .any(|(item, change, progress)| *progress == Progress::Planned && ready(&item.play, change))
            })
            .collect();
        for wave in rollout.waves(&busy) {
            outcomes = pool::some(outcomes, &wave, options.forks, |index, outcome| {
                let (target, host) = &targets[index];
                advance::advance(
                    target,
                    host,
                    outcome,
                    Stage::Contract,
                    &|item, change| ready(&item.play, change),
                    options,
                )
            });
            hold(rollout, targets, &mut outcomes);
        }
        if !options.may_wait || !outcomes.iter().any(waits) {
            break;
        }
        let until = Instant::now() + LOOK;
        while Instant::now() < until && !options.is_interrupted() {
            thread::sleep(MOMENT);
        }
    }
    note(&mut outcomes);
    outcomes
}

fn waits(outcome: &Outcome) -> bool {
    outcome.trouble.is_none() && outcome.each().any(is_waiting)
}

fn is_waiting((_, change, progress): (&super::Item, &Planned, &Progress)) -> bool {
    change.drain.is_some() && *progress == Progress::Planned
}

/// Observes the hosts that have something that waits, and the real servers whose sessions that waits for.
fn look_again<H: Change>(targets: &[(Target, H)], outcomes: Vec<Outcome>, forks: usize) -> Vec<Outcome> {
    let mut asked: Vec<usize> = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate().filter(|(_, outcome)| waits(outcome)) {
        asked.push(index);
        for (_, change, _) in outcome.each().filter(|one| is_waiting(*one)) {
            for wait in change.drain.iter().flat_map(|drain| &drain.waits) {
                if let Wait::Sessions(names) = wait {
                    asked.extend(names.iter().filter_map(|name| outcomes.iter().position(|one| one.host == *name)));
                }
            }
        }
    }
    asked.sort_unstable();
    asked.dedup();
    asked.retain(|index| outcomes[*index].trouble.is_none());
    pool::some(outcomes, &asked, forks, |index, mut outcome| {
        let (target, host) = &targets[index];
        outcome.refresh(look(target, host), &|_, change| change.drain.is_some());
        outcome
    })
}

/// What a change still waits for, in words; nothing when that has ended.
fn left(drain: &Drain, play: &str, outcomes: &[Outcome]) -> Option<String> {
    let words: Vec<String> = drain.waits.iter().flat_map(|wait| remains(wait, drain.timeout, play, outcomes)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn remains(wait: &Wait, timeout: u32, play: &str, outcomes: &[Outcome]) -> Vec<String> {
    let counted = |count: u64, what: &str| format!("{count} {what}{} left", if count == 1 { "" } else { "s" });
    match wait {
        Wait::Connections(0) => Vec::new(),
        Wait::Connections(count) => vec![counted(*count, "connection")],
        Wait::Sessions(names) => names
            .iter()
            .filter_map(|name| {
                let host = outcomes.iter().find(|one| one.host == *name && one.trouble.is_none());
                let known = host.and_then(|one| one.lingering.iter().find(|(of, _)| of == play));
                match known {
                    None => Some(format!("the sessions on {name} are not known")),
                    Some((_, found)) if found.sessions == 0 || found.seconds >= timeout.into() => None,
                    Some((_, found)) => {
                        let count = u64::try_from(found.sessions).unwrap_or(u64::MAX);
                        Some(format!("{} on {name}", counted(count, "older session")))
                    }
                }
            })
            .collect(),
    }
}
