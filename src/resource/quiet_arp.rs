//! A real server that has the virtual IP itself does not tell the network so: the routers answer for it.

use super::{Kind, Resource};
use crate::{
    plan::{Action, Change, Diff, Stage, Step},
    probe::{Arp, Facts, Probe, Unknown},
};

/// `net.ipv4.conf.all.arp_ignore` is 1 and `arp_announce` is 2, now.
#[derive(Debug, Clone, Copy)]
pub struct QuietArp;

impl Resource for QuietArp {
    fn kind(&self) -> Kind {
        Kind::QuietArp
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::QuietArp]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let Arp { ignore, announce } = facts.arp()?;
        if (ignore, announce) == (1, 2) {
            return Ok(Diff::default());
        }
        let text = |ignore, announce| {
            format!("net.ipv4.conf.all.arp_ignore = {ignore}\nnet.ipv4.conf.all.arp_announce = {announce}\n")
                .into_bytes()
        };
        let change = Change {
            needs: Vec::new(),
            drain: None,
            stage: Stage::Serve,
            action: Action::Edit,
            summary: format!("net.ipv4.conf.all: arp_ignore {ignore} -> 1, arp_announce {announce} -> 2"),
            before: text(ignore, announce),
            after: text(1, 2),
            step: Step::QuietArp,
        };
        Ok(Diff { changes: vec![change], warnings: Vec::new() })
    }
}
