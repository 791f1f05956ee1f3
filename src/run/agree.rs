//! Files that several hosts of a play have alike: where they will not, somebody should look.

use super::Outcome;
use similar::{ChangeTag, TextDiff};

/// A file that is the same on all hosts of a play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The play.
    pub play: String,
    /// The file's path.
    pub path: String,
    /// What it will say when the host has converged.
    pub text: Vec<u8>,
}

/// Tells each host whose file will differ from that of the first one that has it.
pub(super) fn note(outcomes: &mut [Outcome]) {
    let all: Vec<(String, Shared)> = outcomes
        .iter()
        .filter(|outcome| outcome.trouble.is_none())
        .flat_map(|outcome| outcome.shared.iter().map(|shared| (outcome.host.clone(), shared.clone())))
        .collect();
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.trouble.is_none()) {
        for mine in &outcome.shared {
            let is_it = |(_, one): &&(String, Shared)| one.play == mine.play && one.path == mine.path;
            let Some((host, first)) = all.iter().find(is_it).filter(|(_, first)| first.text != mine.text) else {
                continue;
            };
            let text = format!("{} is not that of {host}: {}", mine.path, first_difference(&first.text, &mine.text));
            if !outcome.warnings.contains(&text) {
                outcome.warnings.push(text);
            }
        }
    }
}

fn first_difference(there: &[u8], here: &[u8]) -> String {
    let diff = TextDiff::from_lines(there, here);
    let line = |tag: ChangeTag| {
        let found = diff.iter_all_changes().find(|change| change.tag() == tag);
        found.map_or_else(
            || "nothing".to_owned(),
            |change| format!("`{}`", crate::format::excerpt(change.value().trim_ascii())),
        )
    };
    format!("{} there, {} here; make the rest of both files the same", line(ChangeTag::Delete), line(ChangeTag::Insert))
}
