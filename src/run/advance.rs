//! One host, one stage: the steps are made, and what they did is looked at before anybody relies on it.

use super::{Item, Options, Outcome, Progress, Trouble, look};
use crate::{
    desired::Target,
    host::Change,
    plan::{Change as Planned, Stage, Step, joined},
};

/// How often a stage is begun anew because somebody else changed the host meanwhile.
const ATTEMPTS: usize = 3;

/// Makes one host's planned changes of one stage that `picks` takes, unless the host has failed before.
pub(super) fn advance<H: Change>(
    target: &Target,
    host: &H,
    mut outcome: Outcome,
    stage: Stage,
    picks: &(dyn Fn(&Item, &Planned) -> bool + Sync),
    options: &Options<'_>,
) -> Outcome {
    for attempt in 1..=ATTEMPTS {
        let mine = picked(&outcome, stage, picks);
        if outcome.trouble.is_some() || mine.is_empty() || options.is_interrupted() {
            return outcome;
        }
        let changes: Vec<&Planned> = mine.iter().map(|(item, at)| &outcome.items[*item].changes[*at]).collect();
        let todo = joined(&changes, stage);
        let steps: Vec<Step> = todo.iter().map(|(step, _)| step.clone()).collect();
        let (tried, before) = (host.change(&steps), told(&changes));
        outcome.tried = true;
        outcome.verified = false;
        let made = tried.as_ref().map_or_else(|failed| failed.made, |()| steps.len());
        for number in todo.iter().take(made).flat_map(|(_, numbers)| numbers) {
            let (item, at) = mine[*number];
            outcome.items[item].progress[at] = Progress::Made;
        }
        let Err(failed) = tried else {
            if steps.iter().any(Step::may_cut_off) {
                confirm(target, host, &mut outcome, stage, picks);
            }
            return outcome;
        };
        // Somebody else may have changed the host meanwhile: then there is another plan.
        let fresh = look(target, host);
        if fresh.trouble.is_some() {
            outcome.trouble = Some(failed.error.into());
            return outcome;
        }
        outcome.refresh(fresh, &|item, change| change.stage == stage && picks(item, change));
        let now = picked(&outcome, stage, picks);
        let now: Vec<&Planned> = now.iter().map(|(item, at)| &outcome.items[*item].changes[*at]).collect();
        let rest: Vec<_> = before.into_iter().filter(|one| told(&now).contains(one)).collect();
        if attempt == ATTEMPTS || (rest.len() == now.len() && !now.is_empty()) {
            // The host can be reached, and half a stage is no half state: it need not undo what was made.
            let trouble = host.confirm().err().map_or_else(|| failed.error.into(), Trouble::from);
            outcome.trouble = Some(trouble);
            return outcome;
        }
    }
    outcome
}

/// Looks at what a stage did, and tells the host over a new connection to keep it. What is not as it should be is no
/// reason to undo the rest: half a stage is no half state.
fn confirm<H: Change>(
    target: &Target,
    host: &H,
    outcome: &mut Outcome,
    stage: Stage,
    picks: &(dyn Fn(&Item, &Planned) -> bool + Sync),
) {
    let fresh = look(target, host);
    if let Err(error) = host.confirm() {
        outcome.trouble = Some(error.into());
        return;
    }
    outcome.refresh(fresh, &|item, change| change.stage == stage && picks(item, change));
    if outcome.trouble.is_some() {
        return;
    }
    let rest = picked(outcome, stage, picks);
    if rest.is_empty() {
        outcome.verified = true;
    } else {
        let rest = rest.iter().map(|(item, at)| &outcome.items[*item].changes[*at]);
        outcome.trouble = Some(super::differs(rest));
    }
}

/// Where the planned changes of a stage are that `picks` takes: item and change.
fn picked(outcome: &Outcome, stage: Stage, picks: &(dyn Fn(&Item, &Planned) -> bool + Sync)) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    for (number, item) in outcome.items.iter().enumerate() {
        for (at, (change, progress)) in item.each().enumerate() {
            if *progress == Progress::Planned && change.stage == stage && picks(item, change) {
                all.push((number, at));
            }
        }
    }
    all
}

fn told(changes: &[&Planned]) -> Vec<(String, Step)> {
    changes.iter().map(|change| (change.summary.clone(), change.step.clone())).collect()
}
