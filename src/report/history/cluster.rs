//! A cluster as a record describes it: what a drawing needs.

use super::Record;
use crate::{
    desired::ResolvedCluster,
    lvs::{ActiveNat, ForwardingMethod},
};
use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A cluster of one play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// The play's name.
    pub play: String,
    /// The address that clients connect to.
    pub virtual_ip: Ipv4Addr,
    /// The firewall mark.
    pub mark: u32,
    /// The control port.
    pub port: u16,
    /// The passive range: lowest and highest port.
    pub passive: (u16, u16),
    /// The scheduler.
    pub scheduler: String,
    /// Persistence in seconds.
    pub persistence: u32,
    /// `nat`, `direct` or `tunnel`.
    pub forwarding: String,
    /// What is done to active data connections: `masquerade`, `snat`, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The routers, by name.
    pub routers: Vec<String>,
    /// The real servers.
    pub servers: Vec<Server>,
}

/// A real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    /// Its name.
    pub host: String,
    /// Its address on the real network.
    pub ip: Ipv4Addr,
    /// Its weight.
    pub weight: u16,
}

impl Cluster {
    /// The description of a cluster.
    #[must_use]
    pub fn of(resolved: &ResolvedCluster) -> Self {
        let cluster = &resolved.play.cluster;
        let active = match cluster.active_nat {
            _ if cluster.forwarding != ForwardingMethod::Nat => None,
            ActiveNat::Masquerade => Some("masquerade"),
            ActiveNat::Snat => Some("snat"),
            ActiveNat::None => None,
        };
        let server = |server: &crate::desired::RealServer| Server {
            host: server.host.name.clone(),
            ip: server.real_ip,
            weight: server.weight.get(),
        };
        Self {
            play: resolved.play.name.clone(),
            virtual_ip: cluster.virtual_ip,
            mark: cluster.firewall_mark.get(),
            port: cluster.control_port.get(),
            passive: (cluster.passive_ports.low(), cluster.passive_ports.high()),
            scheduler: cluster.scheduler.to_string(),
            persistence: cluster.persistence.timeout(),
            forwarding: cluster.forwarding.word().to_owned(),
            active: active.map(str::to_owned),
            routers: resolved.routers.iter().map(|router| router.name.clone()).collect(),
            servers: resolved.real_servers.iter().map(server).collect(),
        }
    }
}

/// So many inputs are remembered whose clusters a line described; a line describes them again before long.
const DESCRIBED: usize = 256;

/// The clusters of a log's runs as last described, while runs come one by one.
#[derive(Debug, Clone, Default)]
pub(super) struct LastClusters {
    described: IndexMap<String, Vec<Cluster>>,
    last: Vec<(Cluster, Timestamp)>,
}

impl LastClusters {
    pub(super) fn take(&mut self, run: &Record) {
        let Some(inputs) = &run.inputs else { return };
        if !run.clusters.is_empty() {
            self.described.insert(inputs.clone(), run.clusters.clone());
            if self.described.len() > DESCRIBED {
                self.described.shift_remove_index(0);
            }
        }
        for cluster in self.described.get(inputs).into_iter().flatten() {
            match self.last.iter_mut().find(|(known, _)| known.play == cluster.play) {
                Some((known, time)) => {
                    *time = run.start;
                    if known != cluster {
                        known.clone_from(cluster);
                    }
                }
                None => self.last.push((cluster.clone(), run.start)),
            }
        }
    }

    /// Those of runs since then; of older ones only the newest.
    pub(super) fn since(&self, since: Timestamp) -> Vec<(&Cluster, Timestamp)> {
        let newest = self.last.iter().map(|(_, time)| *time).max();
        let told = self.last.iter().filter(|(_, time)| *time >= since || Some(*time) == newest);
        told.map(|(cluster, time)| (cluster, *time)).collect()
    }
}
