//! Piranha owns a router's IPVS table: lvs.cf says our virtual servers, and pulse has read it. The kernel's table is only
//! compared.
//!
//! What pulse (0.8.6) does when it is told to read its file again: it hands that on to its lvsd, which compares file with
//! file. New virtual servers and real servers come, and those made inactive go; all else it leaves as it was until a restart
//! (`takes.rs`). The backup has no lvsd and no clients, and is restarted instead.

mod block;
mod kernel;
mod takes;
mod texts;

pub use kernel::PiranhaService;

use super::{
    Kind, Resource, VirtualService,
    director::{self, Reading, manager, person, service_probe},
    virtual_service::one_writer,
};
use crate::{
    format::lvs_cf::LvsCf as File,
    lvs::{Netmask, Port},
    plan::{Action, Change, DaemonAct, Diff, Proof, Stage},
    probe::{DirectorDaemon, Facts, LVS_CF, Piranha, Probe, Pulse, Unknown},
};
use std::net::Ipv4Addr;
use texts::Texts;

/// One cluster on a router whose director is Piranha.
#[derive(Debug, Clone)]
pub struct PiranhaCluster {
    /// The virtual service.
    pub service: VirtualService,
    /// The virtual IP.
    pub virtual_ip: Ipv4Addr,
    /// The port at which clients connect, and real servers are looked at.
    pub control_port: Port,
    /// Where pulse brings the virtual IP up.
    pub vip_device: String,
    /// Its netmask, where the play says it.
    pub vip_netmask: Option<Netmask>,
    /// How real servers are looked at.
    pub checks: Checks,
    /// What the file says outside of virtual servers; all clusters of a router agree on it.
    pub globals: Globals,
    /// Whether pulse may be restarted to cure what it does not see.
    pub restarts: bool,
}

/// What the file says outside of virtual servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Globals {
    /// `network`.
    pub network: &'static str,
    /// `nat_router`: address and device; `nat_nmask`, where the file has none.
    pub nat_router: Option<(Ipv4Addr, String, Ipv4Addr)>,
    /// `primary`, where the play says it.
    pub primary: Option<Ipv4Addr>,
    /// `backup`, where the play says it.
    pub backup: Option<Ipv4Addr>,
}

/// How nanny looks at a real server; what is not said stays as the file says it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checks {
    /// What it sends.
    pub send: Option<String>,
    /// What must come back.
    pub expect: Option<String>,
    /// Seconds from one look to the next.
    pub timeout: Option<u32>,
    /// Seconds that a failed server must be well before it is back.
    pub reentry: Option<u32>,
}

/// The file for all clusters of a router, and the daemon that reads it.
#[derive(Debug, Clone)]
pub struct LvsCf(pub Vec<PiranhaCluster>);

impl Resource for LvsCf {
    fn kind(&self) -> Kind {
        Kind::LvsCf
    }

    fn probes(&self) -> Vec<Probe> {
        let services = self.0.iter().flat_map(|cluster| cluster.service.probes());
        services.chain([Probe::Piranha, Probe::Addresses, service_probe(DirectorDaemon::Pulse)]).collect()
    }

    fn shared(&self, facts: &Facts) -> Result<Option<(String, Vec<u8>)>, Unknown> {
        let texts = self.texts(facts.piranha()?, facts)?;
        Ok(Some((LVS_CF.to_owned(), texts.then.render().to_vec())))
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.piranha()?;
        for cluster in &self.0 {
            one_writer(cluster.service.mark, facts.directors()?, Some(DirectorDaemon::Pulse))?;
        }
        if let (None, Some((pid, path))) = (&found.pulse, &found.other) {
            return Err(unknown(format!(
                "pulse (process {pid}) reads {path}: make it read {LVS_CF}, where others look for its file"
            )));
        }
        let texts = self.texts(found, facts)?.in_one(found, self.restarts());
        let steps = Steps { router: self, found, facts, texts: &texts };
        let mut diff = Diff::default();
        let differs = texts.now != texts.old;
        if differs {
            let file = file(found.text.as_deref(), &texts.now, &texts.edits.join(", "));
            diff.changes.push(Change { needs: texts.needs.clone(), ..file });
        }
        for change in steps.read(differs)? {
            diff.changes.push(Change { needs: texts.needs.clone(), ..change });
        }
        if texts.then != texts.now {
            let later = |change: Change| Change { stage: Stage::Contract, ..change };
            // What contracts is made in the reverse order.
            if let Some(pulse) = &found.pulse {
                diff.changes.push(later(steps.reload(pulse, "servers become inactive", false, &texts.shows_then)?));
            }
            diff.changes.push(later(file(Some(texts.now.render()), &texts.then, &texts.leaving.join(", "))));
        }
        Ok(diff)
    }
}

