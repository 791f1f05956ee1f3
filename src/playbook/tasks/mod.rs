//! A play of tasks: which hosts, and one thing after the other that they shall have.

mod config_line;
mod iptables_rule;
mod ipvs_service;
mod service;
mod sysctl;

use super::{Task, Thing, batch, cluster::optional, play, sides};
use crate::inventory::Pattern;
use crate::playbook::Batch;
use crate::source::{Field, Fields, Node, Reading, Shape, shown};

/// What every task may have.
pub(super) const COMMON: &[Field] = &[
    Field::optional("name", play::NAME, "What people call the task"),
    Field::optional("tags", play::TAGS, "Words for --tags and --skip-tags, beside the play's"),
];

/// What a task is about: just one of these.
pub(super) const THINGS: &[Field] = &[
    Field::optional("iptables_rule", Shape::Map(iptables_rule::FIELDS), "A rule of the packet filter, now and at boot"),
    Field::optional(
        "ipvs_service",
        Shape::Map(ipvs_service::FIELDS),
        "The virtual service of a firewall mark, now and at boot",
    ),
    Field::optional("service", Shape::Map(service::FIELDS), "Whether a service runs, and starts at boot"),
    Field::optional("sysctl", Shape::Map(sysctl::FIELDS), "A kernel parameter, now and at boot"),
    Field::optional("config_line", Shape::Map(config_line::FIELDS), "A line of a text file"),
];

/// `state`, of what is there or not.
pub(super) const STATE: Shape = Shape::Word(&["present", "absent"]);

/// Hosts, batches and tasks.
pub(super) type Parts = (Pattern, Vec<Batch>, Vec<Task>);

pub(super) fn read(fields: Fields<'_>, reading: &mut Reading) -> Option<Parts> {
    let hosts = fields.require(reading, "hosts").and_then(|node| sides::pattern(node, reading));
    let serial = optional(fields, "serial", vec![Batch::Percent(100)], reading, batch::serial);
    let tasks = fields.require(reading, "tasks").and_then(|node| {
        let items = reading.list(node, "`tasks`")?;
        if items.is_empty() {
            return reading.refuse(node.span, "`tasks` is an empty list");
        }
        let tasks: Vec<Option<Task>> = items.iter().map(|item| task(item, reading)).collect();
        tasks.into_iter().collect::<Option<Vec<_>>>()
    });
    Some((hosts?, serial?, tasks?))
}

fn task(node: &Node, reading: &mut Reading) -> Option<Task> {
    let keys: Vec<&'static str> = COMMON.iter().chain(THINGS).map(|field| field.key).collect();
    let fields = reading.fields(node, "a task", &keys)?;
    let name = optional(fields, "name", None, reading, |node, reading| {
        play::printable_name(node, "a task's name", reading).map(Some)
    });
    let tags = optional(fields, "tags", Vec::new(), reading, play::tags);
    let mut kinds = THINGS.iter().filter_map(|field| Some((field.key, fields.get(field.key)?)));
    let Some((kind, thing_node)) = kinds.next() else {
        let all: Vec<&str> = THINGS.iter().map(|field| field.key).collect();
        return reading.refuse(node.start(), format!("a task needs one of the keys {}", all.join(", ")));
    };
    if let Some((other, second)) = kinds.next() {
        let message = format!("a task is about one thing, not about {} and {}", shown(kind), shown(other));
        return reading.refuse_with(second.start(), message, "make two tasks of it");
    }
    let (thing, about) = match kind {
        "iptables_rule" => {
            iptables_rule::read(thing_node, reading).map(|(thing, about)| (Thing::IptablesRule(Box::new(thing)), about))
        }
        "ipvs_service" => {
            ipvs_service::read(thing_node, reading).map(|(thing, about)| (Thing::IpvsService(thing), about))
        }
        "service" => service::read(thing_node, reading).map(|(thing, about)| (Thing::Service(thing), about)),
        "sysctl" => sysctl::read(thing_node, reading).map(|(thing, about)| (Thing::Sysctl(thing), about)),
        _ => config_line::read(thing_node, reading).map(|(thing, about)| (Thing::ConfigLine(thing), about)),
    }?;
    Some(Task {
        name: name?.unwrap_or_else(|| format!("{kind} {about}")),
        tags: tags?,
        thing,
        place: reading.source().place(thing_node.start()),
    })
}

/// `state`: whether the thing shall be there.
fn present(fields: Fields<'_>, reading: &mut Reading) -> Option<bool> {
    optional(fields, "state", true, reading, |node, reading| {
        reading.word(node, "`state`", &[("present", true), ("absent", false)])
    })
}

/// Keys that have no place beside `state: absent`.
fn only_present(fields: Fields<'_>, keys: &[&str], reading: &mut Reading) -> Option<()> {
    let mut fits = Some(());
    for key in keys {
        if let Some(node) = fields.get(key) {
            fits = reading.refuse_with(
                node.span,
                format!("`{key}` says nothing of what is absent"),
                "remove it, or the state",
            );
        }
    }
    fits
}
