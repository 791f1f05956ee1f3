//! Which of a host's variables wins: Ansible's precedence.

use super::{Inventory, graph::ALL, variables::Layers};
use indexmap::IndexSet;

/// The variables of a host, the weakest layer first.
///
/// Ansible's order: `all` and the other groups from the inventory's files, then `group_vars/all`, then
/// `group_vars/GROUP`, then the host's own, then `host_vars/HOST`, then `-e`. Of the groups, those further from `all` win,
/// then the greater `ansible_group_priority`, then the name that sorts last.
pub(super) fn of_host(inventory: &Inventory, host: usize) -> Layers<'_> {
    let graph = &inventory.graph;
    let groups = groups_of(inventory, host);
    let folders = || inventory.source_folders.iter().chain(&inventory.playbook_folders);
    let mut layers = Layers::default();
    for group in &groups {
        layers.add(&graph.groups[*group].variables);
    }
    for folder in folders() {
        layers.add(folder.group(ALL));
    }
    for folder in folders() {
        for group in groups.iter().filter(|group| **group != ALL) {
            layers.add(folder.group(*group));
        }
    }
    layers.add(&graph.hosts[host].variables);
    for folder in folders() {
        layers.add(folder.host(host));
    }
    layers.add(&inventory.extra);
    layers
}

/// The variables of a group alone, as `ansible-inventory --graph --vars` shows them.
pub(super) fn of_group(inventory: &Inventory, group: usize) -> Layers<'_> {
    let mut layers = Layers::default();
    layers.add(&inventory.graph.groups[group].variables);
    for folder in &inventory.source_folders {
        layers.add(folder.group(group));
    }
    layers
}

/// All groups that a host is in, the weakest first.
fn groups_of(inventory: &Inventory, host: usize) -> Vec<usize> {
    let graph = &inventory.graph;
    let mut groups = IndexSet::from([ALL]);
    for (index, group) in graph.groups.values().enumerate() {
        if group.hosts.contains(&host) {
            groups.extend(graph.ancestors(index));
        }
    }
    let mut groups: Vec<usize> = groups.into_iter().collect();
    groups.sort_by_key(|group| {
        let name = graph.groups.get_index(*group).map(|(name, _)| name.as_str());
        (graph.groups[*group].depth, graph.groups[*group].priority, name)
    });
    groups
}
