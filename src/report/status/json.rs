//! The look for programs.

use super::{Destination, Router, Status, daemon, destinations, drift};
use crate::{
    report::history::Cluster,
    run::{Outcome, Progress},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::net::Ipv4Addr;

/// The document's version.
const VERSION: u32 = 1;

/// What lvs-ftp status --output json prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Report of lvs-ftp status --output json", deny_unknown_fields)]
pub struct StatusDocument {
    /// It grows when a field changes its meaning or goes.
    version: u32,
    /// When the hosts were looked at.
    time: String,
    /// The clusters, play by play.
    clusters: Vec<ClusterNow>,
    /// The hosts that were looked at.
    hosts: Vec<HostNow>,
}

/// A cluster.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ClusterNow {
    /// The play's name.
    play: String,
    /// The address that clients connect to.
    virtual_ip: Ipv4Addr,
    /// The firewall mark.
    firewall_mark: u32,
    /// The port that clients log in at.
    control_port: u16,
    /// The passive range: lowest and highest port.
    passive_ports: (u16, u16),
    /// How packets reach the real servers: nat, direct or tunnel.
    forwarding: String,
    /// Its routers that were looked at.
    routers: Vec<RouterNow>,
    /// Every destination that is wanted or there, router by router.
    destinations: Vec<DestinationNow>,
    /// The real servers that are wanted.
    real_servers: Vec<RealServer>,
}

/// A router's part of a cluster.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct RouterNow {
    /// Its name in the inventory.
    host: String,
    /// Whether it has the virtual IP; null where that is not known.
    holds_virtual_ip: Option<bool>,
    /// Whether its IPVS table has the cluster's service.
    service: Presence,
    /// The service's scheduler; null without a service.
    scheduler: Option<String>,
    /// Its persistence in seconds; null without.
    persistence: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Presence {
    Present,
    Absent,
    Unknown,
}

/// A destination on one router.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DestinationNow {
    /// The router's name in the inventory.
    router: String,
    /// Address and port in the IPVS table.
    address: String,
    /// The real server's name in the inventory; null where it is none of the cluster's.
    host: Option<String>,
    /// Its weight; null where the table does not have it.
    weight: Option<i64>,
    /// The weight that it shall have; null where it shall not be there.
    wanted_weight: Option<i64>,
    /// Its active connections; null where the table does not have it.
    active: Option<u64>,
    /// Its inactive connections; null where the table does not have it.
    inactive: Option<u64>,
}

/// A real server.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct RealServer {
    /// Its name in the inventory.
    host: String,
    /// Its address on the real network.
    address: Ipv4Addr,
}

/// A host.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct HostNow {
    /// Its name in the inventory.
    host: String,
    /// How it is, in a word.
    #[schemars(extend("enum" = super::STATES))]
    state: &'static str,
    /// The same in a few words.
    text: String,
    /// How many things differ.
    drift: usize,
    /// How many things wait for clients.
    draining: usize,
    /// Its vsftpd; null where it was not asked for or is not known.
    #[schemars(extend("enum" = ["no_daemon", "runs", "reload_owed", null]))]
    vsftpd: Option<&'static str>,
}

impl Status<'_> {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let hosts = self.seen.iter().map(|(outcome, facts)| HostNow::of(outcome, daemon(facts).0));
        let document = StatusDocument {
            version: VERSION,
            time: self.time.to_owned(),
            clusters: self.clusters.iter().map(|cluster| self.cluster(cluster)).collect(),
            hosts: hosts.collect(),
        };
        serde_json::to_value(document).unwrap_or_default()
    }

    fn cluster(&self, cluster: &Cluster) -> ClusterNow {
        let routers = self.routers(cluster);
        let servers = cluster.servers.iter();
        ClusterNow {
            play: cluster.play.clone(),
            virtual_ip: cluster.virtual_ip,
            firewall_mark: cluster.mark,
            control_port: cluster.port,
            passive_ports: cluster.passive,
            forwarding: cluster.forwarding.clone(),
            routers: routers.iter().map(RouterNow::from).collect(),
            destinations: destinations(cluster, &routers).into_iter().map(DestinationNow::from).collect(),
            real_servers: servers.map(|one| RealServer { host: one.host.clone(), address: one.ip }).collect(),
        }
    }
}

impl HostNow {
    fn of(outcome: &Outcome, vsftpd: Option<&'static str>) -> Self {
        let (state, text) = drift(outcome);
        let draining = outcome.each().filter(|(_, _, how)| matches!(how, Progress::Draining(_))).count();
        Self { host: outcome.host.clone(), state, text, drift: outcome.each().count() - draining, draining, vsftpd }
    }
}

impl From<&Router<'_>> for RouterNow {
    fn from(router: &Router<'_>) -> Self {
        let service = router.service();
        Self {
            host: router.name.to_owned(),
            holds_virtual_ip: router.holds,
            service: match (router.ipvs, service) {
                (None, _) => Presence::Unknown,
                (_, None) => Presence::Absent,
                (_, Some(_)) => Presence::Present,
            },
            scheduler: service.map(|service| service.scheduler.clone()),
            persistence: service.and_then(|service| Some(service.persistence.as_ref()?.seconds)),
        }
    }
}

impl From<Destination> for DestinationNow {
    fn from(one: Destination) -> Self {
        Self {
            active: one.weight.map(|_| one.load.0),
            inactive: one.weight.map(|_| one.load.1),
            router: one.router,
            address: one.address,
            host: one.server,
            weight: one.weight,
            wanted_weight: one.wanted,
        }
    }
}
