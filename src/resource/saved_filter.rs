//! The packet filter that the host loads at boot holds our rules: the same rules, and the same comparison, as running.

use super::{Kind, MarkRules, NatRule, PlayRules, Resource, mark_rules, nat_rule};
use crate::{
    format::{
        cksum::cksum,
        iptables_save::{IptablesSave, PlacedRule},
        printable,
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
        if wants_rules {
            let tables: Vec<&str> = self.edits(&found.dump).into_iter().map(|(table, ..)| table).collect();
            let text = String::from_utf8_lossy(dump.render());
            diff.warnings.extend(fragile(&text, &tables).map(|why| format!("{path}: {why}")));
        }
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

/// The first rule that may not load at boot, and before which our last table has not ended: iptables-restore makes a file table
/// by table, and loads nothing from the first one on that fails.
fn fragile(text: &str, ours: &[&str]) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let last = lines.iter().rposition(|line| line.strip_prefix('*').is_some_and(|table| ours.contains(&table)))?;
    let end = lines.iter().skip(last).position(|line| *line == "COMMIT").map_or(lines.len(), |length| last + length);
    lines.iter().take(end).filter(|line| !line.starts_with(['#', '*', ':'])).find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let needs = words.windows(2).find_map(|pair| match pair {
            ["--match-set" | "--add-set" | "--del-set", set] => Some(format!("the ipset {set}")),
            ["-s" | "-d" | "--source" | "--src" | "--destination" | "--dst", host]
                if host.contains(|letter: char| letter.is_ascii_alphabetic()) =>
            {
                Some(format!("the name {host}"))
            }
            _ => None,
        })?;
        let line = printable(line);
        Some(format!(
            "`{line}` needs {needs}, which may be missing at boot: then neither its table nor those behind it are loaded, ours \
             among them; move it behind ours, or write addresses"
        ))
    })
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

#[cfg(test)]
mod tests {
    use super::fragile;

    /// A table that fails keeps those behind it from being loaded; what stands behind ours does not.
    #[test]
    fn a_rule_that_may_not_load_before_ours_is_told() {
        const OURS: &str =
            "*mangle\n-A PREROUTING -d 192.0.2.10/32 -p tcp -j MARK --set-xmark 0x15/0xffffffff\nCOMMIT\n";
        let filter = |rule: &str| format!("*filter\n:INPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n");
        for (rule, needs) in [
            ("-A INPUT -s backup.example.org -j ACCEPT", Some("the name backup.example.org,")),
            ("-A INPUT ! --destination mail -j DROP", Some("the name mail,")),
            ("-A INPUT -m set --match-set banned src -j DROP", Some("the ipset banned,")),
            ("-A INPUT -s 10.0.0.0/255.0.0.0 -i eth0 -j ACCEPT", None),
            ("# -A INPUT -s backup.example.org -j ACCEPT", None),
        ] {
            let before = fragile(&format!("{}{OURS}", filter(rule)), &["mangle"]);
            assert_eq!(before.is_some(), needs.is_some(), "{rule} {before:?}");
            assert!(needs.is_none_or(|needs| before.is_some_and(|told| told.contains(needs))), "{rule}");
            assert_eq!(fragile(&format!("{OURS}{}", filter(rule)), &["mangle"]), None, "{rule}");
        }
        let inside = OURS.replace("COMMIT", "-A PREROUTING -s partner.example.org -j ACCEPT\nCOMMIT");
        assert!(fragile(&inside, &["mangle"]).is_some());
    }
}
