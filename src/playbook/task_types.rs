//! What a play of tasks says, as types: every value in them is checked.

use super::{Batch, Limits};
use crate::inventory::Pattern;
use crate::lvs::{FirewallMark, ForwardingMethod, Persistence, Scheduler, Weight};
use crate::resource::{StatedLine, StatedRule};
use crate::source::Place;
use std::{collections::BTreeSet, net::Ipv4Addr};

/// A play that states single things on hosts.
#[derive(Debug, Clone)]
pub struct TaskPlay {
    /// 1 to 200 bytes on one line; unique within a run, for rules are tagged with it.
    pub name: String,
    /// Words for `--tags`.
    pub tags: Vec<String>,
    /// How many failures stop the roll-out.
    pub limits: Limits,
    /// Which hosts.
    pub hosts: Pattern,
    /// How many at a time, batch by batch; the last repeats.
    pub serial: Vec<Batch>,
    /// What they shall have; at least one.
    pub tasks: Vec<Task>,
    /// Where the name is written.
    pub name_place: Place,
}

/// One thing that the hosts of a play shall have.
#[derive(Debug, Clone)]
pub struct Task {
    /// What people call it.
    pub name: String,
    /// Words for `--tags`, beside the play's.
    pub tags: Vec<String>,
    /// The thing.
    pub thing: Thing,
    /// Where it is written.
    pub place: Place,
}

/// What a task can be about.
#[derive(Debug, Clone)]
pub enum Thing {
    /// `iptables_rule`.
    IptablesRule(Box<StatedRule>),
    /// `ipvs_service`.
    IpvsService(IpvsService),
    /// `service`.
    Service(ServiceState),
    /// `sysctl`.
    Sysctl(SysctlValue),
    /// `config_line`.
    ConfigLine(StatedLine),
}

/// A virtual service of a firewall mark.
#[derive(Debug, Clone, PartialEq)]
pub struct IpvsService {
    /// The mark.
    pub mark: FirewallMark,
    /// Seconds that a destination on its way out keeps its connections, 0 to 86400.
    pub drain_timeout: u32,
    /// What it shall be; nothing where it shall not be there.
    pub wanted: Option<WantedIpvs>,
}

/// A virtual service that shall be there.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedIpvs {
    /// How new clients are given to destinations.
    pub scheduler: Scheduler,
    /// How long a client stays with its destination; nothing is not at all.
    pub persistence: Option<Persistence>,
    /// How packets reach destinations.
    pub forwarding: ForwardingMethod,
    /// Address and weight of each destination; no address is there twice.
    pub destinations: Vec<(Ipv4Addr, Weight)>,
}

/// How a service is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceState {
    /// Its name.
    pub name: String,
    /// Whether it runs now; nothing leaves that alone.
    pub running: Option<bool>,
    /// Whether it starts at boot; nothing leaves that alone.
    pub enabled: Option<bool>,
    /// The runlevels that this is about, 0 to 6.
    pub runlevels: BTreeSet<u8>,
}

/// A kernel parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysctlValue {
    /// Its name, as sysctl(8) takes it.
    pub name: String,
    /// Its value, now and at boot; nothing where no file of the administrator's shall set it.
    pub value: Option<String>,
}
