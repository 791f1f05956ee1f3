//! What is done on a host, as data. host/ turns it into sh text, and an in-memory host into its effect.

use super::{Change, IpvsEdit, RuleEdit, Stage, block};
use crate::{
    format::{cksum::cksum, sh},
    lvs::InterfaceAddress,
    probe::{
        ARP_FOLDER, DirectorDaemon, EXPIRE_QUIESCENT_TEMPLATE, IptablesCommand, ServiceManager, UNDO_FOLDER,
        sysctl_path,
    },
};
use camino::Utf8PathBuf;
use std::fmt;

/// One step on one host: it succeeds whole or fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Rules of one table are changed in one block: all of them or none.
    Rules {
        /// The iptables that holds the table.
        command: IptablesCommand,
        /// Whether its restore command takes a bound for waiting on the lock.
        waits_for_lock: bool,
        /// The table.
        table: &'static str,
        /// The edits, with positions as observed.
        edits: Vec<RuleEdit>,
    },
    /// One ipvsadm command.
    Ipvsadm(IpvsEdit),
    /// The kernel forwards IPv4 packets from now on.
    IpForward,
    /// The kernel keeps the persistence templates of servers with weight 0 from now on.
    KeepTemplates,
    /// A kernel parameter gets a value from now on.
    Sysctl {
        /// Its name, as sysctl(8) takes it.
        name: String,
        /// The value.
        value: String,
    },
    /// The kernel answers ARP only for addresses of the interface that is asked, and asks with them only.
    QuietArp,
    /// An address comes up on a network interface.
    Address(InterfaceAddress),
    /// A file gets a new text, if its user takes it and nobody changed the old one meanwhile.
    File {
        /// The file.
        path: Utf8PathBuf,
        /// The checksum of the text that was observed; nothing when there was no file.
        observed: Option<String>,
        /// The new text.
        text: Vec<u8>,
        /// What shows that the new text is fit, before it takes the old one's place.
        proof: Proof,
    },
    /// Daemons are told to read a file again, and a stamp says that they did.
    VsftpdReload {
        /// The file.
        conf: Utf8PathBuf,
        /// The checksum of the text that an earlier step has shown to be fit.
        tried: Option<String>,
        /// Process id and start time of each daemon.
        daemons: Vec<(u32, u64)>,
    },
    /// The daemon that owns the IPVS table reads its file, one way or the other; then the kernel is waited for.
    Director {
        /// Which.
        daemon: DirectorDaemon,
        /// How.
        act: DaemonAct,
        /// What the kernel shows of the services in the file when all real servers are well: lines of `ipvsadm -S -n`, in
        /// byte order.
        shows: Vec<String>,
        /// For how many seconds that is waited for.
        patience: u32,
    },
    /// A service is enabled, disabled, started or stopped.
    Service {
        /// What the host manages its services with.
        manager: ServiceManager,
        /// The service, by the manager's own name.
        name: String,
        /// What is done.
        act: ServiceAct,
    },
    /// A guard that an earlier run left on the host, armed or fired, goes. An armed one undoes nothing any more.
    EndUndoGuard {
        /// Its name.
        name: String,
        /// Whether it was armed when it was observed.
        armed: bool,
    },
    /// Something that only a person can do: the step fails and says what.
    Person(String),
}

/// What shows that a new file is fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Nothing can: its user has no way to try it.
    None,
    /// vsftpd itself reads it.
    Vsftpd,
    /// keepalived itself reads it.
    Keepalived {
        /// Commands of health checks that log in: one of them must pass.
        checks: Vec<String>,
    },
    /// iptables-restore tries it, and loads it in a network namespace of its own where one can be made.
    PacketFilter {
        /// The iptables that loads it at boot.
        command: IptablesCommand,
        /// Whether its restore command takes a bound for waiting on the lock.
        waits_for_lock: bool,
    },
}

