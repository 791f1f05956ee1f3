//! `service`: whether a service runs, and starts at boot, with the names of Ansible's module.

use crate::playbook::{ServiceState, cluster::optional, services};
use crate::source::{Field, Node, Reading, Shape};
use std::collections::BTreeSet;

pub(super) const FIELDS: &[Field] = &[
    Field::required("name", Shape::Matching(services::NAME), "The service's name"),
    Field::optional("state", Shape::Word(&["started", "stopped"]), "Whether it runs now; left alone if not given"),
    Field::optional("enabled", Shape::Boolean, "Whether it starts at boot; left alone if not given"),
    Field::optional("runlevels", services::RUNLEVELS, "Where `enabled` counts; 3 and 5 if not given"),
];

pub(super) fn read(node: &Node, reading: &mut Reading) -> Option<(ServiceState, String)> {
    let fields = reading.fields_of(node, "`service`", FIELDS)?;
    let name = fields.require(reading, "name").and_then(|node| {
        let text = reading.text(node, "`name`")?;
        services::name(text, node.span, reading)
    });
    let running = optional(fields, "state", None, reading, |node, reading| {
        let words = [("started", true), ("stopped", false)];
        if let Some("restarted" | "reloaded") = node_text(node) {
            return reading.refuse_with(
                node.span,
                "`state` is one of started, stopped: what a service is, not what is done to it",
                "a restart at each run would cut the clients at each run",
            );
        }
        reading.word(node, "`state`", &words).map(Some)
    });
    let enabled =
        optional(fields, "enabled", None, reading, |node, reading| reading.boolean(node, "`enabled`").map(Some));
    let runlevels = optional(fields, "runlevels", BTreeSet::from([3, 5]), reading, services::runlevels);
    let (name, running, enabled) = (name?, running?, enabled?);
    if running.is_none() && enabled.is_none() {
        return reading.refuse(node.start(), "`service` needs `state` or `enabled`, or both");
    }
    if let (None, Some(levels)) = (enabled, fields.get("runlevels")) {
        return reading.refuse(levels.span, "`runlevels` says nothing without `enabled`");
    }
    Some((ServiceState { name: name.clone(), running, enabled, runlevels: runlevels? }, name))
}

fn node_text(node: &Node) -> Option<&str> {
    match &node.value {
        crate::source::Value::Text(text) => Some(text),
        _ => None,
    }
}
