//! Which of Ansible's two shapes an inventory has, and what both share.

use super::{dynamic_shape, graph::Graph, host_name, ini, static_shape};
use crate::source::{Entry, Faults, Node, Reading, Source, Span, Value, decimal};
use std::sync::Arc;

/// Adds what a JSON or YAML source says to the graph.
pub(super) fn read(source: &Arc<Source>, graph: &mut Graph) -> Result<(), Faults> {
    read_tree(source, &source.tree()?, graph)
}

/// Adds what a source without an ending says: YAML or JSON where it is a map, else INI.
pub(super) fn read_either(source: &Arc<Source>, graph: &mut Graph) -> Result<(), Faults> {
    let text = source.text();
    match source.tree() {
        Ok(tree) if matches!(tree.value, Value::Map(_)) => read_tree(source, &tree, graph),
        Ok(tree) if matches!(tree.value, Value::List(_)) && !ini::has_section(text) => read_tree(source, &tree, graph),
        Err(faults)
            if text.trim_start().starts_with('{')
                || (!ini::has_section(text) && text.lines().any(|line| line.trim_end().ends_with(':'))) =>
        {
            Err(faults)
        }
        _ => ini::read(source, graph),
    }
}

fn read_tree(source: &Arc<Source>, tree: &Node, graph: &mut Graph) -> Result<(), Faults> {
    let mut reading = Reading::new(source);
    let done = match &tree.value {
        Value::Map(groups) if is_dynamic(groups) => dynamic_shape::read(groups, false, graph, &mut reading).map(drop),
        Value::Map(groups) if groups.iter().any(|entry| entry.key == "plugin") => reading.refuse_with(
            tree.span,
            "this configures an inventory plugin, which lvs-ftp does not run",
            "save what `ansible-inventory --list` prints and use that file",
        ),
        Value::Map(groups) => static_shape::read(groups, graph, &mut reading),
        _ => reading.wrong_kind(tree, "an inventory", "a map of groups"),
    };
    reading.finish(done)
}

/// Scripts and `ansible-inventory --list` write `_meta`, and hosts and children as lists.
fn is_dynamic(groups: &[Entry]) -> bool {
    groups.iter().any(|entry| match &entry.value.value {
        _ if entry.key == "_meta" => true,
        Value::List(_) => true,
        Value::Map(parts) => parts.iter().any(|part| {
            ["hosts", "children"].contains(&part.key.as_str()) && matches!(part.value.value, Value::List(_))
        }),
        _ => false,
    })
}

/// The group of this name, if it may have it.
pub(super) fn group(name: &str, at: &Node, graph: &mut Graph, reading: &mut Reading) -> Option<usize> {
    reading.fit(at.span, host_name::check_group(name))?;
    Some(graph.group(name))
}

/// Sets a group's variables; `ansible_group_priority` is the group's own.
pub(super) fn group_variables(group: usize, node: &Node, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    let entries = variables(node, reading)?;
    set_group_variables(group, entries, graph, reading)
}

/// The same for variables that are not in a map.
pub(super) fn set_group_variables(
    group: usize,
    entries: &[Entry],
    graph: &mut Graph,
    reading: &mut Reading,
) -> Option<()> {
    let mut fine = Some(());
    for entry in entries {
        if entry.key != PRIORITY {
            graph.groups[group].variables.set(&entry.key, reading.source(), entry.value.clone());
        } else if let Some(priority) = priority(&entry.value, reading) {
            graph.groups[group].priority = priority;
        } else {
            fine = None;
        }
    }
    fine
}

pub(super) const PRIORITY: &str = "ansible_group_priority";

fn priority(node: &Node, reading: &mut Reading) -> Option<i64> {
    let written = match &node.value {
        Value::Number(text) | Value::Text(text) => text.as_str(),
        _ => "",
    };
    let made = match written.strip_prefix('-') {
        Some(digits) => decimal(digits).map(|number| -i64::try_from(number).unwrap_or(i64::MAX)),
        None => decimal(written).map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
    };
    reading.fit(node.span, made.map_err(|_| format!("`{PRIORITY}` must be a whole number")))
}

/// The host of this name. Only who names it first can give it a port, and its other variables win: so Ansible has it.
pub(super) fn host(name: &str, port: Option<&str>, span: Span, graph: &mut Graph, reading: &Reading) -> usize {
    let known = graph.hosts.len();
    let host = graph.host(name, &reading.source().place(span));
    let port = port.map(|port| port.trim_start_matches('0')).filter(|port| !port.is_empty());
    if let (true, Some(port)) = (graph.hosts.len() > known, port) {
        let node = Node { span, value: Value::Number(port.to_owned()) };
        graph.hosts[host].variables.set("ansible_port", reading.source(), node);
    }
    host
}

/// Variables as a map; nothing at all is no variables.
pub(super) fn variables<'n>(node: &'n Node, reading: &mut Reading) -> Option<&'n [Entry]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Null => Some(&[]),
        _ => reading.wrong_kind(node, "the variables", "a map"),
    }
}
