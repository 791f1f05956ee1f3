//! A rule as somebody states it: where it is, the words that make it, and what it does.

use super::{iptables_words, rule::Rule};

/// The builtin tables and chains (iptables(8)).
pub const CHAINS: [(&str, &[&str]); 4] = [
    ("filter", &["INPUT", "FORWARD", "OUTPUT"]),
    ("nat", &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
    ("mangle", &["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
    ("raw", &["PREROUTING", "OUTPUT"]),
];

/// A rule of a builtin chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterRule {
    /// The table.
    pub table: &'static str,
    /// The chain.
    pub chain: &'static str,
    /// What it does, without a comment.
    pub rule: Rule,
    conditions: String,
    jump: String,
}

impl FilterRule {
    /// A rule of these words: conditions with their values, and target with its values. All that it says must be within
    /// the model of [`Rule`], or it would never be found again: nothing otherwise.
    #[must_use]
    pub fn new(table: &'static str, chain: &'static str, conditions: &[String], jump: &[String]) -> Option<Self> {
        let joined =
            |words: &[String]| words.iter().map(|word| iptables_words::quote(word)).collect::<Vec<_>>().join(" ");
        let (conditions, jump) = (joined(conditions), joined(jump));
        let rule = Rule::parse(format!("-A {chain} {conditions} {jump}").as_bytes());
        (!rule.opaque).then_some(Self { table, chain, rule, conditions, jump })
    }

    /// Matches and target, with a comment.
    #[must_use]
    pub fn with_comment(&self, comment: &str) -> String {
        let comment = format!("-m comment --comment {}", iptables_words::quote(comment));
        let parts = [self.conditions.as_str(), &comment, &self.jump];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Whether a rule of the same chain does just the same, whatever its comment.
    #[must_use]
    pub fn means(&self, other: &Rule) -> bool {
        !other.opaque && Rule { comment: None, ..other.clone() } == self.rule
    }

    /// Whether both are one rule.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.table, self.chain) == (other.table, other.chain) && self.means(&other.rule)
    }
}

/// `mangle PREROUTING -d 192.0.2.10/32 -j MARK --set-mark 80`.
impl std::fmt::Display for FilterRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [self.table, self.chain, &self.conditions, &self.jump];
        f.write_str(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
    }
}
