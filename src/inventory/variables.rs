//! Variables with the place where each was set, and the layers of them that make up what a host has.

use crate::source::{Entry, Node, Place, Source};
use indexmap::IndexMap;
use std::sync::Arc;

/// A variable's value and where it was set.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) source: Arc<Source>,
    pub(super) node: Node,
}

impl Variable {
    pub(super) fn place(&self) -> Place {
        self.source.place(self.node.span)
    }
}

/// Variables by name. Hosts that one line names share their values.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables(IndexMap<String, Arc<Variable>>);

impl Variables {
    /// The variables of a map.
    pub(super) fn of(source: &Arc<Source>, entries: &[Entry]) -> Self {
        let mut variables = Self::default();
        for entry in entries {
            variables.set(&entry.key, source, entry.value.clone());
        }
        variables
    }

    pub(super) fn set(&mut self, name: &str, source: &Arc<Source>, node: Node) {
        let source = Arc::clone(source);
        self.0.insert(name.to_owned(), Arc::new(Variable { source, node }));
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Arc<Variable>> {
        self.0.shift_remove(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.0.iter().map(|(name, variable)| (name.as_str(), &**variable))
    }

    /// Lets these variables win over what is here.
    pub(super) fn overlay(&mut self, more: &Self) {
        for (name, variable) in &more.0 {
            self.0.insert(name.clone(), Arc::clone(variable));
        }
    }
}

/// What applies to a host, the weakest first.
#[derive(Debug, Default)]
pub(super) struct Layers<'i>(Vec<&'i Variables>);

impl<'i> Layers<'i> {
    pub(super) fn add(&mut self, stronger: &'i Variables) {
        if !stronger.0.is_empty() {
            self.0.push(stronger);
        }
    }

    /// The strongest value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&'i Variable> {
        self.0.iter().rev().find_map(|layer| layer.0.get(name)).map(|variable| &**variable)
    }

    /// All variables, each with its strongest value.
    pub(super) fn all(&self) -> std::collections::BTreeMap<&'i str, &'i Variable> {
        self.0.iter().flat_map(|layer| layer.iter()).collect()
    }
}
