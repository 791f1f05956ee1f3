//! The locks of all hosts of a run: all of them, or none.
//!
//! A run that meets another one's lock gives back what it has before it waits, so no two wait for each other; and of two
//! that begin together the younger leaves first, so one of them works.

use super::{GivenUp, Options, pool};
use crate::{
    desired::Target,
    host::{self, Change, HostError, LockError},
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// For each host how it was locked, or why it could not be asked.
pub(super) type Locked = Result<host::Locked, HostError>;

/// Locks some of the hosts, by number. One that cannot be asked does not keep the others from being locked.
pub(super) fn take<H: Change>(
    targets: &[(Target, H)],
    chosen: &[usize],
    options: &Options<'_>,
) -> Result<Vec<Locked>, GivenUp> {
    let deadline = Instant::now() + options.lock_wait;
    let mut awaited = None;
    loop {
        match round(targets, chosen, options, awaited, deadline) {
            Ok(locked) => return Ok(locked),
            Err(given_up) => {
                release(targets, options.forks);
                let GivenUp::Busy { host, who } = &given_up else { return Err(given_up) };
                if options.is_interrupted() {
                    return Err(GivenUp::Interrupted);
                }
                if Instant::now() >= deadline {
                    return Err(given_up);
                }
                if awaited.is_none() {
                    (options.notice)(&format!("{host}: waiting for another run that holds the lock: {who}"));
                }
                awaited = targets.iter().position(|(target, _)| target.host.name == *host);
            }
        }
    }
}

/// Gives every lock back.
pub(super) fn release<H: Change>(targets: &[(Target, H)], forks: usize) {
    pool::each(targets, forks, |(_, host)| host.unlock());
}

/// Waits for the one that was busy, then asks all the others at once.
fn round<H: Change>(
    targets: &[(Target, H)],
    chosen: &[usize],
    options: &Options<'_>,
    awaited: Option<usize>,
    deadline: Instant,
) -> Result<Vec<Locked>, GivenUp> {
    let lost = AtomicBool::new(false);
    let stop = || options.is_interrupted() || lost.load(Ordering::Relaxed);
    let ask = |index: usize, wait: Duration| {
        let answer = targets[index].1.lock(wait, &stop);
        if matches!(answer, Err(LockError::Busy(_))) {
            lost.store(true, Ordering::Relaxed);
        }
        answer
    };
    let first = awaited.map(|index| ask(index, deadline.saturating_duration_since(Instant::now())));
    let others: Vec<usize> = chosen.iter().copied().filter(|index| Some(*index) != awaited).collect();
    let answers =
        pool::each(
            &others,
            options.forks,
            |index| if stop() { Err(LockError::Stopped) } else { ask(*index, Duration::ZERO) },
        );
    let mut all: Vec<_> = others.into_iter().zip(answers).collect();
    if let (Some(index), Some(answer)) = (awaited, first) {
        let place = chosen.iter().position(|chosen| *chosen == index).unwrap_or(all.len());
        all.insert(place, (index, answer));
    }
    let mut locked = Vec::with_capacity(all.len());
    let mut stopped = false;
    for (index, answer) in all {
        match answer {
            Ok(how) => locked.push(Ok(how)),
            Err(LockError::Host(error)) => locked.push(Err(error)),
            Err(LockError::Busy(who)) => {
                return Err(GivenUp::Busy { host: targets[index].0.host.name.clone(), who });
            }
            Err(LockError::Stopped) => stopped = true,
        }
    }
    if stopped || options.is_interrupted() { Err(GivenUp::Interrupted) } else { Ok(locked) }
}

#[cfg(test)]
#[path = "locks_tests.rs"]
mod tests;
