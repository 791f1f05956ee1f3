//! The packet filter that the host loads at boot holds our rules: the same rules, and the same comparison, as running.

use super::{Kind, MarkRules, NatRule, PlayRules, Resource, mark_rules, nat_rule};
use crate::{
    format::{
        cksum::cksum,
        iptables_save::{IptablesSave, PlacedRule},
    },
    plan::{Action, Change, Diff, Proof, RuleChanges, Stage, Step},
    probe::{Backend, Facts, FilterOwner, IptablesCommand, Probe, SavedFilter as Found, Unknown},
};
use camino::Utf8Path;
use std::collections::BTreeSet;

/// The saved rules of all plays on a host: they share one file.
#[derive(Debug, Clone)]
pub struct SavedFilter {
    /// The iptables whose rules these are.
    pub command: IptablesCommand,
    /// The mark rules of each cluster.
    pub mark_rules: Vec<MarkRules>,
    /// The NAT rule of each cluster.
    pub nat_rules: Vec<NatRule>,
    /// The rules that each play of tasks states one by one.
    pub play_rules: Vec<PlayRules>,
}

const NO_PLACE: &str = "there is no place for saved rules, neither /etc/sysconfig nor /etc/iptables: install what loads \
    rules at boot (Debian: iptables-persistent; Red Hat: iptables-services; OpenRC: iptables, with a plain path as \
    IPTABLES_SAVE in /etc/conf.d/iptables)";

impl Resource for SavedFilter {
    fn kind(&self) -> Kind {
        Kind::SavedFilter
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::SavedFilter, Probe::FilterOwners, Probe::PacketFilter(self.command.clone())]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.saved_filter()?;
        let running = facts.packet_filter(&self.command)?;
        let owners = facts.filter_owners()?;
        let wants_rules = self.edits(&IptablesSave::default()).iter().any(|(.., edit)| !edit(&[]).inserts.is_empty());
        let rival = filter_rival(owners, running.backend).filter(|_| wants_rules);
        let mut diff = rival.as_deref().map(Diff::for_a_person).unwrap_or_default();
        if rival.is_some() && !owners.iter().any(|owner| owner.loads_saved_rules()) {
            return Ok(diff);
        }
        let Some(path) = &found.path else {
            let is_wanted = self.edited(found, Utf8Path::new(""))?.0 != found.dump;
            return Ok(if is_wanted { Diff::for_a_person(NO_PLACE) } else { Diff::default() });
        };
        let (dump, count) = self.edited(found, path)?;
        if dump.render() != found.dump.render() {
            let (added, removed) = count;
            diff.changes.push(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Persist,
                action: if found.exists { Action::Edit } else { Action::Add },
                summary: format!("{path}: {added} rules added, {removed} removed"),
                before: found.dump.render().to_vec(),
                after: dump.render().to_vec(),
                step: Step::File {
                    path: path.clone(),
                    observed: found.exists.then(|| cksum(found.dump.render())),
                    text: dump.render().to_vec(),
                    proof: Proof::PacketFilter {
                        command: self.command.clone(),
                        waits_for_lock: running.waits_for_lock(),
                    },
                },
            });
        }
        Ok(diff)
    }
}

impl SavedFilter {
    /// The file as it shall be, with how many rules were added and removed.
    fn edited(&self, found: &Found, path: &Utf8Path) -> Result<(IptablesSave, (usize, usize)), Unknown> {
        let unclear = |why: String| Unknown { what: path.to_string(), why };
        let (mut dump, mut count) = (found.dump.clone(), (0, 0));
        for (table, chain, edit) in self.edits(&found.dump) {
            if dump.is_split(table) {
                return Err(unclear(format!(
                    "it has table {table} twice, and a restore lets the last one win: join them"
                )));
            }
            if dump.has_commands(table, chain) {
                let why = format!("it changes {table} {chain} by other commands than -A: write its rules as -A lines");
                return Err(unclear(why));
            }
            let changes = edit(&dump.rules(table, chain));
            count.0 += changes.inserts.len();
            count.1 += changes.deletes.len();
            dump = dump.edited(table, chain, &changes).map_err(|malformed| unclear(malformed.to_string()))?;
        }
        Ok((dump, count))
    }

    /// Each chain that has to do with somebody, and what they make of it.
    fn edits(&self, dump: &IptablesSave) -> Vec<(&'static str, &'static str, RuleChangesOf<'_>)> {
        let mut all: Vec<(&'static str, &'static str, RuleChangesOf<'_>)> = Vec::new();
        for rules in &self.mark_rules {
            all.push((mark_rules::TABLE, mark_rules::CHAIN, Box::new(|chain| rules.edits(chain))));
        }
        for rule in &self.nat_rules {
            all.push((nat_rule::TABLE, nat_rule::CHAIN, Box::new(|chain| rule.edits(chain))));
        }
        for rules in &self.play_rules {
            for (table, chain) in rules.chains(dump) {
                all.push((table, chain, Box::new(move |placed| rules.edits(table, chain, placed))));
            }
        }
        all
    }
}

/// Who else sets the packet filter at boot, so that saved rules would not be there afterwards, or nothing may load them; and
/// what a person has to decide.
fn filter_rival(owners: &BTreeSet<FilterOwner>, backend: Backend) -> Option<String> {
    let loader = owners.iter().find(|owner| owner.loads_saved_rules());
    let removes = |owner: &&FilterOwner| match owner {
        FilterOwner::Firewalld | FilterOwner::Shorewall => true,
        // Its flush does not reach what iptables-legacy loaded.
        FilterOwner::Nftables => loader.is_none() || backend == Backend::Nft,
        // It leaves other rules alone, but what loads them beside it a person has to choose.
        FilterOwner::Ufw => loader.is_none(),
        FilterOwner::NetfilterPersistent | FilterOwner::Iptables => false,
    };
    let rival = owners.iter().find(removes)?.name();
    Some(match loader.map(|loader| loader.name()) {
        Some(loader) => format!(
            "{rival} and {loader} both set the packet filter at boot, and the marks do not survive {rival}: disable one of the two"
        ),
        None => format!(
            "{rival} owns the packet filter at boot, and nothing loads our rules beside it: lvs-ftp enables no second manager \
             and does not touch {rival}; disable {rival} and run again, or enable yourself what loads the rules beside it"
        ),
    })
}

/// What one cluster or play makes of a chain.
type RuleChangesOf<'a> = Box<dyn Fn(&[PlacedRule]) -> RuleChanges + 'a>;
