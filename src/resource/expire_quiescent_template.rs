//! A draining server keeps its persistent clients: with `expire_quiescent_template` 1, IPVS would send the next data
//! connection of a session on a server with weight 0 to another server, which refuses it (measured).

use super::{Kind, Resource};
use crate::{
    plan::{Action, Change, Diff, Stage, Step},
    probe::{Facts, Probe, Unknown},
};

/// `net.ipv4.vs.expire_quiescent_template` is 0 now.
#[derive(Debug, Clone, Copy)]
pub struct ExpireQuiescentTemplate {
    /// Whether the playbook wants it kept at 0; else it is only looked at.
    pub kept: bool,
}

const ADVICE: &str = "net.ipv4.vs.expire_quiescent_template is 1, so each drain breaks the sessions of its server: set \
    it to 0, or let lvs-ftp keep it there (routers: expire_quiescent_template: 0)";

impl Resource for ExpireQuiescentTemplate {
    fn kind(&self) -> Kind {
        Kind::ExpireQuiescentTemplate
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::ExpireQuiescentTemplate]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let mut diff = Diff::default();
        match (facts.expire_quiescent_template()?, self.kept) {
            (false, _) => {}
            (true, false) => diff.warnings.push(ADVICE.to_owned()),
            // Before anything drains.
            (true, true) => diff.changes.push(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Expand,
                action: Action::Edit,
                summary: "net.ipv4.vs.expire_quiescent_template: 1 -> 0".to_owned(),
                before: b"net.ipv4.vs.expire_quiescent_template = 1\n".to_vec(),
                after: b"net.ipv4.vs.expire_quiescent_template = 0\n".to_vec(),
                step: Step::KeepTemplates,
            }),
        }
        Ok(diff)
    }
}
