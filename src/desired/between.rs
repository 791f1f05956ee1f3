//! Rules between clusters: no two may claim the same packets.

use crate::lvs::{ForwardingMethod, Port};
use crate::playbook::{Cluster, ClusterPlay};
use crate::source::{Fault, shown};

/// What is wrong between any two plays.
pub(super) fn clusters(plays: &[&ClusterPlay]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, play) in plays.iter().enumerate() {
        for before in &plays[..index] {
            faults.extend(same_mark(before, play));
            faults.extend(same_ports(before, play));
        }
    }
    faults
}

fn same_mark(before: &ClusterPlay, play: &ClusterPlay) -> Option<Fault> {
    let mark = play.cluster.firewall_mark;
    (before.cluster.firewall_mark == mark).then(|| {
        let (first, second) = (shown(&before.name), shown(&play.name));
        let message = format!("the clusters {first} and {second} have one firewall mark, {mark}");
        Fault::at(&play.places.firewall_mark, message)
            .related(&before.places.firewall_mark, "the first one")
            .hint("give each cluster a `firewall_mark` of its own; the default is 21")
    })
}

fn same_ports(before: &ClusterPlay, play: &ClusterPlay) -> Option<Fault> {
    if before.cluster.virtual_ip != play.cluster.virtual_ip {
        return None;
    }
    ports(&before.cluster)
        .iter()
        .any(|(low, high)| ports(&play.cluster).iter().any(|(from, to)| low <= to && from <= high))
        .then(|| {
            let (first, second) = (shown(&before.name), shown(&play.name));
            let message =
                format!("the clusters {first} and {second} share ports of one virtual IP, {}", play.cluster.virtual_ip);
            Fault::at(&play.places.virtual_ip, message)
                .related(&before.places.virtual_ip, "the first one")
                .hint("give one of them another address, or control port and passive range of its own")
        })
}

/// What the routers mark, both ends included: the control port and the passive range, and the data port where real servers
/// answer past them.
fn ports(cluster: &Cluster) -> Vec<(u16, u16)> {
    let control = cluster.control_port.get();
    let passive = cluster.passive_ports;
    let mut ports = vec![(control, control), (passive.low(), passive.high())];
    if cluster.forwarding != ForwardingMethod::Nat {
        ports.push((Port::FTP_DATA.get(), Port::FTP_DATA.get()));
    }
    ports
}