fn unknown(why: String) -> Unknown {
    Unknown { what: LVS_CF.to_owned(), why }
}

fn file(before: Option<&[u8]>, after: &File, what: &str) -> Change {
    director::file(LVS_CF, before, after.render(), what, Proof::None)
}

/// How pulse comes to work by the file.
struct Steps<'a> {
    router: &'a LvsCf,
    found: &'a Piranha,
    facts: &'a Facts,
    texts: &'a Texts,
}

impl Steps<'_> {
    fn read(&self, differs: bool) -> Result<Vec<Change>, Unknown> {
        let Some(pulse) = &self.found.pulse else {
            return Ok(vec![self.reading(&self.texts.shows, self.will_be_active()?).by_start(self.facts)?]);
        };
        if !differs && pulse.has_read {
            let owed = "it was told to read does not count yet".to_owned();
            return if pulse.owes_restart {
                self.restart(pulse, &format!("some of what {owed}"))
            } else {
                Ok(Vec::new())
            };
        }
        let why = if differs { "it changes" } else { "it changed after pulse last read it" };
        if !self.found.is_active {
            return Ok(vec![self.reload(pulse, why, false, &self.texts.shows)?]);
        }
        let Some(read) = &self.texts.read else {
            return self.restart(pulse, "somebody changed lvs.cf, and what pulse has read of it before is not known");
        };
        let harm = takes::harm(read, &self.texts.now);
        let is_harmful = !harm.is_empty();
        let needs_it = [takes::by_restart(read, &self.texts.now), harm].concat();
        let is_owed = !needs_it.is_empty() || pulse.owes_restart;
        if is_harmful || (is_owed && self.router.restarts()) {
            return self.restart(pulse, &needs_it.join(", "));
        }
        let mut changes = vec![self.reload(pulse, why, is_owed, &self.texts.shows)?];
        if is_owed {
            changes.extend(self.restart(pulse, &needs_it.join(", "))?);
        }
        Ok(changes)
    }

    /// Where it holds no service, that is a restart: nobody notices.
    fn reload(&self, pulse: &Pulse, why: &str, owes: bool, shows: &[String]) -> Result<Change, Unknown> {
        let Pulse { pid, start_ticks, .. } = *pulse;
        if self.found.is_active {
            let act = DaemonAct::Reload { pid, start_ticks, owes_restart: owes };
            let summary = format!("pulse reads {LVS_CF} again (SIGHUP): {why}");
            return Ok(self.reading(shows, true).by(Action::Reload, summary, act));
        }
        let summary = format!("pulse, which holds no service now, reads {LVS_CF} by a restart: {why}");
        Ok(match manager(DirectorDaemon::Pulse, self.facts)? {
            Some(manager) => {
                self.reading(shows, false).by(Action::Restart, summary, DaemonAct::Restart { manager, pid })
            }
            None => person(Action::Restart, summary),
        })
    }

    /// One that clients notice.
    fn restart(&self, pulse: &Pulse, what: &str) -> Result<Vec<Change>, Unknown> {
        let manager = manager(DirectorDaemon::Pulse, self.facts)?.filter(|_| self.router.restarts());
        Ok(vec![match manager {
            Some(manager) => self.reading(&self.texts.shows, self.found.is_active).by(
                Action::Restart,
                format!("pulse is restarted: {what}"),
                DaemonAct::Restart { manager, pid: pulse.pid },
            ),
            None => person(Action::Restart, only_by_restart(what)),
        }])
    }

    fn reading(&self, shows: &[String], is_active: bool) -> Reading {
        let shows = if is_active { shows.to_vec() } else { Vec::new() };
        Reading { daemon: DirectorDaemon::Pulse, shows, patience: self.texts.patience }
    }

    /// Whether pulse will hold the service when it is started.
    fn will_be_active(&self) -> Result<bool, Unknown> {
        let addresses = self.facts.addresses()?;
        Ok(self.texts.primary.is_none_or(|primary| addresses.contains(&primary)) || !self.texts.has_backup)
    }
}

/// What is told to a person.
fn only_by_restart(what: &str) -> String {
    format!(
        "{what}: only a restart of pulse cures that, and takes the virtual IP away for a moment: restart it when few clients \
         are there, or let us (routers: director_restart: on_drift)"
    )
}

impl LvsCf {
    fn restarts(&self) -> bool {
        self.0.iter().all(|cluster| cluster.restarts)
    }
}
