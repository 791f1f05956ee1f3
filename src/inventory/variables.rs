//! Variables that lvs-ftp honours, with the place where each was set.

use crate::source::{Entry, Node, Place, Source};
use std::{collections::HashMap, sync::Arc};

/// The variables that mean something here; all others are the user's own.
pub(super) const HONOURED: [&str; 19] = [
    "ansible_host",
    "ansible_ssh_host",
    "ansible_port",
    "ansible_ssh_port",
    "ansible_user",
    "ansible_ssh_user",
    "ansible_connection",
    "ansible_ssh_private_key_file",
    "ansible_private_key_file",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
    "ansible_become",
    "ansible_become_method",
    "ansible_become_user",
    "lvs_real_ip",
    "lvs_weight",
    "lvs_iptables",
    "lvs_ftp_exec",
    "lvs_ssh_keep",
];

/// A variable's value and where it was set.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) source: Arc<Source>,
    pub(super) node: Node,
}

impl Variable {
    pub(super) fn place(&self) -> Place {
        self.source.place(self.node.span)
    }
}

/// Honoured variables by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables(HashMap<String, Variable>);

impl Variables {
    /// Takes those of a map's entries that are honoured; a name that is there already gets the new value.
    pub(super) fn take(&mut self, source: &Arc<Source>, entries: &[Entry]) {
        for entry in entries {
            if HONOURED.contains(&entry.key.as_str()) {
                self.set(&entry.key, source, entry.value.clone());
            }
        }
    }

    pub(super) fn set(&mut self, name: &str, source: &Arc<Source>, node: Node) {
        let source = Arc::clone(source);
        self.0.insert(name.to_owned(), Variable { source, node });
    }

    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.0.get(name)
    }

    /// Lets these variables win over what is here.
    pub(super) fn overlay(&mut self, more: &Self) {
        for (name, variable) in &more.0 {
            self.0.insert(name.clone(), variable.clone());
        }
    }
}
