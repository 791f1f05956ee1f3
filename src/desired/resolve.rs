//! From plays and inventory to clusters with hosts.

use super::{RealServer, ResolvedCluster, ResolvedPlay, ResolvedTasks, between};
use crate::inventory::{ConnectionOptions, HostVars, Inventory, Pattern};
use crate::playbook::{ClusterPlay, Play};
use crate::source::{Fault, Faults, Place, shown};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Puts each play's hosts in their places; finds all that does not fit, within a cluster and between clusters.
pub fn resolve(
    inventory: &Inventory,
    plays: &[Play],
    options: &ConnectionOptions,
) -> Result<Vec<ResolvedPlay>, Faults> {
    options.check()?;
    let mut hosts = Hosts { inventory, options, known: BTreeMap::new() };
    let mut faults = Vec::new();
    let (mut resolved, mut clusters) = (Vec::new(), Vec::new());
    for play in plays {
        match play {
            Play::Cluster(play) => {
                clusters.push(&**play);
                let cluster = cluster(play, &mut hosts, &mut faults);
                resolved.extend(cluster.map(|cluster| ResolvedPlay::Cluster(Box::new(cluster))));
            }
            Play::Tasks(play) => {
                let hosts = hosts.select(&play.hosts, &mut faults);
                resolved.extend(
                    hosts.map(|hosts| ResolvedPlay::Tasks(Box::new(ResolvedTasks { play: play.clone(), hosts }))),
                );
            }
        }
    }
    faults.extend(between::clusters(&clusters));
    // A group's variable is read once for each of its hosts.
    let mut told = HashSet::new();
    faults.retain(|fault| {
        told.insert((fault.place().map(Place::span), fault.path().to_owned(), fault.message().to_owned()))
    });
    Faults::check(faults).map(|()| resolved)
}

/// Hosts read so far: one that several plays name is read, and complained about, once.
struct Hosts<'i> {
    inventory: &'i Inventory,
    options: &'i ConnectionOptions,
    known: BTreeMap<String, Option<HostVars>>,
}

impl Hosts<'_> {
    fn select(&mut self, pattern: &Pattern, faults: &mut Vec<Fault>) -> Option<Vec<HostVars>> {
        let names = match self.inventory.select(pattern) {
            Ok(names) => names,
            Err(more) => {
                faults.extend(more.into_vec());
                return None;
            }
        };
        let hosts: Vec<Option<HostVars>> = names.into_iter().map(|name| self.host(name, faults)).collect();
        hosts.into_iter().collect()
    }

    fn host(&mut self, name: &str, faults: &mut Vec<Fault>) -> Option<HostVars> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let read = self.inventory.host(name, self.options);
        let host = read.map_err(|more| faults.extend(more.into_vec())).ok();
        self.known.insert(name.to_owned(), host.clone());
        host
    }
}

fn cluster(play: &ClusterPlay, hosts: &mut Hosts<'_>, faults: &mut Vec<Fault>) -> Option<ResolvedCluster> {
    let routers = hosts.select(&play.cluster.routers.hosts, faults);
    let servers = hosts.select(&play.cluster.real_servers.hosts, faults);
    let (routers, servers) = (routers?, servers?);
    for host in &servers {
        if routers.iter().any(|router| router.name == host.name) {
            let message = format!("{} is a router and a real server of one cluster", shown(&host.name));
            faults.push(
                Fault::at(play.cluster.real_servers.hosts.place(), message)
                    .related(play.cluster.routers.hosts.place(), "the routers")
                    .hint("a host is one or the other; exclude it with `!`"),
            );
        }
    }
    let servers: Vec<Option<RealServer>> = servers.into_iter().map(|host| real_server(play, host, faults)).collect();
    let real_servers = servers.into_iter().collect::<Option<Vec<_>>>()?;
    same_address(&real_servers, faults);
    one_holder(play, &routers, faults);
    let service_hosts = service_hosts(play, hosts.inventory, faults);
    Some(ResolvedCluster { play: play.clone(), routers, real_servers, service_hosts })
}

/// Which hosts the patterns of the play's services select.
fn service_hosts(play: &ClusterPlay, inventory: &Inventory, faults: &mut Vec<Fault>) -> Vec<(Pattern, Vec<String>)> {
    let sides = [&play.cluster.routers.services, &play.cluster.real_servers.services];
    let patterns = sides.into_iter().flat_map(|side| side.values()).filter_map(|service| service.hosts.as_ref());
    let mut all = Vec::new();
    for pattern in patterns {
        match inventory.select(pattern) {
            Ok(names) => all.push((pattern.clone(), names.into_iter().map(str::to_owned).collect())),
            Err(more) => faults.extend(more.into_vec()),
        }
    }
    all
}

fn real_server(play: &ClusterPlay, host: HostVars, faults: &mut Vec<Fault>) -> Option<RealServer> {
    let Some(real_ip) = host.real_ip else {
        let message = format!("the real server {} has no address on the real network", shown(&host.name));
        faults.push(Fault::at(&host.place, message).hint("set `lvs_real_ip` to its IPv4 address there"));
        return None;
    };
    let at = &host.real_ip_place;
    if real_ip == play.cluster.virtual_ip {
        let message = format!("the real server {} has the virtual IP {real_ip} as its own address", shown(&host.name));
        faults.push(Fault::at(at, message).related(&play.places.virtual_ip, "the virtual IP"));
    }
    if let Some(network) = play.cluster.real_servers.network {
        if !network.contains(&real_ip) {
            let message = format!("the real server {} is outside the network: {real_ip}", shown(&host.name));
            faults.push(
                Fault::at(at, message)
                    .related(&play.places.network, "the network")
                    .hint(format!("set `lvs_real_ip` to its address in {network}")),
            );
        } else if network.prefix_len() < 31 && (real_ip == network.network() || real_ip == network.broadcast()) {
            let message = format!("{real_ip} is the first or last address of {network}; no host can have it");
            faults.push(Fault::at(at, message).related(&play.places.network, "the network"));
        }
    }
    Some(RealServer { weight: host.weight, real_ip, host })
}

/// Two routers that both bring the virtual IP up would both answer for it.
fn one_holder(play: &ClusterPlay, routers: &[HostVars], faults: &mut Vec<Fault>) {
    let is_moved = play.cluster.routers.vrrp.is_some();
    if play.cluster.routers.vip.is_some() && !is_moved && routers.len() > 1 {
        let message = format!("`vip` would bring {} up on {} routers at once", play.cluster.virtual_ip, routers.len());
        faults.push(
            Fault::at(&play.places.vip, message).related(play.cluster.routers.hosts.place(), "the routers").hint(
                "leave the key out where something else moves the virtual IP between routers, or let `vrrp` do it",
            ),
        );
    }
}

fn same_address(servers: &[RealServer], faults: &mut Vec<Fault>) {
    let mut first = HashMap::new();
    for server in servers {
        if let Some(before) = first.insert(server.real_ip, &server.host) {
            let message = format!(
                "the real servers {} and {} have one address, {}",
                shown(&before.name),
                shown(&server.host.name),
                server.real_ip
            );
            faults.push(Fault::at(&server.host.real_ip_place, message).related(&before.real_ip_place, "the first one"));
        }
    }
}
