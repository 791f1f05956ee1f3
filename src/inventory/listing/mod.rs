//! The inventory as `ansible-inventory` prints it: `--list`, `--host` and `--graph`.

mod json;
mod repr;

use super::{
    Inventory,
    graph::{ALL, Graph},
    precedence,
    shape::PRIORITY,
    variables::Layers,
};
use crate::source::{Fault, Faults, Value, did_you_mean, shown};
use json::Json;
use std::collections::{BTreeMap, HashSet};

/// A graph with more lines is not printed: groups that share children are shown once for each way to them, and ways can
/// double with each level.
const MOST_LINES: usize = 1_000_000;

/// Names that Ansible gives hosts itself and does not show, whoever sets them.
const INTERNAL: [&str; 33] = [
    "ansible_async_path",
    "ansible_collection_name",
    "ansible_config_file",
    "ansible_dependent_role_names",
    "ansible_diff_mode",
    "ansible_facts",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_role_names",
    "ansible_playbook_python",
    "ansible_role_name",
    "ansible_role_names",
    "ansible_run_tags",
    "ansible_skip_tags",
    "ansible_verbosity",
    "ansible_version",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "groups",
    "group_names",
    "hostvars",
    "playbook_dir",
    "play_hosts",
    "role_name",
    "role_names",
    "role_path",
    "role_uuid",
];

/// `--list`: groups, and the variables of all these hosts.
pub(super) fn list(inventory: &Inventory, hosts: &[&str]) -> String {
    let graph = &inventory.graph;
    let shown: HashSet<&str> = hosts.iter().copied().collect();
    let mut listed = BTreeMap::new();
    for (index, (name, group)) in graph.groups.iter().enumerate() {
        let mut parts = BTreeMap::new();
        let members: Vec<Json<'_>> = match index {
            ALL => Vec::new(),
            _ => names(graph, &group.hosts).filter(|name| shown.contains(name)).map(Json::Text).collect(),
        };
        let children = group.children.keys().filter_map(|child| graph.groups.get_index(*child));
        let children: Vec<Json<'_>> = children.map(|(name, _)| Json::Text(name)).collect();
        for (part, items) in [("children", children), ("hosts", members)] {
            if !items.is_empty() {
                parts.insert(part, Json::List(items));
            }
        }
        if !parts.is_empty() {
            listed.insert(name.as_str(), Json::Map(parts));
        }
    }
    let mut host_variables = BTreeMap::new();
    for name in hosts {
        let variables = own(&host_layers(inventory, name));
        if !variables.is_empty() {
            host_variables.insert(*name, Json::Map(variables));
        }
    }
    let meta = [("hostvars", Json::Map(host_variables)), ("profile", Json::Text("inventory_legacy"))];
    listed.insert("_meta", Json::Map(meta.into()));
    Json::Map(listed).text()
}

/// `--host`: the variables of one host.
pub(super) fn host(inventory: &Inventory, name: &str) -> String {
    Json::Map(own(&host_layers(inventory, name))).text()
}

/// `--graph`: a group with all below it, and their variables if wanted.
pub(super) fn graph(inventory: &Inventory, group: &str, with_variables: bool) -> Result<String, Faults> {
    let graph = &inventory.graph;
    let Some(start) = graph.groups.get_index_of(group) else {
        let fault = Fault::about("--graph", format!("there is no group {} in the inventory", shown(group)));
        return Err(fault.maybe_hint(did_you_mean(group, graph.groups.keys().map(String::as_str))).into());
    };
    let mut lines = Vec::new();
    // Groups to enter, and groups whose children are done.
    let mut stack = vec![(start, 0, false)];
    while let Some((index, depth, entered)) = stack.pop() {
        if lines.len() > MOST_LINES {
            return Err(Fault::about("--graph", format!("the graph has more than {MOST_LINES} lines")).into());
        }
        let Some((name, group)) = graph.groups.get_index(index) else { continue };
        if !entered {
            lines.push(line(&format!("@{name}:"), depth));
            stack.push((index, depth, true));
            stack.extend(group.children.keys().rev().map(|child| (*child, depth + 1, false)));
            continue;
        }
        for host in names(graph, &group.hosts).filter(|_| index != ALL) {
            lines.push(line(host, depth + 1));
            if with_variables {
                variable_lines(&host_layers(inventory, host), None, depth + 2, &mut lines);
            }
        }
        if with_variables {
            let priority = Some(group.priority).filter(|priority| *priority != 1);
            variable_lines(&precedence::of_group(inventory, index), priority, depth + 1, &mut lines);
        }
    }
    Ok(lines.join("\n"))
}

fn line(text: &str, depth: usize) -> String {
    if depth == 0 { text.to_owned() } else { format!("{}--{text}", "  |".repeat(depth)) }
}

fn variable_lines(layers: &Layers<'_>, priority: Option<i64>, depth: usize, lines: &mut Vec<String>) {
    let variables = layers.all().into_iter().filter(|(name, _)| !INTERNAL.contains(name));
    let mut shown: BTreeMap<&str, String> =
        variables.map(|(name, variable)| (name, repr::shown(&variable.node.value))).collect();
    shown.extend(priority.map(|priority| (PRIORITY, priority.to_string())));
    lines.extend(shown.iter().map(|(name, value)| line(&format!("{{{name} = {value}}}"), depth)));
}

fn names<'g>(graph: &'g Graph, hosts: &'g indexmap::IndexSet<usize>) -> impl Iterator<Item = &'g str> {
    hosts.iter().filter_map(|host| graph.hosts.get_index(*host)).map(|(name, _)| name.as_str())
}

fn host_layers<'i>(inventory: &'i Inventory, name: &str) -> Layers<'i> {
    let host = inventory.graph.hosts.get_index_of(name);
    host.map(|host| precedence::of_host(inventory, host)).unwrap_or_default()
}

fn own<'i>(layers: &Layers<'i>) -> BTreeMap<&'i str, Json<'i>> {
    let all = layers.all().into_iter().filter(|(name, _)| !INTERNAL.contains(name));
    all.map(|(name, variable)| (name, json(&variable.node.value))).collect()
}

fn json(value: &Value) -> Json<'_> {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(written) => Json::Number(written),
        Value::Text(text) | Value::Time(text) => Json::Text(text),
        Value::List(items) => Json::List(items.iter().map(|item| json(&item.value)).collect()),
        Value::Map(entries) => {
            Json::Map(entries.iter().map(|entry| (entry.key.as_str(), json(&entry.value.value))).collect())
        }
        Value::Tagged(tag, inner) => tagged(tag, inner),
    }
}

/// Ansible's own tags are maps of one key, and every text below `!unsafe` is one of them.
fn tagged<'v>(tag: &str, inner: &'v Value) -> Json<'v> {
    let key = match tag {
        "!vault" | "!vault-encrypted" => "__ansible_vault",
        "!unsafe" => "__ansible_unsafe",
        _ => return json(inner),
    };
    match inner {
        Value::Text(text) => Json::Map([(key, Json::Text(text))].into()),
        Value::List(items) => Json::List(items.iter().map(|item| tagged(tag, &item.value)).collect()),
        Value::Map(entries) => {
            Json::Map(entries.iter().map(|entry| (entry.key.as_str(), tagged(tag, &entry.value.value))).collect())
        }
        other => json(other),
    }
}
