//! Which of a host's variables wins: Ansible's precedence.

use super::{Inventory, graph::ALL, variables::Variables};
use indexmap::IndexSet;

/// The variables of a host, the weakest laid down first.
///
/// Ansible's order: `all` and the other groups from the inventory's files, then `group_vars/all`, then
/// `group_vars/GROUP`, then the host's own, then `host_vars/HOST`. Of the groups, those further from `all` win, then the
/// greater `ansible_group_priority`, then the name that sorts last.
pub(super) fn of_host(inventory: &Inventory, host: usize) -> Variables {
    let graph = &inventory.graph;
    let groups = groups_of(inventory, host);
    let folders = || inventory.source_folders.iter().chain(&inventory.playbook_folders);
    let mut variables = Variables::default();
    for group in &groups {
        variables.overlay(&graph.groups[*group].variables);
    }
    for folder in folders() {
        variables.overlay(folder.group(ALL));
    }
    for folder in folders() {
        for group in groups.iter().filter(|group| **group != ALL) {
            variables.overlay(folder.group(*group));
        }
    }
    variables.overlay(&graph.hosts[host].variables);
    for folder in folders() {
        variables.overlay(folder.host(host));
    }
    variables
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
