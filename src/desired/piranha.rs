//! What Piranha shall do on a router, from all clusters that it directs there.

use crate::{
    inventory::HostVars,
    lvs::ForwardingMethod,
    playbook::{ClusterPlay, PiranhaKeys},
    resource::{
        Resource, VirtualService,
        piranha::{Globals, LvsCf, PiranhaCluster, PiranhaService},
    },
    source::{Fault, shown},
};
use std::sync::Arc;

/// One cluster's part in the file of a router.
pub(super) fn cluster(play: &ClusterPlay, keys: &PiranhaKeys, service: VirtualService) -> PiranhaCluster {
    let cluster = &play.cluster;
    let mask = cluster.real_servers.network.map(|network| network.netmask());
    let nat_router = keys.nat_router.as_ref().zip(mask);
    let nat_router = nat_router.filter(|_| cluster.forwarding == ForwardingMethod::Nat);
    PiranhaCluster {
        service,
        virtual_ip: cluster.virtual_ip,
        control_port: cluster.control_port,
        vip_device: keys.vip_device.clone(),
        vip_netmask: keys.vip_netmask,
        checks: keys.checks.clone(),
        globals: Globals {
            network: cluster.forwarding.word(),
            nat_router: nat_router.map(|(nat, mask)| (nat.address, nat.device.clone(), mask)),
            primary: keys.primary,
            backup: keys.backup,
        },
        restarts: cluster.routers.restarts_on_drift,
    }
}

/// The file and its daemon, then the kernel's service of each cluster; each with the play that wants it.
pub(super) fn resources<'a>(
    clusters: &[(&'a ClusterPlay, PiranhaCluster)],
) -> Vec<(&'a ClusterPlay, Arc<dyn Resource>)> {
    let Some((owner, _)) = clusters.first() else { return Vec::new() };
    let conf = LvsCf(clusters.iter().map(|(_, cluster)| cluster.clone()).collect());
    let mut all: Vec<(&ClusterPlay, Arc<dyn Resource>)> = vec![(owner, Arc::new(conf.clone()))];
    for (play, cluster) in clusters {
        let service = PiranhaService { cluster: cluster.clone(), conf: conf.clone() };
        all.push((play, Arc::new(service)));
    }
    all
}

/// Two clusters of one router share its globals.
pub(super) fn faults(clusters: &[(&ClusterPlay, PiranhaCluster)], router: &HostVars) -> Option<Fault> {
    let ((last, mine), earlier) = clusters.split_last()?;
    let (other, _) = earlier.iter().find(|(_, known)| known.globals != mine.globals)?;
    let message = format!(
        "the plays {} and {} want different forwarding, nat_router, primary or backup on {}",
        shown(&other.name),
        shown(&last.name),
        shown(&router.name)
    );
    let fault = Fault::at(&last.name_place, message).related(&other.name_place, "the first one");
    Some(fault.hint("lvs.cf says these once for all virtual servers: say the same in both plays"))
}
