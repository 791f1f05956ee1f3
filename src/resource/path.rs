//! The path of packets through a host: only looked at, never a change. What others keep on it is theirs to mend.

use super::{Kind, Resource};
use crate::{
    lvs::ForwardingMethod,
    path::{Finding, Gateway, Role, Router, Server, Service, Sight, Tables, Verdict, Weight},
    plan::Diff,
    probe::{Facts, IptablesCommand, PacketFilter, Probe, RouterPath as Found, Unknown},
};
use std::net::Ipv4Addr;

/// Packets of a cluster pass a router.
#[derive(Debug, Clone)]
pub struct RouterPath {
    /// The play's name.
    pub play: String,
    /// The iptables that holds our rules.
    pub command: IptablesCommand,
    /// The cluster.
    pub service: Service,
    /// All its routers, by name.
    pub routers: Vec<String>,
}

/// Packets of a cluster pass a real server.
#[derive(Debug, Clone)]
pub struct ServerPath {
    /// The play's name.
    pub play: String,
    /// The iptables that shows its rules.
    pub command: IptablesCommand,
    /// The cluster.
    pub service: Service,
    /// All its routers, by name.
    pub routers: Vec<String>,
    /// The server's address on the real network.
    pub address: Ipv4Addr,
    /// Whether the play states the gateway: then that is a resource of its own.
    pub states_gateway: bool,
}

impl Resource for RouterPath {
    fn kind(&self) -> Kind {
        Kind::Path
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::PacketFilter(self.command.clone()), Probe::RouterPath, Probe::Addresses]
    }

    fn diff(&self, _facts: &Facts) -> Result<Diff, Unknown> {
        Ok(Diff::default())
    }

    fn sight(&self, facts: &Facts) -> Option<Sight> {
        let _network = facts.router_path().ok().filter(|found| found.routes.lead_somewhere())?;
        let role = Role::Router(facts.addresses().ok()?.clone());
        Some(sight(&self.play, &self.service, &self.routers, role))
    }

    fn findings(&self, facts: &Facts, is_planned: &dyn Fn(Kind) -> bool) -> Result<Vec<Finding>, Unknown> {
        let (filter, found) = (facts.packet_filter(&self.command)?, facts.router_path()?);
        if !found.routes.lead_somewhere() {
            return Ok(Vec::new());
        }
        let holds = facts.addresses()?.contains(&self.service.virtual_ip);
        let fates = router(filter, found, &self.service, found.ipvs_conntrack).fates(&self.service);
        // What this run mends is no loss any more.
        let mends = |verdict: &Verdict| match verdict {
            Verdict::Lost(loss) | Verdict::CannotTell { loss, .. } => {
                (loss.is_about_marks() && is_planned(Kind::MarkRules))
                    || (loss.is_about_forwarding() && is_planned(Kind::IpForward))
                    || (loss.is_about_rewriting() && is_planned(Kind::NatRule))
            }
            Verdict::Passes => false,
        };
        let fates = fates.iter().filter(|fate| !mends(&fate.verdict));
        let mut all = Finding::all(&self.play, fates, &self.service);
        if !holds {
            // Clients come to another router.
            for finding in &mut all {
                if finding.weight == Weight::Lost {
                    finding.text = format!("once this router holds the virtual IP, {}", finding.text);
                }
                finding.weight = Weight::MayBeLost;
            }
        }
        Ok(all)
    }
}

impl Resource for ServerPath {
    fn kind(&self) -> Kind {
        Kind::Path
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::ServerPath(self.command.clone())]
    }

    fn diff(&self, _facts: &Facts) -> Result<Diff, Unknown> {
        Ok(Diff::default())
    }

    fn sight(&self, facts: &Facts) -> Option<Sight> {
        let found = facts.server_path(&self.command).ok().filter(|found| found.routes.lead_somewhere())?;
        let comes_back = self.service.forwarding == ForwardingMethod::Nat && !self.states_gateway;
        let gateway = comes_back.then(|| found.routes.default_gateway().map_or(Gateway::Absent, Gateway::Is));
        Some(sight(&self.play, &self.service, &self.routers, Role::RealServer(gateway)))
    }

    fn findings(&self, facts: &Facts, is_planned: &dyn Fn(Kind) -> bool) -> Result<Vec<Finding>, Unknown> {
        let found = facts.server_path(&self.command)?;
        if !found.routes.lead_somewhere() {
            return Ok(Vec::new());
        }
        let has_daemon = facts.any_vsftpd().is_some_and(|vsftpd| !vsftpd.daemons.is_empty());
        let runs = has_daemon
            && ![Kind::VsftpdConf, Kind::VsftpdReload, Kind::ServiceRunning].iter().any(|kind| is_planned(*kind));
        let server = Server { play: &self.play, service: &self.service, address: self.address };
        Ok(server.findings(found, runs))
    }
}

fn sight(play: &str, service: &Service, routers: &[String], role: Role) -> Sight {
    Sight { play: play.to_owned(), virtual_ip: service.virtual_ip, routers: routers.to_vec(), role }
}

/// The router that packets meet, with `net.ipv4.vs.conntrack` as it is or as it may become.
pub(super) fn router<'a>(
    filter: &'a PacketFilter,
    found: &Found,
    service: &Service,
    ipvs_conntrack: bool,
) -> Router<'a> {
    let to = |address: Ipv4Addr| found.routes.interface(address).map(str::to_owned);
    // Clients come from where the virtual IP's network is, or from where everything else is.
    let mut outer: Vec<String> = to(service.virtual_ip).into_iter().collect();
    let beyond = found.routes.default().map(|route| route.interface.clone());
    outer.extend(beyond.filter(|name| !outer.contains(name)));
    let mut inner: Vec<String> = service.real_servers.iter().filter_map(|address| to(*address)).collect();
    inner.sort();
    inner.dedup();
    outer.retain(|name| name != "lo");
    if outer.len() > 1 {
        outer.retain(|name| !inner.contains(name));
    }
    Router {
        backends: std::iter::once(&filter.dump).chain(&filter.other).map(Tables::of).collect(),
        ipvs_conntrack,
        outer,
        inner,
        not_forwarding: found.forwarding.iter().filter(|(_, on)| !**on).map(|(name, _)| name.clone()).collect(),
    }
}
