//! Which hosts a pattern selects, by Ansible's rules and in its order.

use super::{
    Pattern,
    graph::{ALL, Graph},
    pattern::{Names, Role, Subscript, Term},
};
use crate::source::{Fault, Faults, did_you_mean, shown};
use indexmap::{IndexMap, IndexSet};

pub(super) fn select<'g>(graph: &'g Graph, pattern: &Pattern) -> Result<Vec<&'g str>, Faults> {
    let mut faults = Vec::new();
    let mut selected: IndexSet<usize> = IndexSet::new();
    if pattern.terms.iter().all(|term| term.role != Role::Add) {
        selected = graph.hosts_of(ALL);
    }
    for term in &pattern.terms {
        let named: IndexSet<usize> = match matching(graph, pattern, term, faults.len() < Faults::SHOWN) {
            Ok(named) => named.into_iter().collect(),
            Err(fault) => {
                faults.push(fault);
                continue;
            }
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

/// The globs and regular expressions of a pattern that no host or group fits: Ansible warns of them, and goes on. A plain
/// name that is not there is an error when the pattern selects.
pub(super) fn unmatched<'p>(graph: &Graph, pattern: &'p Pattern) -> Vec<&'p Term> {
    let names = || graph.groups.keys().chain(graph.hosts.keys());
    let is_plain = |term: &Term| matches!(term.names, Names::Name(_));
    let unmatched = |term: &&Term| !is_plain(term) && !names().any(|name| fits(term, name).unwrap_or(true));
    pattern.terms.iter().filter(unmatched).collect()
}

/// The hosts that a term names. One that several groups have is there several times: subscripts count so in Ansible.
fn matching(graph: &Graph, pattern: &Pattern, term: &Term, hints: bool) -> Result<Vec<usize>, Fault> {
    let mut found = Vec::new();
    let mut any_group = false;
    for group in named(term, &graph.groups)? {
        any_group = true;
        found.extend(graph.hosts_of(group));
    }
    let is_plain = matches!(term.names, Names::Name(_));
    // To add a host, its own name is enough, whatever group has the same one.
    if let (Names::Name(name), Role::Add, None) = (&term.names, term.role, term.subscript)
        && let Some(host) = graph.hosts.get_index_of(name)
    {
        return Ok(vec![host]);
    }
    if !(any_group && is_plain && !term.text.contains('.')) {
        found.extend(named(term, &graph.hosts)?);
    }
    if is_plain && !any_group && found.is_empty() {
        return Err(unknown(graph, term, hints));
    }
    match term.subscript {
        None => Ok(found),
        Some(subscript) => part(&found, subscript).ok_or_else(|| {
            let message = format!("the host pattern {} selects no host", shown(&pattern.to_string()));
            Fault::at(&term.place, message).hint(format!("there are {} hosts to count", found.len()))
        }),
    }
}

/// The positions of the names that a term means. One that it says in full is not looked for among all.
fn named<T>(term: &Term, all: &IndexMap<String, T>) -> Result<Vec<usize>, Fault> {
    if let Names::Name(name) = &term.names {
        return Ok(all.get_index_of(name).into_iter().collect());
    }
    let fitting = all.keys().enumerate().map(|(at, name)| Ok(fits(term, name)?.then_some(at)));
    fitting.filter_map(Result::transpose).collect()
}

fn fits(term: &Term, name: &str) -> Result<bool, Fault> {
    match &term.names {
        Names::Name(own) => Ok(own == name),
        Names::Glob(glob) => Ok(glob.fits(name)),
        Names::Regex(regex) => match regex.find(name) {
            Ok(found) => Ok(found.is_some_and(|found| found.start() == 0)),
            Err(why) => {
                let message = format!("the regular expression {} fails on {}: {why}", shown(&term.text), shown(name));
                Err(Fault::at(&term.place, message))
            }
        },
    }
}

/// The part of the hosts that a subscript means; `None` where it counts further than they go.
fn part(hosts: &[usize], subscript: Subscript) -> Option<Vec<usize>> {
    if hosts.is_empty() {
        return Some(Vec::new());
    }
    match subscript {
        Subscript::One(index) => {
            let from_end = || hosts.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
            let index = usize::try_from(index).ok().or_else(from_end)?;
            hosts.get(index).map(|host| vec![*host])
        }
        // So it is in Ansible: up to 0 is the first alone.
        Subscript::Span(from, Some(0)) => hosts.get(from).map(|host| vec![*host]),
        Subscript::Span(from, to) => {
            let to = to.map_or(hosts.len(), |to| to.saturating_add(1).min(hosts.len()));
            Some(hosts.get(from..to).unwrap_or_default().to_vec())
        }
    }
}

/// Hints take a look at all names, so not every fault of many has one.
fn unknown(graph: &Graph, term: &Term, hints: bool) -> Fault {
    let Names::Name(name) = &term.names else { return Fault::at(&term.place, "no host fits") };
    let names = graph.groups.keys().chain(graph.hosts.keys()).map(String::as_str);
    let hint = hints
        .then(|| did_you_mean(name, names))
        .flatten()
        .unwrap_or_else(|| "`lvs-ftp` knows only what the inventory names".to_owned());
    let message = format!("there is no host or group {} in the inventory", shown(name));
    Fault::at(&term.place, message).hint(hint)
}
