//! What a playbook says, as types: every value in them is checked.

use super::TaskPlay;
use crate::inventory::Pattern;
use crate::lvs::{ActiveNat, Device, FirewallMark, ForwardingMethod, Netmask, Persistence, Port, PortRange, Scheduler};
use crate::resource::{keepalived::Monitor, piranha::Checks};
use crate::source::Place;
use camino::Utf8PathBuf;
use indexmap::IndexMap;
use ipnet::Ipv4Net;
use std::{collections::BTreeSet, net::Ipv4Addr};

/// One play.
#[derive(Debug, Clone)]
pub enum Play {
    /// A cluster to keep converged.
    Cluster(Box<ClusterPlay>),
    /// Single things on hosts.
    Tasks(TaskPlay),
}

impl Play {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Cluster(play) => &play.name,
            Self::Tasks(play) => &play.name,
        }
    }

    /// All that it says of hosts.
    #[must_use]
    pub fn patterns(&self) -> Vec<&Pattern> {
        match self {
            Self::Cluster(play) => {
                let (routers, servers) = (&play.cluster.routers, &play.cluster.real_servers);
                let services =
                    [&routers.services, &servers.services].into_iter().flat_map(|services| services.values());
                let services = services.filter_map(|service| service.hosts.as_ref());
                [&routers.hosts, &servers.hosts].into_iter().chain(services).collect()
            }
            Self::Tasks(play) => vec![&play.hosts],
        }
    }

    /// Its words for `--tags`.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        match self {
            Self::Cluster(play) => &play.tags,
            Self::Tasks(play) => &play.tags,
        }
    }

    /// Where its name is written.
    #[must_use]
    pub const fn name_place(&self) -> &Place {
        match self {
            Self::Cluster(play) => &play.name_place,
            Self::Tasks(play) => &play.name_place,
        }
    }
}

/// A play that states a cluster.
#[derive(Debug, Clone)]
pub struct ClusterPlay {
    /// 1 to 200 bytes on one line; unique within a run, for rules are tagged with it.
    pub name: String,
    /// Words for `--tags`.
    pub tags: Vec<String>,
    /// How many failures stop the roll-out, on sides that do not say.
    pub limits: Limits,
    /// The cluster.
    pub cluster: Cluster,
    /// Where the name is written.
    pub name_place: Place,
    /// Where the cluster's values are written.
    pub places: ClusterPlaces,
}

/// A cluster, stated once; routers and real servers are both derived from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The address that clients connect to.
    pub virtual_ip: Ipv4Addr,
    /// Joins control port and passive range.
    pub firewall_mark: FirewallMark,
    /// Where clients connect; outside the passive range.
    pub control_port: Port,
    /// The ports that vsftpd may name to passive clients.
    pub passive_ports: PortRange,
    /// What routers do to active data connections; `None` unless forwarding is NAT.
    pub active_nat: ActiveNat,
    /// How new clients are given to real servers.
    pub scheduler: Scheduler,
    /// How long a client stays with its real server.
    pub persistence: Persistence,
    /// How packets reach real servers.
    pub forwarding: ForwardingMethod,
    /// Seconds that a real server on its way out keeps its connections, 0 to 86400.
    pub drain_timeout: u32,
    /// The LVS routers.
    pub routers: Routers,
    /// The FTP servers.
    pub real_servers: RealServers,
}

/// Where a cluster's values are written; the cluster itself for those left to their defaults.
#[derive(Debug, Clone)]
pub struct ClusterPlaces {
    /// `virtual_ip`.
    pub virtual_ip: Place,
    /// `firewall_mark`.
    pub firewall_mark: Place,
    /// `control_port`.
    pub control_port: Place,
    /// `passive_ports`.
    pub passive_ports: Place,
    /// `real_servers.network`.
    pub network: Place,
    /// `routers.vip`.
    pub vip: Place,
    /// `routers.nat_address`, or `routers.nat_router`.
    pub nat_address: Place,
}

/// The LVS routers' part.
#[derive(Debug, Clone, PartialEq)]
pub struct Routers {
    /// Which hosts.
    pub hosts: Pattern,
    /// How many at a time, batch by batch; the last repeats.
    pub serial: Vec<Batch>,
    /// How many failures stop the roll-out.
    pub limits: Limits,
    /// What owns the IPVS table.
    pub director: Director,
    /// Where the virtual IP comes up; else somebody else brings it up.
    pub vip: Option<Device>,
    /// The routers' address on the real network, the real servers' default gateway.
    pub nat_address: Option<NatAddress>,
    /// How keepalived looks at real servers; else checks that are there stay, and others are of the control port.
    pub monitor: Option<Monitor>,
    /// What moves virtual IP and NAT address between routers; else somebody else does.
    pub vrrp: Option<VrrpKeys>,
    /// What lvs.cf needs beside the cluster, where the director is piranha.
    pub piranha: Option<PiranhaKeys>,
    /// Whether the daemon may be restarted to cure what it does not see.
    pub restarts_on_drift: bool,
    /// Whether `net.ipv4.vs.expire_quiescent_template` is kept at 0; else it is left as it is.
    pub keeps_templates: bool,
    /// Services at runlevels, by name.
    pub services: Services,
}

