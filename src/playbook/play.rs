//! From a playbook's text to its plays.

use super::{
    Cluster, ClusterPlaces, ClusterPlay, Play, TaskPlay, batch,
    cluster::{self, optional},
    load::same_names,
    sides, tasks,
};
use crate::format::harmful;
use crate::source::{Faults, Field, Node, Reading, Shape, Source, Value, shown};
use std::sync::Arc;

/// The longest name, in bytes: with `lvs-ftp: ` before it, it must fit into an iptables comment of 255.
const LONGEST_NAME: usize = 200;

/// A play's name and tags, and how many failures stop it.
pub const FIELDS: &[Field] = &[
    Field::required("name", NAME, "The play's name; rules on hosts are known by it"),
    Field::optional("tags", TAGS, "Words for --tags and --skip-tags"),
    batch::MAX_FAIL_PERCENTAGE,
    batch::ANY_ERRORS_FATAL,
];

/// What a play is about: a cluster ...
pub const KINDS: &[Field] = &[Field::optional(
    "ftp_cluster",
    Shape::Map(cluster::FIELDS),
    "An FTP cluster; routers and real servers follow from it",
)];

/// ... or tasks on hosts.
pub const TASKS: &[Field] = &[
    Field::required("hosts", sides::HOSTS, "Which hosts"),
    Field::optional("serial", batch::SERIAL, "How many hosts change at a time; all if not given"),
    Field::required("tasks", Shape::List(&Shape::Choice(tasks::COMMON, tasks::THINGS)), "What the hosts shall have"),
];

/// A name that people read: no blanks at its ends, no control characters.
pub(super) const NAME: Shape =
    Shape::Matching(r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]{0,198}[^\s\x00-\x1f\x7f-\x9f])?$");

/// A list of words, or Ansible's text with commas.
pub(super) const TAGS: Shape = Shape::OneOf(&[Shape::Text, Shape::AnyList(&Shape::Text)]);

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
    let keys: Vec<&'static str> = FIELDS.iter().chain(KINDS).chain(TASKS).map(|field| field.key).collect();
    let fields = reading.fields(node, "a play", &keys)?;
    let name_node = fields.require(reading, "name");
    let name = name_node.and_then(|node| name(node, reading));
    let tags = optional(fields, "tags", Vec::new(), reading, tags);
    let limits = batch::limits(fields, reading);
    let place = reading.source().place(name_node.map_or(node.start(), |node| node.span));
    let body = match (fields.get("ftp_cluster"), fields.get("tasks")) {
        (Some(_), Some(node)) => {
            let message = "a play has `ftp_cluster` or `tasks`, not both";
            reading.refuse_with(node.start(), message, "make two plays of it")
        }
        (Some(node), None) => {
            for key in ["hosts", "serial"] {
                if let Some(node) = fields.get(key) {
                    let hint = format!("write `{key}` in `routers` and in `real_servers`");
                    reading.refuse_with::<()>(node.span, format!("a play of a cluster has no key `{key}`"), hint);
                }
            }
            cluster::read(node, reading).map(|body| Body::Cluster(Box::new(body)))
        }
        (None, Some(_)) => tasks::read(fields, reading).map(Body::Tasks),
        (None, None) => {
            reading.refuse(node.start(), "a play needs the key `ftp_cluster`, or the keys `hosts` and `tasks`")
        }
    };
    let (name, tags, limits) = (name?, tags?, limits?);
    Some(match body? {
        Body::Cluster(body) => {
            let (cluster, places) = *body;
            Play::Cluster(Box::new(ClusterPlay { name, tags, limits, cluster, name_place: place, places }))
        }
        Body::Tasks((hosts, serial, tasks)) => {
            Play::Tasks(TaskPlay { name, tags, limits, hosts, serial, tasks, name_place: place })
        }
    })
}

enum Body {
    Cluster(Box<(Cluster, ClusterPlaces)>),
    Tasks(tasks::Parts),
}

fn name(node: &Node, reading: &mut Reading) -> Option<String> {
    let name = printable_name(node, "a play's name", reading)?;
    if name.len() > LONGEST_NAME {
        let message = "a play's name is longer than 200 bytes; it becomes the comment of iptables rules";
        return reading.refuse(node.span, message);
    }
    Some(name)
}

/// A name that people read.
pub(super) fn printable_name(node: &Node, what: &str, reading: &mut Reading) -> Option<String> {
    let name = reading.text(node, what)?;
    let why = if name.is_empty() {
        "is empty"
    } else if name.trim() != name {
        "must not start or end with a blank"
    } else if name.contains(harmful) {
        "holds a character that is not seen, or that turns the direction of the text"
    } else {
        return Some(name.to_owned());
    };
    reading.refuse(node.span, format!("{what} {why}"))
}

/// Tags as a list, or as Ansible's comma-separated text.
pub(super) fn tags(node: &Node, reading: &mut Reading) -> Option<Vec<String>> {
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
