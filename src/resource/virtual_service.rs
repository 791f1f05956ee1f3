//! The virtual service of the firewall mark, and its destinations: one for each real server.

use super::{
    Kind, Resource,
    mark_rules::{self, older_marks},
};
use crate::{
    format::{
        iptables_save::PlacedRule,
        ipvs::{Destination, Service, ServiceKey, Timeout},
        ipvs_file::IpvsFile,
    },
    lvs::{FirewallMark, ForwardingMethod, Netmask, Persistence, Scheduler, Weight},
    plan::{Action, Change, Diff, Drain, Edit, IpvsEdit, Stage, Step, Wait},
    probe::{DirectorDaemon, Facts, IptablesCommand, Ipvs, Probe, RunningDirector, Unknown},
};
use std::net::Ipv4Addr;

/// The fwmark service that serves the marked traffic.
#[derive(Debug, Clone)]
pub struct VirtualService {
    /// The play whose rules tell which older mark's service goes; nothing where that is stated by itself.
    pub play: Option<String>,
    /// The iptables that holds the mark rules.
    pub command: IptablesCommand,
    /// The mark.
    pub mark: FirewallMark,
    /// Marks of the host's other clusters: their services stay, whatever a rule says.
    pub other_marks: Vec<FirewallMark>,
    /// The scheduler.
    pub scheduler: Scheduler,
    /// Persistence: control and data connections of a client go to one real server.
    pub persistence: Option<Persistence>,
    /// How packets reach the real servers.
    pub forwarding: ForwardingMethod,
    /// The real servers.
    pub real_servers: Vec<RealServer>,
    /// Seconds that connections to what goes may last.
    pub drain_timeout: u32,
}

/// A destination that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealServer {
    /// Its name in the inventory, where it is a host of the same play.
    pub host: Option<String>,
    /// Its address on the real network.
    pub address: Ipv4Addr,
    /// Its weight.
    pub weight: Weight,
}

impl RealServer {
    /// Address and port for ipvsadm. Under a mark the port is 0: the packet's own port is kept.
    pub(super) fn destination(&self) -> String {
        format!("{}:0", self.address)
    }
}

impl Resource for VirtualService {
    fn kind(&self) -> Kind {
        Kind::VirtualService
    }

    fn probes(&self) -> Vec<Probe> {
        let filter = self.play.as_ref().map(|_| Probe::PacketFilter(self.command.clone()));
        [Probe::Ipvs, Probe::Directors].into_iter().chain(filter).collect()
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let ipvs = facts.ipvs()?;
        one_writer(self.mark, facts.directors()?, None)?;
        let observed = ipvs.table.service(&ServiceKey::mark(self.mark.get()));
        let mut diff = Diff::default();
        diff.changes.extend(self.service(observed));
        let destinations = observed.map_or(&[][..], |service| &service.destinations);
        for server in &self.real_servers {
            let found = destinations.iter().find(|known| known.address == server.destination());
            diff.changes.extend(self.destination(server, found));
        }
        for extra in destinations {
            if !self.real_servers.iter().any(|server| server.destination() == extra.address) {
                diff.changes.extend(self.drained(extra));
                diff.changes.push(self.removed(extra, ipvs));
            }
        }
        diff.changes.extend(self.older_services(ipvs, facts)?);
        Ok(diff)
    }
}

/// Nobody else fills the service of a mark: two that do undo each other's work for ever, and clients meet both.
pub(super) fn one_writer(
    mark: FirewallMark,
    running: &[RunningDirector],
    ours: Option<DirectorDaemon>,
) -> Result<(), Unknown> {
    for director in running.iter().filter(|one| Some(one.daemon) != ours) {
        let name = director.daemon.name();
        let refuse = |why: String| Err(Unknown { what: format!("who owns firewall mark {mark}"), why });
        if let Some((_, path)) = director.marks.iter().find(|(known, _)| *known == mark.get()) {
            let instead = match director.daemon {
                DirectorDaemon::Keepalived => "let it own the table (routers: director: keepalived), or take",
                DirectorDaemon::Pulse => "let it own the table (routers: director: piranha), or take",
                DirectorDaemon::Ldirectord => "take",
            };
            return refuse(format!(
                "{name} (process {}) does, by {path}, and we would too: {instead} the mark's virtual server out of that \
                 file and make {name} read it again, or stop {name}",
                director.pid
            ));
        }
        if let Some(unread) = director.unread.first() {
            return refuse(format!(
                "{name} (process {}) may, by {unread}: mend that file, or stop {name}",
                director.pid
            ));
        }
    }
    Ok(())
}

