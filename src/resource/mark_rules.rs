//! The mark rules: every client connection to the virtual IP, control port and passive range, gets the firewall mark; so
//! does the data port where real servers answer past the routers (measured: else the router resets active transfers).

use super::{
    Kind, RealServer, Resource,
    rule_set::{RuleSet, removable, tag, tag_match},
};
use crate::{
    format::{
        excerpt,
        filter_rule::FilterRule,
        iptables_save::PlacedRule,
        port_set::PortSet,
        rule::{Protocol, Rule, Target},
    },
    lvs::{FirewallMark, Port, PortRange},
    plan::{Diff, Drain, Place, RuleChanges, Wait},
    probe::{Facts, IptablesCommand, Ipvs, Probe, Unknown},
};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// The rules of mangle PREROUTING that mark one cluster's traffic.
#[derive(Debug, Clone)]
pub struct MarkRules {
    /// The play's name, for the comment of rules that we add.
    pub play: String,
    /// The iptables that holds them.
    pub command: IptablesCommand,
    /// The virtual IP.
    pub virtual_ip: Ipv4Addr,
    /// The mark.
    pub mark: FirewallMark,
    /// The control port.
    pub control_port: Port,
    /// The passive range.
    pub passive_ports: PortRange,
    /// Whether real servers open active data connections from the virtual IP, past the routers: then what clients send
    /// back to port 20 comes to the routers, and belongs to the client's real server.
    pub marks_data: bool,
    /// Marks of the host's other clusters: nothing waits for their connections.
    pub other_marks: Vec<FirewallMark>,
    /// The real servers: their open sessions may still work by older rules.
    pub real_servers: Vec<RealServer>,
    /// Seconds that an older rule stays for what still needs it.
    pub drain_timeout: u32,
}

/// Where the rules are.
pub(super) const TABLE: &str = "mangle";
pub(super) const CHAIN: &str = "PREROUTING";

/// What a rule of the chain is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Somebody else's.
    Foreign,
    /// Ours, and it marks nothing but what shall be marked.
    Fitting,
    /// Ours, and wrong.
    Stale,
}

impl Resource for MarkRules {
    fn kind(&self) -> Kind {
        Kind::MarkRules
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::PacketFilter(self.command.clone()), Probe::Ipvs]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let set = RuleSet::read(facts, &self.command, TABLE, CHAIN)?;
        let ipvs = facts.ipvs()?;
        let older = self.older(&set.rules);
        Ok(set.changes(self.edits(&set.rules), |rule| self.drain(&rule.rule, ipvs, &older)))
    }
}

