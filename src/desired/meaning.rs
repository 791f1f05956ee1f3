//! What the inputs mean for a run, as a digest: spelling, order of keys and what the run does not use are not in it.

use super::Target;
use crate::probe::digest;

/// The digest of what these hosts shall have, and of how they are reached.
#[must_use]
pub fn meaning(targets: &[Target]) -> String {
    let mut text = String::new();
    for Target { host, wanted, routes, serves } in targets {
        text.push_str(&format!("{} {:?} {:?} {routes:?} {serves:?}\n", host.name, host.connection, host.become_));
        text.extend(wanted.iter().map(|wanted| format!("{} {:?}\n", wanted.play, wanted.resource)));
    }
    digest(text.as_bytes())
}
