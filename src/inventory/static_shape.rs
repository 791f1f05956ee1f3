//! Ansible's static shape: groups with `hosts`, `children` and `vars`, each a map.

use super::{graph::Graph, host_name, range, shape};
use crate::source::{Entry, Node, Reading, Span, Value, did_you_mean, shown};
use std::sync::Arc;

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
    for entry in section(node, "`children`", reading)? {
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
    for entry in section(node, "`hosts`", reading)? {
        if host(group, entry, graph, reading).is_none() {
            fine = None;
        }
    }
    fine
}

/// Adds the host, or all that a range stands for, with their variables.
fn host(group: usize, entry: &Entry, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    let (name, port) = without_port(&entry.key);
    let names = reading.fit(entry.key_span, range::expand(name))?;
    let entries = shape::variables(&entry.value, reading)?;
    let source = Arc::clone(reading.source());
    let place = source.place(entry.key_span);
    for name in names {
        reading.fit(entry.key_span, host_name::check_host(&name))?;
        let host = graph.host(&name, &place);
        graph.groups[group].hosts.insert(host);
        let variables = &mut graph.hosts[host].variables;
        if let Some(port) = port {
            variables.set("ansible_port", &source, port_value(entry.key_span, port));
        }
        variables.take(&source, entries);
    }
    Some(())
}

/// `name:2222` is a name and a port; a colon within a range's brackets or an IPv6 address is neither.
fn without_port(key: &str) -> (&str, Option<&str>) {
    match key.rsplit_once(':') {
        Some((name, port))
            if !name.is_empty()
                && !port.is_empty()
                && port.bytes().all(|byte| byte.is_ascii_digit())
                && key.parse::<std::net::Ipv6Addr>().is_err() =>
        {
            (name, Some(port))
        }
        _ => (key, None),
    }
}

fn port_value(span: Span, port: &str) -> Node {
    Node { span, value: Value::Number(port.to_owned()) }
}

fn section<'n>(node: &'n Node, what: &str, reading: &mut Reading) -> Option<&'n [Entry]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Null => Some(&[]),
        Value::List(_) => reading.refuse_with(
            node.span,
            format!("{what} must be a map, not a list"),
            "write each name as a key, such as {\"lvs1\": {}}",
        ),
        _ => reading.wrong_kind(node, what, "a map"),
    }
}
