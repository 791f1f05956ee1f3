//! Playbook files of one run.

use super::{Play, plays};
use crate::source::{Fault, Faults, read_document, shown};
use camino::Utf8PathBuf;

/// Reads playbooks; the names of all their plays must differ, for each play's rules are known by its name.
pub fn load(paths: &[Utf8PathBuf]) -> Result<Vec<Play>, Faults> {
    let mut all: Vec<Play> = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        match read_document(path).map_err(Faults::from).and_then(|source| plays(&source)) {
            Ok(plays) => all.extend(plays),
            Err(more) => faults.extend(more.into_vec()),
        }
    }
    faults.extend(same_names(&all));
    Faults::check(faults).map(|()| all)
}

/// A fault for each play whose name an earlier one has.
pub(super) fn same_names(plays: &[Play]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, play) in plays.iter().enumerate() {
        if let Some(before) = plays[..index].iter().find(|before| before.name() == play.name()) {
            let message = format!("two plays have the name {}", shown(play.name()));
            faults.push(
                Fault::at(play.name_place(), message)
                    .related(before.name_place(), "the first one")
                    .hint("give each play a name of its own; its rules on the routers are known by it"),
            );
        }
    }
    faults
}
