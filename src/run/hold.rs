//! What must not be done because of what failed elsewhere.

use super::{Outcome, Progress, rollout::Rollout};
use crate::{
    desired::Target,
    plan::{Action, Stage},
};

/// Holds back what a stopped roll-out leaves alone; and when a real server failed or was left alone, no client is sent
/// to it, and nothing that still serves its cluster's clients goes.
pub(super) fn hold<H>(rollout: &Rollout<'_>, targets: &[(Target, H)], outcomes: &mut [Outcome]) {
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

/// Whether a real server lacks something that clients meet.
fn is_left_alone(outcome: &Outcome, play: &str) -> bool {
    outcome.each().any(|(item, change, progress)| {
        item.play == play && change.stage == Stage::Serve && matches!(progress, Progress::Held(_))
    })
}
