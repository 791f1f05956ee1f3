//! What can be asked of a host: each probe is sh text that only reads, and a pure reading of its answer.

mod addresses;
mod clock;
mod default_gateway;
mod directors;
mod expire_quiescent_template;
mod facts;
mod filter_owners;
mod held;
mod ip_forward;
mod ipvs;
mod keepalived;
mod meaning;
mod packet_filter;
mod piranha;
mod quiet_arp;
mod router_path;
mod routes;
mod saved_filter;
mod saved_ipvs;
mod server_path;
mod service_manager;
mod services;
mod sysctl;
mod sysctl_files;
mod text_file;
mod undo_guards;
mod vsftpd;
mod vsftpd_process;

pub use clock::{CHANGED, TICKS};
pub(crate) use directors::keepalived_marks;
pub use directors::{Daemon as DirectorDaemon, RunningDirector};
pub use expire_quiescent_template::PATH as EXPIRE_QUIESCENT_TEMPLATE;
pub use facts::{Answer, Fact, Facts, Unknown};
pub use filter_owners::FilterOwner;
pub use held::Held;
pub use ipvs::Ipvs;
pub use keepalived::{CONF as KEEPALIVED_CONF, DOWN, Keepalived, KeepalivedDaemon};
pub use meaning::digest;
pub use packet_filter::{Backend, IptablesCommand, PacketFilter};
pub use piranha::{CONF as LVS_CF, Nanny, OWES as PULSE_OWES, Piranha, Pulse, READ as PULSE_READ, Told};
pub use quiet_arp::{Arp, FOLDER as ARP_FOLDER};
pub use router_path::RouterPath;
pub use routes::{Route, Routes};
pub use saved_filter::SavedFilter;
pub use saved_ipvs::{DEFAULTS as IPVS_DEFAULTS, SavedIpvs};
pub use server_path::ServerPath;
pub use service_manager::ServiceManager;
pub use services::{Service, Services};
pub use sysctl::path as sysctl_path;
pub use sysctl_files::{MAIN as SYSCTL_CONF, OWN as SYSCTL_OWN, SysctlFiles};
pub use undo_guards::{BOOT_ID, FOLDER as UNDO_FOLDER, UndoGuard};
pub use vsftpd::{Daemon, Lingering, Vsftpd, stamp_path};

use camino::Utf8PathBuf;
use std::{collections::BTreeMap, fmt, net::Ipv4Addr};

/// Prints a file that may be absent. One that is no regular file is refused: a pipe would keep us waiting for ever, and
/// what a link to /dev/null is given is lost.
fn regular(path: &str) -> String {
    format!(
        "[ -e \"{path}\" ] || exit 0\n[ ! -f \"{path}\" ] || exec cat -- \"{path}\"\necho \"{path}{NOT_REGULAR}\" >&2; exit 1"
    )
}

/// How that refusal ends.
const NOT_REGULAR: &str = " is not a regular file: remove it, or put one there";

/// The first line of an answer that is a file's text from there on, and what is behind it.
fn line(text: &[u8]) -> Option<(&str, &[u8])> {
    let (line, rest) = text.split_at(text.iter().position(|byte| *byte == b'\n')?);
    Some((std::str::from_utf8(line).ok()?, &rest[1..]))
}

/// A question to a host. Several resources may need the same one; a host is asked once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// The running IPv4 packet filter, seen through this command.
    PacketFilter(IptablesCommand),
    /// keepalived.conf and the daemon that reads it: asked before the IPVS table.
    Keepalived,
    /// lvs.cf and Piranha's daemons.
    Piranha,
    /// The IPVS table.
    Ipvs,
    /// Daemons that fill the IPVS table by themselves.
    Directors,
    /// Whether the kernel forwards IPv4 packets.
    IpForward,
    /// Whether the kernel drops the persistence templates of a server with weight 0.
    ExpireQuiescentTemplate,
    /// vsftpd.conf (at this path, or where the distributions put it) and the daemon that reads it.
    Vsftpd(Option<Utf8PathBuf>),
    /// The packet filter that is loaded at boot.
    SavedFilter,
    /// What sets the packet filter at boot.
    FilterOwners,
    /// The IPVS table that is loaded at boot.
    SavedIpvs,
    /// The files that set kernel parameters at boot.
    SysctlFiles,
    /// A kernel parameter as it is now, by its name.
    Sysctl(String),
    /// A text file at this path.
    TextFile(Utf8PathBuf),
    /// The host's IPv4 addresses.
    Addresses,
    /// Where the host has this address, and what brings it up at boot.
    Held(Ipv4Addr),
    /// The gateway of the default route.
    DefaultGateway,
    /// What the kernel does with ARP.
    QuietArp,
    /// Undo guards that earlier runs left.
    UndoGuards,
    /// What packets meet on a router, beside its rules.
    RouterPath,
    /// What packets meet on a real server, its own rules by this command included.
    ServerPath(IptablesCommand),
    /// Services by name, and whether it matters that each runs.
    Services(BTreeMap<String, bool>),
}

