//! The inventory: hosts, groups and variables in Ansible's own formats, and what one host's variables mean.

mod address;
mod dynamic_shape;
mod glob;
mod graph;
mod host;
mod host_name;
mod load;
mod meaning;
mod ours;
mod pattern;
mod precedence;
mod range;
mod select;
mod shape;
mod static_shape;
mod variables;
mod vars_files;

pub use host::{Become, BecomeMethod, Connection, ConnectionOptions, HostVars};
pub use ours::FIELDS;
pub use pattern::Pattern;

use crate::source::{Fault, Faults, Place, Source};
use camino::Utf8PathBuf;
use graph::Graph;
use std::sync::Arc;
use vars_files::VarsFiles;

/// Hosts and groups with their variables, from one source or several.
#[derive(Debug)]
pub struct Inventory {
    graph: Graph,
    /// `group_vars/` and `host_vars/` beside each source, in the order of the sources.
    source_folders: Vec<VarsFiles>,
    /// The same beside each playbook; these win.
    playbook_folders: Vec<VarsFiles>,
}

impl Inventory {
    /// Reads files and folders (`-i`), and the variables beside them and in the playbooks' folders.
    ///
    /// An inventory without a host is an error, as is a source that cannot be read in full.
    pub fn load(sources: &[Utf8PathBuf], playbook_folders: &[Utf8PathBuf]) -> Result<Self, Faults> {
        load::load(sources, playbook_folders)
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
        Self::joined(graph, Vec::new(), Vec::new(), faults)
    }

    fn joined(
        mut graph: Graph,
        source_folders: Vec<VarsFiles>,
        playbook_folders: Vec<VarsFiles>,
        mut faults: Vec<Fault>,
    ) -> Result<Self, Faults> {
        if let Err(fault) = graph.settle() {
            faults.push(fault);
        }
        Faults::check(faults)?;
        Ok(Self { graph, source_folders, playbook_folders })
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
