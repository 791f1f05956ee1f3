//! `--out` and `--plan`: a plan goes to a file, is read by people, and is made as it stands or not at all.

use super::{replace, say};
use crate::{
    report::PlanFile,
    run::Outcome,
    source::{Faults, read_document},
};
use camino::Utf8Path;

/// A plan holds what hosts' files hold.
const OWNER: u32 = 0o600;

/// Reads a plan that `--out` wrote.
pub(super) fn read(path: &Utf8Path) -> Result<PlanFile, Faults> {
    PlanFile::read(&read_document(path)?)
}

/// The plan that these outcomes are, made now.
pub(super) fn of(outcomes: &[Outcome], inputs: &str) -> Result<PlanFile, Vec<String>> {
    PlanFile::of(outcomes, inputs.to_owned(), format!("{:.0}", jiff::Timestamp::now()))
}

/// Writes the plan, unless a host could not be observed; says so where there is none. A file that was there before is
/// replaced whole, or left as it is.
pub(super) fn write(path: &Utf8Path, outcomes: &[Outcome], inputs: &str) -> Result<(), String> {
    match of(outcomes, inputs) {
        Ok(plan) => replace::replace(path, &plan.render(), OWNER)
            .map_err(|error| format!("failed to write the plan {path}: {error}")),
        Err(trouble) => {
            say::warning(&format!("no plan is written to {path}: not every host was observed: {}", trouble.join("; ")));
            Ok(())
        }
    }
}

/// What has moved since a plan was made, as [`crate::run::Review`] asks it.
pub(super) fn review(plan: &PlanFile, outcomes: &[Outcome], inputs: &str) -> Result<(), Vec<String>> {
    let moved = plan.moved(&of(outcomes, inputs)?);
    if moved.is_empty() { Ok(()) } else { Err(moved) }
}
