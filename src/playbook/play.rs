//! From a playbook's text to its plays.

use super::{ClusterPlay, Play, batch, cluster, load::same_names};
use crate::format::harmful;
use crate::source::{Faults, Node, Reading, Source, Value, shown};
use std::sync::Arc;

/// The longest name, in bytes: with `lvs-ftp: ` before it, it must fit into an iptables comment of 255.
const LONGEST_NAME: usize = 200;

/// Reads the plays of one playbook; all that is wrong with it is found.
pub fn plays(source: &Arc<Source>) -> Result<Vec<Play>, Faults> {
    let tree = source.tree()?;
    let mut reading = Reading::new(source);
    let read = list(&tree, &mut reading);
    let plays = reading.finish(read)?;
    Faults::check(same_names(&plays))?;
    Ok(plays)
}

fn list(tree: &Node, reading: &mut Reading) -> Option<Vec<Play>> {
    let items = match &tree.value {
        Value::List(items) => items,
        Value::Map(_) => {
            return reading.refuse_with(
                tree.span,
                "a playbook must be a list of plays, not a map",
                "put the play into [ and ]",
            );
        }
        _ => return reading.wrong_kind(tree, "a playbook", "a list of plays"),
    };
    if items.is_empty() {
        return reading.refuse(tree.span, "the playbook has no plays");
    }
    let plays: Vec<Option<Play>> = items.iter().map(|item| play(item, reading)).collect();
    plays.into_iter().collect()
}

fn play(node: &Node, reading: &mut Reading) -> Option<Play> {
    let fields =
        reading.fields(node, "a play", &["name", "tags", batch::LIMITS[0], batch::LIMITS[1], "ftp_cluster"])?;
    let name_node = fields.require(reading, "name");
    let name = name_node.and_then(|node| name(node, reading));
    let tags = match fields.get("tags") {
        Some(node) => tags(node, reading),
        None => Some(Vec::new()),
    };
    let limits = batch::limits(fields, reading);
    let cluster = fields.require(reading, "ftp_cluster").and_then(|node| cluster::read(node, reading));
    let (cluster, places) = cluster?;
    Some(Play::Cluster(ClusterPlay {
        name: name?,
        tags: tags?,
        limits: limits?,
        cluster,
        name_place: reading.source().place(name_node?.span),
        places,
    }))
}

fn name(node: &Node, reading: &mut Reading) -> Option<String> {
    let name = reading.text(node, "a play's name")?;
    let why = if name.is_empty() {
        "is empty"
    } else if name.trim() != name {
        "must not start or end with a blank"
    } else if name.contains(harmful) {
        "holds a character that is not seen, or that turns the direction of the text"
    } else if name.len() > LONGEST_NAME {
        "is longer than 200 bytes; it becomes the comment of iptables rules"
    } else {
        return Some(name.to_owned());
    };
    reading.refuse(node.span, format!("a play's name {why}"))
}

/// Tags as a list, or as Ansible's comma-separated text.
fn tags(node: &Node, reading: &mut Reading) -> Option<Vec<String>> {
    let words: Vec<(&Node, &str)> = match &node.value {
        Value::Text(text) => text.split(',').map(|word| (node, word.trim())).collect(),
        Value::List(items) => {
            let words: Vec<_> = items.iter().map(|item| Some((item, reading.text(item, "a tag")?))).collect();
            words.into_iter().collect::<Option<_>>()?
        }
        _ => return reading.wrong_kind(node, "`tags`", "a list of words"),
    };
    let tags: Vec<Option<String>> = words.into_iter().map(|(node, word)| tag(node, word, reading)).collect();
    tags.into_iter().collect()
}

fn tag(node: &Node, word: &str, reading: &mut Reading) -> Option<String> {
    let fits =
        !word.is_empty() && !word.starts_with('-') && word.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c));
    if !fits {
        return reading
            .refuse(node.span, format!("a tag is a word of letters, digits, `_`, `.` and `-`, not {}", shown(word)));
    }
    if ["all", "tagged", "untagged"].contains(&word) {
        return reading.refuse(node.span, format!("the tag `{word}` has a meaning of its own in `--tags`"));
    }
    Some(word.to_owned())
}
