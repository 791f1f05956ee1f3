//! The chains of a packet filter, each read when a packet first comes there: a big router's other rules cost nothing.

use super::rule::PathRule;
use crate::format::iptables_save::IptablesSave;
use std::{cell::OnceCell, collections::HashMap};

/// All chains of one backend.
#[derive(Debug)]
pub struct Tables<'a> {
    chains: HashMap<&'a str, HashMap<&'a str, Chain<'a>>>,
}

/// A chain.
#[derive(Debug)]
pub struct Chain<'a> {
    /// Whether what no rule decides is dropped; a user's own chain has no policy.
    pub drops: bool,
    lines: Vec<&'a [u8]>,
    rules: OnceCell<Vec<PathRule>>,
}

impl<'a> Tables<'a> {
    /// The chains of a dump.
    #[must_use]
    pub fn of(dump: &'a IptablesSave) -> Self {
        let mut chains: HashMap<&str, HashMap<&str, Chain<'_>>> = HashMap::new();
        for (table, chain, policy) in dump.chains() {
            let known = Chain { drops: policy == "DROP", lines: Vec::new(), rules: OnceCell::new() };
            chains.entry(table).or_default().insert(chain, known);
        }
        for (table, chain, line) in dump.lines() {
            let known = chains.entry(table).or_default().entry(chain);
            let chain = known.or_insert_with(|| Chain { drops: false, lines: Vec::new(), rules: OnceCell::new() });
            chain.lines.push(line);
        }
        Self { chains }
    }

    /// A chain; nothing where there is none.
    #[must_use]
    pub fn chain(&self, table: &str, chain: &str) -> Option<&Chain<'a>> {
        self.chains.get(table)?.get(chain)
    }

    /// Whether a rule of the filter table, in this chain or in one that somebody made, asks for a packet's state.
    #[must_use]
    pub fn asks_for_state(&self, hook: &str) -> bool {
        let is_there = |name: &str| name == hook || !["INPUT", "FORWARD", "OUTPUT"].contains(&name);
        let filter = self.chains.get("filter").into_iter().flatten();
        let mut chains = filter.filter(|(name, _)| is_there(name));
        chains.any(|(_, chain)| {
            chain.lines.iter().any(|line| {
                let text = String::from_utf8_lossy(line);
                text.contains("--ctstate") || text.contains("--state")
            })
        })
    }

    /// Whether a table has rules at all, or drops by a policy.
    #[must_use]
    pub fn decides(&self, table: &str) -> bool {
        let mut chains = self.chains.get(table).into_iter().flatten();
        chains.any(|(_, chain)| chain.drops || !chain.lines.is_empty())
    }
}

impl Chain<'_> {
    /// Its rules, in order.
    pub fn rules(&self) -> &[PathRule] {
        self.rules.get_or_init(|| self.lines.iter().map(|line| PathRule::parse(line)).collect())
    }
}
