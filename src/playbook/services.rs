//! `services`: which services start in which runlevels.

use super::{Service, Services, cluster::optional, sides};
use crate::source::{Entry, Node, Reading, Value, shown};
use std::collections::BTreeSet;

/// The longest name of a service, in bytes; systemd's own limit for a unit is 255.
const LONGEST: usize = 200;

pub(super) fn read(node: &Node, reading: &mut Reading) -> Option<Services> {
    let Value::Map(entries) = &node.value else {
        return reading.wrong_kind(node, "`services`", "a map of names");
    };
    let services: Vec<_> = entries.iter().map(|entry| service(entry, reading)).collect();
    services.into_iter().collect()
}

fn service(entry: &Entry, reading: &mut Reading) -> Option<(String, Service)> {
    let name = &entry.key;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.@:-".contains(c);
    if name.is_empty() || name.len() > LONGEST || name.starts_with(['-', '.']) || !name.chars().all(allowed) {
        let message = format!("{} is not the name of a service", shown(name));
        let hint = "letters, digits and `_.@:-` are allowed, with a letter or digit first";
        return reading.refuse_with(entry.key_span, message, hint);
    }
    let fields = reading.fields(&entry.value, "a service", &["runlevels", "enabled", "running", "hosts"])?;
    let default = BTreeSet::from([3, 5]);
    let runlevels = optional(fields, "runlevels", default, reading, runlevels);
    let enabled = optional(fields, "enabled", true, reading, |node, reading| reading.boolean(node, "`enabled`"));
    let running =
        optional(fields, "running", None, reading, |node, reading| reading.boolean(node, "`running`").map(Some));
    let hosts = optional(fields, "hosts", None, reading, |node, reading| sides::pattern(node, reading).map(Some));
    let service = Service { runlevels: runlevels?, enabled: enabled?, running: running?, hosts: hosts? };
    Some((name.clone(), service))
}

fn runlevels(node: &Node, reading: &mut Reading) -> Option<BTreeSet<u8>> {
    let items = reading.list(node, "`runlevels`")?;
    if items.is_empty() {
        return reading.refuse_with(
            node.span,
            "`runlevels` is an empty list",
            "write \"enabled\": false for a service that must not start",
        );
    }
    let levels: Vec<_> = items.iter().map(|item| runlevel(item, reading)).collect();
    levels.into_iter().collect()
}

fn runlevel(node: &Node, reading: &mut Reading) -> Option<u8> {
    let number = reading.number(node, "a runlevel")?;
    match u8::try_from(number) {
        Ok(level @ 0..=6) => Some(level),
        _ => reading.refuse(node.span, format!("a runlevel is 0 to 6, not {number}")),
    }
}
