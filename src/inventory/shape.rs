//! Which of Ansible's two shapes an inventory has, and what both share.

use super::{dynamic_shape, graph::Graph, host_name, ini, static_shape, variables::Variables};
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

/// `ansible-inventory --list` writes `_meta`, and only in a file that has it are hosts and children lists: in others
/// Ansible refuses these.
fn is_dynamic(groups: &[Entry]) -> bool {
    groups.iter().any(|entry| entry.key == "_meta")
}

/// A name is text to Ansible: YAML takes `1234`, `yes` and `2001-01-01` for other values.
pub(super) fn name_is_text(entry: &Entry, what: &str, reading: &mut Reading) -> Option<()> {
    let Some(kind) = entry.not_text else { return Some(()) };
    let text = reading.source().text();
    let written = text.get(entry.key_span.start..entry.key_span.end).unwrap_or(&entry.key);
    let hint = format!("put it in quotes: \"{written}\"");
    reading.refuse_with(entry.key_span, format!("{what} must be text, not {kind}"), hint)
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
    let variables = Variables::of(reading.source(), entries);
    overlay_group(group, &variables, graph, reading)
}

/// Sets a host's own variables. Where a group has the host's name, Ansible gives them to the group.
pub(super) fn set_host_variables(
    host: usize,
    variables: &Variables,
    graph: &mut Graph,
    reading: &mut Reading,
) -> Option<()> {
    let group = graph.hosts.get_index(host).and_then(|(name, _)| graph.groups.get_index_of(name));
    if let Some(group) = group {
        return overlay_group(group, variables, graph, reading);
    }
    graph.hosts[host].variables.overlay(variables);
    Some(())
}

fn overlay_group(group: usize, variables: &Variables, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    graph.groups[group].variables.overlay(variables);
    // The priority is the group's own, no variable.
    match graph.groups[group].variables.remove(PRIORITY) {
        None => Some(()),
        Some(given) => {
            graph.groups[group].priority = priority(&given.node, reading)?;
            Some(())
        }
    }
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
