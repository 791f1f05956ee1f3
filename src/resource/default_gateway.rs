//! Real servers behind NAT answer through the routers: their default gateway is the routers' inner address.

use super::{Kind, Resource};
use crate::{
    plan::{Action, Change, Diff, Stage, Step},
    probe::{Facts, Probe, Unknown},
};
use std::net::Ipv4Addr;

/// The default gateway is this address. It is only looked at: who changes it from afar may cut the host off.
#[derive(Debug, Clone, Copy)]
pub struct DefaultGateway(pub Ipv4Addr);

impl Resource for DefaultGateway {
    fn kind(&self) -> Kind {
        Kind::DefaultGateway
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::DefaultGateway]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.default_gateway()?;
        if found == Some(self.0) {
            return Ok(Diff::default());
        }
        let line = |gateway: Ipv4Addr| format!("default via {gateway}\n").into_bytes();
        let is =
            found.map_or_else(|| "there is no default gateway".to_owned(), |is| format!("the default gateway is {is}"));
        let what = format!(
            "{is}, so answers to clients do not go back through the routers: ip route replace default via {}, and say \
             so in the host's network configuration",
            self.0
        );
        let change = Change {
            needs: Vec::new(),
            drain: None,
            stage: Stage::Serve,
            action: if found.is_some() { Action::Edit } else { Action::Add },
            summary: what.clone(),
            before: found.map(line).unwrap_or_default(),
            after: line(self.0),
            step: Step::Person(what),
        };
        Ok(Diff { changes: vec![change], warnings: Vec::new() })
    }
}
