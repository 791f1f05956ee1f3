//! The path of FTP's packets through the hosts: each sort of packet passes, is lost somewhere, or it cannot be told.
//!
//! A pure function of facts. It looks at all that a packet meets, whoever put it there, and touches nothing.

mod matching;
mod packet;
mod router;
mod rule;
mod service;
mod tables;
#[cfg(test)]
mod tests;
mod truth;
mod verdict;
mod walk;

pub use router::{Fate, Router};
pub use service::{Mode, Service, Sort};
pub use tables::Tables;
pub use verdict::{Cause, Loss, Verdict};
