//! What must not be done because of what failed elsewhere.

use super::{Options, Outcome, Progress, rollout::Rollout};
use crate::{
    desired::Target,
    plan::{Action, Stage},
};

/// Holds back what a stopped roll-out leaves alone; and when a real server failed or was left alone, no client is sent
/// to it, and nothing that still serves its cluster's clients goes.
pub(super) fn hold<H>(rollout: &Rollout<'_>, targets: &[(Target, H)], outcomes: &mut [Outcome], options: &Options<'_>) {
    for stop in rollout.stops(outcomes) {
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.trouble.is_none()) {
            if stop.only.is_none_or(|hosts| hosts.contains(&outcome.host)) {
                outcome.note(|item, _| (item.play == stop.play).then(|| Progress::Held(stop.why.clone())));
            }
        }
    }
    let mut lost: Vec<(String, String, String)> = Vec::new();
    for ((target, _), outcome) in targets.iter().zip(&*outcomes) {
        for play in &target.serves {
            let name = &target.host.name;
            if outcome.trouble.is_some() {
                lost.push((play.clone(), name.clone(), format!("the real server {name} failed")));
            } else if is_left_alone(outcome, play) {
                lost.push((play.clone(), name.clone(), format!("the real server {name} was left alone")));
            }
        }
    }
    lost.extend(silent(targets, outcomes, options));
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.trouble.is_none()) {
        outcome.note(|item, change| {
            let mut mine = lost.iter().filter(|(play, host, _)| *play == item.play || change.needs(host));
            mine.find(|(_, host, _)| {
                let is_its_own = change.needs(host);
                // A real server that failed may be taken out of service; nothing else may go meanwhile.
                if change.action == Action::Drain { !is_its_own } else { change.stage == Stage::Contract || is_its_own }
            })
            .map(|(_, _, why)| Progress::Held(why.clone()))
        });
    }
}

/// Real servers outside of this run to which clients would be sent, though they do not take any.
fn silent<H>(targets: &[(Target, H)], outcomes: &[Outcome], options: &Options<'_>) -> Vec<(String, String, String)> {
    let Some(answers) = options.answers else { return Vec::new() };
    let planned = outcomes.iter().filter(|outcome| outcome.trouble.is_none()).flat_map(Outcome::each);
    let planned = planned.filter(|(_, change, how)| **how == Progress::Planned && change.action != Action::Drain);
    let needed = planned.flat_map(|(item, change, _)| change.needs.iter().map(move |host| (item, host)));
    let outside = needed.filter(|(_, host)| targets.iter().all(|(target, _)| target.host.name != **host));
    outside
        .filter_map(|(item, host)| {
            let why = answers(&item.play, host).err()?;
            Some((item.play.clone(), host.clone(), format!("the real server {host}: {why}")))
        })
        .collect()
}

/// Whether a real server lacks something that clients meet.
fn is_left_alone(outcome: &Outcome, play: &str) -> bool {
    outcome.each().any(|(item, change, progress)| {
        item.play == play && change.stage == Stage::Serve && matches!(progress, Progress::Held(_))
    })
}
