//! Service managers as they are: systemd, Debian's update-rc.d and OpenRC's rc-update in root trees of the tests' own,
//! and chkconfig by recorded answers and a stand-in that is held against them. Runs in the lab machine, by tests/lab/suite:
//! it has the programs, OpenRC's among them.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

#[path = "real_services/chkconfig.rs"]
mod chkconfig;
#[path = "real_services/links.rs"]
mod links;
#[path = "support/root.rs"]
mod root;
mod support;
#[path = "real_services/systemd.rs"]
mod systemd;

use lvs_ftp::{
    host::{Change, Observe, Session, Writable},
    plan::{Diff, Stage, steps},
    probe::{Probe, Service as Found},
    resource::{Resource, Service, Wish},
};
use root::Root;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A host whose services are asked and changed through a real connection.
struct Host {
    root: Root,
    connection: Writable,
    _session: Session,
}

/// What an init script needs to say for every manager: LSB's header, and chkconfig's line.
fn init_script(name: &str, start: &str) -> String {
    format!(
        "#!/bin/sh\n# chkconfig: {} 64 36\n### BEGIN INIT INFO\n# Provides: {name}\n# Required-Start:\n\
         # Required-Stop:\n# Default-Start: {start}\n# Default-Stop: 0 1 6\n# Short-Description: {name}\n\
         ### END INIT INFO\nexit 0\n",
        if start.is_empty() { "-".to_owned() } else { start.replace(' ', "") }
    )
}

impl Host {
    /// The caller speaks Chinese, in every test: no answer may depend on it.
    fn new(root: Root) -> Self {
        let caller = ["env", "LC_ALL=zh_TW.UTF-8", "LANG=zh_TW.UTF-8", "LANGUAGE=zh_TW:zh"];
        Self::through(root, caller.map(str::to_owned).into())
    }

    /// Entered through these words.
    fn through(root: Root, before: Vec<String>) -> Self {
        let session = Session::new(10, true);
        let connection = support::connection(&session, &json!({"lvs_ftp_exec": root.words(before)}));
        Self { root, connection, _session: session }
    }

    /// What the probe says of a service.
    fn ask(&self, name: &str) -> Found {
        let probe = Probe::Services(BTreeMap::from([(name.to_owned(), false)]));
        let facts = self.connection.observe(std::slice::from_ref(&probe)).unwrap();
        facts.service(&probe, name).unwrap().1.clone()
    }

    fn diff(&self, service: &Service) -> Diff {
        let facts = self.connection.observe(&service.probes()).unwrap();
        service.diff(&facts).unwrap()
    }

    /// Plans and makes what is planned; returns what was planned.
    fn converge(&self, service: &Service) -> Result<Vec<String>, String> {
        let diff = self.diff(service);
        let summaries = diff.changes.iter().map(|change| change.summary.clone()).collect();
        let steps = steps(&diff.changes, Stage::Persist);
        self.connection.change(&steps).map_err(|error| error.to_string())?;
        Ok(summaries)
    }

    /// One run makes it so, and says it in one change; a second one finds nothing, and touches nothing.
    #[track_caller]
    fn comes_true(&self, name: &str, levels: &[u8], on: bool) {
        let service = at_boot(name, levels, on);
        let planned = self.converge(&service).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(planned.len(), 1, "{name}: {planned:?}");
        let found = self.ask(name);
        let levels = levels.iter().copied().collect::<BTreeSet<u8>>();
        assert!(
            if on { levels.is_subset(&found.runlevels) } else { levels.is_disjoint(&found.runlevels) },
            "{found:?}"
        );
        self.is_so(name, &levels.into_iter().collect::<Vec<_>>(), on);
    }

    /// Nothing is planned, and a run touches nothing.
    #[track_caller]
    fn is_so(&self, name: &str, levels: &[u8], on: bool) {
        let before = self.root.listing("etc");
        let planned = self.converge(&at_boot(name, levels, on)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(planned, [""; 0], "{name}");
        assert_eq!(self.root.listing("etc"), before, "{name}");
    }

    /// The step fails, says this, and touches nothing.
    #[track_caller]
    fn is_refused(&self, name: &str, on: bool, says: &str) {
        let before = self.root.listing("etc");
        let error = self.converge(&at_boot(name, &[3, 5], on)).unwrap_err();
        assert!(error.contains(says), "{name}: {error}");
        assert_eq!(self.root.listing("etc"), before, "{name}");
    }
}

fn at_boot(name: &str, levels: &[u8], on: bool) -> Service {
    Service {
        names: vec![name.to_owned()],
        purpose: format!("the package of {name}"),
        wish: Wish::AtBoot(levels.iter().copied().collect(), on),
        witness: None,
    }
}
