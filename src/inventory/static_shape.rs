//! Ansible's static shape: groups with `hosts`, `children` and `vars`, each a map.

use super::{graph::Graph, host_name, host_port, range, shape, variables::Variables};
use crate::source::{Entry, Node, Reading, Value, did_you_mean, shown};
use std::borrow::Cow;

const SECTIONS: [&str; 3] = ["hosts", "children", "vars"];

pub(super) fn read(groups: &[Entry], graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    let mut fine = Some(());
    for entry in groups {
        if group(entry, graph, reading).is_none() {
            fine = None;
        }
    }
    fine
}

/// Reads a group and all below it; its own position, if all of it was right.
fn group(entry: &Entry, graph: &mut Graph, reading: &mut Reading) -> Option<usize> {
    shape::name_is_text(entry, "a group's name", reading)?;
    let checked = host_name::check_group(&entry.key);
    reading.fit(entry.key_span, checked)?;
    let group = graph.group(&entry.key);
    let parts = match &entry.value.value {
        Value::Map(parts) => parts.as_slice(),
        Value::Null => &[],
        _ => {
            let what = format!("the group {}", shown(&entry.key));
            return reading.wrong_kind(&entry.value, &what, "a map");
        }
    };
    let mut fine = Some(group);
    for part in parts {
        let done = match part.key.as_str() {
            "hosts" => hosts(group, &part.value, graph, reading),
            "children" => children(group, &part.value, graph, reading),
            "vars" => shape::group_variables(group, &part.value, graph, reading),
            unknown => {
                let message = format!("the group {} has no key {}", shown(&entry.key), shown(unknown));
                let hint = did_you_mean(unknown, SECTIONS).unwrap_or_else(|| {
                    "a group has `hosts`, `children` and `vars`; groups below it go under `children`".to_owned()
                });
                reading.refuse_with(part.key_span, message, hint)
            }
        };
        if done.is_none() {
            fine = None;
        }
    }
    fine
}

fn children(parent: usize, node: &Node, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    let mut fine = Some(());
    for entry in section(node, "`children`", reading)?.iter() {
        match group(entry, graph, reading) {
            Some(child) => {
                let place = reading.source().place(entry.key_span);
                graph.add_child(parent, child, Some(place));
            }
            None => fine = None,
        }
    }
    fine
}

fn hosts(group: usize, node: &Node, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    let mut fine = Some(());
    for entry in section(node, "`hosts`", reading)?.iter() {
        if host(group, entry, graph, reading).is_none() {
            fine = None;
        }
    }
    fine
}

/// Adds the host, or all that a range stands for, with their variables.
fn host(group: usize, entry: &Entry, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    shape::name_is_text(entry, "a host's name", reading)?;
    let (name, port) = host_port::split(&entry.key);
    let names = reading.fit(entry.key_span, range::expand(name))?;
    let entries = shape::variables(&entry.value, reading)?;
    let counted = graph.count_range(names.len(), entries.len());
    reading.fit(entry.key_span, counted)?;
    let variables = Variables::of(reading.source(), entries);
    for name in names {
        reading.fit(entry.key_span, host_name::check_host(&name))?;
        let host = shape::host(&name, port, entry.key_span, graph, reading);
        graph.groups[group].hosts.insert(host);
        shape::set_host_variables(host, &variables, graph, reading)?;
    }
    Some(())
}

/// A section's entries; a single name may stand there as text.
fn section<'n>(node: &'n Node, what: &str, reading: &mut Reading) -> Option<Cow<'n, [Entry]>> {
    match &node.value {
        Value::Map(entries) => Some(Cow::Borrowed(entries)),
        Value::Null => Some(Cow::Borrowed(&[])),
        Value::Text(name) => {
            let value = Node { span: node.span, value: Value::Null };
            Some(Cow::Owned(vec![Entry::new(name.clone(), node.span, value)]))
        }
        Value::List(_) => reading.refuse_with(
            node.span,
            format!("{what} must be a map, not a list"),
            "write each name as a key, such as {\"lvs1\": {}}",
        ),
        _ => reading.wrong_kind(node, what, "a map"),
    }
}
