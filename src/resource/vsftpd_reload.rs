//! The vsftpd daemon has read its file: also when somebody changed it by hand, or a run died before telling the daemon.

use super::{Kind, Resource, VsftpdSettings};
use crate::{
    format::cksum::cksum,
    plan::{Action, Change, Diff, Stage, Step},
    probe::{Facts, Lingering, Probe, Unknown},
};

/// The daemon runs with the file's present content, after any change that [`VsftpdSettings`] makes to it.
#[derive(Debug, Clone)]
pub struct VsftpdReload(pub VsftpdSettings);

impl Resource for VsftpdReload {
    fn kind(&self) -> Kind {
        Kind::VsftpdReload
    }

    fn probes(&self) -> Vec<Probe> {
        self.0.probes()
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.vsftpd(self.0.conf.as_deref())?;
        let mut diff = Diff::default();
        if found.is_from_the_future && found.daemons.is_empty() {
            diff.warnings.push(format!(
                "{} was last changed in the future, so no drain can tell how long ago: set the host's clock, then touch \
                 the file",
                found.conf
            ));
        }
        let text = self.0.text(found)?;
        let changes = text != found.text;
        let daemons: Vec<(u32, u64)> = found
            .daemons
            .iter()
            .filter(|daemon| changes || !daemon.has_read)
            .map(|daemon| (daemon.pid, daemon.start_ticks))
            .collect();
        if !daemons.is_empty() {
            let why = if changes { "it changes" } else { "it changed after the daemon last read it" };
            diff.changes.push(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Serve,
                action: Action::Reload,
                summary: format!("vsftpd reads {} again (SIGHUP): {why}", found.conf),
                before: Vec::new(),
                after: Vec::new(),
                step: Step::VsftpdReload { conf: found.conf.clone(), tried: changes.then(|| cksum(&text)), daemons },
            });
        }
        Ok(diff)
    }

    fn lingering(&self, facts: &Facts) -> Result<Option<Lingering>, Unknown> {
        Ok(Some(facts.vsftpd(self.0.conf.as_deref())?.lingering))
    }
}
