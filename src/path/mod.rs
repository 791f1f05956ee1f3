//! The path of FTP's packets through the hosts: each sort of packet passes, is lost somewhere, or it cannot be told.
//!
//! A pure function of facts. It looks at all that a packet meets, whoever put it there, and touches nothing.

mod finding;
mod matching;
mod packet;
mod router;
mod rule;
mod server;
mod service;
mod sight;
mod tables;
#[cfg(test)]
mod tests;
mod truth;
mod verdict;
mod walk;

pub use finding::{Finding, Weight};
pub use router::{Fate, Router};
pub use server::Server;
pub use service::{Mode, Service, Sort};
pub use sight::{Gateway, Role, Sight, together};
pub use tables::Tables;
pub use verdict::{Cause, Loss, Verdict};
