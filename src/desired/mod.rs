//! The desired state: the playbook's clusters with the inventory's hosts in their places.

mod between;
mod keepalived;
mod meaning;
mod piranha;
mod resolve;
mod services;
mod side;
mod target;

pub use meaning::meaning;
pub use resolve::resolve;
pub use side::{Role, Side, sides};
pub use target::{Selects, Target, Wanted, targets};

use crate::inventory::{HostVars, Pattern};
use crate::lvs::Weight;
use crate::playbook::{ClusterPlay, Services, TaskPlay};
use std::net::Ipv4Addr;

/// A play with its hosts.
#[derive(Debug, Clone)]
pub enum ResolvedPlay {
    /// A cluster.
    Cluster(Box<ResolvedCluster>),
    /// Single things on hosts.
    Tasks(Box<ResolvedTasks>),
}

impl ResolvedPlay {
    /// The play's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Cluster(cluster) => &cluster.play.name,
            Self::Tasks(tasks) => &tasks.play.name,
        }
    }

    /// The play's words for `--tags`.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        match self {
            Self::Cluster(cluster) => &cluster.play.tags,
            Self::Tasks(tasks) => &tasks.play.tags,
        }
    }

    /// Every set of tags by which something of it can be asked for: the play's, a task's, and those of running and of
    /// boot state.
    #[must_use]
    pub fn all_tags(&self) -> Vec<Vec<String>> {
        let tasks: Vec<&[String]> = match self {
            Self::Cluster(_) => vec![&[]],
            Self::Tasks(tasks) => tasks.play.tasks.iter().map(|task| &*task.tags).chain([&[][..]]).collect(),
        };
        let with = |task: &[String], kind: &str| [self.tags(), task, &[kind.to_owned()]].concat();
        tasks.iter().flat_map(|task| ["running", "boot"].map(|kind| with(task, kind))).collect()
    }

    /// Its hosts, routers first.
    #[must_use]
    pub fn hosts(&self) -> Vec<&HostVars> {
        match self {
            Self::Cluster(cluster) => {
                let servers = cluster.real_servers.iter().map(|server| &server.host);
                cluster.routers.iter().chain(servers).collect()
            }
            Self::Tasks(tasks) => tasks.hosts.iter().collect(),
        }
    }

    /// The patterns that selected them.
    #[must_use]
    pub fn patterns(&self) -> Vec<&Pattern> {
        match self {
            Self::Cluster(cluster) => {
                vec![&cluster.play.cluster.routers.hosts, &cluster.play.cluster.real_servers.hosts]
            }
            Self::Tasks(tasks) => vec![&tasks.play.hosts],
        }
    }

    /// The cluster, if it is one.
    #[must_use]
    pub fn cluster(&self) -> Option<&ResolvedCluster> {
        match self {
            Self::Cluster(cluster) => Some(cluster),
            Self::Tasks(_) => None,
        }
    }
}

/// A play of tasks with its hosts. They are always all: `--limit` only says which of them are contacted.
#[derive(Debug, Clone)]
pub struct ResolvedTasks {
    /// What the playbook says.
    pub play: TaskPlay,
    /// The hosts, in the pattern's order; at least one.
    pub hosts: Vec<HostVars>,
}

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
