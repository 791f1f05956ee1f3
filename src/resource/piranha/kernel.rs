//! What Piranha made of its file in the kernel's table. It is compared and never edited: its nannies would not know.

use super::{LvsCf, PiranhaCluster, Steps, texts::destinations};
use crate::{
    format::{
        ipvs::{Destination, Service, ServiceKey},
        lvs_cf::{self, Statement},
    },
    plan::Diff,
    probe::{Facts, Nanny, Piranha, Probe, Pulse, Told, Unknown},
    resource::{Kind, Resource},
};

/// The kernel's service of one cluster is what the file says, but for real servers whose check failed.
#[derive(Debug, Clone)]
pub struct PiranhaService {
    /// The cluster.
    pub cluster: PiranhaCluster,
    /// The file with all clusters of the router.
    pub conf: LvsCf,
}

/// What a look at the table tells.
#[derive(Default)]
struct Found {
    drift: Vec<String>,
    health: Vec<String>,
}

impl Resource for PiranhaService {
    fn kind(&self) -> Kind {
        Kind::VirtualService
    }

    fn probes(&self) -> Vec<Probe> {
        self.conf.probes()
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let piranha = facts.piranha()?;
        let texts = self.conf.texts(piranha, facts)?;
        // A file that changes changes the kernel, too; and what it is told by a restart is told already.
        let is_read = |pulse: &&Pulse| pulse.has_read && !pulse.owes_restart && texts.now == texts.old;
        let Some(pulse) = piranha.pulse.as_ref().filter(is_read) else {
            return Ok(Diff::default());
        };
        // The backup's table is empty.
        if !piranha.is_active {
            return Ok(Diff::default());
        }
        let older = self.cluster.service.older(facts)?;
        let key = ServiceKey::mark(self.cluster.service.mark.get());
        let block = self.cluster.ours(&texts.now, &older);
        let mut found = self.compare(facts.ipvs()?.table.service(&key), block, piranha);
        let up = facts.addresses()?;
        let nat = self.cluster.globals.nat_router.as_ref().map(|(address, ..)| *address);
        let missing = std::iter::once(self.cluster.virtual_ip).chain(nat).filter(|address| !up.contains(address));
        found.drift.extend(missing.map(|address| format!("{address} is not up on the active router")));
        let mut diff = Diff { changes: Vec::new(), warnings: found.health };
        if !found.drift.is_empty() {
            let what = format!("IPVS table: {}", found.drift.join("; "));
            let steps = Steps { router: &self.conf, found: piranha, facts, texts: &texts };
            diff.changes.extend(steps.restart(pulse, &what)?);
        }
        Ok(diff)
    }
}

impl PiranhaService {
    fn compare(&self, observed: Option<&Service>, block: Option<&Statement>, piranha: &Piranha) -> Found {
        let mut found = Found::default();
        let wanted = self.cluster.service.wanted(observed);
        let Some(observed) = observed else {
            found.drift.push(format!("virtual service {wanted} is missing"));
            return found;
        };
        if observed.words() != wanted.words() {
            found.drift.push(format!("virtual service {observed} is not {wanted}"));
        }
        let servers = destinations(block);
        for (address, server) in &servers {
            let destination = observed.destinations.iter().find(|one| one.address == *address);
            self.server(address, server, block, destination, piranha, &mut found);
        }
        let sorry = block.and_then(|block| block.value("sorry_server")).unwrap_or("nobody");
        for extra in &observed.destinations {
            let is_sorry = extra.address.split(':').next() == Some(sorry);
            if !is_sorry && !servers.iter().any(|(address, _)| *address == extra.address) {
                found.drift.push(format!("destination {extra} is no active server of the file"));
            }
        }
        found
    }

    /// One active server of the file.
    fn server(
        &self,
        address: &str,
        server: &Statement,
        block: Option<&Statement>,
        observed: Option<&Destination>,
        piranha: &Piranha,
        found: &mut Found,
    ) {
        let weight = lvs_cf::number_of(server, "weight").unwrap_or(1);
        let ip = lvs_cf::address(server);
        let mark = self.cluster.service.mark.get();
        let nanny = piranha.nannies.iter().find(|one| one.mark == mark && Some(one.address) == ip);
        let Some(nanny) = nanny else {
            found.drift.push(format!("nobody looks at {address}: it has no nanny"));
            return;
        };
        if let Some(one) = observed.filter(|one| one.forwarding != self.cluster.service.forwarding) {
            let flag = self.cluster.service.forwarding.flag();
            found.drift.push(format!("destination {one} is not {flag} as the file says"));
            return;
        }
        if let Some(one) = observed.filter(|one| one.weight != 0) {
            let is_by_load = block.and_then(|block| block.value("load_monitor")).is_some_and(|tool| tool != "none");
            if !is_by_load && one.weight != weight && !rises(one.weight, weight, nanny) {
                found.drift.push(format!("destination {one} has not the file's weight {weight}"));
            }
            return;
        }
        let host = ip.and_then(|ip| self.cluster.serves(ip)).and_then(|server| server.host.as_ref());
        let name = host.map_or_else(String::new, |host| format!(" ({host})"));
        let state = if observed.is_some() { "has weight 0" } else { "is out" };
        match &nanny.last {
            Some(Told { is_up: true, when }) => {
                found.drift.push(format!("destination {address} {state}, and its check has been well since {when}"));
            }
            Some(Told { is_up: false, when }) => {
                found.health.push(format!("health: {address}{name} {state}: its check failed, {when}"));
            }
            None => found.health.push(format!("health: {address}{name} {state}; the log does not tell since when")),
        }
    }
}

/// A nanny lets its server in with a part of its weight, a 32nd or 1, and doubles that again and again.
fn rises(now: i64, weight: i64, nanny: &Nanny) -> bool {
    let first = (weight >> 5).max(1);
    nanny.weight == weight
        && std::iter::successors(Some(first), |last| Some(last * 2)).take(17).any(|step| step == now && step < weight)
}
