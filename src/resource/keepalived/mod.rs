//! keepalived owns a router's IPVS table: its file says our virtual services, and it has read the file. The kernel's table
//! is only compared.

mod block;
mod kernel;
mod scripts;
mod texts;
mod vrrp;

pub use block::{Check, Monitor, Vrrp};
pub use kernel::KeepalivedService;

use super::{
    Kind, Resource, VirtualService,
    director::{self, Reading, service_probe},
    virtual_service::one_writer,
};
use crate::{
    plan::{Action, Change, DaemonAct, Diff, Drain, Proof, Stage, Wait},
    probe::{DirectorDaemon, Facts, KEEPALIVED_CONF, Keepalived, Probe, Unknown},
};

/// One cluster on a router whose director is keepalived.
#[derive(Debug, Clone)]
pub struct KeepalivedCluster {
    /// The virtual service.
    pub service: VirtualService,
    /// The port that a health check connects to.
    pub control_port: crate::lvs::Port,
    /// How real servers are looked at; nothing: checks that are there stay, and a server without any gets a connection.
    pub monitor: Option<Monitor>,
    /// What moves the virtual IP, where the play says so.
    pub vrrp: Option<Vrrp>,
    /// Whether keepalived may be restarted to cure what it does not see.
    pub restarts: bool,
}

/// The file for all clusters of a router, and the daemon that reads it.
#[derive(Debug, Clone)]
pub struct KeepalivedConf(pub Vec<KeepalivedCluster>);

impl Resource for KeepalivedConf {
    fn kind(&self) -> Kind {
        Kind::KeepalivedConf
    }

    fn probes(&self) -> Vec<Probe> {
        let services = self.0.iter().flat_map(|cluster| cluster.service.probes());
        services.chain([Probe::Keepalived, service_probe(DirectorDaemon::Keepalived)]).collect()
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.keepalived()?;
        for cluster in &self.0 {
            one_writer(cluster.service.mark, facts.directors()?, Some(DirectorDaemon::Keepalived))?;
        }
        if let (None, Some((pid, path))) = (&found.daemon, &found.other) {
            let why = format!(
                "keepalived (process {pid}) reads {path}: make it read {KEEPALIVED_CONF}, where others look for its file"
            );
            return Err(Unknown { what: KEEPALIVED_CONF.to_owned(), why });
        }
        let texts = self.texts(found, facts)?;
        let old = found.text.clone().unwrap_or_default();
        let mut diff = Diff::default();
        let differs = texts.now != old;
        if differs {
            diff.warnings.extend(scripts::ends_with_6(found, &texts.now));
            let file = self.file(found.text.as_deref(), &texts.now, &texts.edits.join(", "));
            diff.changes.push(Change { needs: texts.needs.clone(), ..file });
        }
        match &found.daemon {
            Some(daemon) if differs || !daemon.has_read => {
                let why = if differs { "it changes" } else { "it changed after the daemon last read it" };
                diff.changes.push(Change { needs: texts.needs.clone(), ..reload(found, why, texts.shows.clone()) });
            }
            Some(_) => {}
            None => diff
                .changes
                .push(Change { needs: texts.needs.clone(), ..reading(texts.shows.clone()).by_start(facts)? }),
        }
        diff.warnings.extend(scripts::disabled(found, &texts.now));
        if texts.then != texts.now {
            let drain = Drain {
                waits: vec![Wait::Connections(texts.connections)],
                timeout: self.0.iter().map(|cluster| cluster.service.drain_timeout).max().unwrap_or_default(),
            };
            let later = |change: Change| Change { stage: Stage::Contract, drain: Some(drain.clone()), ..change };
            let what = format!("{} (drained)", texts.leaving.join(", "));
            // What contracts is made in the reverse order.
            diff.changes.push(later(reload(found, "what was drained goes", texts.shows_then)));
            diff.changes.push(later(self.file(Some(&texts.now), &texts.then, &what)));
        }
        Ok(diff)
    }
}

impl KeepalivedConf {
    fn file(&self, before: Option<&[u8]>, after: &[u8], what: &str) -> Change {
        let proof = Proof::Keepalived { checks: self.0.iter().flat_map(KeepalivedCluster::logins).collect() };
        director::file(KEEPALIVED_CONF, before, after, what, proof)
    }
}

/// For so many seconds the kernel is waited for.
const PATIENCE: u32 = 5;

const fn reading(shows: Vec<String>) -> Reading {
    Reading { daemon: DirectorDaemon::Keepalived, shows, patience: PATIENCE }
}

fn reload(found: &Keepalived, why: &str, shows: Vec<String>) -> Change {
    let (pid, start_ticks) = found.daemon.as_ref().map_or((0, 0), |daemon| (daemon.pid, daemon.start_ticks));
    reading(shows).by(
        Action::Reload,
        format!("keepalived reads {KEEPALIVED_CONF} again (SIGHUP): {why}"),
        DaemonAct::Reload { pid, start_ticks, owes_restart: false },
    )
}
