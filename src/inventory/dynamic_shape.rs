//! Ansible's dynamic shape: what `ansible-inventory --list` and inventory scripts print.

use super::{graph::Graph, host_name, shape};
use crate::source::{Entry, Node, Reading, Value, did_you_mean, shown};
use std::{collections::HashMap, sync::Arc};

const SECTIONS: [&str; 3] = ["hosts", "children", "vars"];

pub(super) fn read(groups: &[Entry], graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    let mut fine = Some(());
    let mut own = HashMap::new();
    for entry in groups {
        let done = if entry.key == "_meta" {
            host_variables(&entry.value, reading).map(|found| own = found)
        } else {
            group(entry, graph, reading)
        };
        if done.is_none() {
            fine = None;
        }
    }
    let source = Arc::clone(reading.source());
    for (name, node) in own {
        let entries = shape::variables(node, reading)?;
        if let Some(host) = graph.hosts.get_mut(name) {
            host.variables.take(&source, entries);
        }
    }
    fine
}

/// `_meta.hostvars`: each host's own variables.
fn host_variables<'n>(meta: &'n Node, reading: &mut Reading) -> Option<HashMap<&'n str, &'n Node>> {
    let Value::Map(entries) = &meta.value else {
        return reading.wrong_kind(meta, "`_meta`", "a map");
    };
    let Some(hostvars) = entries.iter().find(|entry| entry.key == "hostvars") else {
        return Some(HashMap::new());
    };
    match &hostvars.value.value {
        Value::Map(hosts) => Some(hosts.iter().map(|entry| (entry.key.as_str(), &entry.value)).collect()),
        _ => reading.wrong_kind(&hostvars.value, "`hostvars`", "a map of hosts"),
    }
}

fn group(entry: &Entry, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    let checked = host_name::check_group(&entry.key);
    reading.fit(entry.key_span, checked)?;
    let group = graph.group(&entry.key);
    let parts = match &entry.value.value {
        Value::Map(parts) => parts,
        Value::List(_) => return hosts(group, &entry.value, graph, reading),
        _ => {
            let what = format!("the group {}", shown(&entry.key));
            return reading.wrong_kind(&entry.value, &what, "a map, or a list of hosts");
        }
    };
    let mut fine = Some(());
    for part in parts {
        let done = match part.key.as_str() {
            "hosts" => hosts(group, &part.value, graph, reading),
            "children" => children(group, &part.value, graph, reading),
            "vars" => shape::group_variables(group, &part.value, graph, reading),
            unknown => {
                let message = format!("the group {} has no key {}", shown(&entry.key), shown(unknown));
                let hint = did_you_mean(unknown, SECTIONS)
                    .unwrap_or_else(|| "a group has `hosts`, `children` and `vars`".to_owned());
                reading.refuse_with(part.key_span, message, hint)
            }
        };
        if done.is_none() {
            fine = None;
        }
    }
    fine
}

fn hosts(group: usize, node: &Node, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    for item in reading.list(node, "the hosts of a dynamic inventory's group")? {
        let name = reading.text(item, "a host's name")?;
        reading.fit(item.span, host_name::check_host(name))?;
        let place = reading.source().place(item.span);
        let host = graph.host(name, &place);
        graph.groups[group].hosts.insert(host);
    }
    Some(())
}

fn children(parent: usize, node: &Node, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    for item in reading.list(node, "the children of a dynamic inventory's group")? {
        let name = reading.text(item, "a group's name")?;
        let child = shape::group(name, item, graph, reading)?;
        let place = reading.source().place(item.span);
        graph.add_child(parent, child, Some(place));
    }
    Some(())
}
