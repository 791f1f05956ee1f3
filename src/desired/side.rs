//! The two sides of each cluster, and the hosts of each play of tasks, as a roll-out sees them: which hosts, and how many of them change at a time.

use super::{ResolvedCluster, ResolvedPlay, ResolvedTasks};
use crate::playbook::{Batch, Limits};
use std::net::Ipv4Addr;

/// What a host is in a play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An LVS router.
    Router,
    /// An FTP server.
    RealServer,
    /// A host of a play of tasks.
    Tasks,
}

/// One side of one cluster, or a play of tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The play's name.
    pub play: String,
    /// Which side.
    pub role: Role,
    /// Its hosts, in the pattern's order.
    pub hosts: Vec<String>,
    /// How many at a time, batch by batch; the last repeats.
    pub serial: Vec<Batch>,
    /// How many failures stop the roll-out.
    pub limits: Limits,
    /// Routers that hold this address go last.
    pub virtual_ip: Option<Ipv4Addr>,
}

/// Both sides of each cluster, and the one of each play of tasks.
pub fn sides<'a>(plays: impl IntoIterator<Item = &'a ResolvedPlay>) -> Vec<Side> {
    let of_play = |play: &ResolvedPlay| match play {
        ResolvedPlay::Cluster(cluster) => of(cluster).into(),
        ResolvedPlay::Tasks(tasks) => vec![of_tasks(tasks)],
    };
    plays.into_iter().flat_map(of_play).collect()
}

fn of_tasks(ResolvedTasks { play, hosts }: &ResolvedTasks) -> Side {
    Side {
        play: play.name.clone(),
        role: Role::Tasks,
        hosts: hosts.iter().map(|host| host.name.clone()).collect(),
        serial: play.serial.clone(),
        limits: play.limits,
        virtual_ip: None,
    }
}

fn of(cluster: &ResolvedCluster) -> [Side; 2] {
    let play = &cluster.play;
    let (routers, servers) = (&play.cluster.routers, &play.cluster.real_servers);
    let side = |role, hosts, serial: &[Batch], limits: Limits| Side {
        play: play.name.clone(),
        role,
        hosts,
        serial: serial.to_vec(),
        limits: limits.or(play.limits),
        virtual_ip: Some(play.cluster.virtual_ip),
    };
    let names = cluster.routers.iter().map(|host| host.name.clone()).collect();
    let server_names = cluster.real_servers.iter().map(|server| server.host.name.clone()).collect();
    [
        side(Role::Router, names, &routers.serial, routers.limits),
        side(Role::RealServer, server_names, &servers.serial, servers.limits),
    ]
}