impl MarkRules {
    /// What a chain's rules, running or saved, leave to be done.
    pub(super) fn edits(&self, rules: &[PlacedRule]) -> RuleChanges {
        let mut changes = RuleChanges::default();
        let (mut fitting, mut stale): (Vec<&PlacedRule>, Vec<&PlacedRule>) = (Vec::new(), Vec::new());
        for rule in rules {
            match self.standing(&rule.rule) {
                Standing::Fitting => fitting.push(rule),
                Standing::Stale if removable(rule) => stale.push(rule),
                Standing::Stale | Standing::Foreign => changes.warnings.extend(self.collision(rule)),
            }
        }
        // The last MARK wins. A rule of an older mark stays while its service has connections, so ours must stand behind
        // it; they come there late, when the new service can take the clients. One of ours before it does not count.
        let older: Vec<&PlacedRule> = stale.iter().copied().filter(|rule| self.is_older(&rule.rule)).collect();
        let overruled = |ports: &PortSet, number: usize| {
            older.iter().any(|rule| rule.number > number && rule.rule.destination_ports.overlaps(ports))
        };
        let (shadowed, fitting): (Vec<_>, Vec<_>) =
            fitting.into_iter().partition(|rule| overruled(&rule.rule.destination_ports, rule.number));
        // What fitting rules leave unmarked is added, in the reference set-up's two pieces: before the first stale one,
        // which rules on until it goes.
        let marked = ports_of(&fitting);
        let missing: Vec<PortSet> = self.pieces().into_iter().filter(|piece| !piece.is_subset(&marked)).collect();
        changes.late = missing.iter().any(|piece| overruled(piece, 0));
        let place = match stale.first() {
            Some(rule) if !changes.late => Place::Before(rule.number),
            _ => Place::End,
        };
        let mut added = PortSet::default();
        for piece in missing {
            changes.inserts.push((place, self.rule(&piece)));
            added = added.union(&piece);
        }
        // A rule that marks what the others mark already goes, the last one first.
        let mut doubles: Vec<&PlacedRule> = Vec::new();
        let ports = |rule: &&PlacedRule| rule.rule.destination_ports.clone();
        let before: Vec<PortSet> = fitting
            .iter()
            .scan(PortSet::default(), |all, rule| {
                let before = all.clone();
                *all = all.union(&ports(rule));
                Some(before)
            })
            .collect();
        let mut behind = added;
        for (rule, before) in fitting.into_iter().zip(before).rev() {
            if removable(rule) && ports(&rule).is_subset(&before.union(&behind)) {
                doubles.push(rule);
            } else {
                behind = behind.union(&ports(&rule));
            }
        }
        changes.deletes.extend(stale.into_iter().map(|rule| (rule.clone(), "stale")));
        let superfluous = shadowed.into_iter().filter(|rule| removable(rule)).chain(doubles.into_iter().rev());
        changes.deletes.extend(superfluous.map(|rule| (rule.clone(), "superfluous")));
        changes
    }

    /// What a rule's going waits for. A rule of this virtual IP's or this play's past still serves sessions that began
    /// then: those of a real server that names ports of an older range, and connections to what leaves its service.
    fn drain(&self, rule: &Rule, ipvs: &Ipvs, older: &[u32]) -> Option<Drain> {
        let mark = self.past_mark(rule)?;
        let staying: Vec<String> = self.real_servers.iter().map(RealServer::destination).collect();
        let connections = match mark {
            mark if mark == self.mark.get() => ipvs.connections_beside(mark, &staying),
            mark if older.contains(&mark) => ipvs.connections_beside(mark, &[]),
            _ => 0,
        };
        let hosts = self.real_servers.iter().filter_map(|server| server.host.clone()).collect();
        Some(Drain { waits: vec![Wait::Sessions(hosts), Wait::Connections(connections)], timeout: self.drain_timeout })
    }

    /// The mark that a rule of the past gives.
    fn past_mark(&self, rule: &Rule) -> Option<u32> {
        let given = given_mark(rule)?;
        (self.standing(rule) == Standing::Stale).then_some(given)
    }

    /// Whether a rule of the past gives another mark than ours.
    fn is_older(&self, rule: &Rule) -> bool {
        self.past_mark(rule).is_some_and(|mark| mark != self.mark.get())
    }

    /// Marks whose services are this play's to remove.
    fn older(&self, rules: &[PlacedRule]) -> Vec<u32> {
        older_marks(rules, &self.play, self.mark, &self.other_marks)
    }

    /// The ports that shall be marked, as the reference set-up splits them.
    fn pieces(&self) -> Vec<PortSet> {
        let mut pieces = vec![
            PortSet::port(self.control_port.get()),
            PortSet::range(self.passive_ports.low(), self.passive_ports.high()),
        ];
        pieces.extend(self.marks_data.then(|| PortSet::port(Port::FTP_DATA.get())));
        pieces
    }

    fn wanted(&self) -> PortSet {
        self.pieces().iter().fold(PortSet::default(), |all, piece| all.union(piece))
    }

    fn rule(&self, ports: &PortSet) -> String {
        format!(
            "-d {}/32 -p tcp -m tcp --dport {ports} {} -j MARK --set-mark {}",
            self.virtual_ip,
            tag_match(&self.play),
            self.mark
        )
    }

