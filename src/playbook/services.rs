//! `services`: which services start in which runlevels.

use super::{Service, Services, cluster::optional, sides};
use crate::source::{Entry, Field, Node, Reading, Shape, Span, Value, shown};
use std::collections::BTreeSet;

pub(super) const SERVICES: Shape = Shape::MapOf(NAME, &Shape::Map(FIELDS));
const FIELDS: &[Field] = &[
    Field::optional("runlevels", RUNLEVELS, "The runlevels that it starts in; 3 and 5 if not given"),
    Field::optional("enabled", Shape::Boolean, "Whether it starts at boot; true if not given"),
    Field::optional("running", Shape::Boolean, "Whether it runs now; left alone if not given"),
    Field::optional("hosts", sides::HOSTS, "On which of the side's hosts; all if not given"),
];
pub(super) const RUNLEVELS: Shape = Shape::List(&Shape::Number(0, 6));
/// A service's name.
pub(super) const NAME: &str = r"^[A-Za-z0-9_@:][A-Za-z0-9_.@:-]{0,199}$";

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
    let name = name(&entry.key, entry.key_span, reading)?;
    let fields = reading.fields_of(&entry.value, "a service", FIELDS)?;
    let default = BTreeSet::from([3, 5]);
    let runlevels = optional(fields, "runlevels", default, reading, runlevels);
    let enabled = optional(fields, "enabled", true, reading, |node, reading| reading.boolean(node, "`enabled`"));
    let running =
        optional(fields, "running", None, reading, |node, reading| reading.boolean(node, "`running`").map(Some));
    let hosts = optional(fields, "hosts", None, reading, |node, reading| sides::pattern(node, reading).map(Some));
    let service = Service { runlevels: runlevels?, enabled: enabled?, running: running?, hosts: hosts? };
    Some((name, service))
}

pub(super) fn name(name: &str, span: Span, reading: &mut Reading) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.@:-".contains(c);
    if name.is_empty() || name.len() > LONGEST || name.starts_with(['-', '.']) || !name.chars().all(allowed) {
        let message = format!("{} is not the name of a service", shown(name));
        let hint = "letters, digits and `_.@:-` are allowed, with a letter or digit first";
        return reading.refuse_with(span, message, hint);
    }
    Some(name.to_owned())
}

pub(super) fn runlevels(node: &Node, reading: &mut Reading) -> Option<BTreeSet<u8>> {
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
