//! The inventory: hosts, groups and variables in Ansible's own formats, and what one host's variables mean.

mod address;
mod dynamic_shape;
mod extra_vars;
mod glob;
mod graph;
mod host;
mod host_list;
mod host_name;
mod host_port;
mod ini;
mod limit;
mod listing;
mod load;
mod meaning;

mod ours;
mod pattern;
mod precedence;
mod program;
mod range;
mod select;
mod shape;
mod static_shape;
mod variables;
mod vars_files;

pub use host::{Become, BecomeMethod, Connection, ConnectionOptions, HostVars};
pub use ours::{FIELDS, PREFIX};
pub use pattern::Pattern;

use crate::source::{Fault, Faults, Place, Source, shown};
use camino::{Utf8Path, Utf8PathBuf};
use graph::Graph;
use std::sync::Arc;
use variables::Variables;
use vars_files::VarsFiles;

/// Runs a program of the user's own, never through a shell, and returns what it prints; an error says why that is
/// nothing. Whoever loads an inventory brings it: here nothing is started.
pub type Programs<'a> = &'a dyn Fn(&Utf8Path, &[&str]) -> Result<String, String>;

/// What an inventory is made of.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// Files, folders, programs and lists of hosts (`-i`).
    pub sources: &'a [Utf8PathBuf],
    /// The folders of the playbooks: the variables beside them count too, and win.
    pub playbook_folders: &'a [Utf8PathBuf],
    /// Variables of the command line (`-e`), which win over all others.
    pub extra_vars: &'a [String],
    /// Runs executable inventories.
    pub programs: Programs<'a>,
}

/// Hosts and groups with their variables, from one source or several.
#[derive(Debug)]
pub struct Inventory {
    graph: Graph,
    /// `group_vars/` and `host_vars/` beside each source, in the order of the sources.
    source_folders: Vec<VarsFiles>,
    /// The same beside each playbook; these win.
    playbook_folders: Vec<VarsFiles>,
    /// The command line's variables.
    extra: Variables,
}

impl Inventory {
    /// Reads all inputs.
    ///
    /// An inventory without a host is an error, as is a source that cannot be read in full.
    pub fn load(inputs: &Inputs<'_>) -> Result<Self, Faults> {
        load::load(inputs)
    }

    /// An inventory of these texts alone, without variables beside them.
    pub fn of(sources: &[Arc<Source>]) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let mut graph = Graph::default();
        for source in sources {
            if let Err(more) = shape::read(source, &mut graph) {
                faults.extend(more.into_vec());
            }
        }
        Self::joined(graph, Vec::new(), Vec::new(), Variables::default(), faults)
    }

    fn joined(
        mut graph: Graph,
        source_folders: Vec<VarsFiles>,
        playbook_folders: Vec<VarsFiles>,
        extra: Variables,
        mut faults: Vec<Fault>,
    ) -> Result<Self, Faults> {
        if let Err(fault) = graph.settle() {
            faults.push(fault);
        }
        Faults::check(faults)?;
        Ok(Self { graph, source_folders, playbook_folders, extra })
    }

    /// The names of all hosts, in the order in which they were first named.
    pub fn host_names(&self) -> impl Iterator<Item = &str> {
        self.graph.hosts.keys().map(String::as_str)
    }

    /// The names of all groups, `all` and `ungrouped` included.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.graph.groups.keys().map(String::as_str)
    }

    /// Where a host was first named.
    #[must_use]
    pub fn place_of(&self, host: &str) -> Option<&Place> {
        self.graph.hosts.get(host).map(|host| &host.place)
    }

    /// The hosts that a pattern selects, in Ansible's order; none, and names that are not there, are errors.
    pub fn select(&self, pattern: &Pattern) -> Result<Vec<&str>, Faults> {
        select::select(&self.graph, pattern)
    }

    /// What is to be warned of in a pattern that selects hosts: each of its globs that fits nothing.
    #[must_use]
    pub fn warnings(&self, pattern: &Pattern) -> Vec<String> {
        let warning = |term: &pattern::Term| {
            format!("the host pattern {} matches no host or group ({})", shown(&term.text), term.place)
        };
        select::unmatched(&self.graph, pattern).into_iter().map(warning).collect()
    }

    /// Groups, and the variables of these hosts or of all, as `ansible-inventory --list` prints them.
    #[must_use]
    pub fn list(&self, hosts: Option<&[String]>) -> String {
        let hosts: Vec<&str> = match hosts {
            Some(hosts) => hosts.iter().map(String::as_str).collect(),
            None => self.host_names().collect(),
        };
        listing::list(self, &hosts)
    }

    /// A host's variables as `ansible-inventory --host` prints them.
    #[must_use]
    pub fn host_listing(&self, name: &str) -> String {
        listing::host(self, name)
    }

    /// A group and all below it as `ansible-inventory --graph` prints them.
    pub fn graph(&self, group: &str, with_variables: bool) -> Result<String, Faults> {
        listing::graph(self, group, with_variables)
    }

    /// What a host's variables mean to us; a value that must not be used is an error that points at it.
    pub fn host(&self, name: &str, options: &ConnectionOptions) -> Result<HostVars, Faults> {
        let Some(host) = self.graph.hosts.get_index_of(name) else {
            return Err(Fault::about("inventory", format!("there is no host `{name}`")).into());
        };
        let variables = precedence::of_host(self, host);
        host::read(name, &self.graph.hosts[host].place, &variables, options)
    }
}

#[cfg(test)]
mod tests;
