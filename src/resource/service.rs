//! A service starts at boot in its runlevels, and runs, as wanted. What is so already is not touched.

use super::{Kind, Resource};
use crate::{
    format::vsftpd_conf::{VsftpdConf, boolean},
    plan::{Action, Change, Diff, ServiceAct, Stage, Step},
    probe::{Facts, Probe, Service as Found, ServiceManager, Unknown, Vsftpd},
};
use std::collections::{BTreeMap, BTreeSet};

/// Which of a service's two states is meant: one is boot state, the other one running state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Whether it starts in these runlevels.
    AtBoot(BTreeSet<u8>, bool),
    /// Whether it runs.
    Running(bool),
}

/// One state of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its names, the first that the host has counts: distributions differ.
    pub names: Vec<String>,
    /// What it is for, when the host has none of them.
    pub purpose: String,
    /// The state.
    pub wish: Wish,
    /// A probe of vsftpd that sees the daemon itself: a status script knows only what it started. Of what loads the saved
    /// packet filter, the probe that sees who else sets it.
    pub witness: Option<Probe>,
}

impl Resource for Service {
    fn kind(&self) -> Kind {
        match self.wish {
            Wish::AtBoot(..) => Kind::ServiceAtBoot,
            Wish::Running(_) => Kind::ServiceRunning,
        }
    }

    fn probes(&self) -> Vec<Probe> {
        std::iter::once(self.probe()).chain(self.witness.clone()).collect()
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        if self.wish == Wish::Running(true) && self.is_seen(facts)? {
            return Ok(Diff::default());
        }
        if matches!(self.wish, Wish::AtBoot(_, true)) && self.has_rival(facts)? {
            return Ok(Diff::default());
        }
        let probe = self.probe();
        let mut diff = Diff::default();
        for name in &self.names {
            let (manager, found) = facts.service(&probe, name)?;
            let Some(manager) = manager else {
                let what =
                    "no service manager that we know is there: systemd, OpenRC, chkconfig or update-rc.d".to_owned();
                diff.changes.push(self.made(Action::Add, what.clone(), Step::Person(what)));
                return Ok(diff);
            };
            if found.exists {
                let missed = self.wish == Wish::Running(true) && self.is_missed(facts)?;
                let running = if missed { Some(false) } else { found.running };
                diff.changes.extend(self.change(manager, &Found { running, ..found.clone() }));
                return Ok(diff);
            }
        }
        let wanted = !matches!(self.wish, Wish::AtBoot(_, false) | Wish::Running(false));
        if wanted {
            let what = format!("there is no service {}: install {}", self.names.join(" or "), self.purpose);
            diff.changes.push(self.made(Action::Add, what.clone(), Step::Person(what)));
        }
        Ok(diff)
    }
}

impl Service {
    /// Whether both speak of one state of one service.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.names.iter().any(|name| other.names.contains(name))
    }

    /// Whether something else sets the packet filter at boot. What to do then the saved packet filter tells: a rival of it is
    /// never enabled.
    fn has_rival(&self, facts: &Facts) -> Result<bool, Unknown> {
        if self.witness != Some(Probe::FilterOwners) {
            return Ok(false);
        }
        Ok(facts.filter_owners()?.iter().any(|owner| !owner.loads_saved_rules()))
    }

    /// Whether the witness sees the daemon, or a configuration by which inetd starts it.
    fn is_seen(&self, facts: &Facts) -> Result<bool, Unknown> {
        let Some(Probe::Vsftpd(conf)) = &self.witness else { return Ok(false) };
        let found = facts.vsftpd(conf.as_deref())?;
        let off = |key| Self::listens(found, key) == Some(false);
        Ok(!found.daemons.is_empty() || (off("listen") && off("listen_ipv6")))
    }

    /// Whether the service manager is wrong that the daemon runs: the file makes vsftpd a daemon, and no process is one. A
    /// status script takes a zombie, or a process id that another program has now, for its daemon.
    fn is_missed(&self, facts: &Facts) -> Result<bool, Unknown> {
        let Some(Probe::Vsftpd(conf)) = &self.witness else { return Ok(false) };
        let found = facts.vsftpd(conf.as_deref())?;
        let is_daemon = ["listen", "listen_ipv6"].iter().any(|key| Self::listens(found, key) == Some(true));
        Ok(is_daemon && found.daemons.is_empty())
    }

    fn listens(found: &Vsftpd, key: &str) -> Option<bool> {
        VsftpdConf::parse(&found.text).value(key).and_then(boolean)
    }

    fn probe(&self) -> Probe {
        let running = matches!(self.wish, Wish::Running(_));
        Probe::Services(self.names.iter().map(|name| (name.clone(), running)).collect::<BTreeMap<_, _>>())
    }

    fn change(&self, manager: ServiceManager, found: &Found) -> Option<Change> {
        let known =
            |levels: &BTreeSet<u8>| -> BTreeSet<u8> { levels.iter().map(|one| manager.runlevel(*one)).collect() };
        let act = match &self.wish {
            Wish::AtBoot(levels, true) if !known(levels).is_subset(&found.runlevels) => {
                ServiceAct::Enable(levels.iter().copied().collect())
            }
            Wish::AtBoot(levels, false) if !known(levels).is_disjoint(&found.runlevels) => {
                ServiceAct::Disable(levels.iter().copied().collect())
            }
            Wish::Running(true) if found.running == Some(false) => ServiceAct::Start,
            Wish::Running(false) if found.running == Some(true) => ServiceAct::Stop,
            _ => return None,
        };
        let (action, words) = match &act {
            ServiceAct::Enable(levels) => {
                (Action::Enable, format!("{} starts at boot in runlevels {}", found.name, list(levels)))
            }
            ServiceAct::Disable(levels) => {
                (Action::Disable, format!("{} does not start at boot in runlevels {}", found.name, list(levels)))
            }
            ServiceAct::Start => (Action::Start, format!("{} runs", found.name)),
            ServiceAct::Stop => (Action::Stop, format!("{} does not run", found.name)),
        };
        let cannot = match &act {
            ServiceAct::Enable(_) => found.cannot_enable.as_str(),
            ServiceAct::Disable(_) => found.cannot_disable.as_str(),
            ServiceAct::Start => found.cannot_start.as_str(),
            ServiceAct::Stop => "",
        };
        if !cannot.is_empty() {
            let what = format!("{words}, but {cannot}");
            return Some(self.made(action, what.clone(), Step::Person(what)));
        }
        Some(self.made(action, words, Step::Service { manager, name: found.name.clone(), act }))
    }

    fn made(&self, action: Action, summary: String, step: Step) -> Change {
        let stage = if matches!(self.wish, Wish::Running(_)) { Stage::Serve } else { Stage::Persist };
        Change { needs: Vec::new(), drain: None, stage, action, summary, before: Vec::new(), after: Vec::new(), step }
    }
}

