//! What each host shall have, as resources: both sides of a cluster are derived from its one statement.

mod collisions;
mod tasks;

use super::{ResolvedCluster, ResolvedPlay, keepalived, piranha, services};
use crate::{
    inventory::HostVars,
    lvs::{ActiveNat, Device, FirewallMark, ForwardingMethod},
    path,
    playbook::{Cluster, ClusterPlay, Director, Services, Task},
    probe::{IptablesCommand, Probe},
    resource::{
        ActiveSource, Address, AddressAtBoot, BootSysctl, DefaultGateway, ExpireQuiescentTemplate, IpForward,
        KeepalivedCluster, Kind, MarkRules, NatRule, NoUndoGuard, Parameter, QuietArp, RealServer, Resource,
        RouterPath, SavedFilter, SavedIpvs, ServerPath, Service, VirtualService, VsftpdReload, VsftpdSettings,
        piranha::PiranhaCluster,
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
    /// The task's name, where the play is one of tasks.
    pub task: Option<String>,
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

/// Whether a run was asked for what has these tags: the play's, the task's, and the kind's.
pub type Selects<'a> = dyn Fn(&[String]) -> bool + 'a;

/// What every host of these plays shall have, in the order in which the plays name the hosts, as far as it is asked for.
///
/// Plays that want different things of one host's rules, marks, parameters, services or files are refused, where both
/// are asked for.
pub fn targets<'a>(
    plays: impl IntoIterator<Item = &'a ResolvedPlay>,
    all: &[ResolvedPlay],
    selects: &'a Selects<'a>,
) -> Result<Vec<Target>, Faults> {
    let mut targets = Targets { hosts: Vec::new(), faults: Vec::new(), selects };
    for play in plays {
        match play {
            ResolvedPlay::Cluster(cluster) => {
                for router in &cluster.routers {
                    targets.router(cluster, router, all);
                }
                for server in &cluster.real_servers {
                    targets.real_server(cluster, server);
                }
            }
            ResolvedPlay::Tasks(tasks) => targets.tasks(tasks),
        }
    }
    let mut faults = targets.faults;
    for fault in targets.hosts.iter().flat_map(Host::collisions) {
        // What collides on one host does so on all hosts of a play; it is told once.
        let at = fault.place().map(crate::source::Place::span);
        if faults
            .iter()
            .all(|known| known.path() != fault.path() || known.place().map(crate::source::Place::span) != at)
        {
            faults.push(fault);
        }
    }
    Faults::check(faults).map(|()| targets.hosts.into_iter().map(Host::finished).collect())
}

struct Targets<'a> {
    hosts: Vec<Host<'a>>,
    faults: Vec<Fault>,
    selects: &'a Selects<'a>,
}

/// Who wants something: a play, or a task of it.
#[derive(Clone, Copy)]
struct Owner<'a> {
    play: &'a str,
    tags: &'a [String],
    task: Option<&'a Task>,
}

impl<'a> From<&'a ClusterPlay> for Owner<'a> {
    fn from(play: &'a ClusterPlay) -> Self {
        Self { play: &play.name, tags: &play.tags, task: None }
    }
}

/// A service that a host of some play needs.
struct Needed<'a> {
    owner: Owner<'a>,
    /// The cluster that names it; nothing where it is derived.
    stated: Option<&'a ClusterPlay>,
    service: Service,
}

