//! The NAT rule: an active data connection starts at the real server's port 20, and must leave with a public address.

use super::{
    Kind, Resource,
    rule_set::{RuleSet, removable, tag, tag_match},
};
use crate::{
    format::{
        filter_rule::FilterRule,
        iptables_save::PlacedRule,
        port_set::PortSet,
        rule::{Protocol, Rule, Target},
    },
    lvs::Port,
    plan::{Diff, Place, RuleChanges},
    probe::{Facts, IptablesCommand, Probe, Unknown},
};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Where the rule is.
pub(super) const TABLE: &str = "nat";
pub(super) const CHAIN: &str = "POSTROUTING";

/// The rule of nat POSTROUTING that rewrites active data connections.
#[derive(Debug, Clone)]
pub struct NatRule {
    /// The play's name, for the comment of a rule that we add.
    pub play: String,
    /// The iptables that holds it.
    pub command: IptablesCommand,
    /// The real servers' network and what their connections get; nothing when no rule is wanted.
    pub wanted: Option<(Ipv4Net, ActiveSource)>,
    /// Networks for which other clusters of the host want a rule: theirs may have our comment.
    pub others: Vec<Ipv4Net>,
}

/// The source address that active data connections get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActiveSource {
    /// The outgoing interface's primary address.
    Masquerade,
    /// This address.
    Snat(Ipv4Addr),
}

impl Resource for NatRule {
    fn kind(&self) -> Kind {
        Kind::NatRule
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::PacketFilter(self.command.clone())]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let set = RuleSet::read(facts, &self.command, TABLE, CHAIN)?;
        Ok(set.changes(self.edits(&set.rules), |_| None))
    }
}

impl NatRule {
    /// What a chain's rules, running or saved, leave to be done.
    pub(super) fn edits(&self, rules: &[PlacedRule]) -> RuleChanges {
        let mut changes = RuleChanges::default();
        let ours: Vec<&PlacedRule> = rules.iter().filter(|rule| self.is_ours(&rule.rule) && removable(rule)).collect();
        let adopted = rules.iter().find(|rule| self.fits(&rule.rule));
        if let (Some((network, source)), None) = (self.wanted, adopted) {
            // The first match decides in nat, and nothing is more specific than this rule: it goes first, or where the
            // stale one stood.
            let place = match rules {
                [] => Place::End,
                _ => Place::Before(ours.first().map_or(1, |rule| rule.number)),
            };
            changes.inserts.push((place, self.rule(network, source)));
        }
        for rule in ours {
            if adopted.is_none_or(|adopted| adopted.number != rule.number) {
                let why = if self.fits(&rule.rule) { "superfluous" } else { "stale" };
                changes.deletes.push((rule.clone(), why));
            }
        }
        changes
    }

    /// Whether a rule that somebody states is for packets that this rule is for.
    #[must_use]
    pub fn claims(&self, stated: &FilterRule) -> bool {
        (stated.table, stated.chain) == (TABLE, CHAIN) && self.is_ours(&stated.rule)
    }

    fn rule(&self, network: Ipv4Net, source: ActiveSource) -> String {
        let target = match source {
            ActiveSource::Masquerade => "MASQUERADE".to_owned(),
            ActiveSource::Snat(address) => format!("SNAT --to-source {address}"),
        };
        format!("-s {network} -p tcp -m tcp --sport {} {} -j {target}", Port::FTP_DATA, tag_match(&self.play))
    }

    fn fits(&self, rule: &Rule) -> bool {
        let Some((network, source)) = self.wanted else {
            return false;
        };
        let target = match source {
            ActiveSource::Masquerade => Target::Masquerade,
            ActiveSource::Snat(address) => Target::Snat(address),
        };
        rule.is_plain()
            && rule.protocol == Protocol::Tcp
            && rule.source == Some(network)
            && rule.source_ports == PortSet::port(Port::FTP_DATA.get())
            && rule.destination.is_none()
            && rule.destination_ports == PortSet::all()
            && rule.target == target
    }

    /// Ours are rules with our comment, and rules for just this network and source port, whoever wrote them. With no
    /// rule wanted (something else rewrites) only the comment counts; so it does when a condition is not understood.
    /// A rule that another cluster wants is that one's, whatever its comment says: they share it.
    fn is_ours(&self, rule: &Rule) -> bool {
        let this_traffic = |network: Ipv4Net| {
            rule.protocol == Protocol::Tcp
                && rule.source == Some(network)
                && rule.source_ports == PortSet::port(Port::FTP_DATA.get())
                && matches!(rule.target, Target::Masquerade | Target::Snat(_))
        };
        let of_another = !rule.opaque && self.others.iter().copied().any(this_traffic);
        let wanted = !rule.opaque && self.wanted.is_some_and(|(network, _)| this_traffic(network));
        wanted || (rule.has_comment(&tag(&self.play)) && !of_another)
    }
}