/// The routers' address on the real network, which goes where the virtual IP goes.
#[derive(Debug, Clone, PartialEq)]
pub struct NatAddress {
    /// The address.
    pub address: Ipv4Addr,
    /// Where VRRP brings it up; else somebody else does.
    pub on: Option<Device>,
}

/// What lvs.cf needs beside the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct PiranhaKeys {
    /// Where pulse brings the virtual IP up: `eth0:1`.
    pub vip_device: String,
    /// Its netmask; else what the file says, and if that says nothing, the one of its class.
    pub vip_netmask: Option<Netmask>,
    /// Where pulse brings the routers' address on the real network up; always there when forwarding is NAT.
    pub nat_router: Option<NatRouter>,
    /// The routers' own addresses; else what the file says.
    pub primary: Option<Ipv4Addr>,
    /// The same of the backup; else what the file says, which may be none.
    pub backup: Option<Ipv4Addr>,
    /// How real servers are looked at; what it does not say stays as the file says it.
    pub checks: Checks,
}

/// The routers' address on the real network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatRouter {
    /// The address.
    pub address: Ipv4Addr,
    /// Where it comes up: `eth1:1`.
    pub device: String,
}

impl Routers {
    /// The address through which the real servers' answers go, where the play says it.
    #[must_use]
    pub fn gateway(&self) -> Option<Ipv4Addr> {
        let nat_router = self.piranha.as_ref().and_then(|keys| keys.nat_router.as_ref());
        self.nat_address.as_ref().map(|nat| nat.address).or(nat_router.map(|nat| nat.address))
    }
}

/// VRRP between the routers.
#[derive(Debug, Clone, PartialEq)]
pub struct VrrpKeys {
    /// The virtual router, 1 to 255; one to each network.
    pub router_id: u8,
    /// Seconds between advertisements, 1 to 40.
    pub interval: u32,
    /// The device that they go through; the virtual IP's if not given.
    pub device: Option<String>,
}

/// The real servers' part.
#[derive(Debug, Clone, PartialEq)]
pub struct RealServers {
    /// Which hosts.
    pub hosts: Pattern,
    /// How many at a time, batch by batch; the last repeats.
    pub serial: Vec<Batch>,
    /// How many failures stop the roll-out.
    pub limits: Limits,
    /// The network that all of them are in; always there when forwarding is NAT.
    pub network: Option<Ipv4Net>,
    /// The FTP daemon.
    pub vsftpd: Vsftpd,
    /// Services at runlevels, by name.
    pub services: Services,
}

/// The FTP daemon's part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vsftpd {
    /// The configuration file, absolute; found on the host if not given.
    pub conf: Option<Utf8PathBuf>,
    /// Options and values of the user's own, in the playbook's order; none that the cluster sets.
    pub settings: Vec<(String, String)>,
}

/// A batch of hosts that change together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// So many hosts, 1 or more.
    Count(u32),
    /// So many of a hundred, 1 to 100.
    Percent(u8),
}

impl Batch {
    /// How many of so many hosts this batch takes: at least one.
    #[must_use]
    pub fn size(self, hosts: usize) -> usize {
        match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(percent) => (hosts * usize::from(percent) / 100).max(1),
        }
    }
}

/// How many failures a roll-out bears, as Ansible writes it. Without any, one that fails while it is changed stops the
/// roll-out before the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// A batch may lose so many of a hundred of its hosts, 0 to 100; all of them are always too many.
    pub max_fail_percentage: Option<u8>,
    /// The first failure, at whatever time, stops the play on all hosts.
    pub any_errors_fatal: Option<bool>,
}

impl Limits {
    /// These, and the other ones where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            max_fail_percentage: self.max_fail_percentage.or(other.max_fail_percentage),
            any_errors_fatal: self.any_errors_fatal.or(other.any_errors_fatal),
        }
    }
}

/// What owns a router's IPVS table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Director {
    /// ipvsadm and the boot file of its service.
    Ipvsadm,
    /// Piranha's pulse and lvs.cf.
    Piranha,
    /// keepalived.
    Keepalived,
}

/// Services by name, in the playbook's order.
pub type Services = IndexMap<String, Service>;

/// How a service is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// The runlevels that it starts in, 0 to 6; 3 and 5 by default.
    pub runlevels: BTreeSet<u8>,
    /// Whether it starts at boot; true by default.
    pub enabled: bool,
    /// Whether it runs now; `None` leaves that alone.
    pub running: Option<bool>,
    /// On which of the side's hosts; `None` is on all of them.
    pub hosts: Option<Pattern>,
}
