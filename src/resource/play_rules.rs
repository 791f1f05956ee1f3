//! Rules that a play states one by one, in any builtin chain: those that it has, those that shall not be there, and those
//! that it had before.

use super::{
    Kind, Resource,
    rule_set::{RuleSet, TAG, removable, tag},
};
use crate::{
    format::{
        excerpt,
        filter_rule::{CHAINS, FilterRule},
        iptables_save::{IptablesSave, PlacedRule},
    },
    plan::{Diff, Place, RuleChanges},
    probe::{Facts, IptablesCommand, Probe, Unknown},
};
use std::sync::Arc;

/// A rule as a play states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedRule {
    /// The rule.
    pub rule: FilterRule,
    /// Whether it shall be there.
    pub present: bool,
    /// Whether it comes before all other rules of its chain, else behind them.
    pub first: bool,
}

/// Some rules of one play.
#[derive(Debug, Clone)]
pub struct PlayRules {
    /// The play's name, for the comment of rules that we add.
    pub play: String,
    /// The iptables that holds them.
    pub command: IptablesCommand,
    /// Every rule that the play states for the host: what is none of these, and has the play's comment, is stale.
    pub all: Arc<Vec<StatedRule>>,
    /// Which of them this is about, by number.
    pub picked: Vec<usize>,
    /// Whether it is also about what is stale.
    pub stale: bool,
}

impl Resource for PlayRules {
    fn kind(&self) -> Kind {
        Kind::IptablesRule
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::PacketFilter(self.command.clone())]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let dump = &facts.packet_filter(&self.command)?.dump;
        let mut diff = Diff::default();
        for (table, chain) in self.chains(dump) {
            let set = RuleSet::read(facts, &self.command, table, chain)?;
            let changes = set.changes(self.edits(table, chain, &set.rules), |_| None);
            diff.changes.extend(changes.changes);
            diff.warnings.extend(changes.warnings);
        }
        Ok(diff)
    }
}

impl PlayRules {
    /// The chains that it has to do with, as far as a dump shows.
    pub(super) fn chains(&self, dump: &IptablesSave) -> Vec<(&'static str, &'static str)> {
        // A search for the words costs little, reading 50,000 foreign rules much.
        let may_be_tagged = self.stale && String::from_utf8_lossy(dump.render()).contains(TAG);
        let all = CHAINS.iter().flat_map(|(table, chains)| chains.iter().map(|chain| (*table, *chain)));
        all.filter(|(table, chain)| {
            self.picks().any(|one| (one.rule.table, one.rule.chain) == (*table, *chain))
                || (may_be_tagged
                    && dump.rules(table, chain).iter().any(|rule| rule.rule.has_comment(&tag(&self.play))))
        })
        .collect()
    }

    fn picks(&self) -> impl Iterator<Item = &StatedRule> {
        self.picked.iter().filter_map(|number| self.all.get(*number))
    }

    /// What a chain's rules, running or saved, leave to be done.
    pub(super) fn edits(&self, table: &str, chain: &str, rules: &[PlacedRule]) -> RuleChanges {
        let mut changes = RuleChanges::default();
        let here = |one: &&StatedRule| (one.rule.table, one.rule.chain) == (table, chain);
        let stated: Vec<&StatedRule> = self.all.iter().filter(here).collect();
        let known = |rule: &PlacedRule| stated.iter().find(|one| one.rule.means(&rule.rule));
        let goes = |rule: &PlacedRule| match known(rule) {
            Some(one) => !one.present && removable(rule),
            None => self.is_tagged(rule) && removable(rule),
        };
        let stale: Vec<&PlacedRule> = rules.iter().filter(|rule| known(rule).is_none() && goes(rule)).collect();
        for one in self.picks().filter(here) {
            let mut found = rules.iter().enumerate().filter(|(_, rule)| one.rule.means(&rule.rule));
            if !one.present {
                let found = found.map(|(_, rule)| rule);
                changes.deletes.extend(found.filter(|rule| removable(rule)).map(|rule| (rule.clone(), "unwanted")));
                continue;
            }
            let Some((first, _)) = found.next() else {
                // What it replaces rules on until it goes: of marks the last one wins.
                let place = match (rules.first(), stale.first()) {
                    (Some(_), _) if one.first => Place::Before(1),
                    (_, Some(stale)) => Place::Before(stale.number),
                    _ => Place::End,
                };
                changes.inserts.push((place, one.rule.with_comment(&tag(&self.play))));
                continue;
            };
            for (number, double) in found.filter(|(_, rule)| self.is_tagged(rule) && removable(rule)) {
                // iptables deletes the first rule of that text. What stands between decides on packets, too.
                let between = &rules[first + 1..number];
                if between.iter().all(|rule| goes(rule) || (self.is_tagged(rule) && one.rule.means(&rule.rule))) {
                    changes.deletes.push((double.clone(), "superfluous"));
                } else {
                    changes.warnings.push(format!(
                        "{table} {chain} has a rule of the play twice, with others between: delete the one that is too many \
                         ({})",
                        excerpt(&double.text)
                    ));
                }
            }
        }
        if self.stale {
            changes.deletes.extend(stale.into_iter().map(|rule| (rule.clone(), "stale")));
        }
        changes
    }

    fn is_tagged(&self, rule: &PlacedRule) -> bool {
        rule.rule.has_comment(&tag(&self.play))
    }
}
