//! What is done on a host, as data. host/ turns it into sh text, and an in-memory host into its effect.

use super::{Change, RuleEdit, Stage, block};
use crate::{format::sh, probe::IptablesCommand};
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
    /// One ipvsadm command: its words.
    Ipvsadm(Vec<String>),
    /// The kernel forwards IPv4 packets from now on.
    IpForward,
    /// vsftpd.conf gets a new text, if vsftpd takes it and nobody changed the old one meanwhile.
    VsftpdConf {
        /// The file.
        path: Utf8PathBuf,
        /// The checksum of the text that was observed.
        observed: String,
        /// The new text.
        text: Vec<u8>,
    },
    /// Daemons are told to read a file again, and a stamp says that they did.
    VsftpdReload {
        /// The file.
        conf: Utf8PathBuf,
        /// Process id and start time of each daemon.
        daemons: Vec<(u32, u64)>,
    },
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
            (_, later) => Some(later),
        }
    }
}

impl fmt::Display for Step {
    /// Fits after "failed to ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules { table, .. } => write!(f, "change the rules of table {table}"),
            Self::Ipvsadm(words) => write!(f, "run ipvsadm {}", words.join(" ")),
            Self::IpForward => f.write_str("set net.ipv4.ip_forward"),
            Self::VsftpdConf { path, .. } => write!(f, "replace {path}"),
            Self::VsftpdReload { conf, .. } => write!(f, "make vsftpd read {conf} again"),
        }
    }
}

impl Step {
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
            Self::Ipvsadm(words) => vec![format!("ipvsadm {}", sh::words(words))],
            Self::IpForward => vec!["echo 1 >/proc/sys/net/ipv4/ip_forward".to_owned()],
            Self::VsftpdConf { path, text, .. } => vec![format!("replace {path} ({} bytes)", text.len())],
            Self::VsftpdReload { daemons, .. } => daemons.iter().map(|(pid, _)| format!("kill -HUP {pid}")).collect(),
        }
    }
}

/// The steps of one stage: rule edits of one table joined into one block where the first of them stands.
///
/// Things go in the reverse order of their coming: a service of an older mark before the rule that tells of it, so that
/// a run which dies between the two still leaves the next one what it needs to know.
#[must_use]
pub fn steps<'a>(changes: impl IntoIterator<Item = &'a Change>, stage: Stage) -> Vec<Step> {
    let mut mine: Vec<Step> =
        changes.into_iter().filter(|change| change.stage == stage).map(|change| change.step.clone()).collect();
    if stage == Stage::Contract {
        mine.reverse();
    }
    let mut all: Vec<Step> = Vec::new();
    for step in mine {
        let left = all.iter_mut().try_fold(step, |step, earlier| earlier.merge(step));
        all.extend(left);
    }
    all
}
