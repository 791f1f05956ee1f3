//! The running kernel forwards IPv4 packets: without it a router carries nothing.

use super::{Kind, Resource};
use crate::{
    plan::{Action, Change, Diff, Stage, Step},
    probe::{Facts, Probe, Unknown},
};

/// `net.ipv4.ip_forward` is 1 now.
#[derive(Debug)]
pub struct IpForward;

impl Resource for IpForward {
    fn kind(&self) -> Kind {
        Kind::IpForward
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::IpForward]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let mut diff = Diff::default();
        if !facts.ip_forward()? {
            diff.changes.push(Change {
                needs: Vec::new(),
                drain: None,
                stage: Stage::Expand,
                action: Action::Edit,
                summary: "net.ipv4.ip_forward: 0 -> 1".to_owned(),
                before: b"net.ipv4.ip_forward = 0\n".to_vec(),
                after: b"net.ipv4.ip_forward = 1\n".to_vec(),
                step: Step::IpForward,
            });
        }
        Ok(diff)
    }
}
