//! Who changes together and who waits for whom: `serial` batches, and what stops a roll-out.

use super::{Outcome, Progress, Trouble};
use crate::{
    desired::{Role, Side},
    plan::{Change, Stage, Step},
    playbook::Batch,
};

/// The sides of a run with their hosts, by number, in batches.
#[derive(Debug)]
pub(super) struct Rollout<'a>(Vec<(&'a Side, Vec<Vec<usize>>)>);

/// A play that does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop<'a> {
    /// The play.
    pub play: &'a str,
    /// The hosts that are left alone from now on; nothing means all.
    pub only: Option<&'a [String]>,
    /// Why.
    pub why: String,
}

impl<'a> Rollout<'a> {
    /// Puts the hosts of a run into batches. Routers that hold the virtual IP go last, and so do those of which that is
    /// not known.
    pub fn new(sides: &'a [Side], outcomes: &[Outcome]) -> Self {
        let batches = |side: &'a Side| {
            let mut mine: Vec<usize> =
                side.hosts.iter().filter_map(|name| outcomes.iter().position(|one| one.host == *name)).collect();
            if let (Role::Router, Some(address)) = (side.role, side.virtual_ip) {
                mine.sort_by_key(|index| {
                    outcomes[*index].addresses.as_ref().is_none_or(|known| known.contains(&address))
                });
            }
            (side, in_batches(&mine, &side.serial))
        };
        Self(sides.iter().map(batches).collect())
    }

    /// The busy hosts in waves: no side of any play has more hosts in a wave than its batch, and none begins a batch
    /// before the one before is through.
    pub fn waves(&self, busy: &[usize]) -> Vec<Vec<usize>> {
        let mut left: Vec<Vec<Vec<usize>>> = self
            .0
            .iter()
            .map(|(_, batches)| {
                let mine =
                    batches.iter().map(|batch| batch.iter().copied().filter(|host| busy.contains(host)).collect());
                mine.filter(|batch: &Vec<usize>| !batch.is_empty()).collect()
            })
            .collect();
        let mut pending = busy.to_vec();
        let mut waves = Vec::new();
        while let Some(first) = pending.first() {
            let is_next = |host: &usize| {
                left.iter()
                    .all(|batches| batches.iter().position(|batch| batch.contains(host)).is_none_or(|at| at == 0))
            };
            let mut wave: Vec<usize> = pending.iter().copied().filter(is_next).collect();
            if wave.is_empty() {
                // Two plays that want each other's first host later.
                wave.push(*first);
            }
            pending.retain(|host| !wave.contains(host));
            for batches in &mut left {
                for batch in batches.iter_mut() {
                    batch.retain(|host| !wave.contains(host));
                }
                batches.retain(|batch| !batch.is_empty());
            }
            waves.push(wave);
        }
        waves
    }

    /// The plays that do not go on, as things stand.
    pub fn stops(&self, outcomes: &[Outcome]) -> Vec<Stop<'a>> {
        self.0.iter().filter_map(|(side, batches)| stop(side, batches, outcomes)).collect()
    }
}

/// The last size repeats; shares are of all.
fn in_batches(hosts: &[usize], serial: &[Batch]) -> Vec<Vec<usize>> {
    let mut sizes = serial.iter().chain(std::iter::repeat_n(serial.last(), hosts.len()).flatten());
    let (mut rest, mut all) = (hosts, Vec::new());
    while let (false, Some(batch)) = (rest.is_empty(), sizes.next()) {
        let (now, later) = rest.split_at(batch.size(hosts.len()).min(rest.len()));
        all.push(now.to_vec());
        rest = later;
    }
    all
}

fn stop<'a>(side: &'a Side, batches: &[Vec<usize>], outcomes: &[Outcome]) -> Option<Stop<'a>> {
    let failed = |index: &&usize| outcomes[**index].trouble.is_some();
    let whole = Stop { play: &side.play, only: None, why: String::new() };
    if side.limits.any_errors_fatal == Some(true) {
        let first = batches.iter().flatten().find(failed)?;
        return Some(Stop { why: format!("{} failed, and any_errors_fatal is set", outcomes[*first].host), ..whole });
    }
    // What real servers lack is theirs alone; a router that fails stops the play.
    let only = (side.role == Role::RealServer).then_some(side.hosts.as_slice());
    if let Some(limit) = side.limits.max_fail_percentage {
        let too_many = |batch: &&Vec<usize>| {
            let count = batch.iter().filter(failed).count();
            count * 100 > usize::from(limit) * batch.len() || (count == batch.len() && count > 0)
        };
        let batch = batches.iter().find(too_many)?;
        let names: Vec<&str> = batch.iter().filter(failed).map(|index| outcomes[*index].host.as_str()).collect();
        let why = format!("{} failed, more than max_fail_percentage allows", names.join(", "));
        return Some(Stop { only, why, ..whole });
    }
    let stops = |index: &&usize| failed(index) && outcomes[**index].tried && !lacks_only_a_person(&outcomes[**index]);
    let first = batches.iter().flatten().find(stops)?;
    Some(Stop { only, why: format!("{} failed", outcomes[*first].host), ..whole })
}

/// Whether all that is left on a host is what only a person can do at the end: it keeps nothing else from being done.
fn lacks_only_a_person(outcome: &Outcome) -> bool {
    let mut left = outcome.each().filter(|(_, _, progress)| **progress == Progress::Planned).peekable();
    let is_a_persons = |change: &Change| change.stage == Stage::Persist && matches!(change.step, Step::Person(_));
    matches!(outcome.trouble, Some(Trouble::Failed(_)))
        && left.peek().is_some()
        && left.all(|(_, change, _)| is_a_persons(change))
}

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