fn list(levels: &[u8]) -> String {
    levels.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::{Service, Wish};
    use crate::{
        plan::Step,
        probe::{Answer, Facts, Probe},
        resource::Resource,
    };

    /// systemd and OpenRC know no runlevels 2 and 4: what starts on the way to a login prompt starts there too.
    #[test]
    fn runlevels_that_a_manager_does_not_know_count_as_multi_user() {
        for (levels, enabled, text, differs) in [
            (&[2, 3, 4, 5][..], true, "manager systemd\nsshd state enabled\nsshd target multi-user\n", false),
            (&[2, 3, 4, 5], true, "manager openrc\nsshd script yes\nsshd level default\n", false),
            (&[2], true, "manager systemd\nsshd state disabled\n", true),
            (&[4], true, "manager systemd\nsshd state enabled\nsshd target graphical\n", true),
            (&[4], false, "manager openrc\nsshd script yes\nsshd level default\n", true),
            (&[2, 4], false, "manager systemd\nsshd state enabled\nsshd target graphical\n", false),
            (&[2, 3, 5], true, "manager update-rc.d\nsshd script yes\nsshd link 3\nsshd link 5\n", true),
        ] {
            let wish = Wish::AtBoot(levels.iter().copied().collect(), enabled);
            let service = Service { names: vec!["sshd".to_owned()], purpose: String::new(), wish, witness: None };
            let answers = [Answer { stdout: text.as_bytes().to_vec(), ..Answer::default() }];
            let diff = service.diff(&Facts::read(&service.probes(), answers)).unwrap_or_default();
            assert_eq!(diff.changes.len(), usize::from(differs), "{levels:?} {enabled} {text}");
        }
    }

    /// One source of truth: the daemon's process, whatever a status script takes for it.
    #[test]
    fn a_status_script_that_is_wrong_starts_vsftpd() {
        let probe = Probe::Vsftpd(None);
        let names = vec!["vsftpd".to_owned()];
        let service =
            Service { names, purpose: String::new(), wish: Wish::Running(true), witness: Some(probe.clone()) };
        let daemon =
            "(vsftpd) S 1 77 77 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 500 1 | /dev/null | /dev/null | /usr/sbin/vsftpd|\n";
        let zombie = "(vsftpd) Z 1 77 77 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 500 1 |  |  | \n";
        for (process, conf, starts) in [
            (Some(daemon), "listen=YES\n", false),
            (Some(zombie), "listen=YES\n", true),
            (Some(zombie), "listen_ipv6=YES\n", true),
            (None, "listen=YES\n", true),
            // inetd starts it, or its script knows better.
            (None, "listen=NO\nlisten_ipv6=NO\n", false),
            (None, "ftpd_banner=hello\n", false),
        ] {
            let process = process.map(|process| format!("process 77 {process}")).unwrap_or_default();
            let facts = format!(
                "conf /etc/vsftpd.conf\nchanged 1000 2026-01-01 00:00:00.5 +0000\nnow 2000.5 1900.00 100\nticks 190000\n{process}"
            );
            let said = |text: &str| Answer { stdout: text.into(), ..Answer::default() };
            let status = said("manager update-rc.d\nvsftpd script yes\nvsftpd status 0\n");
            let answers = [status, said(&facts), said(conf)];
            let diff = service.diff(&Facts::read(&service.probes(), answers)).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!(diff.changes.len(), usize::from(starts), "{process}{conf}");
        }
    }

    /// Somebody wants a masked unit off: only a person can undo that.
    #[test]
    fn a_masked_unit_is_not_started() {
        let names = vec!["vsftpd".to_owned()];
        let service = Service { names, purpose: String::new(), wish: Wish::Running(true), witness: None };
        for (state, is_a_persons) in [("masked", true), ("masked-runtime", true), ("enabled", false)] {
            let text = format!("manager systemd\nvsftpd state {state}\nvsftpd active inactive\n");
            let answers = [Answer { stdout: text.into_bytes(), ..Answer::default() }];
            let diff = service.diff(&Facts::read(&service.probes(), answers)).unwrap_or_default();
            assert_eq!(diff.changes.len(), 1, "{state}");
            assert_eq!(matches!(diff.changes[0].step, Step::Person(_)), is_a_persons, "{state}");
        }
    }
}