impl Probe {
    /// The sh text of each part of the question. Each runs in a shell of its own, with nothing to read on its input.
    #[must_use]
    pub fn scripts(&self) -> Vec<String> {
        match self {
            Self::PacketFilter(command) => packet_filter::scripts(command),
            Self::Ipvs => ipvs::scripts(),
            Self::Directors => directors::scripts(),
            Self::Keepalived => keepalived::scripts(),
            Self::Piranha => piranha::scripts(),
            Self::IpForward => ip_forward::scripts(),
            Self::ExpireQuiescentTemplate => expire_quiescent_template::scripts(),
            Self::Vsftpd(conf) => vsftpd::scripts(conf.as_deref()),
            Self::SavedFilter => saved_filter::scripts(),
            Self::FilterOwners => filter_owners::scripts(),
            Self::SavedIpvs => saved_ipvs::scripts(),
            Self::SysctlFiles => sysctl_files::scripts(),
            Self::Sysctl(name) => sysctl::scripts(name),
            Self::TextFile(path) => text_file::scripts(path),
            Self::Addresses => addresses::scripts(),
            Self::Held(address) => held::scripts(*address),
            Self::DefaultGateway => default_gateway::scripts(),
            Self::QuietArp => quiet_arp::scripts(),
            Self::UndoGuards => undo_guards::scripts(),
            Self::RouterPath => router_path::scripts(),
            Self::ServerPath(command) => server_path::scripts(command),
            Self::Services(names) => services::scripts(names),
        }
    }

    /// Reads the answers, one for each part.
    fn read(&self, answers: Vec<Answer>) -> Result<Fact, Unknown> {
        match self {
            Self::PacketFilter(_) => packet_filter::read(answers).map(|fact| Fact::PacketFilter(Box::new(fact))),
            Self::Ipvs => ipvs::read(&answers).map(Fact::Ipvs),
            Self::Directors => directors::read(&answers).map(Fact::Directors),
            Self::Keepalived => keepalived::read(&answers).map(|fact| Fact::Keepalived(Box::new(fact))),
            Self::Piranha => piranha::read(&answers).map(|fact| Fact::Piranha(Box::new(fact))),
            Self::IpForward => ip_forward::read(&answers).map(Fact::IpForward),
            Self::ExpireQuiescentTemplate => {
                expire_quiescent_template::read(&answers).map(Fact::ExpireQuiescentTemplate)
            }
            Self::Vsftpd(_) => vsftpd::read(&answers).map(|fact| Fact::Vsftpd(Box::new(fact))),
            Self::SavedFilter => saved_filter::read(answers).map(|fact| Fact::SavedFilter(Box::new(fact))),
            Self::FilterOwners => filter_owners::read(&answers).map(Fact::FilterOwners),
            Self::SavedIpvs => saved_ipvs::read(&answers).map(|fact| Fact::SavedIpvs(Box::new(fact))),
            Self::SysctlFiles => sysctl_files::read(&answers).map(Fact::SysctlFiles),
            Self::Sysctl(name) => sysctl::read(name, &answers).map(Fact::Sysctl),
            Self::TextFile(_) => text_file::read(&answers).map(Fact::TextFile),
            Self::Addresses => addresses::read(&answers).map(Fact::Addresses),
            Self::Held(address) => held::read(*address, &answers).map(Fact::Held),
            Self::DefaultGateway => default_gateway::read(&answers).map(Fact::DefaultGateway),
            Self::QuietArp => quiet_arp::read(&answers).map(Fact::QuietArp),
            Self::UndoGuards => undo_guards::read(&answers).map(Fact::UndoGuards),
            Self::RouterPath => router_path::read(&answers).map(|fact| Fact::RouterPath(Box::new(fact))),
            Self::ServerPath(_) => server_path::read(answers).map(|fact| Fact::ServerPath(Box::new(fact))),
            Self::Services(names) => services::read(names, &answers).map(Fact::Services),
        }
        .map_err(|why| Unknown { what: self.to_string(), why })
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PacketFilter(_) => "the packet filter",
            Self::Ipvs => "the IPVS table",
            Self::Directors => "the daemons that fill the IPVS table",
            Self::Keepalived => "keepalived's configuration",
            Self::Piranha => "Piranha's configuration",
            Self::IpForward => "net.ipv4.ip_forward",
            Self::ExpireQuiescentTemplate => "net.ipv4.vs.expire_quiescent_template",
            Self::Vsftpd(_) => "vsftpd's configuration",
            Self::SavedFilter => "the saved packet filter",
            Self::FilterOwners => "what sets the packet filter at boot",
            Self::SavedIpvs => "the saved IPVS table",
            Self::SysctlFiles => "the sysctl files",
            Self::Sysctl(name) => name,
            Self::TextFile(path) => path.as_str(),
            Self::Addresses => "the addresses",
            Self::Held(address) => return write!(f, "where {address} is"),
            Self::DefaultGateway => "the default gateway",
            Self::QuietArp => "net.ipv4.conf.all.arp_ignore and arp_announce",
            Self::UndoGuards => "the undo guards of earlier runs",
            Self::RouterPath | Self::ServerPath(_) => "the packets' path",
            Self::Services(_) => "the services",
        })
    }
}
