//! The mark rules: every client connection to the virtual IP, control port and passive range, gets the firewall mark.

use super::{
    Kind, Resource,
    rule_set::{RuleSet, removable, tag, tag_match},
};
use crate::{
    format::{
        excerpt,
        iptables_save::PlacedRule,
        port_set::PortSet,
        rule::{Protocol, Rule, Target},
    },
    lvs::{FirewallMark, Port, PortRange},
    plan::{Diff, Place, RuleChanges},
    probe::{Facts, IptablesCommand, Probe, Unknown},
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
        vec![Probe::PacketFilter(self.command.clone())]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let set = RuleSet::read(facts, &self.command, TABLE, CHAIN)?;
        Ok(set.changes(self.edits(&set.rules)))
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
        // What fitting rules leave unmarked is added, in the reference set-up's two pieces. A new rule goes before the
        // first stale one: the last MARK wins, so an old mark rules until it is removed, when its service is replaced.
        let place = stale.first().map_or(Place::End, |rule| Place::Before(rule.number));
        let marked = ports_of(&fitting);
        let missing = self.pieces().into_iter().filter(|piece| !piece.is_subset(&marked));
        let mut added = PortSet::default();
        for piece in missing {
            changes.inserts.push((place, self.rule(&piece)));
            added = added.union(&piece);
        }
        // A rule that marks what the others mark already goes, the last one first.
        let mut doubles = Vec::new();
        for index in (0..fitting.len()).rev() {
            let mut others = fitting.clone();
            let rule = others.remove(index);
            let elsewhere = ports_of(&others).union(&added);
            if removable(rule) && rule.rule.destination_ports.is_subset(&elsewhere) {
                fitting = others;
                doubles.push(rule);
            }
        }
        changes.deletes.extend(stale.into_iter().map(|rule| (rule.clone(), "stale")));
        changes.deletes.extend(doubles.into_iter().rev().map(|rule| (rule.clone(), "superfluous")));
        changes
    }

    /// The ports that shall be marked, as the reference set-up splits them.
    fn pieces(&self) -> [PortSet; 2] {
        [PortSet::port(self.control_port.get()), PortSet::range(self.passive_ports.low(), self.passive_ports.high())]
    }

    fn wanted(&self) -> PortSet {
        let [control, passive] = self.pieces();
        control.union(&passive)
    }

    fn rule(&self, ports: &PortSet) -> String {
        format!(
            "-d {}/32 -p tcp -m tcp --dport {ports} {} -j MARK --set-mark {}",
            self.virtual_ip,
            tag_match(&self.play),
            self.mark
        )
    }

    /// Ours are rules with our comment, and rules with this virtual IP and mark, whoever wrote them; so is one that
    /// gives another mark to nothing but our ports. A rule with a condition that we do not understand is ours only by
    /// its comment.
    fn standing(&self, rule: &Rule) -> Standing {
        let tagged = rule.has_comment(&tag(&self.play));
        let to_vip = rule.destination == Some(Ipv4Net::from(self.virtual_ip));
        let Target::Mark { value, mask } = rule.target else {
            return if tagged { Standing::Stale } else { Standing::Foreign };
        };
        if rule.opaque && !tagged {
            return Standing::Foreign;
        }
        let marks_ours = value & mask == self.mark.get();
        let within = rule.protocol == Protocol::Tcp && rule.destination_ports.is_subset(&self.wanted());
        let from_anywhere = rule.is_plain() && rule.source.is_none() && rule.source_ports == PortSet::all();
        let only_ours = to_vip && within && from_anywhere;
        let fits = only_ours && rule.target == Target::set_mark(self.mark.get());
        if fits {
            Standing::Fitting
        } else if tagged || (to_vip && marks_ours) || only_ours {
            Standing::Stale
        } else {
            Standing::Foreign
        }
    }

    /// Why a rule that stays should be looked at.
    fn collision(&self, rule: &PlacedRule) -> Option<String> {
        let Target::Mark { value, mask } = rule.rule.target else {
            return None;
        };
        let to_vip = rule.rule.destination.is_none_or(|network| network.contains(&self.virtual_ip));
        let touches = to_vip && rule.rule.destination_ports.overlaps(&self.wanted());
        let what = if value & mask == self.mark.get() {
            format!("it sets our mark {} too", self.mark)
        } else if touches {
            "it marks some of our traffic".to_owned()
        } else {
            return None;
        };
        Some(format!("a foreign rule of mangle PREROUTING collides, {what}; it is left alone: {}", excerpt(&rule.text)))
    }
}

fn ports_of(rules: &[&PlacedRule]) -> PortSet {
    rules.iter().fold(PortSet::default(), |all, rule| all.union(&rule.rule.destination_ports))
}

/// Marks that this play's rules have, other than the one that it wants now, unless a rule that stays uses them.
pub(super) fn older_marks(rules: &[PlacedRule], play: &str, mark: FirewallMark) -> Vec<u32> {
    let marks = |rule: &PlacedRule| match rule.rule.target {
        Target::Mark { value, mask } => Some(value & mask),
        _ => None,
    };
    let (ours, others): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.rule.has_comment(&tag(play)));
    let mut older: Vec<u32> = ours.into_iter().filter_map(marks).filter(|old| *old != mark.get()).collect();
    older.retain(|old| !others.iter().any(|rule| marks(rule) == Some(*old)));
    older.sort_unstable();
    older.dedup();
    older
}
