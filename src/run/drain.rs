//! Changes that wait for clients: they are made when the connections and sessions that they would cut have ended, or
//! when their time is over. What is left is always observed anew, so a later run can go on where this one stops.

use super::{Item, Options, Outcome, Progress, advance, hold::hold, look, pool, rollout::Rollout};
use crate::{
    desired::Target,
    host::Change,
    plan::{Change as Planned, Drain, Stage, Wait},
    probe::Lingering,
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long to wait between two looks, and how often a signal is looked for meanwhile.
const LOOK: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(50);
/// How often a look is tried.
const LOOKS: usize = 3;

/// How far clients have come that a change waits for.
enum Left {
    /// They have all ended.
    Nothing,
    /// So much is left.
    Some(String),
    /// What only a host that is not in this run can tell: waiting does not help.
    Unknown(String),
}

/// Notes what drains: it is no drift.
pub(super) fn note(outcomes: &mut [Outcome]) {
    let known = outcomes.to_vec();
    for outcome in outcomes {
        outcome.note(|item, change| match left(change.drain.as_ref()?, &item.play, &known) {
            Left::Nothing => None,
            Left::Some(text) | Left::Unknown(text) => Some(Progress::Draining(text)),
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
        options.watch.phase("drain", outcomes.iter().filter(|outcome| waits(outcome)).count());
        outcomes = look_again(targets, outcomes, options);
        let known = outcomes.clone();
        let is_late = |drain: &Drain| start.elapsed() >= Duration::from_secs(drain.timeout.into());
        let is_ready = |play: &str, change: &Planned| {
            change.drain.as_ref().is_some_and(|drain| match left(drain, play, &known) {
                Left::Nothing => true,
                Left::Some(_) => options.may_wait && is_late(drain),
                Left::Unknown(_) => false,
            })
        };
        let busy: Vec<usize> = (0..outcomes.len())
            .filter(|index| {
                let one = &outcomes[*index];
                one.trouble.is_none()
                    && one
                        .each()
                        .any(|(item, change, progress)| *progress == Progress::Planned && is_ready(&item.play, change))
            })
            .collect();
        warn_of_cuts(&mut outcomes, &known, &is_ready);
        for wave in rollout.waves(&busy) {
            outcomes = pool::some(outcomes, &wave, options.forks, |index, outcome| {
                let (target, host) = &targets[index];
                let picks = |item: &Item, change: &Planned| is_ready(&item.play, change);
                advance::advance(target, host, outcome, Stage::Contract, &picks, options, &mut || ())
            });
            hold(rollout, targets, &mut outcomes, options);
        }
        let goes_on = |outcome: &Outcome| {
            waits(outcome)
                && outcome.each().filter(|one| is_waiting(*one)).any(|(item, change, _)| {
                    change
                        .drain
                        .as_ref()
                        .is_some_and(|drain| !matches!(left(drain, &item.play, &known), Left::Unknown(_)))
                })
        };
        if !options.may_wait || !outcomes.iter().any(goes_on) {
            break;
        }
        pause(options);
    }
    note(&mut outcomes);
    outcomes
}

/// What is made though clients are left, because its time is over, is told.
fn warn_of_cuts(outcomes: &mut [Outcome], known: &[Outcome], is_ready: &dyn Fn(&str, &Planned) -> bool) {
    for item in outcomes.iter_mut().flat_map(|outcome| &mut outcome.items) {
        let ready =
            item.each().filter(|(change, progress)| **progress == Progress::Planned && is_ready(&item.play, change));
        let cut = ready.filter_map(|(change, _)| match left(change.drain.as_ref()?, &item.play, known) {
            Left::Some(text) => Some(format!("{}: drain_timeout is over, {text}", change.summary)),
            Left::Nothing | Left::Unknown(_) => None,
        });
        let cut: Vec<String> = cut.collect();
        item.warnings.extend(cut);
    }
}

fn waits(outcome: &Outcome) -> bool {
    outcome.trouble.is_none() && outcome.each().any(is_waiting)
}

fn is_waiting((_, change, progress): (&Item, &Planned, &Progress)) -> bool {
    change.drain.is_some() && *progress == Progress::Planned
}

/// Observes the hosts that have something that waits, and the real servers whose sessions that waits for.
fn look_again<H: Change>(targets: &[(Target, H)], outcomes: Vec<Outcome>, options: &Options<'_>) -> Vec<Outcome> {
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
    pool::some(outcomes, &asked, options.forks, |index, mut outcome| {
        let (target, host) = &targets[index];
        outcome.refresh(patient_look(target, host, options), &|_, change| change.drain.is_some(), None);
        outcome
    })
}

/// A drain takes minutes and many looks: one that fails does not end it.
fn patient_look<H: Change>(target: &Target, host: &H, options: &Options<'_>) -> Outcome {
    for _ in 1..LOOKS {
        let seen = look(target, host);
        if seen.trouble.is_none() || options.is_interrupted() {
            return seen;
        }
        pause(options);
    }
    look(target, host)
}

fn pause(options: &Options<'_>) {
    let until = Instant::now() + LOOK;
    while Instant::now() < until && !options.is_interrupted() {
        thread::sleep(MOMENT);
    }
}

/// What a change still waits for.
fn left(drain: &Drain, play: &str, outcomes: &[Outcome]) -> Left {
    let (mut words, mut unknown) = (Vec::new(), Vec::new());
    for wait in &drain.waits {
        match wait {
            Wait::Connections(0) => {}
            Wait::Connections(count) => words.push(counted(*count, "connection")),
            Wait::Sessions(names) => {
                for name in names {
                    match lingering(name, play, outcomes) {
                        None => unknown.push(format!("the sessions on {name} are not known in this run")),
                        Some(found) if found.sessions == 0 || found.seconds >= drain.timeout.into() => {}
                        Some(found) => {
                            let count = u64::try_from(found.sessions).unwrap_or(u64::MAX);
                            words.push(format!("{} on {name}", counted(count, "older session")));
                        }
                    }
                }
            }
        }
    }
    match (unknown.is_empty(), words.is_empty()) {
        (false, _) => Left::Unknown([unknown, words].concat().join(", ")),
        (true, false) => Left::Some(words.join(", ")),
        (true, true) => Left::Nothing,
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{} left", if count == 1 { "" } else { "s" })
}

fn lingering(host: &str, play: &str, outcomes: &[Outcome]) -> Option<Lingering> {
    let host = outcomes.iter().find(|one| one.host == host && one.trouble.is_none())?;
    host.lingering.iter().find(|(of, _)| of == play).map(|(_, found)| *found)
}