/// How a daemon comes to read its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DaemonAct {
    /// It is told to, by a signal. A stamp says that it was.
    Reload {
        /// Its process id.
        pid: u32,
        /// Its start, in clock ticks after boot.
        start_ticks: u64,
        /// Whether it takes only a part of what is new: that a restart is owed stays written down until it comes.
        owes_restart: bool,
    },
    /// It is started.
    Start(ServiceManager),
    /// It is ended and started.
    Restart {
        /// What manages it.
        manager: ServiceManager,
        /// Its process id.
        pid: u32,
    },
}

/// What is done to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceAct {
    /// It starts at boot in these runlevels.
    Enable(Vec<u8>),
    /// It does not start at boot in these runlevels.
    Disable(Vec<u8>),
    /// It runs now.
    Start,
    /// It does not run now.
    Stop,
}

impl Step {
    /// Takes in a later step of the same block; gives it back when it belongs to none.
    #[must_use]
    pub fn merge(&mut self, later: Self) -> Option<Self> {
        match (self, later) {
            (
                Self::Rules { command, table, edits, .. },
                Self::Rules { command: other, table: other_table, edits: more, .. },
            ) if *command == other && *table == other_table => {
                edits.extend(more);
                None
            }
            // A second edit of one file, that begins where the first one ends: the file is written once.
            (
                Self::File { path, text, proof, .. },
                Self::File { path: other, observed: Some(sum), text: more, proof: same },
            ) if *path == other && *proof == same && cksum(text) == sum => {
                *text = more;
                None
            }
            // One restart does for all services of a file.
            (
                Self::Director { act: DaemonAct::Restart { .. }, .. },
                Self::Director { act: DaemonAct::Restart { .. }, .. },
            ) => None,
            (_, later) => Some(later),
        }
    }
}

impl fmt::Display for Step {
    /// Fits after "failed to ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules { table, .. } => write!(f, "change the rules of table {table}"),
            Self::Ipvsadm(edit) => write!(f, "run ipvsadm {}", edit.words().join(" ")),
            Self::IpForward => f.write_str("set net.ipv4.ip_forward"),
            Self::KeepTemplates => f.write_str("set net.ipv4.vs.expire_quiescent_template"),
            Self::Sysctl { name, .. } => write!(f, "set {name}"),
            Self::QuietArp => f.write_str("set net.ipv4.conf.all.arp_ignore and arp_announce"),
            Self::Address(address) => write!(f, "bring up {address}"),
            Self::File { path, observed: Some(_), .. } => write!(f, "replace {path}"),
            Self::File { path, observed: None, .. } => write!(f, "write {path}"),
            Self::VsftpdReload { conf, .. } => write!(f, "make vsftpd read {conf} again"),
            Self::Director { daemon, act, .. } => match act {
                DaemonAct::Reload { .. } => write!(f, "make {} read its file again", daemon.name()),
                DaemonAct::Start(_) => write!(f, "start {}", daemon.name()),
                DaemonAct::Restart { .. } => write!(f, "restart {}", daemon.name()),
            },
            Self::Service { name, act, .. } => match act {
                ServiceAct::Enable(_) => write!(f, "enable {name} at boot"),
                ServiceAct::Disable(_) => write!(f, "disable {name} at boot"),
                ServiceAct::Start => write!(f, "start {name}"),
                ServiceAct::Stop => write!(f, "stop {name}"),
            },
            Self::EndUndoGuard { armed: true, .. } => f.write_str("disarm an undo guard"),
            Self::EndUndoGuard { armed: false, .. } => f.write_str("remove what is left of an undo guard"),
            Self::Person(_) => f.write_str("go on"),
        }
    }
}

impl Step {
    /// Whether it could cut the host off from whoever changes it: rules and IPVS carry all traffic.
    #[must_use]
    pub const fn may_cut_off(&self) -> bool {
        matches!(self, Self::Rules { .. } | Self::Ipvsadm(..))
    }

    /// Whether something may be started that stays.
    #[must_use]
    pub const fn may_start_daemon(&self) -> bool {
        matches!(self, Self::Service { .. } | Self::Director { .. })
    }

