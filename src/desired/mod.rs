//! The desired state: the playbook's clusters with the inventory's hosts in their places.

mod between;
mod meaning;
mod resolve;
mod services;
mod side;
mod target;

pub use meaning::meaning;
pub use resolve::resolve;
pub use side::{Role, Side, sides};
pub use target::{Target, Wanted, targets};

use crate::inventory::{HostVars, Pattern};
use crate::lvs::Weight;
use crate::playbook::{ClusterPlay, Services};
use std::net::Ipv4Addr;

/// A cluster with its hosts. Membership is always whole: `--limit` only says which of them are contacted.
#[derive(Debug, Clone)]
pub struct ResolvedCluster {
    /// What the playbook says.
    pub play: ClusterPlay,
    /// The LVS routers, in the pattern's order; at least one.
    pub routers: Vec<HostVars>,
    /// The FTP servers, in the pattern's order; at least one.
    pub real_servers: Vec<RealServer>,
    /// The host patterns of the play's services, with the hosts that each selects.
    pub service_hosts: Vec<(Pattern, Vec<String>)>,
}

impl ResolvedCluster {
    /// What the playbook says of services on one host of a side.
    fn services_on(&self, side: &Services, host: &str) -> Services {
        let selects = |pattern: &Pattern| {
            self.service_hosts.iter().any(|(known, hosts)| known == pattern && hosts.iter().any(|name| name == host))
        };
        side.iter()
            .filter(|(_, service)| service.hosts.as_ref().is_none_or(selects))
            .map(|(name, service)| (name.clone(), service.clone()))
            .collect()
    }
}

/// A host as a destination of the virtual service.
#[derive(Debug, Clone)]
pub struct RealServer {
    /// The host.
    pub host: HostVars,
    /// Its address on the real network.
    pub real_ip: Ipv4Addr,
    /// Its share of new clients.
    pub weight: Weight,
}

#[cfg(test)]
mod tests;