impl VirtualService {
    /// The service with its destinations as a saved table shall have them; what the file says beyond that is kept.
    pub(super) fn saved(&self, file: &IpvsFile) -> Service {
        let key = ServiceKey::mark(self.mark.get());
        let destination =
            |server: &RealServer| self.wanted_destination(server, file.destination(&key, &server.destination()));
        let destinations = self.real_servers.iter().map(destination).collect();
        Service { destinations, ..self.wanted(file.service(&key)) }
    }

    /// Marks that this play's rules had before, and that no cluster of the host has now.
    pub(super) fn older(&self, facts: &Facts) -> Result<Vec<u32>, Unknown> {
        if self.play.is_none() {
            return Ok(Vec::new());
        }
        Ok(self.older_in(&facts.packet_filter(&self.command)?.dump.rules(mark_rules::TABLE, mark_rules::CHAIN)))
    }

    /// The same by these rules of the chain, running or saved.
    pub(super) fn older_in(&self, rules: &[PlacedRule]) -> Vec<u32> {
        let Some(play) = &self.play else { return Vec::new() };
        older_marks(rules, play, self.mark, &self.other_marks)
    }

    fn wanted_destination(&self, server: &RealServer, observed: Option<&Destination>) -> Destination {
        Destination {
            address: server.destination(),
            forwarding: self.forwarding,
            weight: server.weight.get().into(),
            thresholds: observed.map_or((0, 0), |found| found.thresholds),
            rest: observed
                .filter(|found| found.forwarding == self.forwarding)
                .map(|found| found.rest.clone())
                .unwrap_or_default(),
        }
    }

    pub(super) fn wanted(&self, observed: Option<&Service>) -> Service {
        let timeout = |persistence: Persistence| Timeout {
            seconds: persistence.timeout(),
            mask: Some(persistence.netmask()).filter(|mask| *mask != Netmask::HOST).map(|mask| mask.to_string()),
        };
        Service {
            key: ServiceKey::mark(self.mark.get()),
            scheduler: self.scheduler.as_str().to_owned(),
            persistence: self.persistence.map(timeout),
            rest: observed.map(|service| service.rest.clone()).unwrap_or_default(),
            destinations: Vec::new(),
        }
    }

    /// The service itself, added or edited with every attribute.
    fn service(&self, observed: Option<&Service>) -> Option<Change> {
        let wanted = self.wanted(observed);
        let after = format!("{wanted}\n").into_bytes();
        match observed {
            None => Some(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Steer,
                action: Action::Add,
                summary: format!("virtual service {wanted}"),
                before: Vec::new(),
                after,
                step: Step::Ipvsadm(IpvsEdit::Service(Edit::Add(wanted))),
            }),
            Some(found) if found.words() != wanted.words() => Some(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Steer,
                action: Action::Edit,
                summary: format!("virtual service {found} -> {wanted}"),
                before: format!("{found}\n").into_bytes(),
                after,
                step: Step::Ipvsadm(IpvsEdit::Service(Edit::Change { before: found.clone(), after: wanted })),
            }),
            Some(_) => None,
        }
    }

    /// One destination, added or edited with every attribute, thresholds too.
    fn destination(&self, server: &RealServer, observed: Option<&Destination>) -> Option<Change> {
        let wanted = self.wanted_destination(server, observed);
        if observed == Some(&wanted) {
            return None;
        }
        if let Some(found) = observed.filter(|found| found.weight != 0 && wanted.weight == 0) {
            return Some(Change { needs: server.host.iter().cloned().collect(), ..self.quiesced(found, &wanted) });
        }
        let (action, edit) = match observed {
            None => (Action::Add, Edit::Add(wanted.clone())),
            Some(found) => (Action::Edit, Edit::Change { before: found.clone(), after: wanted.clone() }),
        };
        Some(Change {
            needs: server.host.iter().cloned().collect(),
            drain: None,
            stage: Stage::Steer,
            action,
            summary: match observed {
                None => format!("destination {wanted}"),
                Some(found) => format!("destination {found} -> {wanted}"),
            },
            before: observed.map(|found| self.line(found)).unwrap_or_default(),
            after: self.line(&wanted),
            step: self.step(edit),
        })
    }

    fn quiesced(&self, found: &Destination, wanted: &Destination) -> Change {
        quiesced(&ServiceKey::mark(self.mark.get()), found, wanted)
    }

    /// A destination that goes gets no new clients first.
    fn drained(&self, extra: &Destination) -> Option<Change> {
        (extra.weight != 0).then(|| self.quiesced(extra, &Destination { weight: 0, ..extra.clone() }))
    }

    /// A destination that goes when its connections have ended: deleting it cuts them. What the summary says stays the
    /// same all the while.
    fn removed(&self, extra: &Destination, ipvs: &Ipvs) -> Change {
        let connections = ipvs.connections.to(&ServiceKey::mark(self.mark.get()), &extra.address);
        // By then it has been drained.
        let drained = Destination { weight: 0, ..extra.clone() };
        Change {
            needs: Vec::new(),
            drain: Some(self.drain(connections)),
            stage: Stage::Contract,
            action: Action::Remove,
            summary: format!("destination {}", extra.address),
            before: self.line(&drained),
            after: Vec::new(),
            step: self.step(Edit::Remove(drained)),
        }
    }

    fn drain(&self, connections: u64) -> Drain {
        Drain { waits: vec![Wait::Connections(connections)], timeout: self.drain_timeout }
    }

    /// A mark that this play's rules had before: its service gets no new clients once our rules mark them, and goes when
    /// its connections have ended.
    fn older_services(&self, ipvs: &Ipvs, facts: &Facts) -> Result<Vec<Change>, Unknown> {
        let older = self.older(facts)?;
        let services = older.into_iter().filter_map(|old| Some((old, ipvs.table.service(&ServiceKey::mark(old))?)));
        Ok(services
            .map(|(old, service)| Change {
                needs: Vec::new(),
                drain: Some(self.drain(ipvs.connections_beside(old, &[]))),
                stage: Stage::Contract,
                action: Action::Remove,
                summary: format!("virtual service of an older mark: {service}"),
                before: format!("{service}\n").into_bytes(),
                after: Vec::new(),
                step: Step::Ipvsadm(IpvsEdit::Service(Edit::Remove(service.clone()))),
            })
            .collect())
    }

    fn step(&self, edit: Edit<Destination>) -> Step {
        Step::Ipvsadm(IpvsEdit::Destination(ServiceKey::mark(self.mark.get()), edit))
    }

    /// A destination with all that it has, as the command that would make it.
    fn line(&self, destination: &Destination) -> Vec<u8> {
        line(&ServiceKey::mark(self.mark.get()), destination)
    }
}

