//! What becomes of a packet on its path.

use super::walk::{Doubt, End, Way};

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It comes to its end, whatever is open.
    Passes,
    /// It is lost, whatever is open.
    Lost(Loss),
    /// That depends on what nobody can tell.
    CannotTell {
        /// How it is lost where it is.
        loss: Loss,
        /// The rules whose conditions are open.
        doubts: Vec<Doubt>,
        /// Whether it passes where each open condition is as it usually is.
        usually_passes: bool,
    },
}

/// Where a packet is lost, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The hook or the place, such as `FORWARD`.
    pub hook: String,
    /// The rule, the policy or the fact that loses it.
    pub by: String,
    /// Why it does, where the rule does not say it.
    pub why: Cause,
}

/// Why a packet is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A rule or a policy drops or rejects it.
    Dropped,
    /// The same, since conntrack calls IPVS' packets INVALID, NEW or UNTRACKED while net.ipv4.vs.conntrack is 0.
    ConntrackOff,
    /// A rule gives it another destination, before IPVS sees it.
    Redirected,
    /// It comes to IPVS without the cluster's mark.
    NotMarked,
    /// It leaves with the real server's own address.
    NotRewritten,
    /// Without an entry of conntrack nothing is rewritten.
    NotTracked,
    /// The real server sees the router's address in place of the client's.
    Masked,
    /// The interface that it comes in by does not forward.
    NotForwarded,
    /// A rule that the model does not know.
    Unknown,
}

impl Loss {
    /// Whether it is for the cluster's mark, which is lvs-ftp's own to set.
    #[must_use]
    pub fn is_about_marks(&self) -> bool {
        self.why == Cause::NotMarked
    }

    /// Whether it is for an interface that does not forward; net.ipv4.ip_forward sets all of them.
    #[must_use]
    pub fn is_about_forwarding(&self) -> bool {
        self.why == Cause::NotForwarded
    }

    /// Whether it is for the address that active data leaves with, which is lvs-ftp's own to rewrite.
    #[must_use]
    pub fn is_about_rewriting(&self) -> bool {
        self.why == Cause::NotRewritten
    }
}

/// A way that has ended, and at which hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How it was lost; nothing where it came to its end.
    pub loss: Option<Loss>,
    /// The rules that decided otherwise than usual.
    pub doubts: Vec<Doubt>,
}

impl Ended {
    /// A way that ended in a chain.
    pub(super) fn at(hook: &str, way: Way) -> Self {
        let (by, why) = match way.end {
            End::Passes | End::Returns | End::Source(..) => return Self { loss: None, doubts: way.doubts },
            End::Lost(by) => (by, Cause::Dropped),
            End::Redirected(by, ..) => (by, Cause::Redirected),
            End::Unknown(by) => (by, Cause::Unknown),
        };
        Self { loss: Some(Loss { hook: hook.to_owned(), by, why }), doubts: way.doubts }
    }

    /// A way that ended for another reason than a rule's target.
    pub(super) fn lost(hook: &str, by: String, why: Cause, doubts: Vec<Doubt>) -> Self {
        Self { loss: Some(Loss { hook: hook.to_owned(), by, why }), doubts }
    }
}

impl Verdict {
    /// The verdict over all ways of one packet.
    #[must_use]
    pub fn of(ways: &[Ended]) -> Self {
        let losing: Vec<(&Loss, &Ended)> = ways.iter().filter_map(|way| Some((way.loss.as_ref()?, way))).collect();
        // What usually is comes first.
        let Some((loss, _)) = losing.iter().min_by_key(|(_, way)| way.doubts.len()) else { return Self::Passes };
        let is_sure = losing.len() == ways.len() && losing.iter().all(|(loss, _)| loss.why != Cause::Unknown);
        if is_sure {
            return Self::Lost((*loss).clone());
        }
        let mut doubts: Vec<Doubt> = Vec::new();
        for doubt in ways.iter().flat_map(|way| &way.doubts) {
            if !doubts.contains(doubt) {
                doubts.push(doubt.clone());
            }
        }
        let usually_passes = ways.iter().any(|way| way.loss.is_none() && way.doubts.is_empty());
        Self::CannotTell { loss: (*loss).clone(), doubts, usually_passes }
    }

    /// Whether somebody should hear of it: a loss, or a condition that was not written to tell clients apart.
    #[must_use]
    pub fn is_news(&self) -> bool {
        match self {
            Self::Passes => false,
            Self::Lost(_) => true,
            Self::CannotTell { loss, doubts, .. } => {
                loss.why == Cause::Unknown || doubts.iter().any(|doubt| !doubt.is_meant)
            }
        }
    }
}
