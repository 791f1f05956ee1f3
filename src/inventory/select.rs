//! Which hosts a pattern selects, by Ansible's rules and in its order.

use super::{
    Pattern, glob,
    graph::Graph,
    pattern::{Role, Subscript, Term},
};
use crate::source::{Fault, Faults, did_you_mean, shown};
use indexmap::IndexSet;

pub(super) fn select<'g>(graph: &'g Graph, pattern: &Pattern) -> Result<Vec<&'g str>, Faults> {
    let mut faults = Vec::new();
    let mut selected: IndexSet<usize> = IndexSet::new();
    if pattern.terms.iter().all(|term| term.role != Role::Add) {
        selected = graph.hosts_of(super::graph::ALL);
    }
    for term in &pattern.terms {
        let Some(named) = matching(graph, term) else {
            faults.push(unknown(graph, pattern, term));
            continue;
        };
        match term.role {
            Role::Add => selected.extend(named),
            Role::Intersect => selected.retain(|host| named.contains(host)),
            Role::Exclude => selected.retain(|host| !named.contains(host)),
        }
    }
    if faults.is_empty() && selected.is_empty() {
        let message = format!("the host pattern {} selects no host", shown(&pattern.to_string()));
        faults.push(Fault::at(pattern.place(), message));
    }
    Faults::check(faults)?;
    let names = selected.into_iter().filter_map(|host| graph.hosts.get_index(host));
    Ok(names.map(|(name, _)| name.as_str()).collect())
}

/// The hosts that a term names; `None` if it is a plain name that nothing has.
fn matching(graph: &Graph, term: &Term) -> Option<IndexSet<usize>> {
    let name = term.name.as_str();
    if let (Some(host), None) = (graph.hosts.get_index_of(name), term.subscript) {
        return Some(IndexSet::from([host]));
    }
    let mut found = IndexSet::new();
    if glob::is_glob(name) {
        for (index, (group, _)) in graph.groups.iter().enumerate() {
            if glob::fits(name, group) {
                found.extend(graph.hosts_of(index));
            }
        }
        let hosts = graph.hosts.keys().enumerate();
        found.extend(hosts.filter(|(_, host)| glob::fits(name, host)).map(|(index, _)| index));
    } else if let Some(group) = graph.groups.get_index_of(name) {
        found = graph.hosts_of(group);
    } else {
        found.insert(graph.hosts.get_index_of(name)?);
    }
    Some(match term.subscript {
        None => found,
        Some(subscript) => part(&found, subscript),
    })
}

fn part(hosts: &IndexSet<usize>, subscript: Subscript) -> IndexSet<usize> {
    let (from, to) = match subscript {
        Subscript::One(index) => {
            let from_end = || hosts.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
            match usize::try_from(index).ok().or_else(from_end) {
                Some(index) => (index, index),
                None => return IndexSet::new(),
            }
        }
        Subscript::Span(from, to) => (from, to.unwrap_or(usize::MAX)),
    };
    let count = to.saturating_sub(from).saturating_add(usize::from(from <= to));
    hosts.iter().copied().skip(from).take(count).collect()
}

fn unknown(graph: &Graph, pattern: &Pattern, term: &Term) -> Fault {
    let names = graph.groups.keys().chain(graph.hosts.keys()).map(String::as_str);
    let hint =
        did_you_mean(&term.name, names).unwrap_or_else(|| "`lvs-ftp` knows only what the inventory names".to_owned());
    let message = format!("there is no host or group {} in the inventory", shown(&term.name));
    Fault::at(pattern.place(), message).hint(hint)
}
