//! Ansible's dynamic shape: what inventory scripts and `ansible-inventory --list` print.

use super::{
    graph::{ALL, Graph},
    host_name, shape,
    variables::Variables,
};
use crate::source::{Entry, Fault, Node, Reading, Value, did_you_mean, shown};
use indexmap::IndexSet;

const SECTIONS: [&str; 3] = ["hosts", "children", "vars"];
/// How Ansible encodes inventories in JSON; `ansible-inventory` names it.
const PROFILE: &str = "inventory_legacy";

/// What a dynamic inventory leaves to be asked.
pub(super) struct Listed {
    /// The hosts that its groups name.
    pub(super) hosts: IndexSet<usize>,
    /// Whether `_meta` had their variables.
    pub(super) with_variables: bool,
}

pub(super) fn read(groups: &[Entry], of_program: bool, graph: &mut Graph, reading: &mut Reading) -> Option<Listed> {
    let mut fine = Some(());
    let mut listed = Listed { hosts: IndexSet::new(), with_variables: false };
    let mut own = &[][..];
    for entry in groups {
        let done = if entry.key == "_meta" {
            listed.with_variables = true;
            host_variables(&entry.value, of_program, reading).map(|found| own = found)
        } else {
            group(entry, of_program, graph, &mut listed.hosts, reading)
        };
        if done.is_none() {
            fine = None;
        }
    }
    for entry in own {
        // As in Ansible, the variables of a host that no group names are nobody's.
        if let Some(host) = graph.hosts.get_index_of(&entry.key).filter(|host| listed.hosts.contains(host)) {
            let entries = variables(&entry.value, reading)?;
            let variables = Variables::of(reading.source(), entries);
            shape::set_host_variables(host, &variables, graph, reading)?;
        }
    }
    fine.map(|()| listed)
}

/// A program's variables are a map: unlike a file's, they may not be left out by a `null`.
pub(super) fn variables<'n>(node: &'n Node, reading: &mut Reading) -> Option<&'n [Entry]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        _ => reading.wrong_kind(node, "the variables", "a map"),
    }
}

/// `_meta.hostvars`: each host's own variables.
fn host_variables<'n>(meta: &'n Node, of_program: bool, reading: &mut Reading) -> Option<&'n [Entry]> {
    let Value::Map(entries) = &meta.value else {
        return reading.wrong_kind(meta, "`_meta`", "a map");
    };
    let named = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
    match named("profile") {
        None => {}
        Some(Node { value: Value::Text(profile), .. }) if profile == PROFILE => {}
        Some(other) => {
            let message = format!("the `profile` of `_meta` must be \"{PROFILE}\"");
            return reading.refuse_with(other.span, message, "Ansible knows no other for inventories");
        }
    }
    match named("hostvars") {
        None if of_program => {
            reading.refuse_with(meta.span, "`_meta` has no `hostvars`", "leave `_meta` out to be asked with --host")
        }
        None => Some(&[]),
        Some(Node { value: Value::Map(hosts), .. }) => Some(hosts),
        Some(other) => reading.wrong_kind(other, "`hostvars`", "a map of hosts"),
    }
}

fn group(
    entry: &Entry,
    of_program: bool,
    graph: &mut Graph,
    listed: &mut IndexSet<usize>,
    reading: &mut Reading,
) -> Option<()> {
    let checked = host_name::check_group(&entry.key);
    reading.fit(entry.key_span, checked)?;
    let group = graph.group(&entry.key);
    let parts = match &entry.value.value {
        Value::Map(parts) => parts,
        Value::List(_) => return hosts(group, &entry.value, graph, listed, reading),
        _ => {
            let what = format!("the group {}", shown(&entry.key));
            return reading.wrong_kind(&entry.value, &what, "a map, or a list of hosts");
        }
    };
    // An empty map is an empty group in the files that older versions of `ansible-inventory` wrote.
    let is_group = (parts.is_empty() && !of_program) || parts.iter().any(|part| SECTIONS.contains(&part.key.as_str()));
    if !is_group && group == ALL {
        return reading.refuse_with(
            entry.value.span,
            "the group `all` has neither `hosts`, `children` nor `vars`",
            "Ansible takes such a map for the variables of a host named `all`, and fails; put variables below `vars`",
        );
    }
    if !is_group && parts.iter().all(|part| did_you_mean(&part.key, SECTIONS).is_none()) {
        // Ansible takes such a map for variables in which nothing is to be evaluated, and the group for a host of its name.
        let place = reading.source().place(entry.key_span);
        let host = graph.host(&entry.key, &place);
        graph.groups[group].hosts.insert(host);
        listed.insert(host);
        let unsafe_parts: Vec<Entry> = parts.iter().cloned().map(unsafe_entry).collect();
        return shape::set_group_variables(group, &unsafe_parts, graph, reading);
    }
    let mut fine = Some(());
    for part in parts {
        let done = match part.key.as_str() {
            "hosts" => hosts(group, &part.value, graph, listed, reading),
            "children" => children(group, &part.value, graph, reading),
            "vars" => variables(&part.value, reading)
                .and_then(|entries| shape::set_group_variables(group, entries, graph, reading)),
            // What is nothing like a section is the script's own matter, as in Ansible.
            unknown => match did_you_mean(unknown, SECTIONS) {
                None => Some(()),
                Some(hint) => {
                    let message = format!("the group {} has no key {}", shown(&entry.key), shown(unknown));
                    reading.refuse_with(part.key_span, message, hint)
                }
            },
        };
        if done.is_none() {
            fine = None;
        }
    }
    fine
}

fn unsafe_entry(mut entry: Entry) -> Entry {
    if !matches!(entry.value.value, Value::Tagged(..)) && entry.key != shape::PRIORITY {
        let value = std::mem::replace(&mut entry.value.value, Value::Null);
        entry.value.value = Value::Tagged("!unsafe".to_owned(), Box::new(value));
    }
    entry
}

fn hosts(
    group: usize,
    node: &Node,
    graph: &mut Graph,
    listed: &mut IndexSet<usize>,
    reading: &mut Reading,
) -> Option<()> {
    for item in reading.list(node, "the hosts of a dynamic inventory's group")? {
        let name = reading.text(item, "a host's name")?;
        reading.fit(item.span, host_name::check_host(name))?;
        let place = reading.source().place(item.span);
        let host = graph.host(name, &place);
        graph.groups[group].hosts.insert(host);
        listed.insert(host);
    }
    Some(())
}

fn children(parent: usize, node: &Node, graph: &mut Graph, reading: &mut Reading) -> Option<()> {
    for item in reading.list(node, "the children of a dynamic inventory's group")? {
        let name = reading.text(item, "a group's name")?;
        let child = shape::group(name, item, graph, reading)?;
        let place = reading.source().place(item.span);
        if child == parent {
            let fault = Fault::at(&place, format!("the group {} is its own child", shown(name)));
            return reading.note(fault.hint("remove it from its `children`"));
        }
        graph.add_child(parent, child, Some(place));
    }
    Some(())
}
