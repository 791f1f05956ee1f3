//! The running IPv4 packet filter: one of two backends, and whether the other one interferes.

use super::Answer;
use crate::format::{iptables_save::IptablesSave, printable, sh};
use std::fmt;

/// The words that call iptables on a host, such as `iptables` or `iptables-legacy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IptablesCommand(Vec<String>);

/// Which kernel interface an iptables talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The x_tables of Linux 2.4 and later.
    Legacy,
    /// nf_tables.
    Nft,
}

/// The packet filter as one iptables shows it.
#[derive(Debug, Clone)]
pub struct PacketFilter {
    /// The backend of the command that was asked.
    pub backend: Backend,
    /// Its version: major, minor, patch.
    pub version: (u32, u32, u32),
    /// Its tables. A table never used is not in it.
    pub dump: IptablesSave,
    /// The tables of the other backend, where its tool is there.
    pub other: Option<IptablesSave>,
}

impl IptablesCommand {
    /// These words; nothing when there are none.
    #[must_use]
    pub fn new(words: Vec<String>) -> Option<Self> {
        (!words.is_empty()).then_some(Self(words))
    }

    /// The words before the program, which may lead to another network namespace; most hosts have none.
    #[must_use]
    pub fn prefix(&self) -> &[String] {
        self.0.split_last().map_or(&[], |(_, prefix)| prefix)
    }

    /// `iptables-save`, `iptables-restore`, … of the same kind.
    #[must_use]
    pub fn sibling(&self, suffix: &str) -> Vec<String> {
        let mut words = self.0.clone();
        if let Some(last) = words.last_mut() {
            last.push_str(suffix);
        }
        words
    }
}

impl Default for IptablesCommand {
    fn default() -> Self {
        Self(vec!["iptables".to_owned()])
    }
}

impl fmt::Display for IptablesCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl PacketFilter {
    /// Whether `iptables-restore` takes `-w SECONDS`: legacy since 1.6.2; nft has no lock to wait for.
    #[must_use]
    pub fn waits_for_lock(&self) -> bool {
        self.backend == Backend::Legacy && self.version >= (1, 6, 2)
    }

    /// The name of the other backend's save command.
    #[must_use]
    pub const fn other_save(&self) -> &'static str {
        match self.backend {
            Backend::Legacy => "iptables-nft-save",
            Backend::Nft => "iptables-legacy-save",
        }
    }
}

/// Its own tables, then its version and behind a line with `#` the tables of the other backend.
pub(super) fn scripts(command: &IptablesCommand) -> Vec<String> {
    let version = sh::words(command.sibling("").iter().map(String::as_str).chain(["-V"]));
    let look = "command -v $1 >/dev/null 2>&1 || exit 0\necho '#'; exec $1";
    let prefix = sh::words(command.prefix());
    // The other backend is looked at where the prefix leads to, unless that is a multi-call program and leads nowhere.
    let there = if prefix.is_empty() {
        String::new()
    } else {
        format!("if {prefix} true >/dev/null 2>&1; then exec {prefix} sh -c {} sh $1; fi\n", sh::word(look))
    };
    vec![
        format!("exec {}", sh::words(command.sibling("-save"))),
        format!(
            "version=$({version}); status=$?; echo \"$version\"; [ $status = 0 ] || exit $status\n\
             case $version in *nf_tables*) set iptables-legacy-save;; *) set iptables-nft-save;; esac\n\
             {there}{look}"
        ),
    ]
}

pub(super) fn read(answers: Vec<Answer>) -> Result<PacketFilter, String> {
    let Ok([saved, mut rest]) = <[Answer; 2]>::try_from(answers) else {
        return Err("the host did not answer".to_owned());
    };
    let border = rest.stdout.windows(3).position(|bytes| bytes == b"\n#\n");
    let other = border.map(|at| rest.stdout.split_off(at + 1));
    let banner = if other.is_some() { &rest.stdout } else { rest.output("iptables")? };
    let banner = String::from_utf8_lossy(banner);
    let dump = saved.into_output("iptables-save")?;
    let dump = IptablesSave::parse(dump).map_err(|malformed| format!("iptables-save, {malformed}"))?;
    Ok(PacketFilter {
        backend: if banner.contains("nf_tables") { Backend::Nft } else { Backend::Legacy },
        version: read_version(&banner).ok_or_else(|| format!("iptables -V says no version: {}", printable(&banner)))?,
        dump,
        other: match other {
            None => None,
            Some(text) if rest.status == 0 => {
                Some(IptablesSave::parse(text).map_err(|malformed| format!("the other iptables-save, {malformed}"))?)
            }
            // A kernel without the other backend holds no rules in it; any other failure leaves that open.
            Some(_) if lacks_backend(&rest.stderr) => None,
            Some(_) => return Err(format!("the other backend's iptables-save failed: {}", rest.last_words())),
        },
    })
}

/// What the tools say on a kernel that lacks their backend (iptables 1.8.2 to 1.8.11).
fn lacks_backend(stderr: &[u8]) -> bool {
    let text = String::from_utf8_lossy(stderr);
    [
        "Protocol not supported",
        "Could not fetch rule set generation id",
        "Failed to initialize nft",
        "do you need to insmod",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// `iptables v1.8.9 (nf_tables)` or `iptables v1.3.5`.
fn read_version(banner: &str) -> Option<(u32, u32, u32)> {
    let (_, text) = banner.split_once(" v")?;
    let text: String = text.chars().take_while(|next| next.is_ascii_digit() || *next == '.').collect();
    let mut parts = text.split('.').map(str::parse::<u32>);
    let major = parts.next()?.ok()?;
    let mut next = || parts.next().and_then(Result::ok).unwrap_or(0);
    Some((major, next(), next()))
}
