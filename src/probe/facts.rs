//! The facts of one host: what the probes' answers say, each read once.

use super::{
    Arp, FilterOwner, Held, IptablesCommand, Ipvs, Keepalived, NOT_REGULAR, PacketFilter, Piranha, Probe, RouterPath,
    RunningDirector, SavedFilter, SavedIpvs, ServerPath, Service, ServiceManager, Services, SysctlFiles, UndoGuard,
    Vsftpd,
};
use crate::format::last_words;
use camino::Utf8Path;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

/// What one part of a probe printed on the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Its exit status.
    pub status: i32,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Something that could not be read. Nothing may be planned from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to read {what}: {why}")]
pub struct Unknown {
    /// What could not be read.
    pub what: String,
    /// Why, and what to do.
    pub why: String,
}

/// What one probe found.
#[derive(Debug, Clone)]
pub enum Fact {
    /// The running packet filter.
    PacketFilter(Box<PacketFilter>),
    /// The IPVS table.
    Ipvs(Ipvs),
    /// Daemons that fill the IPVS table by themselves.
    Directors(Vec<RunningDirector>),
    /// keepalived.
    Keepalived(Box<Keepalived>),
    /// Piranha.
    Piranha(Box<Piranha>),
    /// Whether IPv4 packets are forwarded.
    IpForward(bool),
    /// Whether the kernel drops the persistence templates of a server with weight 0.
    ExpireQuiescentTemplate(bool),
    /// vsftpd.
    Vsftpd(Box<Vsftpd>),
    /// The packet filter that is loaded at boot.
    SavedFilter(Box<SavedFilter>),
    /// The IPVS table that is loaded at boot.
    SavedIpvs(Box<SavedIpvs>),
    /// What sets the packet filter at boot.
    FilterOwners(BTreeSet<FilterOwner>),
    /// The files that set kernel parameters at boot.
    SysctlFiles(SysctlFiles),
    /// The value of a kernel parameter.
    Sysctl(String),
    /// The text of a file; nothing when there is none.
    TextFile(Option<Vec<u8>>),
    /// The host's IPv4 addresses.
    Addresses(BTreeSet<Ipv4Addr>),
    /// Where the host has an address.
    Held(Held),
    /// The gateway of the default route.
    DefaultGateway(Option<Ipv4Addr>),
    /// What the kernel does with ARP.
    QuietArp(Arp),
    /// Undo guards that earlier runs left.
    UndoGuards(Vec<UndoGuard>),
    /// What packets meet on a router.
    RouterPath(Box<RouterPath>),
    /// What packets meet on a real server.
    ServerPath(Box<ServerPath>),
    /// Services.
    Services(Services),
}

/// Every fact of one host.
#[derive(Debug, Clone, Default)]
pub struct Facts(pub(super) BTreeMap<Probe, Result<Fact, Unknown>>);

impl Answer {
    /// Standard output when the part succeeded; else why it did not, with the tool's own words.
    pub(super) fn output(&self, tool: &str) -> Result<&[u8], String> {
        match self.status {
            0 => Ok(&self.stdout),
            127 => Err(format!("{tool} is not there: install it, or mend the PATH ({})", self.last_words())),
            1 if self.stderr.ends_with(NOT_REGULAR.as_bytes()) => Err(self.last_words()),
            status => Err(format!("{tool} ended with status {status}: {}", self.last_words())),
        }
    }

    /// The same, by value: what a big router prints is there once.
    pub(super) fn into_output(self, tool: &str) -> Result<Vec<u8>, String> {
        self.output(tool)?;
        Ok(self.stdout)
    }

    /// The end of standard error, or of standard output where that is empty.
    #[must_use]
    pub fn last_words(&self) -> String {
        last_words([&self.stderr, &self.stdout])
    }
}

