//! One host, one stage: the steps are made, and what they did is looked at before anybody relies on it.

use super::{Item, Options, Outcome, Progress, Trouble, look};
use crate::{
    desired::Target,
    host::{Change, HostError},
    plan::{Change as Planned, Stage, Step, joined},
};
use std::thread;

/// How often a stage is begun anew because somebody else changed the host meanwhile.
const ATTEMPTS: usize = 3;

/// Makes one host's planned changes of one stage that `picks` takes, unless the host has failed before. `all_made` hears when
/// they are made, and are only confirmed now.
pub(super) fn advance<H: Change>(
    target: &Target,
    host: &H,
    mut outcome: Outcome,
    stage: Stage,
    picks: &(dyn Fn(&Item, &Planned) -> bool + Sync),
    options: &Options<'_>,
    all_made: &mut dyn FnMut(),
) -> Outcome {
    let of_stage = |item: &Item, change: &Planned| change.stage == stage && picks(item, change);
    // Whether the host may undo what was tried unless that is confirmed, and what failed.
    let (mut owed, mut failure) = (false, None);
    for attempt in 1..=ATTEMPTS {
        let mine = picked(&outcome, &of_stage);
        if outcome.trouble.is_some() || mine.is_empty() || options.is_interrupted() {
            break;
        }
        let changes: Vec<&Planned> = mine.iter().map(|(item, at)| &outcome.items[*item].changes[*at]).collect();
        let todo = joined(&changes, stage);
        let steps: Vec<Step> = todo.iter().map(|(step, _)| step.clone()).collect();
        let (tried, before) = (host.change(&steps), told(&changes));
        outcome.tried = true;
        outcome.verified = false;
        owed |= steps.iter().any(Step::may_cut_off);
        let made = tried.as_ref().map_or_else(|failed| failed.made, |()| steps.len());
        for number in todo.iter().take(made).flat_map(|(_, numbers)| numbers) {
            let (item, at) = mine[*number];
            outcome.items[item].progress[at] = Progress::Made;
        }
        let Err(failed) = tried else {
            all_made();
            if owed {
                confirm(target, host, &mut outcome, &of_stage);
            }
            return outcome;
        };
        // Somebody else may have changed the host meanwhile: then there is another plan.
        let fresh = look(target, host);
        if fresh.trouble.is_some() {
            outcome.trouble = unconfirmed(host, &failed.error).or(Some(failed.error.into()));
            return outcome;
        }
        // What does not differ any more was made, where the answer that would have said so was lost; else somebody else
        // has made it, or what it was about has gone.
        outcome.refresh(fresh, &of_stage, failed.lost.then_some(&Progress::Made));
        let now = picked(&outcome, &of_stage);
        let now: Vec<&Planned> = now.iter().map(|(item, at)| &outcome.items[*item].changes[*at]).collect();
        let rest: Vec<_> = before.into_iter().filter(|one| told(&now).contains(one)).collect();
        if attempt == ATTEMPTS || (rest.len() == now.len() && !now.is_empty()) {
            outcome.trouble = unconfirmed(host, &failed.error).or(Some(failed.error.into()));
            return outcome;
        }
        failure = Some(failed.error);
    }
    if let Some(failed) = failure {
        outcome.trouble = unconfirmed(host, &failed);
    }
    outcome
}

/// A step failed. As long as the host can be reached, it need not undo what was made: half a stage is no half state.
/// Else that is the trouble.
fn unconfirmed<H: Change>(host: &H, failed: &HostError) -> Option<Trouble> {
    let unconfirmed = host.confirm().err()?;
    Some(Trouble::Failed(format!("{failed}; {unconfirmed}")))
}

/// Looks at what a stage did, and at the same time tells the host over a new connection to keep it: neither waits for the
/// other. What is not as it should be is no reason to undo the rest.
fn confirm<H: Change>(
    target: &Target,
    host: &H,
    outcome: &mut Outcome,
    of_stage: &(dyn Fn(&Item, &Planned) -> bool + Sync),
) {
    let (fresh, confirmed) = thread::scope(|scope| {
        let looking = scope.spawn(|| look(target, host));
        let confirmed = host.confirm();
        (looking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), confirmed)
    });
    if let Err(error) = confirmed {
        outcome.trouble = Some(error.into());
        return;
    }
    let is_whole = fresh.trouble.is_none() && super::unexpected(outcome, &fresh).is_empty();
    outcome.refresh(fresh, of_stage, None);
    if outcome.trouble.is_some() {
        return;
    }
    // What else differs now is looked at when all stages are done.
    outcome.verified = is_whole;
    let rest = picked(outcome, of_stage);
    if !rest.is_empty() {
        let rest = rest.iter().map(|(item, at)| &outcome.items[*item].changes[*at]);
        outcome.trouble = Some(super::differs(rest));
    }
}

/// Where the planned changes are that `picks` takes: item and change.
fn picked(outcome: &Outcome, picks: &dyn Fn(&Item, &Planned) -> bool) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    for (number, item) in outcome.items.iter().enumerate() {
        for (at, (change, progress)) in item.each().enumerate() {
            if *progress == Progress::Planned && picks(item, change) {
                all.push((number, at));
            }
        }
    }
    all
}

fn told(changes: &[&Planned]) -> Vec<(String, Step)> {
    changes.iter().map(|change| (change.summary.clone(), change.step.clone())).collect()
}
