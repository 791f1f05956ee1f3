//! What keepalived shall do on a router, from all clusters that it directs there.

use super::{ResolvedCluster, ResolvedPlay};
use crate::{
    inventory::HostVars,
    lvs::InterfaceAddress,
    playbook::{ClusterPlay, Director},
    resource::{KeepalivedCluster, KeepalivedConf, KeepalivedService, Resource, VirtualService, keepalived::Vrrp},
    source::{Fault, shown},
};
use std::sync::Arc;

/// One cluster's part in the file of a router.
pub(super) fn cluster(play: &ClusterPlay, service: VirtualService, router: &HostVars) -> KeepalivedCluster {
    let routers = &play.cluster.routers;
    let vrrp = routers.vrrp.as_ref().zip(routers.vip.as_ref()).map(|(keys, vip)| {
        let nat = routers.nat_address.as_ref();
        let nat = nat.and_then(|nat| Some(nat.on.as_ref()?.with(nat.address)));
        Vrrp {
            router_id: keys.router_id,
            priority: router.vrrp_priority,
            interval: keys.interval,
            device: keys.device.clone().unwrap_or_else(|| vip.name.clone()),
            addresses: std::iter::once(vip.with(play.cluster.virtual_ip)).chain(nat).collect(),
        }
    });
    KeepalivedCluster {
        service,
        control_port: play.cluster.control_port,
        monitor: routers.monitor.clone(),
        vrrp,
        restarts: routers.restarts_on_drift,
    }
}

/// The file and its daemon, then the kernel's service of each cluster; each with the play that wants it.
pub(super) fn resources<'a>(
    clusters: &[(&'a ClusterPlay, KeepalivedCluster)],
) -> Vec<(&'a ClusterPlay, Arc<dyn Resource>)> {
    let Some((owner, _)) = clusters.first() else { return Vec::new() };
    let conf = KeepalivedConf(clusters.iter().map(|(_, cluster)| cluster.clone()).collect());
    let mut all: Vec<(&ClusterPlay, Arc<dyn Resource>)> = vec![(owner, Arc::new(conf.clone()))];
    for (play, cluster) in clusters {
        let service = KeepalivedService { cluster: cluster.clone(), conf: conf.clone() };
        all.push((play, Arc::new(service)));
    }
    all
}

/// What does not fit on one router: two directors, two virtual routers with one number, an address that two of them move.
pub(super) fn faults(
    clusters: &[(&ClusterPlay, KeepalivedCluster)],
    cluster: &ResolvedCluster,
    router: &HostVars,
    all: &[ResolvedPlay],
) -> Vec<Fault> {
    let play = &cluster.play;
    let mut faults = Vec::new();
    let others = all
        .iter()
        .filter_map(ResolvedPlay::cluster)
        .filter(|other| other.routers.iter().any(|one| one.name == router.name));
    let director = |play: &ClusterPlay| play.cluster.routers.director;
    let other = others.map(|other| &other.play).find(|other| director(other) != director(play));
    // It is told once.
    if let Some(other) = other.filter(|_| director(play) != Director::Ipvsadm) {
        let plays = (shown(&other.name), shown(&play.name));
        let message =
            format!("the plays {} and {} want different directors on {}", plays.0, plays.1, shown(&router.name));
        let fault = Fault::at(&play.name_place, message).related(&other.name_place, "the other one");
        faults.push(fault.hint("one daemon owns a router's IPVS table: say the same in both"));
    }
    let Some(((last, mine), earlier)) = clusters.split_last() else { return faults };
    let Some(vrrp) = mine.vrrp.as_ref().filter(|_| last.name == play.name) else { return faults };
    for (other, known) in earlier.iter().filter_map(|(other, known)| Some((other, known.vrrp.as_ref()?))) {
        let moves = |address: &&InterfaceAddress| known.addresses.iter().any(|one| one.address == address.address);
        let plays = format!("the plays {} and {}", shown(&other.name), shown(&play.name));
        let message = match vrrp.addresses.iter().find(moves) {
            _ if known.router_id == vrrp.router_id && known.device == vrrp.device => {
                format!("{plays} have one VRRP `router_id`, {}", vrrp.router_id)
            }
            Some(both) => format!("{plays} both move {}", both.address),
            None => continue,
        };
        let fault = Fault::at(&play.name_place, message).related(&other.name_place, "the first one");
        faults.push(fault.hint("give each a `router_id` and addresses of its own, or leave `vrrp` out of one"));
    }
    faults
}