/// A host under construction: what its earlier clusters want, typed, so that later ones can be compared.
struct Host<'a> {
    target: Target,
    selects: &'a Selects<'a>,
    /// In whose name files are written that several plays share.
    boot_owner: Option<Owner<'a>>,
    nat_rules: Vec<(&'a ClusterPlay, NatRule)>,
    mark_rules: Vec<MarkRules>,
    virtual_services: Vec<VirtualService>,
    /// The clusters of which it is a router.
    clusters: Vec<&'a ClusterPlay>,
    keepalived: Vec<(&'a ClusterPlay, KeepalivedCluster)>,
    piranha: Vec<(&'a ClusterPlay, PiranhaCluster)>,
    vsftpd: Vec<(&'a ClusterPlay, VsftpdSettings)>,
    /// Whether any of them wants persistence templates kept.
    keeps_templates: bool,
    services: Vec<Needed<'a>>,
    /// What plays of tasks want.
    stated: tasks::Stated<'a>,
    /// Addresses that it brings up, and whether it hides any.
    addresses: Vec<(&'a ClusterPlay, Address)>,
}

impl<'a> Targets<'a> {
    fn host(&mut self, vars: &HostVars) -> usize {
        let known = self.hosts.iter().position(|host| host.target.host.name == vars.name);
        known.unwrap_or_else(|| {
            let target = Target { host: vars.clone(), wanted: Vec::new(), routes: Vec::new(), serves: Vec::new() };
            self.hosts.push(Host::new(target, self.selects));
            self.hosts.len() - 1
        })
    }

    fn router(&mut self, cluster: &'a ResolvedCluster, vars: &HostVars, all: &[ResolvedPlay]) {
        let play = &cluster.play;
        let index = self.host(vars);
        let command = vars.iptables.clone().and_then(IptablesCommand::new).unwrap_or_default();
        self.hosts[index].want_once(play.into(), Arc::new(NoUndoGuard));
        self.hosts[index].want_once(play.into(), Arc::new(IpForward));
        self.nat_rule(
            index,
            play,
            NatRule {
                play: play.name.clone(),
                command: command.clone(),
                wanted: active(&play.cluster),
                others: networks(all, &vars.name, play),
            },
        );
        let host = &mut self.hosts[index];
        host.target.routes.push(play.name.clone());
        host.keeps_templates |= play.cluster.routers.keeps_templates;
        host.clusters.push(play);
        let marks = all.iter().flat_map(|other| tasks::marks_on(other, &vars.name)).collect();
        let service = virtual_service(cluster, command, marks);
        let rules = mark_rules(play, &service);
        host.want(play.into(), Arc::new(rules.clone()));
        host.want(play.into(), Arc::new(router_path(cluster, vars)));
        let routers = &play.cluster.routers;
        match (routers.director, &routers.piranha) {
            (Director::Keepalived, _) if host.is_asked(play.into(), Kind::KeepalivedConf.tag()) => {
                host.keepalived.push((play, keepalived::cluster(play, service.clone(), vars)));
            }
            (Director::Piranha, Some(keys)) if host.is_asked(play.into(), Kind::LvsCf.tag()) => {
                host.piranha.push((play, piranha::cluster(play, keys, service.clone())));
            }
            (Director::Keepalived | Director::Piranha, _) => {}
            (Director::Ipvsadm, _) => host.want(play.into(), Arc::new(service.clone())),
        }
        if host.boots(play.into()) {
            host.mark_rules.push(rules);
            if routers.director == Director::Ipvsadm {
                host.virtual_services.push(service);
            }
        }
        let own = cluster.services_on(&play.cluster.routers.services, &vars.name);
        let derived = services::of_router(play.cluster.routers.director);
        self.faults.extend(host.services(play, &own, derived));
        self.faults.extend(keepalived::faults(&self.hosts[index].keepalived, cluster, vars, all));
        self.faults.extend(piranha::faults(&self.hosts[index].piranha, vars));
        if let (Some(device), None) = (&play.cluster.routers.vip, &play.cluster.routers.vrrp) {
            let address = Address { address: device.with(play.cluster.virtual_ip), hidden: false };
            self.address(index, play, address);
        }
    }

    /// Two clusters of one network share one rule; they must agree on it. The second one then wants none of its own, and
    /// that what it had before goes.
    fn nat_rule(&mut self, index: usize, play: &'a ClusterPlay, mut rule: NatRule) {
        let host = &mut self.hosts[index];
        let same_network = |other: &&(&ClusterPlay, NatRule)| matches!((other.1.wanted, rule.wanted), (Some((one, _)), Some((two, _))) if one == two);
        if let Some((first, known)) = host.nat_rules.iter().find(same_network) {
            if known.wanted != rule.wanted {
                self.faults.push(differ(first, play, &host.target.host, "active_nat", "of one network"));
            }
            rule.others.extend(rule.wanted.take().map(|(network, _)| network));
        }
        host.want(play.into(), Arc::new(rule.clone()));
        host.nat_rules.push((play, rule));
    }

    /// Two clusters may share an address; they must agree on its place.
    fn address(&mut self, index: usize, play: &'a ClusterPlay, address: Address) {
        let host = &mut self.hosts[index];
        match host.addresses.iter().find(|(_, known)| known.address.address == address.address.address) {
            None => {
                host.want(play.into(), Arc::new(address.clone()));
                host.addresses.push((play, address));
            }
            Some((_, first)) if *first == address => {}
            Some((first, _)) => {
                self.faults.push(differ(first, play, &host.target.host, "places", "of one virtual IP"));
            }
        }
    }

    fn real_server(&mut self, cluster: &'a ResolvedCluster, server: &super::RealServer) {
        let vars = &server.host;
        let play = &cluster.play;
        let own = cluster.services_on(&play.cluster.real_servers.services, &vars.name);
        let index = self.host(vars);
        let host = &mut self.hosts[index];
        host.target.serves.push(play.name.clone());
        let derived = services::of_real_server(play.cluster.real_servers.vsftpd.conf.as_deref());
        self.faults.extend(host.services(play, &own, derived));
        host.want(play.into(), Arc::new(server_path(cluster, vars, server.real_ip)));
        match real_server_side(&play.cluster) {
            RealServerSide::Behind(Some(gateway)) => host.want(play.into(), Arc::new(DefaultGateway(gateway))),
            RealServerSide::Behind(None) => {}
            RealServerSide::Hidden(address) => {
                if host.addresses.iter().all(|(_, known)| !known.hidden) {
                    host.want(play.into(), Arc::new(QuietArp));
                }
                self.address(index, play, address);
            }
        }
        let host = &mut self.hosts[index];
        let settings = settings(&play.cluster);
        let apart =
            |other: &VsftpdSettings| other.conf.is_some() && settings.conf.is_some() && other.conf != settings.conf;
        match host.vsftpd.iter().find(|(_, other)| !apart(other)) {
            None => {
                host.want(play.into(), Arc::new(settings.clone()));
                host.want(play.into(), Arc::new(VsftpdReload(settings.clone())));
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
    fn new(target: Target, selects: &'a Selects<'a>) -> Self {
        Self {
            target,
            selects,
            boot_owner: None,
            clusters: Vec::new(),
            stated: tasks::Stated::default(),
            nat_rules: Vec::new(),
            mark_rules: Vec::new(),
            virtual_services: Vec::new(),
            keepalived: Vec::new(),
            piranha: Vec::new(),
            vsftpd: Vec::new(),
            keeps_templates: false,
            services: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// Adds the services that a side of a cluster needs. What any cluster names itself overrules what is derived; two
    /// that name different things are refused.
    fn services(&mut self, play: &'a ClusterPlay, own: &Services, derived: Vec<Service>) -> Vec<Fault> {
        let owner = Owner::from(play);
        let mut faults = Vec::new();
        for service in services::stated(own) {
            let known = self.services.iter().find(|known| known.service.is_same(&service) && known.stated.is_some());
            if let Some(Needed { stated: Some(first), service: known, .. }) = known {
                if known.wish != service.wish {
                    let of = format!("of the service {}", shown(&service.names[0]));
                    faults.push(differ(first, play, &self.target.host, "states", &of));
                }
                continue;
            }
            let at = self.services.iter().position(|known| known.service.is_same(&service));
            self.services.retain(|known| !known.service.is_same(&service));
            let at = at.unwrap_or(self.services.len());
            self.services.insert(at, Needed { owner, stated: Some(play), service });
        }
        for service in derived {
            self.needs(owner, service);
        }
        faults
    }

    /// Adds a service, if nothing is known of it yet.
    fn needs(&mut self, owner: Owner<'a>, service: Service) {
        if self.services.iter().all(|known| !known.service.is_same(&service)) {
            self.services.push(Needed { owner, stated: None, service });
        }
    }

    /// The target, with what all its plays share: the boot files, and the services.
    fn finished(mut self) -> Target {
        let keepalived = keepalived::resources(&std::mem::take(&mut self.keepalived));
        for (play, resource) in keepalived.into_iter().chain(piranha::resources(&std::mem::take(&mut self.piranha))) {
            self.want(play.into(), resource);
        }
        let mut parameters = std::mem::take(&mut self.stated.parameters);
        let first = self.clusters.first().map(|cluster| Owner::from(*cluster));
        if first.is_some_and(|first| self.boots(first)) {
            let mut all = vec![Parameter::IP_FORWARD];
            all.extend(self.keeps_templates.then_some(Parameter::EXPIRE_QUIESCENT_TEMPLATE));
            all.retain(|own| parameters.iter().all(|known| !known.is_same(own)));
            parameters.splice(0..0, all);
        }
        let hidden = self.addresses.iter().find(|(_, address)| address.hidden).map(|(play, _)| Owner::from(*play));
        if hidden.is_some_and(|owner| self.boots(owner)) {
            let mut all = vec![Parameter::ARP_IGNORE, Parameter::ARP_ANNOUNCE];
            all.retain(|own| parameters.iter().all(|known| !known.is_same(own)));
            parameters.extend(all);
        }
        let owner = self.boot_owner.map(|owner| Owner { task: None, ..owner });
        if let Some(owner) = owner {
            self.saved(owner);
        }
        if let Some(first) = first {
            self.want(first, Arc::new(ExpireQuiescentTemplate { kept: self.keeps_templates }));
        }
        if let Some(owner) = owner.filter(|_| !parameters.is_empty()) {
            self.push(owner, Arc::new(BootSysctl(parameters)));
        }
        for (play, address) in std::mem::take(&mut self.addresses) {
            self.want(play.into(), Arc::new(AddressAtBoot(address)));
        }
        for Needed { owner, service, .. } in std::mem::take(&mut self.services) {
            if self.stated.services.iter().all(|(_, known)| !known.is_same(&service)) {
                self.want(owner, Arc::new(service));
            }
        }
        self.target
    }

    /// The saved IPVS table and the saved packet filter, where any play has something in them.
    fn saved(&mut self, owner: Owner<'_>) {
        let nat_rules = std::mem::take(&mut self.nat_rules).into_iter();
        let nat_rules: Vec<NatRule> =
            nat_rules.filter(|(play, _)| self.is_asked((*play).into(), BOOT)).map(|(_, rule)| rule).collect();
        let filter = SavedFilter {
            command: self.command(),
            mark_rules: std::mem::take(&mut self.mark_rules),
            nat_rules,
            play_rules: std::mem::take(&mut self.stated.saved_rules),
        };
        let table = SavedIpvs {
            services: std::mem::take(&mut self.virtual_services),
            gone: std::mem::take(&mut self.stated.gone),
        };
        // The table first: the saved rules tell which services of older marks it still has.
        if !table.services.is_empty() || !table.gone.is_empty() {
            self.push(owner, Arc::new(table));
        }
        if !filter.mark_rules.is_empty() || !filter.play_rules.is_empty() {
            self.push(owner, Arc::new(filter));
        }
    }

    /// The words that run iptables there.
    fn command(&self) -> IptablesCommand {
        self.target.host.iptables.clone().and_then(IptablesCommand::new).unwrap_or_default()
    }

    /// Whether a run was asked for what this owner wants of running or of boot state.
    fn is_asked(&self, owner: Owner<'_>, tag: &str) -> bool {
        let task = owner.task.map_or(&[][..], |task| &task.tags);
        (self.selects)(&[owner.tags, task, &[tag.to_owned()]].concat())
    }

    /// The same for boot state, which is then written in its name if it is the first.
    fn boots(&mut self, owner: Owner<'a>) -> bool {
        let asked = self.is_asked(owner, BOOT);
        if asked {
            self.boot_owner.get_or_insert(owner);
        }
        asked
    }

    fn want(&mut self, owner: Owner<'_>, resource: Arc<dyn Resource>) {
        if self.is_asked(owner, resource.kind().tag()) {
            self.push(owner, resource);
        }
    }

    /// The same for what all plays want alike.
    fn want_once(&mut self, owner: Owner<'_>, resource: Arc<dyn Resource>) {
        if self.target.wanted.iter().all(|wanted| wanted.resource.kind() != resource.kind()) {
            self.want(owner, resource);
        }
    }

    fn push(&mut self, owner: Owner<'_>, resource: Arc<dyn Resource>) {
        let task = owner.task.map(|task| task.name.clone());
        self.target.wanted.push(Wanted { play: owner.play.to_owned(), task, resource });
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

/// The networks for which other clusters of a router want a NAT rule, without this one's own.
fn networks(all: &[ResolvedPlay], host: &str, mine: &ClusterPlay) -> Vec<ipnet::Ipv4Net> {
    let own = active(&mine.cluster).map(|(network, _)| network);
    let others = all.iter().filter_map(|play| match play {
        ResolvedPlay::Cluster(cluster) if cluster.routers.iter().any(|router| router.name == host) => {
            active(&cluster.play.cluster)
        }
        _ => None,
    });
    others.map(|(network, _)| network).filter(|network| Some(*network) != own).collect()
}

fn mark_rules(play: &ClusterPlay, service: &VirtualService) -> MarkRules {
    MarkRules {
        play: play.name.clone(),
        command: service.command.clone(),
        virtual_ip: play.cluster.virtual_ip,
        mark: play.cluster.firewall_mark,
        control_port: play.cluster.control_port,
        passive_ports: play.cluster.passive_ports,
        marks_data: play.cluster.forwarding != ForwardingMethod::Nat,
        other_marks: service.other_marks.clone(),
        real_servers: service.real_servers.clone(),
        drain_timeout: service.drain_timeout,
    }
}

fn virtual_service(cluster: &ResolvedCluster, command: IptablesCommand, marks: Vec<FirewallMark>) -> VirtualService {
    let play = &cluster.play;
    let servers = cluster.real_servers.iter();
    VirtualService {
        play: Some(play.name.clone()),
        command,
        mark: play.cluster.firewall_mark,
        other_marks: marks,
        scheduler: play.cluster.scheduler.clone(),
        persistence: Some(play.cluster.persistence),
        forwarding: play.cluster.forwarding,
        real_servers: servers
            .map(|server| RealServer {
                host: Some(server.host.name.clone()),
                address: server.real_ip,
                weight: server.weight,
            })
            .collect(),
        drain_timeout: play.cluster.drain_timeout,
    }
}

/// What the path of a cluster's packets depends on.
fn path_service(cluster: &ResolvedCluster) -> path::Service {
    let wanted = &cluster.play.cluster;
    path::Service {
        virtual_ip: wanted.virtual_ip,
        control_port: wanted.control_port.get(),
        passive_ports: (wanted.passive_ports.low(), wanted.passive_ports.high()),
        mark: wanted.firewall_mark.get(),
        forwarding: wanted.forwarding,
        network: wanted.real_servers.network.filter(|_| wanted.forwarding == ForwardingMethod::Nat),
        real_servers: cluster.real_servers.iter().map(|server| server.real_ip).collect(),
        active_nat: wanted.active_nat,
    }
}

fn command_of(vars: &HostVars) -> IptablesCommand {
    vars.iptables.clone().and_then(IptablesCommand::new).unwrap_or_default()
}

fn router_names(cluster: &ResolvedCluster) -> Vec<String> {
    cluster.routers.iter().map(|router| router.name.clone()).collect()
}

fn router_path(cluster: &ResolvedCluster, vars: &HostVars) -> RouterPath {
    RouterPath {
        play: cluster.play.name.clone(),
        command: command_of(vars),
        service: path_service(cluster),
        routers: router_names(cluster),
    }
}

fn server_path(cluster: &ResolvedCluster, vars: &HostVars, address: std::net::Ipv4Addr) -> ServerPath {
    ServerPath {
        play: cluster.play.name.clone(),
        command: command_of(vars),
        service: path_service(cluster),
        routers: router_names(cluster),
        address,
        states_gateway: cluster.play.cluster.routers.gateway().is_some(),
    }
}

/// How a real server's answers find their way.
enum RealServerSide {
    /// Through the routers, which may have an address of their own for that.
    Behind(Option<std::net::Ipv4Addr>),
    /// From the virtual IP, which the server has itself without telling.
    Hidden(Address),
}

fn real_server_side(cluster: &Cluster) -> RealServerSide {
    let device = match cluster.forwarding {
        ForwardingMethod::Nat => {
            return RealServerSide::Behind(cluster.routers.gateway());
        }
        ForwardingMethod::Direct => "lo",
        ForwardingMethod::Tunnel => "tunl0",
    };
    let device = Device { name: device.to_owned(), prefix: 32 };
    RealServerSide::Hidden(Address { address: device.with(cluster.virtual_ip), hidden: true })
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

/// The tag of boot state.
const BOOT: &str = "boot";

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
