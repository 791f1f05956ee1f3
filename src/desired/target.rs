//! What each host shall have, as resources: both sides of a cluster are derived from its one statement.

use super::{ResolvedCluster, services};
use crate::{
    inventory::HostVars,
    lvs::{ActiveNat, FirewallMark, ForwardingMethod},
    playbook::{Cluster, ClusterPlay, Director, Services},
    probe::{IptablesCommand, Probe},
    resource::{
        ActiveSource, BootSysctl, ExpireQuiescentTemplate, IpForward, MarkRules, NatRule, NoUndoGuard, Parameter,
        RealServer, Resource, SavedFilter, SavedIpvs, Service, VirtualService, VsftpdReload, VsftpdSettings,
    },
    source::{Fault, Faults, shown},
};
use std::sync::Arc;

/// A host and what it shall have.
#[derive(Debug, Clone)]
pub struct Target {
    /// How to reach it.
    pub host: HostVars,
    /// Its resources, play by play.
    pub wanted: Vec<Wanted>,
    /// The plays in which it is a router.
    pub routes: Vec<String>,
    /// The plays in which it is a real server.
    pub serves: Vec<String>,
}

/// A resource that a play wants on a host.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The play's name.
    pub play: String,
    /// The resource.
    pub resource: Arc<dyn Resource>,
}

impl Target {
    /// What must be asked to plan for this host, each question once.
    #[must_use]
    pub fn probes(&self) -> Vec<Probe> {
        let mut probes: Vec<Probe> = self.wanted.iter().flat_map(|wanted| wanted.resource.probes()).collect();
        if !self.routes.is_empty() {
            probes.push(Probe::Addresses);
        }
        probes.sort();
        probes.dedup();
        probes
    }
}

/// What every host of these clusters shall have, in the order in which the clusters name the hosts.
///
/// Clusters that want different things of one host's NAT rule or vsftpd.conf are refused.
pub fn targets<'a>(
    clusters: impl IntoIterator<Item = &'a ResolvedCluster>,
    all: &[ResolvedCluster],
) -> Result<Vec<Target>, Faults> {
    let mut targets = Targets::default();
    for cluster in clusters {
        targets.supported(&cluster.play);
        for router in &cluster.routers {
            targets.router(cluster, router, all);
        }
        for server in &cluster.real_servers {
            targets.real_server(cluster, &server.host);
        }
    }
    Faults::check(targets.faults).map(|()| targets.hosts.into_iter().map(Host::finished).collect())
}

#[derive(Default)]
struct Targets<'a> {
    hosts: Vec<Host<'a>>,
    faults: Vec<Fault>,
}

