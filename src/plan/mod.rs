//! What a host's facts leave to be done, as data: changes in stages, each with the step that makes it.

mod edit;
mod ipvs_edit;
mod step;

pub use edit::{Place, RuleChanges, RuleEdit, block, chain_sum};
pub use ipvs_edit::{Edit, IpvsEdit, Sight};
pub use step::{DaemonAct, Proof, ServiceAct, Step, joined, steps};

use std::fmt;

/// The stages of a run, in order. No host enters a stage before all have left the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Routers: forwarding, NAT rule, new mark rules.
    Expand,
    /// Real servers: vsftpd.conf and its reload.
    Serve,
    /// Routers: virtual service, destinations added or edited.
    Steer,
    /// Routers: destinations, rules and services that go.
    Contract,
    /// All: boot files and runlevels.
    Persist,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Expand, Self::Serve, Self::Steer, Self::Contract, Self::Persist];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expand => "expand",
            Self::Serve => "serve",
            Self::Steer => "steer",
            Self::Contract => "contract",
            Self::Persist => "persist",
        })
    }
}

/// What a change does to the thing that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was not there.
    Add,
    /// It was there with another value.
    Edit,
    /// It goes.
    Remove,
    /// It gets no new clients, and keeps those that it has.
    Drain,
    /// A daemon is told to read its file again.
    Reload,
    /// A service is started.
    Start,
    /// A daemon is ended and started again.
    Restart,
    /// A service is stopped.
    Stop,
    /// A service is made to start at boot.
    Enable,
    /// A service is kept from starting at boot.
    Disable,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 10] = [
        Self::Add,
        Self::Edit,
        Self::Remove,
        Self::Drain,
        Self::Reload,
        Self::Start,
        Self::Restart,
        Self::Stop,
        Self::Enable,
        Self::Disable,
    ];
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Edit => "edit",
            Self::Remove => "remove",
            Self::Drain => "drain",
            Self::Reload => "reload",
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Enable => "enable",
            Self::Disable => "disable",
        })
    }
}

/// One difference between desired and observed, and the step that removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When it is made.
    pub stage: Stage,
    /// What is done.
    pub action: Action,
    /// What it is about, in a few words: `destination 10.1.1.11:0: weight 0 -> 1`.
    pub summary: String,
    /// The text of the thing as observed; empty when it is not there.
    pub before: Vec<u8>,
    /// The text of the thing as it shall be; empty when it goes.
    pub after: Vec<u8>,
    /// Hosts that must have come this far themselves: clients are not sent to a real server that failed. A drain instead
    /// names the host that it takes out of service, and that one may have failed.
    pub needs: Vec<String>,
    /// What must have ended before it is made; until then it is a drain in progress, and not drift.
    pub drain: Option<Drain>,
    /// How.
    pub step: Step,
}

impl Change {
    /// Whether this host must have come this far.
    #[must_use]
    pub fn needs(&self, host: &str) -> bool {
        self.needs.iter().any(|needed| needed == host)
    }
}

/// What a change waits for, and how long at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    /// All of them must have ended. A wait with nothing left is over.
    pub waits: Vec<Wait>,
    /// Seconds after which the change is made whatever is left (`drain_timeout`).
    pub timeout: u32,
}

/// Something of clients that a change would cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// Connections, active and inactive, that the router forwards to what goes: so many are left.
    Connections(u64),
    /// vsftpd sessions on these real servers that began before their daemon last read its file: how many are left, and
    /// for how long they have been, only those hosts can tell.
    Sessions(Vec<String>),
}

/// What one resource leaves to be done on one host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// The changes, in the order in which they are made within a stage.
    pub changes: Vec<Change>,
    /// What somebody should look at, though nothing is to be done.
    pub warnings: Vec<String>,
}

impl Diff {
    /// Something for the next boot that only a person can do.
    #[must_use]
    pub fn for_a_person(what: &str) -> Self {
        let change = Change {
            needs: Vec::new(),
            drain: None,
            stage: Stage::Persist,
            action: Action::Add,
            summary: what.to_owned(),
            before: Vec::new(),
            after: Vec::new(),
            step: Step::Person(what.to_owned()),
        };
        Self { changes: vec![change], warnings: Vec::new() }
    }
}
