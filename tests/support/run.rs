//! Whole runs by the library, that nobody waits for, reviews or interrupts.
#![allow(dead_code, reason = "each suite uses a part")]

use lvs_ftp::{
    desired::Target,
    host::{Change, Observe},
    run::{self, Options, Outcome},
};

/// So many hosts at a time, and nothing else.
pub fn options(forks: usize) -> Options<'static> {
    Options { forks, ..Options::default() }
}

pub fn check<H: Observe>(hosts: &[(Target, H)], forks: usize) -> Vec<Outcome> {
    run::check(hosts, &options(forks))
}

pub fn apply<H: Change>(hosts: &[(Target, H)], forks: usize) -> Vec<Outcome> {
    run::apply(hosts, &options(forks)).unwrap()
}
