//! The kinds of things that are reconciled: one file a kind. Each says which probes it needs, what differs, and which
//! steps remove the difference, all as data.

mod address;
mod boot_sysctl;
mod config_line;
mod default_gateway;
mod director;
#[cfg(test)]
mod drain_tests;
mod expire_quiescent_template;
mod ip_forward;
mod ipvs_gone;
pub mod keepalived;
mod mark_rules;
mod nat_rule;
mod path;
pub mod piranha;
mod play_rules;
mod quiet_arp;
mod rule_set;
mod saved_filter;
mod saved_ipvs;
mod service;
mod sysctl;
mod undo_guard;
mod virtual_service;
mod vsftpd_conf;
mod vsftpd_reload;

pub use address::{Address, AddressAtBoot};
pub use boot_sysctl::{BootSysctl, Parameter};
pub use config_line::{ConfigLine, StatedLine};
pub use default_gateway::DefaultGateway;
pub use expire_quiescent_template::ExpireQuiescentTemplate;
pub use ip_forward::IpForward;
pub use ipvs_gone::IpvsGone;
pub use keepalived::{KeepalivedCluster, KeepalivedConf, KeepalivedService};
pub use mark_rules::MarkRules;
pub use nat_rule::{ActiveSource, NatRule};
pub use path::{RouterPath, ServerPath};
pub use play_rules::{PlayRules, StatedRule};
pub use quiet_arp::QuietArp;
pub use saved_filter::SavedFilter;
pub use saved_ipvs::SavedIpvs;
pub use service::{Service, Wish};
pub use sysctl::Sysctl;
pub use undo_guard::NoUndoGuard;
pub use virtual_service::{RealServer, VirtualService};
pub use vsftpd_conf::VsftpdSettings;
pub use vsftpd_reload::VsftpdReload;

use crate::{
    path::{Finding, Sight},
    plan::Diff,
    probe::{Facts, Lingering, Probe, Unknown},
};
use std::fmt;

/// One thing that a host shall have.
pub trait Resource: fmt::Debug + Send + Sync {
    /// Its kind.
    fn kind(&self) -> Kind;
    /// What it needs to know of the host.
    fn probes(&self) -> Vec<Probe>;
    /// What differs. Pure: the same facts give the same answer; no facts, no answer.
    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown>;
    /// A file that all hosts of the play have alike: its path, and its text when all differences are gone.
    fn shared(&self, _facts: &Facts) -> Result<Option<(String, Vec<u8>)>, Unknown> {
        Ok(None)
    }
    /// The host's part in a cluster, for what several hosts say together; only the path's resources have one.
    fn sight(&self, _facts: &Facts) -> Option<Sight> {
        None
    }
    /// What keeps clients from being served, or may, though nothing of it is lvs-ftp's to change. `is_planned` says of
    /// which kinds the run changes something.
    fn findings(&self, _facts: &Facts, _is_planned: &dyn Fn(Kind) -> bool) -> Result<Vec<Finding>, Unknown> {
        Ok(Vec::new())
    }
    /// Sessions that still work by what a file said before; only a daemon's resource can tell.
    fn lingering(&self, _facts: &Facts) -> Result<Option<Lingering>, Unknown> {
        Ok(None)
    }
}

/// The kinds, in the order in which a report names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`NoUndoGuard`].
    UndoGuard,
    /// [`IpForward`].
    IpForward,
    /// [`ExpireQuiescentTemplate`].
    ExpireQuiescentTemplate,
    /// [`Sysctl`].
    Sysctl,
    /// [`NatRule`].
    NatRule,
    /// [`MarkRules`].
    MarkRules,
    /// [`PlayRules`].
    IptablesRule,
    /// [`DefaultGateway`].
    DefaultGateway,
    /// [`QuietArp`].
    QuietArp,
    /// [`VsftpdSettings`].
    VsftpdConf,
    /// [`VsftpdReload`].
    VsftpdReload,
    /// [`ConfigLine`].
    ConfigLine,
    /// [`Service`] that runs, or does not.
    ServiceRunning,
    /// [`KeepalivedConf`].
    KeepalivedConf,
    /// [`piranha::LvsCf`].
    LvsCf,
    /// [`VirtualService`], [`KeepalivedService`], [`piranha::PiranhaService`], and [`IpvsGone`].
    VirtualService,
    /// [`Address`].
    Address,
    /// [`SavedFilter`].
    SavedFilter,
    /// [`SavedIpvs`].
    SavedIpvs,
    /// [`AddressAtBoot`].
    AddressAtBoot,
    /// [`BootSysctl`].
    BootSysctl,
    /// [`Service`] that starts at boot, or does not.
    ServiceAtBoot,
    /// [`RouterPath`] and [`ServerPath`]: only looked at, so no report has an item of it.
    Path,
}

impl Kind {
    /// Every kind, with the name that JSON gives it and the title that people read.
    pub const TABLE: [(Self, &'static str, &'static str); 23] = [
        (Self::UndoGuard, "undo_guard", "No undo guard of an earlier run is left"),
        (Self::IpForward, "ip_forward", "Kernel forwards packets (net.ipv4.ip_forward)"),
        (
            Self::ExpireQuiescentTemplate,
            "expire_quiescent_template",
            "Draining servers keep their sessions (expire_quiescent_template)",
        ),
        (Self::Sysctl, "sysctl", "Kernel parameters (sysctl)"),
        (Self::NatRule, "nat_rule", "Active data connections are rewritten (nat POSTROUTING)"),
        (Self::MarkRules, "mark_rules", "Control port and passive range are marked (mangle PREROUTING)"),
        (Self::IptablesRule, "iptables_rule", "Rules that the play no longer states are gone (iptables)"),
        (Self::DefaultGateway, "default_gateway", "Real servers answer through the routers (default gateway)"),
        (Self::QuietArp, "quiet_arp", "Real servers are quiet about the virtual IP (arp_ignore, arp_announce)"),
        (Self::VsftpdConf, "vsftpd_conf", "vsftpd.conf names range and virtual IP"),
        (Self::VsftpdReload, "vsftpd_reload", "vsftpd has read its configuration"),
        (Self::ConfigLine, "config_line", "Lines of configuration files"),
        (Self::ServiceRunning, "service", "Services run"),
        (Self::KeepalivedConf, "keepalived_conf", "keepalived has read the virtual service in its file"),
        (Self::LvsCf, "lvs_cf", "pulse has read the virtual server in its file"),
        (Self::VirtualService, "virtual_service", "Virtual service and destinations (IPVS)"),
        (Self::Address, "address", "The virtual IP is up"),
        (Self::SavedFilter, "saved_filter", "Boot: the saved packet filter holds the rules"),
        (Self::SavedIpvs, "saved_ipvs", "Boot: the saved IPVS table holds the service"),
        (Self::AddressAtBoot, "address_at_boot", "Boot: the virtual IP comes up"),
        (Self::BootSysctl, "boot_sysctl", "Boot: kernel parameters (sysctl)"),
        (Self::ServiceAtBoot, "service_at_boot", "Boot: services start at their runlevels"),
        (Self::Path, "path", "Packets of clients pass"),
    ];

    /// Its name in JSON output.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Whether it is boot state, which counts after the next start, or running state; also the tag that selects it.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::SavedFilter | Self::SavedIpvs | Self::AddressAtBoot | Self::BootSysctl | Self::ServiceAtBoot => {
                "boot"
            }
            _ => "running",
        }
    }

    /// Its title in human output.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (Self, &'static str, &'static str) {
        Self::TABLE[self as usize]
    }
}
