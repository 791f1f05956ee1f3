//! Which of Ansible's two shapes an inventory has, and what both share.

use super::{dynamic_shape, graph::Graph, host_name, static_shape};
use crate::source::{Entry, Faults, Node, Reading, Source, Value, decimal};
use std::sync::Arc;

/// Adds what a source says to the graph.
pub(super) fn read(source: &Arc<Source>, graph: &mut Graph) -> Result<(), Faults> {
    let tree = source.tree()?;
    let mut reading = Reading::new(source);
    let done = match &tree.value {
        Value::Map(groups) if is_dynamic(groups) => dynamic_shape::read(groups, graph, &mut reading),
        Value::Map(groups) if groups.iter().any(|entry| entry.key == "plugin") => reading.refuse_with(
            tree.span,
            "this configures an inventory plugin, which lvs-ftp does not run",
            "save what `ansible-inventory --list` prints and use that file",
        ),
        Value::Map(groups) => static_shape::read(groups, graph, &mut reading),
        _ => reading.wrong_kind(&tree, "an inventory", "a map of groups"),
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
    if let Some(priority) = entries.iter().find(|entry| entry.key == "ansible_group_priority") {
        let written = match &priority.value.value {
            Value::Number(text) | Value::Text(text) => text.as_str(),
            _ => "",
        };
        let made = match written.strip_prefix('-') {
            Some(digits) => decimal(digits).map(|number| -i64::try_from(number).unwrap_or(i64::MAX)),
            None => decimal(written).map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
        };
        graph.groups[group].priority =
            reading.fit(priority.value.span, made.map_err(|_| "`ansible_group_priority` must be a whole number"))?;
    }
    let source = Arc::clone(reading.source());
    graph.groups[group].variables.take(&source, entries);
    Some(())
}

/// Variables as a map; nothing at all is no variables.
pub(super) fn variables<'n>(node: &'n Node, reading: &mut Reading) -> Option<&'n [Entry]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Null => Some(&[]),
        _ => reading.wrong_kind(node, "the variables", "a map"),
    }
}
