//! What keepalived made of its file in the kernel's table. It is compared and never edited: keepalived would not know.

use super::{
    KeepalivedCluster, KeepalivedConf,
    block::{real_servers, tells},
    reading,
};
use crate::{
    format::{
        ipvs::{Destination, Service, ServiceKey},
        keepalived_conf::{KeepalivedConf as File, Statement},
    },
    plan::{Action, DaemonAct, Diff},
    probe::{DirectorDaemon, Facts, KEEPALIVED_CONF, Keepalived, Probe, Unknown},
    resource::{
        Kind, Resource,
        director::{manager, person},
    },
};
use jiff::Timestamp;

/// The kernel's service of one cluster is what the file says, but for real servers whose health check failed.
#[derive(Debug, Clone)]
pub struct KeepalivedService {
    /// The cluster.
    pub cluster: KeepalivedCluster,
    /// The file with all clusters of the router.
    pub conf: KeepalivedConf,
}

/// What a look at the table tells.
#[derive(Default)]
struct Found {
    drift: Vec<String>,
    health: Vec<String>,
}

impl Resource for KeepalivedService {
    fn kind(&self) -> Kind {
        Kind::VirtualService
    }

    fn probes(&self) -> Vec<Probe> {
        self.conf.probes()
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let keepalived = facts.keepalived()?;
        let texts = self.conf.texts(keepalived, facts)?;
        let Some(daemon) = keepalived.daemon.as_ref().filter(|daemon| daemon.has_read) else {
            return Ok(Diff::default());
        };
        // A file that changes changes the kernel, too.
        if keepalived.text.as_ref() != Some(&texts.now) {
            return Ok(Diff::default());
        }
        let file = File::parse(&texts.now)
            .map_err(|malformed| Unknown { what: KEEPALIVED_CONF.to_owned(), why: malformed.to_string() })?;
        let key = ServiceKey::mark(self.cluster.service.mark.get());
        let found = self.compare(facts.ipvs()?.table.service(&key), &file, keepalived);
        let mut diff = Diff { changes: Vec::new(), warnings: found.health };
        if !found.drift.is_empty() {
            let what = format!("IPVS table: {}", found.drift.join("; "));
            let manager = manager(DirectorDaemon::Keepalived, facts)?;
            let change = if let Some(manager) = manager.filter(|_| self.cluster.restarts) {
                let act = DaemonAct::Restart { manager, pid: daemon.pid };
                reading(texts.shows).by(Action::Restart, format!("keepalived is restarted: {what}"), act)
            } else {
                let text = format!(
                    "{what}; keepalived does not see that, and a reload does not change it: restart keepalived when few \
                     clients are there, or let us (routers: director_restart: on_drift)"
                );
                person(Action::Edit, text)
            };
            diff.changes.push(change);
        }
        Ok(diff)
    }
}

impl KeepalivedService {
    fn compare(&self, observed: Option<&Service>, file: &File, keepalived: &Keepalived) -> Found {
        let mut found = Found::default();
        let wanted = self.cluster.service.wanted(observed);
        let Some(observed) = observed else {
            found.drift.push(format!("virtual service {wanted} is missing"));
            return found;
        };
        if observed.words() != wanted.words() {
            found.drift.push(format!("virtual service {observed} is not {wanted}"));
        }
        let block = file.statements.iter().rfind(|one| self.cluster.is_ours(one));
        let servers: Vec<(String, &Statement)> = block.into_iter().flat_map(real_servers).collect();
        for (address, server) in &servers {
            let weight = self.cluster.serves(address).map_or(0, |known| known.weight.get());
            let destination = observed.destinations.iter().find(|one| one.address == *address);
            self.server(address, weight, server, destination, keepalived, &mut found);
        }
        let sorry = block.and_then(|block| block.setting(&["sorry_server"])).unwrap_or_default();
        let sorry =
            format!("{}:{}", sorry.first().map_or("", String::as_str), sorry.get(1).map_or("0", String::as_str));
        for extra in &observed.destinations {
            if extra.address != sorry && !servers.iter().any(|(address, _)| *address == extra.address) {
                found.drift.push(format!("destination {extra} is not in the file"));
            }
        }
        found
    }

    /// One real server of the file.
    fn server(
        &self,
        address: &str,
        weight: u16,
        block: &Statement,
        observed: Option<&Destination>,
        keepalived: &Keepalived,
        found: &mut Found,
    ) {
        let is_out = match observed {
            None => true,
            Some(one) if one.forwarding != self.cluster.service.forwarding => {
                found.drift.push(format!(
                    "destination {one} is not {} as the file says",
                    self.cluster.service.forwarding.flag()
                ));
                return;
            }
            Some(one) if one.weight == i64::from(weight) => return,
            Some(one) => one.weight == 0,
        };
        let (ip, _) = address.split_once(':').unwrap_or((address, ""));
        let since = ip.parse().ok().and_then(|ip| keepalived.down.get(&(self.cluster.service.mark.get(), ip)));
        let host = self.cluster.serves(address).and_then(|server| server.host.as_ref());
        let name = host.map_or_else(String::new, |host| format!(" ({host})"));
        let state = if observed.is_some() { "has weight 0" } else { "is out" };
        match (is_out, since, tells(block)) {
            (true, Some(since), _) => {
                let since = Timestamp::from_second(*since).map_or_else(|_| since.to_string(), |time| time.to_string());
                found.health.push(format!("health: {address}{name} {state}: its check has failed since {since}"));
            }
            (true, None, false) => {
                found.health.push(format!("health: {address}{name} {state}; keepalived does not tell since when"));
            }
            _ => found.drift.push(match observed {
                None => format!("destination {address} is missing, and no check of it failed"),
                Some(one) => format!("destination {one} has not the file's weight {weight}"),
            }),
        }
    }
}
