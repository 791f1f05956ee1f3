//! The virtual service of a firewall mark is not there: its destinations get no new clients, and it goes when its
//! connections have ended.

use super::{
    Kind, Resource,
    virtual_service::{one_writer, quiesced},
};
use crate::{
    format::ipvs::{Destination, Service, ServiceKey},
    lvs::FirewallMark,
    plan::{Action, Change, Diff, Drain, Edit, IpvsEdit, Stage, Step, Wait},
    probe::{Facts, Probe, Unknown},
};

/// No service of a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpvsGone {
    /// The mark.
    pub mark: FirewallMark,
    /// Seconds that its connections may last.
    pub drain_timeout: u32,
}

impl Resource for IpvsGone {
    fn kind(&self) -> Kind {
        Kind::VirtualService
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::Ipvs, Probe::Directors]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let ipvs = facts.ipvs()?;
        one_writer(self.mark, facts.directors()?, None)?;
        let key = ServiceKey::mark(self.mark.get());
        let mut diff = Diff::default();
        let Some(found) = ipvs.table.service(&key) else { return Ok(diff) };
        let drained = |one: &Destination| Destination { weight: 0, ..one.clone() };
        let busy = found.destinations.iter().filter(|one| one.weight != 0);
        diff.changes.extend(busy.map(|one| quiesced(&key, one, &drained(one))));
        // By then they have been drained.
        let service = Service { destinations: found.destinations.iter().map(drained).collect(), ..found.clone() };
        let waits = vec![Wait::Connections(ipvs.connections_beside(self.mark.get(), &[]))];
        diff.changes.push(Change {
            needs: Vec::new(),
            drain: Some(Drain { waits, timeout: self.drain_timeout }),
            stage: Stage::Contract,
            action: Action::Remove,
            summary: format!("virtual service {service}"),
            before: format!("{service}\n").into_bytes(),
            after: Vec::new(),
            step: Step::Ipvsadm(IpvsEdit::Service(Edit::Remove(service))),
        });
        Ok(diff)
    }
}
