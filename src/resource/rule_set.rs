//! What the two kinds of packet filter rules share: reading a chain of the right backend, and changes of single rules.

use crate::{
    format::{excerpt, iptables_save::PlacedRule, iptables_words},
    plan::{Action, Change, Diff, Drain, Place, RuleChanges, RuleEdit, Stage, Step, chain_sum},
    probe::{Facts, IptablesCommand, PacketFilter, Unknown},
};

/// A builtin chain on one host.
#[derive(Debug)]
pub(super) struct RuleSet<'a> {
    filter: &'a PacketFilter,
    command: &'a IptablesCommand,
    table: &'static str,
    chain: &'static str,
    /// Its rules, in order.
    pub rules: Vec<PlacedRule>,
}

impl<'a> RuleSet<'a> {
    /// The chain as observed. Rules of the other backend in the same chain are an error: packets would pass both.
    pub fn read(
        facts: &'a Facts,
        command: &'a IptablesCommand,
        table: &'static str,
        chain: &'static str,
    ) -> Result<Self, Unknown> {
        let filter = facts.packet_filter(command)?;
        if filter.other.as_ref().is_some_and(|other| !other.rules(table, chain).is_empty()) {
            return Err(Unknown {
                what: "the packet filter".to_owned(),
                why: format!(
                    "{command} is one backend of two, and the other one holds rules in {table} {chain} too; packets pass \
                     both. Look with {}, then remove them there, or set lvs_iptables to the backend that counts",
                    filter.other_save()
                ),
            });
        }
        Ok(Self { filter, command, table, chain, rules: filter.dump.rules(table, chain) })
    }

    /// The changes of the running chain: what comes in the first stage, unless it is late; what goes in the stage of
    /// going, and with what it waits for.
    pub fn changes(&self, changes: RuleChanges, drain: impl Fn(&PlacedRule) -> Option<Drain>) -> Diff {
        let RuleChanges { inserts, late, deletes, warnings } = changes;
        let stage = if late { Stage::Contract } else { Stage::Expand };
        let added = inserts.into_iter().map(|(place, rule)| self.add(stage, place, rule));
        let removed = deletes.iter().map(|(rule, why)| self.remove(rule, why, drain(rule)));
        Diff { changes: added.chain(removed).collect(), warnings }
    }

    fn add(&self, stage: Stage, place: Place, rule: String) -> Change {
        Change {
            needs: Vec::new(),
            drain: None,
            stage,
            action: Action::Add,
            summary: format!("{} {}: {rule}", self.table, self.chain),
            before: Vec::new(),
            after: format!("-A {} {rule}\n", self.chain).into_bytes(),
            step: self.step(RuleEdit::Insert {
                chain: self.chain,
                place,
                rule,
                observed: chain_sum(self.chain, &self.rules),
            }),
        }
    }

    fn remove(&self, rule: &PlacedRule, why: &str, drain: Option<Drain>) -> Change {
        Change {
            needs: Vec::new(),
            drain,
            stage: Stage::Contract,
            action: Action::Remove,
            summary: format!("{} ({why}): {}", self.table, excerpt(&rule.text)),
            before: [&rule.text[..], b"\n"].concat(),
            after: Vec::new(),
            step: self.step(RuleEdit::Delete { line: rule.text.clone() }),
        }
    }

    fn step(&self, edit: RuleEdit) -> Step {
        Step::Rules {
            command: self.command.clone(),
            waits_for_lock: self.filter.waits_for_lock(),
            table: self.table,
            edits: vec![edit],
        }
    }
}

/// Whether iptables-restore can be told to delete a rule: a newline in a comment cannot be written there.
pub(super) fn removable(rule: &PlacedRule) -> bool {
    !rule.text.contains(&b'\n')
}

/// How each comment of ours begins.
pub(super) const TAG: &str = "lvs-ftp: ";

/// The comment that says whose a rule is.
pub(super) fn tag(play: &str) -> String {
    format!("{TAG}{play}")
}

/// The tag as matches of a rule.
pub(super) fn tag_match(play: &str) -> String {
    format!("-m comment --comment {}", iptables_words::quote(&tag(play)))
}
