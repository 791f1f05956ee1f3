//! What daemons that own the IPVS table have in common: their file is replaced, they are made to read it, and what they do
//! not see is a person's.

use crate::{
    format::cksum::cksum,
    plan::{Action, Change, DaemonAct, Proof, Stage, Step},
    probe::{DirectorDaemon, Facts, Probe, ServiceManager, Unknown},
};
use std::collections::BTreeMap;

/// What observes the daemon's service.
pub(super) fn service_probe(daemon: DirectorDaemon) -> Probe {
    Probe::Services(BTreeMap::from([(daemon.name().to_owned(), false)]))
}

/// What manages it.
pub(super) fn manager(daemon: DirectorDaemon, facts: &Facts) -> Result<Option<ServiceManager>, Unknown> {
    facts.service(&service_probe(daemon), daemon.name()).map(|(manager, _)| manager)
}

/// Its file gets another text.
pub(super) fn file(path: &str, before: Option<&[u8]>, after: &[u8], what: &str, proof: Proof) -> Change {
    Change {
        needs: Vec::new(),
        drain: None,
        stage: Stage::Steer,
        action: if before.is_some() { Action::Edit } else { Action::Add },
        summary: format!("{path}: {what}"),
        before: before.unwrap_or_default().to_vec(),
        after: after.to_vec(),
        step: Step::File { path: path.into(), observed: before.map(cksum), text: after.to_vec(), proof },
    }
}

/// How the daemon reads it, and for how many seconds the kernel is waited for to show this.
pub(super) struct Reading {
    pub daemon: DirectorDaemon,
    pub shows: Vec<String>,
    pub patience: u32,
}

impl Reading {
    pub fn by(self, action: Action, summary: String, act: DaemonAct) -> Change {
        let Self { daemon, shows, patience } = self;
        Change {
            needs: Vec::new(),
            drain: None,
            stage: Stage::Steer,
            action,
            summary,
            before: Vec::new(),
            after: Vec::new(),
            step: Step::Director { daemon, act, shows, patience },
        }
    }

    /// It is started.
    pub fn by_start(self, facts: &Facts) -> Result<Change, Unknown> {
        let name = self.daemon.name();
        let (manager, service) = facts.service(&service_probe(self.daemon), name)?;
        Ok(match manager {
            Some(manager) if service.exists && service.cannot_start.is_empty() => {
                self.by(Action::Start, format!("{name} runs"), DaemonAct::Start(manager))
            }
            Some(_) if service.exists => person(Action::Start, format!("{name} runs, but {}", service.cannot_start)),
            _ => person(Action::Start, format!("there is no service {name}: install {name}")),
        })
    }
}

/// What only a person can do.
pub(super) fn person(action: Action, what: String) -> Change {
    Change {
        needs: Vec::new(),
        drain: None,
        stage: Stage::Steer,
        action,
        summary: what.clone(),
        before: Vec::new(),
        after: Vec::new(),
        step: Step::Person(what),
    }
}