impl Facts {
    /// Reads a host's answers: one for each part of each probe, in the order of the probes.
    #[must_use]
    pub fn read<'a>(probes: impl IntoIterator<Item = &'a Probe>, answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut rest = answers.into_iter();
        let one = |probe: &Probe| {
            let mine = rest.by_ref().take(probe.scripts().len()).collect();
            (probe.clone(), probe.read(mine))
        };
        Self(probes.into_iter().map(one).collect())
    }

    /// The packet filter, seen through this command.
    pub fn packet_filter(&self, command: &IptablesCommand) -> Result<&PacketFilter, Unknown> {
        let probe = Probe::PacketFilter(command.clone());
        self.get(&probe, |fact| if let Fact::PacketFilter(found) = fact { Some(&**found) } else { None })
    }

    /// The IPVS table with its connections.
    pub fn ipvs(&self) -> Result<&Ipvs, Unknown> {
        self.get(&Probe::Ipvs, |fact| if let Fact::Ipvs(found) = fact { Some(found) } else { None })
    }

    /// Daemons that fill the IPVS table by themselves.
    pub fn directors(&self) -> Result<&[RunningDirector], Unknown> {
        self.get(&Probe::Directors, |fact| if let Fact::Directors(found) = fact { Some(&**found) } else { None })
    }

    /// keepalived's file and daemon.
    pub fn keepalived(&self) -> Result<&Keepalived, Unknown> {
        self.get(&Probe::Keepalived, |fact| if let Fact::Keepalived(found) = fact { Some(&**found) } else { None })
    }

    /// Piranha's file and daemons.
    pub fn piranha(&self) -> Result<&Piranha, Unknown> {
        self.get(&Probe::Piranha, |fact| if let Fact::Piranha(found) = fact { Some(&**found) } else { None })
    }

    /// Whether IPv4 packets are forwarded.
    pub fn ip_forward(&self) -> Result<bool, Unknown> {
        self.get(&Probe::IpForward, |fact| if let Fact::IpForward(found) = fact { Some(found) } else { None }).copied()
    }

    /// Whether the kernel drops the persistence templates of a server with weight 0.
    pub fn expire_quiescent_template(&self) -> Result<bool, Unknown> {
        self.get(&Probe::ExpireQuiescentTemplate, |fact| match fact {
            Fact::ExpireQuiescentTemplate(found) => Some(*found),
            _ => None,
        })
    }

    /// The same without the undo guards of one run, which begin with its nonce: a run's own are none of an earlier run.
    #[must_use]
    pub fn without_guards(mut self, run: &str) -> Self {
        if let Some(Ok(Fact::UndoGuards(guards))) = self.0.get_mut(&Probe::UndoGuards) {
            guards.retain(|guard| match guard {
                UndoGuard::Armed { name } | UndoGuard::Over { name } => !name.starts_with(run),
                UndoGuard::Fired { .. } => true,
            });
        }
        self
    }

    /// Undo guards that earlier runs left.
    pub fn undo_guards(&self) -> Result<&[UndoGuard], Unknown> {
        self.get(&Probe::UndoGuards, |fact| if let Fact::UndoGuards(found) = fact { Some(&**found) } else { None })
    }

    /// vsftpd's file and daemon.
    pub fn vsftpd(&self, conf: Option<&Utf8Path>) -> Result<&Vsftpd, Unknown> {
        let probe = Probe::Vsftpd(conf.map(Utf8Path::to_owned));
        self.get(&probe, |fact| if let Fact::Vsftpd(found) = fact { Some(&**found) } else { None })
    }

    /// vsftpd, whatever its file is; the first that could be read.
    #[must_use]
    pub fn any_vsftpd(&self) -> Option<&Vsftpd> {
        self.0.values().find_map(|fact| if let Ok(Fact::Vsftpd(found)) = fact { Some(&**found) } else { None })
    }

    /// The packet filter that is loaded at boot.
    pub fn saved_filter(&self) -> Result<&SavedFilter, Unknown> {
        self.get(&Probe::SavedFilter, |fact| if let Fact::SavedFilter(found) = fact { Some(&**found) } else { None })
    }

    /// What sets the packet filter at boot.
    pub fn filter_owners(&self) -> Result<&BTreeSet<FilterOwner>, Unknown> {
        self.get(&Probe::FilterOwners, |fact| if let Fact::FilterOwners(found) = fact { Some(found) } else { None })
    }

    /// The IPVS table that is loaded at boot.
    pub fn saved_ipvs(&self) -> Result<&SavedIpvs, Unknown> {
        self.get(&Probe::SavedIpvs, |fact| if let Fact::SavedIpvs(found) = fact { Some(&**found) } else { None })
    }

    /// The files that set kernel parameters at boot.
    pub fn sysctl_files(&self) -> Result<&SysctlFiles, Unknown> {
        self.get(&Probe::SysctlFiles, |fact| if let Fact::SysctlFiles(found) = fact { Some(found) } else { None })
    }

    /// A kernel parameter as it is now; single blanks part the words of a list.
    pub fn sysctl(&self, name: &str) -> Result<&str, Unknown> {
        let probe = Probe::Sysctl(name.to_owned());
        self.get(&probe, |fact| if let Fact::Sysctl(found) = fact { Some(found.as_str()) } else { None })
    }

    /// A text file; nothing when there is none.
    pub fn text_file(&self, path: &Utf8Path) -> Result<Option<&[u8]>, Unknown> {
        let probe = Probe::TextFile(path.to_owned());
        self.get(&probe, |fact| if let Fact::TextFile(found) = fact { Some(found.as_deref()) } else { None })
    }

    /// The host's IPv4 addresses.
    pub fn addresses(&self) -> Result<&BTreeSet<Ipv4Addr>, Unknown> {
        self.get(&Probe::Addresses, |fact| if let Fact::Addresses(found) = fact { Some(found) } else { None })
    }

    /// Where the host has an address.
    pub fn held(&self, address: Ipv4Addr) -> Result<&Held, Unknown> {
        self.get(&Probe::Held(address), |fact| if let Fact::Held(found) = fact { Some(found) } else { None })
    }

    /// The gateway of the default route.
    pub fn default_gateway(&self) -> Result<Option<Ipv4Addr>, Unknown> {
        let pick = |fact: &Fact| if let Fact::DefaultGateway(found) = fact { Some(*found) } else { None };
        self.get(&Probe::DefaultGateway, pick)
    }

    /// What packets meet on a router, beside its rules.
    pub fn router_path(&self) -> Result<&RouterPath, Unknown> {
        self.get(&Probe::RouterPath, |fact| if let Fact::RouterPath(found) = fact { Some(&**found) } else { None })
    }

    /// What packets meet on a real server.
    pub fn server_path(&self, command: &IptablesCommand) -> Result<&ServerPath, Unknown> {
        let probe = Probe::ServerPath(command.clone());
        self.get(&probe, |fact| if let Fact::ServerPath(found) = fact { Some(&**found) } else { None })
    }

    /// What the kernel does with ARP.
    pub fn arp(&self) -> Result<Arp, Unknown> {
        self.get(&Probe::QuietArp, |fact| if let Fact::QuietArp(found) = fact { Some(*found) } else { None })
    }

    /// One of the host's services, and what manages it. `probe` is the question in which its name was.
    pub fn service(&self, probe: &Probe, name: &str) -> Result<(Option<ServiceManager>, &Service), Unknown> {
        self.get(probe, |fact| match fact {
            Fact::Services(found) => found.services.get(name).map(|service| (found.manager, service)),
            _ => None,
        })
    }

    fn get<'a, T: 'a>(&'a self, probe: &Probe, pick: impl Fn(&'a Fact) -> Option<T>) -> Result<T, Unknown> {
        let missing = || Unknown { what: probe.to_string(), why: "it was not asked for".to_owned() };
        match self.0.get(probe) {
            Some(Ok(fact)) => pick(fact).ok_or_else(missing),
            Some(Err(unknown)) => Err(unknown.clone()),
            None => Err(missing()),
        }
    }
}