    /// What is run or written, line by line, for people.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        match self {
            Self::Rules { command, table, edits, .. } => {
                let text = block(table, edits);
                let lines = String::from_utf8_lossy(&text);
                let restore = format!("{} <<END", command.sibling("-restore").join(" ") + " --noflush");
                std::iter::once(restore).chain(lines.lines().map(str::to_owned)).chain(["END".to_owned()]).collect()
            }
            Self::Ipvsadm(edit) => vec![format!("ipvsadm {}", sh::words(edit.words()))],
            Self::IpForward => vec!["echo 1 >/proc/sys/net/ipv4/ip_forward".to_owned()],
            Self::KeepTemplates => vec![format!("echo 0 >{EXPIRE_QUIESCENT_TEMPLATE}")],
            Self::Sysctl { name, value } => {
                vec![format!("printf '%s\\n' {} >{}", sh::word(value), sh::word(&sysctl_path(name)))]
            }
            Self::QuietArp => vec![format!("echo 1 >{ARP_FOLDER}/arp_ignore; echo 2 >{ARP_FOLDER}/arp_announce")],
            Self::Address(InterfaceAddress { address, prefix, device }) => {
                vec![format!("ip addr add {address}/{prefix} dev {}", sh::word(device))]
            }
            Self::File { path, text, .. } => vec![format!("replace {path} ({} bytes)", text.len())],
            Self::VsftpdReload { daemons, .. } => daemons.iter().map(|(pid, _)| format!("kill -HUP {pid}")).collect(),
            Self::Director { daemon, act, .. } => match act {
                DaemonAct::Reload { pid, .. } => vec![format!("kill -HUP {pid}")],
                DaemonAct::Start(manager) => vec![manager.command(daemon.name(), &ServiceAct::Start)],
                DaemonAct::Restart { manager, .. } => {
                    let acts = [ServiceAct::Stop, ServiceAct::Start];
                    acts.iter().map(|act| manager.command(daemon.name(), act)).collect()
                }
            },
            Self::Service { manager, name, act } => vec![manager.command(name, act)],
            Self::EndUndoGuard { name, .. } => vec![format!("rm -rf {UNDO_FOLDER}/{name}")],
            Self::Person(what) => vec![format!("# {what}")],
        }
    }
}

/// The steps of one stage: rule edits of one table joined into one block where the first of them stands.
///
/// Things go in the reverse order of their coming: a service of an older mark before the rule that tells of it, so that
/// a run which dies between the two still leaves the next one what it needs to know. What waits for connections to end
/// goes behind everything else, in blocks of its own.
#[must_use]
pub fn steps<'a>(changes: impl IntoIterator<Item = &'a Change>, stage: Stage) -> Vec<Step> {
    let mine: Vec<&Change> = changes.into_iter().filter(|change| change.stage == stage).collect();
    joined(&mine, stage).into_iter().map(|(step, _)| step).collect()
}

/// The same, each step with the numbers of the changes that it makes.
#[must_use]
pub fn joined(changes: &[&Change], stage: Stage) -> Vec<(Step, Vec<usize>)> {
    let numbered = changes.iter().copied().enumerate();
    let (waiting, others): (Vec<_>, Vec<_>) = numbered.partition(|(_, change)| change.drain.is_some());
    [others, waiting].into_iter().flat_map(|part| in_blocks(part, stage)).collect()
}

fn in_blocks(changes: Vec<(usize, &Change)>, stage: Stage) -> Vec<(Step, Vec<usize>)> {
    let mut mine: Vec<(Step, usize)> =
        changes.into_iter().map(|(number, change)| (change.step.clone(), number)).collect();
    if stage == Stage::Contract {
        mine.reverse();
    }
    // What fails for want of a person must not keep anything else from being done.
    mine.sort_by_key(|(step, _)| matches!(step, Step::Person(_)));
    let mut all: Vec<(Step, Vec<usize>)> = Vec::new();
    for (step, number) in mine {
        let mut left = Some(step);
        for (earlier, numbers) in &mut all {
            left = left.and_then(|step| earlier.merge(step));
            if left.is_none() {
                numbers.push(number);
                break;
            }
        }
        all.extend(left.map(|step| (step, vec![number])));
    }
    all
}