    /// Ours are rules with our comment, and rules that give just our mark to this virtual IP, whoever wrote them. A rule
    /// that gives another mark, or sets other bits, is somebody else's: bits of a mark have many uses. A rule with a
    /// condition that we do not understand is ours only by its comment.
    fn standing(&self, rule: &Rule) -> Standing {
        let tagged = rule.has_comment(&tag(&self.play));
        let to_vip = rule.destination == Some(Ipv4Net::from(self.virtual_ip));
        let gives_ours = rule.target.sets(self.mark.get());
        let within = rule.protocol == Protocol::Tcp && rule.destination_ports.is_subset(&self.wanted());
        let from_anywhere = rule.is_plain() && rule.source.is_none() && rule.source_ports == PortSet::all();
        if to_vip && within && from_anywhere && rule.target == Target::set_mark(self.mark.get()) {
            Standing::Fitting
        } else if tagged || (!rule.opaque && to_vip && gives_ours) {
            Standing::Stale
        } else {
            Standing::Foreign
        }
    }

    /// Whether a rule that somebody states is for packets that these rules are for.
    #[must_use]
    pub fn claims(&self, stated: &FilterRule) -> bool {
        (stated.table, stated.chain) == (TABLE, CHAIN)
            && (self.standing(&stated.rule) != Standing::Foreign || self.why_it_collides(&stated.rule).is_some())
    }

    /// Why a rule that stays should be looked at.
    fn collision(&self, rule: &PlacedRule) -> Option<String> {
        let what = self.why_it_collides(&rule.rule)?;
        Some(format!("a foreign rule of mangle PREROUTING collides, {what}; it is left alone: {}", excerpt(&rule.text)))
    }

    /// A rule collides when other packets get our mark by it, or when it would leave another mark on packets that have
    /// ours. Which of two such rules is the last may change at any time, so their order does not count.
    fn why_it_collides(&self, rule: &Rule) -> Option<String> {
        let Target::Mark { value, mask } = rule.target else {
            return None;
        };
        let mark = self.mark.get();
        let to_vip = rule.destination.is_none_or(|network| network.contains(&self.virtual_ip));
        let ours = to_vip && rule.protocol != Protocol::Udp && rule.destination_ports.overlaps(&self.wanted());
        if value == mark {
            Some(format!("it sets our mark {mark} too"))
        } else if ours && (mark & !mask) ^ value != mark {
            Some("it marks some of our traffic".to_owned())
        } else {
            None
        }
    }
}

fn ports_of(rules: &[&PlacedRule]) -> PortSet {
    rules.iter().fold(PortSet::default(), |all, rule| all.union(&rule.rule.destination_ports))
}

/// The mark that a rule gives to a packet without one.
const fn given_mark(rule: &Rule) -> Option<u32> {
    match rule.target {
        Target::Mark { value, .. } => Some(value),
        _ => None,
    }
}

/// Marks that this play's rules have, other than the one that it wants now, unless a rule that stays uses them or they
/// belong to another cluster of the host.
pub(super) fn older_marks(
    rules: &[PlacedRule],
    play: &str,
    mark: FirewallMark,
    other_marks: &[FirewallMark],
) -> Vec<u32> {
    let marks = |rule: &PlacedRule| given_mark(&rule.rule);
    let (ours, others): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.rule.has_comment(&tag(play)));
    let mut older: Vec<u32> = ours.into_iter().filter_map(marks).filter(|old| *old != mark.get()).collect();
    older.retain(|old| !others.iter().any(|rule| marks(rule) == Some(*old)));
    older.retain(|old| !other_marks.iter().any(|mark| mark.get() == *old));
    older.sort_unstable();
    older.dedup();
    older
}

#[cfg(test)]
#[path = "mark_rules_tests.rs"]
mod tests;
