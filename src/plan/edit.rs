//! Edits of a rule table, and the block of iptables-restore that makes them all or none.

use crate::format::{cksum::cksum, iptables_save::PlacedRule};

/// Where a rule goes in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Before the rule that was observed with this number (from 1).
    Before(usize),
    /// Behind every rule.
    End,
}

/// One edit of a rule table. Texts are lines of iptables-save without the verb: `CHAIN -d …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleEdit {
    /// A rule is put into a chain.
    Insert {
        /// The chain.
        chain: &'static str,
        /// Where.
        place: Place,
        /// The rule: matches and target.
        rule: String,
        /// [`chain_sum`] of the chain as it was observed: a number means nothing once somebody has moved rules.
        observed: String,
    },
    /// A rule goes: exactly this one, else the whole block is refused.
    Delete {
        /// The line as it was printed: `-A CHAIN …`.
        line: Vec<u8>,
    },
}

/// What a chain lacks and has too much, before it is known whether the chain is a kernel's or a file's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleChanges {
    /// Rules that come: where, and matches and target.
    pub inserts: Vec<(Place, String)>,
    /// Whether they come only when things go, because they end what an older rule does.
    pub late: bool,
    /// Rules that go, and why.
    pub deletes: Vec<(PlacedRule, &'static str)>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// The checksum of a chain: of its lines `-A CHAIN …` as `iptables-save` prints them, without counters and blanks at
/// their ends. A host can compute it too.
#[must_use]
pub fn chain_sum(chain: &str, rules: &[PlacedRule]) -> String {
    let head = format!("-A {chain} ").into_bytes();
    let lines = rules.iter().flat_map(|rule| rule.text.split(|byte| *byte == b'\n'));
    let mut text = Vec::new();
    for line in lines.filter(|line| line.starts_with(&head)) {
        text.extend(line.trim_ascii_end());
        text.push(b'\n');
    }
    cksum(&text)
}

/// The input for `iptables-restore --noflush`. Inserts come first, so that observed positions hold; an insert's number
/// counts the ones already put before it. A builtin chain's `:CHAIN POLICY` line is left out: it would set the policy.
#[must_use]
pub fn block(table: &str, edits: &[RuleEdit]) -> Vec<u8> {
    let mut text = format!("*{table}\n").into_bytes();
    let mut inserted: Vec<(&str, Place)> = Vec::new();
    for edit in edits {
        if let RuleEdit::Insert { chain, place, rule, .. } = edit {
            let earlier = inserted.iter().filter(|(other, at)| other == chain && at <= place).count();
            let line = match place {
                Place::Before(number) => format!("-I {chain} {} {rule}\n", number + earlier),
                Place::End => format!("-A {chain} {rule}\n"),
            };
            text.extend(line.into_bytes());
            inserted.push((chain, *place));
        }
    }
    for edit in edits {
        if let RuleEdit::Delete { line } = edit {
            text.extend(b"-D");
            text.extend(line.iter().skip(2));
            text.push(b'\n');
        }
    }
    text.extend(b"COMMIT\n");
    text
}