/// A destination that gets no new clients from now on. It takes capacity away, so it waits for what adds some.
pub(super) fn quiesced(key: &ServiceKey, found: &Destination, wanted: &Destination) -> Change {
    let only_weight = Destination { weight: found.weight, ..wanted.clone() } == *found;
    let (address, weight) = (&found.address, found.weight);
    Change {
        needs: Vec::new(),
        drain: None,
        stage: Stage::Contract,
        action: Action::Drain,
        summary: if only_weight {
            format!("destination {address}: weight {weight} -> 0")
        } else {
            format!("destination {found} -> {wanted}")
        },
        before: line(key, found),
        after: line(key, wanted),
        step: Step::Ipvsadm(IpvsEdit::Destination(
            key.clone(),
            Edit::Change { before: found.clone(), after: wanted.clone() },
        )),
    }
}

fn line(key: &ServiceKey, destination: &Destination) -> Vec<u8> {
    format!("-a {key} {}\n", destination.words().join(" ")).into_bytes()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::one_writer;
    use crate::{
        lvs::FirewallMark,
        probe::{DirectorDaemon, RunningDirector},
    };

    #[test]
    fn a_daemon_is_in_the_way_only_with_our_mark() {
        let pulse = RunningDirector {
            daemon: DirectorDaemon::Pulse,
            pid: 7,
            marks: vec![(21, "/etc/sysconfig/ha/lvs.cf".to_owned()), (22, "x".to_owned())],
            unread: Vec::new(),
        };
        let unread = RunningDirector {
            daemon: DirectorDaemon::Keepalived,
            marks: Vec::new(),
            unread: vec!["/etc/keepalived/keepalived.conf, line 1: odd".to_owned()],
            ..pulse.clone()
        };
        let free = FirewallMark::try_from(23).unwrap();
        let mine = FirewallMark::DEFAULT;
        assert_eq!(one_writer(mine, &[], None), Ok(()));
        assert_eq!(one_writer(free, std::slice::from_ref(&pulse), None), Ok(()));
        assert_eq!(one_writer(mine, std::slice::from_ref(&pulse), Some(DirectorDaemon::Pulse)), Ok(()));
        let said = |running: &[RunningDirector]| one_writer(mine, running, None).map_err(|unknown| unknown.to_string());
        let refused = said(&[pulse]).unwrap_err();
        assert!(refused.contains("firewall mark 21: pulse (process 7) does, by /etc/sysconfig/ha/lvs.cf"), "{refused}");
        assert!(refused.ends_with("or stop pulse"), "{refused}");
        let refused = said(&[unread]).unwrap_err();
        assert!(
            refused.contains("keepalived (process 7) may, by /etc/keepalived/keepalived.conf, line 1"),
            "{refused}"
        );
    }
}
