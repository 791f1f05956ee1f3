//! Which sessions to make for a cluster: each mode through the virtual IP, and each real server asked behind its router.

use crate::{
    ftp_client::{Login, Mode, Request},
    report::history::Cluster,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Which way a session takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// As clients do.
    VirtualIp,
    /// From a router straight to this real server: what fails here is the real server's own fault.
    RealServer(String),
}

/// A session of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The way.
    pub via: Via,
    /// What the client is told.
    pub request: Request,
}

/// What sessions have in common.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The clients' addresses; the system chooses where there is none.
    pub sources: Vec<Ipv4Addr>,
    /// Who logs in.
    pub login: Login,
    /// Whether both connections are under TLS.
    pub tls: bool,
    /// The longest wait for any one answer, seconds.
    pub wait: u16,
}

/// The sessions of clients, and those from a router to each real server.
#[must_use]
pub fn plan(cluster: &Cluster, plan: &Plan) -> (Vec<Planned>, Vec<Planned>) {
    let request = |mode, ip: Ipv4Addr, from: Option<IpAddr>, named: Option<IpAddr>| {
        let to = SocketAddr::new(ip.into(), cluster.port);
        Request { mode, to, from, named, login: plan.login.clone(), tls: plan.tls, wait: plan.wait }
    };
    let mut sources: Vec<Option<IpAddr>> = plan.sources.iter().map(|source| Some((*source).into())).collect();
    if sources.is_empty() {
        sources.push(None);
    }
    let by_clients = sources.into_iter().flat_map(|from| Mode::ALL.map(|mode| (from, mode)));
    let by_clients = by_clients
        .map(|(from, mode)| Planned { via: Via::VirtualIp, request: request(mode, cluster.virtual_ip, from, None) });
    // Under NAT a real server names the virtual IP; otherwise it names the address that it was reached by.
    let named = (cluster.forwarding == "nat").then_some(IpAddr::V4(cluster.virtual_ip));
    let by_router = cluster.servers.iter().flat_map(|server| {
        Mode::ALL.map(|mode| Planned {
            via: Via::RealServer(server.host.clone()),
            request: request(mode, server.ip, None, named),
        })
    });
    (by_clients.collect(), by_router.collect())
}
