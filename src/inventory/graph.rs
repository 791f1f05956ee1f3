//! Groups and hosts as a graph: membership, depth, order, and no loops.

use super::variables::Variables;
use crate::source::{Fault, Place, shown};
use indexmap::{IndexMap, IndexSet};

/// Hosts and groups in the order in which they were first named.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) hosts: IndexMap<String, Host>,
    pub(super) groups: IndexMap<String, Group>,
    /// Names and variables that ranges made of a few written words.
    copies: usize,
}

/// So many names and variables ranges may make in all sources together: more would fill the memory.
const MOST_COPIES: usize = 1_000_000;

#[derive(Debug)]
pub(super) struct Host {
    /// Where it was first named.
    pub(super) place: Place,
    pub(super) variables: Variables,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) variables: Variables,
    /// `ansible_group_priority`, 1 by default: of groups of one depth, the greater wins.
    pub(super) priority: i64,
    /// Steps below `all`, along the longest way.
    pub(super) depth: usize,
    pub(super) hosts: IndexSet<usize>,
    /// Child groups, and where each was named as a child; no place for those that `all` has by rule.
    pub(super) children: IndexMap<usize, Option<Place>>,
    pub(super) parents: IndexSet<usize>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            variables: Variables::default(),
            priority: 1,
            depth: 0,
            hosts: IndexSet::new(),
            children: IndexMap::new(),
            parents: IndexSet::new(),
        }
    }
}

/// The position of the group `all`, which is always there.
pub(super) const ALL: usize = 0;
/// The position of the group `ungrouped`.
pub(super) const UNGROUPED: usize = 1;

impl Default for Graph {
    fn default() -> Self {
        let mut graph = Self { hosts: IndexMap::new(), groups: IndexMap::new(), copies: 0 };
        let all = graph.group("all");
        let ungrouped = graph.group("ungrouped");
        graph.add_child(all, ungrouped, None);
        graph
    }
}

impl Graph {
    /// The group of this name, made if need be.
    pub(super) fn group(&mut self, name: &str) -> usize {
        match self.groups.get_index_of(name) {
            Some(group) => group,
            None => self.groups.insert_full(name.to_owned(), Group::default()).0,
        }
    }

    /// The host of this name, made if need be.
    pub(super) fn host(&mut self, name: &str, place: &Place) -> usize {
        if let Some(host) = self.hosts.get_index_of(name) {
            return host;
        }
        let host = Host { place: place.clone(), variables: Variables::default() };
        self.hosts.insert_full(name.to_owned(), host).0
    }

    /// Takes note of a range that stands for so many names, each with so many variables.
    pub(super) fn count_range(&mut self, names: usize, variables: usize) -> Result<(), String> {
        if names > 1 {
            self.copies = self.copies.saturating_add(names.saturating_mul(variables.saturating_add(1)));
        }
        if self.copies > MOST_COPIES {
            return Err(format!("the inventory's ranges stand for more than {MOST_COPIES} names and variables in all"));
        }
        Ok(())
    }

    pub(super) fn add_child(&mut self, parent: usize, child: usize, place: Option<Place>) {
        self.groups[parent].children.entry(child).or_insert(place);
        self.groups[child].parents.insert(parent);
    }

    /// Ansible's rules for what the files did not say, then the depth of each group.
    pub(super) fn settle(&mut self) -> Result<(), Fault> {
        for group in 1..self.groups.len() {
            if self.groups[group].parents.is_empty() {
                self.add_child(ALL, group, None);
            }
        }
        let mut grouped: IndexSet<usize> = IndexSet::new();
        for (group, members) in self.groups.values().enumerate() {
            if group != ALL && group != UNGROUPED {
                grouped.extend(&members.hosts);
            }
        }
        let ungrouped = &mut self.groups[UNGROUPED].hosts;
        ungrouped.retain(|host| !grouped.contains(host));
        ungrouped.extend((0..self.hosts.len()).filter(|host| !grouped.contains(host)));
        self.set_depths()
    }

    /// Goes down from groups whose parents are all done; what is never done is in a loop, or below one.
    fn set_depths(&mut self) -> Result<(), Fault> {
        let mut waiting: Vec<usize> = self.groups.values().map(|group| group.parents.len()).collect();
        let mut ready: Vec<usize> = (0..waiting.len()).filter(|group| waiting[*group] == 0).collect();
        let mut done = 0;
        while let Some(group) = ready.pop() {
            done += 1;
            let below = self.groups[group].depth + 1;
            let children: Vec<usize> = self.groups[group].children.keys().copied().collect();
            for child in children {
                self.groups[child].depth = self.groups[child].depth.max(below);
                waiting[child] -= 1;
                if waiting[child] == 0 {
                    ready.push(child);
                }
            }
        }
        if done == self.groups.len() {
            return Ok(());
        }
        Err(self.loop_fault(&waiting))
    }

    /// Walks upward among the groups that wait until one comes again: that one is in a loop.
    fn loop_fault(&self, waiting: &[usize]) -> Fault {
        let mut path: Vec<usize> = Vec::new();
        let mut at = waiting.iter().position(|count| *count > 0).unwrap_or(ALL);
        while !path.contains(&at) {
            path.push(at);
            let up = self.groups[at].parents.iter().find(|parent| waiting[**parent] > 0);
            at = up.copied().unwrap_or(ALL);
        }
        let start = path.iter().position(|group| *group == at).unwrap_or(0);
        let mut members = path.split_off(start);
        members.reverse();
        let name = |group: usize| self.groups.get_index(group).map_or("", |(name, _)| name.as_str());
        let mut way: Vec<&str> = members.iter().map(|group| name(*group)).collect();
        way.insert(0, name(at));
        let message = format!("the groups are in a loop: {}", shown(&way.join(" > ")));
        let edge = members.iter().enumerate().find_map(|(index, child)| {
            let parent = if index == 0 { at } else { members[index - 1] };
            self.groups[parent].children.get(child)?.as_ref()
        });
        let fault = match edge {
            Some(place) => Fault::at(place, message),
            None => Fault::about("inventory", message),
        };
        fault.hint("a group cannot be below itself; remove one of these `children`")
    }

    /// A group and all below it, level by level in the order in which they were named.
    pub(super) fn descendants(&self, group: usize) -> IndexSet<usize> {
        self.reach(group, |group| group.children.keys().copied().collect())
    }

    /// A group and all above it.
    pub(super) fn ancestors(&self, group: usize) -> IndexSet<usize> {
        self.reach(group, |group| group.parents.iter().copied().collect())
    }

    fn reach(&self, from: usize, next: impl Fn(&Group) -> Vec<usize>) -> IndexSet<usize> {
        let mut found = IndexSet::from([from]);
        let mut at = 0;
        while let Some(group) = found.get_index(at).copied() {
            found.extend(next(&self.groups[group]));
            at += 1;
        }
        found
    }

    /// The hosts of a group and of all below it.
    pub(super) fn hosts_of(&self, group: usize) -> IndexSet<usize> {
        self.descendants(group).into_iter().flat_map(|group| self.groups[group].hosts.iter().copied()).collect()
    }
}
