//! Whether clients are served: what each host's facts say of their packets' path, and what the hosts say together.

use super::{Outcome, Trouble};
use crate::{
    desired::Target,
    path::{Finding, Sight, Weight, together},
    probe::Facts,
    resource::Kind,
};

/// Notes what a host's facts say, given what is planned there.
pub(super) fn noted(target: &Target, facts: &Facts, mut outcome: Outcome) -> Outcome {
    let is_planned = |kind: Kind| outcome.items.iter().any(|item| item.kind == kind && item.has_drift());
    let (mut findings, mut unknown): (Vec<Finding>, Option<String>) = (Vec::new(), None);
    for wanted in &target.wanted {
        match wanted.resource.findings(facts, &is_planned) {
            Ok(more) => findings.extend(more),
            Err(why) => unknown = Some(why.to_string()),
        }
    }
    outcome.sights = target.wanted.iter().filter_map(|wanted| wanted.resource.sight(facts)).collect();
    outcome.findings = findings;
    // Facts that only the path needs leave nothing unplanned.
    outcome.warnings.extend(unknown.map(|why| format!("whether clients are served cannot be told: {why}")));
    warn(&mut outcome);
    outcome
}

/// Takes in what a later look found.
pub(super) fn refresh(outcome: &mut Outcome, again: &Outcome) {
    let old: Vec<String> = outcome.findings.iter().filter_map(warning).collect();
    outcome.warnings.retain(|text| !old.contains(text));
    outcome.findings.clone_from(&again.findings);
    outcome.sights.clone_from(&again.sights);
    warn(outcome);
}

/// Notes what the hosts say together. Of a host that could not be looked at nothing is known.
pub(super) fn note(outcomes: &mut [Outcome]) {
    let seen: Vec<(&str, &[Sight])> = outcomes
        .iter()
        .filter(|outcome| !matches!(outcome.trouble, Some(Trouble::Unreachable(_))) && !outcome.sights.is_empty())
        .map(|outcome| (outcome.host.as_str(), outcome.sights.as_slice()))
        .collect();
    for (host, finding) in together(&seen) {
        let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.host == host) else { continue };
        outcome.warnings.extend(warning(&finding));
        outcome.findings.push(finding);
    }
}

fn warn(outcome: &mut Outcome) {
    let texts: Vec<String> = outcome.findings.iter().filter_map(warning).collect();
    for text in texts {
        if !outcome.warnings.contains(&text) {
            outcome.warnings.push(text);
        }
    }
}

/// What may be lost is a warning; what is lost for certain is more than that.
fn warning(finding: &Finding) -> Option<String> {
    (finding.weight == Weight::MayBeLost).then(|| finding.to_string())
}