/// A host under construction: what its earlier clusters want, typed, so that later ones can be compared.
struct Host<'a> {
    target: Target,
    nat_rules: Vec<(&'a ClusterPlay, NatRule)>,
    mark_rules: Vec<MarkRules>,
    virtual_services: Vec<VirtualService>,
    vsftpd: Vec<(&'a ClusterPlay, VsftpdSettings)>,
    /// Whether any of them wants persistence templates kept.
    keeps_templates: bool,
    services: Vec<(&'a ClusterPlay, Service)>,
}

impl<'a> Targets<'a> {
    fn supported(&mut self, play: &ClusterPlay) {
        let director = match play.cluster.routers.director {
            Director::Ipvsadm => return,
            Director::Piranha => "piranha",
            Director::Keepalived => "keepalived",
        };
        let message = format!("this version cannot keep a cluster whose director is {director}");
        self.faults.push(Fault::at(&play.name_place, message).hint("only `ipvsadm` is supported yet"));
    }

    fn host(&mut self, vars: &HostVars) -> usize {
        let known = self.hosts.iter().position(|host| host.target.host.name == vars.name);
        known.unwrap_or_else(|| {
            let target = Target { host: vars.clone(), wanted: Vec::new(), routes: Vec::new(), serves: Vec::new() };
            self.hosts.push(Host::new(target));
            self.hosts.len() - 1
        })
    }

    fn router(&mut self, cluster: &'a ResolvedCluster, vars: &HostVars, all: &[ResolvedCluster]) {
        let play = &cluster.play;
        let index = self.host(vars);
        let command = vars.iptables.clone().and_then(IptablesCommand::new).unwrap_or_default();
        if self.hosts[index].target.wanted.iter().all(|wanted| wanted.resource.kind() != IpForward.kind()) {
            self.hosts[index].want(play, Arc::new(NoUndoGuard));
            self.hosts[index].want(play, Arc::new(IpForward));
        }
        self.nat_rule(
            index,
            play,
            NatRule { play: play.name.clone(), command: command.clone(), wanted: active(&play.cluster) },
        );
        let host = &mut self.hosts[index];
        host.target.routes.push(play.name.clone());
        host.keeps_templates |= play.cluster.routers.keeps_templates;
        let others = all.iter().filter(|other| other.routers.iter().any(|router| router.name == vars.name));
        let marks = others.map(|other| other.play.cluster.firewall_mark).collect();
        let service = virtual_service(cluster, command, marks);
        let rules = mark_rules(play, &service);
        host.want(play, Arc::new(rules.clone()));
        host.mark_rules.push(rules);
        host.want(play, Arc::new(service.clone()));
        host.virtual_services.push(service);
        let own = cluster.services_on(&play.cluster.routers.services, &vars.name);
        host.services(play, &own, services::of_router());
    }

    /// Two clusters of one network share one rule; they must agree on it.
    fn nat_rule(&mut self, index: usize, play: &'a ClusterPlay, rule: NatRule) {
        let host = &mut self.hosts[index];
        let same_network = |other: &&(&ClusterPlay, NatRule)| matches!((other.1.wanted, rule.wanted), (Some((one, _)), Some((two, _))) if one == two);
        match host.nat_rules.iter().find(same_network) {
            None => {
                host.want(play, Arc::new(rule.clone()));
                host.nat_rules.push((play, rule));
            }
            Some((_, first)) if first.wanted == rule.wanted => {}
            Some((first, _)) => {
                self.faults.push(differ(first, play, &host.target.host, "active_nat", "of one network"));
            }
        }
    }

    fn real_server(&mut self, cluster: &'a ResolvedCluster, vars: &HostVars) {
        let play = &cluster.play;
        let own = cluster.services_on(&play.cluster.real_servers.services, &vars.name);
        let index = self.host(vars);
        let host = &mut self.hosts[index];
        host.target.serves.push(play.name.clone());
        host.services(play, &own, services::of_real_server(play.cluster.real_servers.vsftpd.conf.as_deref()));
        let settings = settings(&play.cluster);
        let apart =
            |other: &VsftpdSettings| other.conf.is_some() && settings.conf.is_some() && other.conf != settings.conf;
        match host.vsftpd.iter().find(|(_, other)| !apart(other)) {
            None => {
                host.want(play, Arc::new(settings.clone()));
                host.want(play, Arc::new(VsftpdReload(settings.clone())));
                host.vsftpd.push((play, settings));
            }
            Some((_, first)) if *first == settings => {}
            Some((first, _)) => {
                self.faults.push(differ(
                    first,
                    play,
                    &host.target.host,
                    "range, address or settings",
                    "for one vsftpd.conf",
                ));
            }
        }
    }
}

impl<'a> Host<'a> {
    fn new(target: Target) -> Self {
        Self {
            target,
            nat_rules: Vec::new(),
            mark_rules: Vec::new(),
            virtual_services: Vec::new(),
            vsftpd: Vec::new(),
            keeps_templates: false,
            services: Vec::new(),
        }
    }

    /// Adds the services that a side of a cluster needs, with the playbook's own words on them.
    fn services(&mut self, play: &'a ClusterPlay, own: &Services, derived: Vec<Service>) {
        for service in services::merged(own, derived) {
            // What an earlier play said of a service counts; both cannot.
            if self.services.iter().all(|(_, known)| !known.is_same(&service)) {
                self.services.push((play, service));
            }
        }
    }

    /// The target, with what all its clusters share: the boot files, and the services.
    fn finished(mut self) -> Target {
        let owner = self.target.wanted.first().map(|wanted| wanted.play.clone()).unwrap_or_default();
        let mut want = |play: &str, resource: Arc<dyn Resource>| {
            self.target.wanted.push(Wanted { play: play.to_owned(), resource });
        };
        if let Some(first) = self.mark_rules.first() {
            want(
                &owner,
                Arc::new(SavedFilter {
                    command: first.command.clone(),
                    mark_rules: self.mark_rules.clone(),
                    nat_rules: self.nat_rules.into_iter().map(|(_, rule)| rule).collect(),
                }),
            );
            want(&owner, Arc::new(SavedIpvs(self.virtual_services)));
            want(&owner, Arc::new(ExpireQuiescentTemplate { kept: self.keeps_templates }));
            let mut parameters = vec![Parameter::IP_FORWARD];
            parameters.extend(self.keeps_templates.then_some(Parameter::EXPIRE_QUIESCENT_TEMPLATE));
            want(&owner, Arc::new(BootSysctl(parameters)));
        }
        for (play, service) in self.services {
            want(&play.name, Arc::new(service));
        }
        self.target
    }

    fn want(&mut self, play: &ClusterPlay, resource: Arc<dyn Resource>) {
        self.target.wanted.push(Wanted { play: play.name.clone(), resource });
    }
}

fn differ(first: &ClusterPlay, second: &ClusterPlay, host: &HostVars, what: &str, of: &str) -> Fault {
    let message = format!(
        "the plays {} and {} want different {what} {of} on {}",
        shown(&first.name),
        shown(&second.name),
        shown(&host.name)
    );
    Fault::at(&second.name_place, message)
        .related(&first.name_place, "the first one")
        .hint("say the same in both, or give each cluster hosts, network or vsftpd.conf of its own")
}

/// The NAT rule's network and source; none where nothing is to be rewritten.
fn active(cluster: &Cluster) -> Option<(ipnet::Ipv4Net, ActiveSource)> {
    let source = match (cluster.forwarding, cluster.active_nat) {
        (ForwardingMethod::Nat, ActiveNat::Masquerade) => ActiveSource::Masquerade,
        (ForwardingMethod::Nat, ActiveNat::Snat) => ActiveSource::Snat(cluster.virtual_ip),
        _ => return None,
    };
    cluster.real_servers.network.map(|network| (network, source))
}

fn mark_rules(play: &ClusterPlay, service: &VirtualService) -> MarkRules {
    MarkRules {
        play: play.name.clone(),
        command: service.command.clone(),
        virtual_ip: play.cluster.virtual_ip,
        mark: play.cluster.firewall_mark,
        control_port: play.cluster.control_port,
        passive_ports: play.cluster.passive_ports,
        other_marks: service.other_marks.clone(),
        real_servers: service.real_servers.clone(),
        drain_timeout: service.drain_timeout,
    }
}

fn virtual_service(cluster: &ResolvedCluster, command: IptablesCommand, marks: Vec<FirewallMark>) -> VirtualService {
    let play = &cluster.play;
    let servers = cluster.real_servers.iter();
    VirtualService {
        play: play.name.clone(),
        command,
        mark: play.cluster.firewall_mark,
        other_marks: marks,
        scheduler: play.cluster.scheduler.clone(),
        persistence: play.cluster.persistence,
        forwarding: play.cluster.forwarding,
        real_servers: servers
            .map(|server| RealServer { host: server.host.name.clone(), address: server.real_ip, weight: server.weight })
            .collect(),
        drain_timeout: play.cluster.drain_timeout,
    }
}

fn settings(cluster: &Cluster) -> VsftpdSettings {
    VsftpdSettings {
        conf: cluster.real_servers.vsftpd.conf.clone(),
        passive_ports: cluster.passive_ports,
        passive_address: (cluster.forwarding == ForwardingMethod::Nat).then_some(cluster.virtual_ip),
        control_port: cluster.control_port,
        own: cluster.real_servers.vsftpd.settings.clone(),
    }
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
