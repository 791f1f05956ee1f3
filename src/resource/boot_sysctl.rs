//! Kernel parameters after the next boot: the last file that says anything about one says what is wanted.

use super::{Kind, Resource};
use crate::{
    format::{cksum::cksum, sysctl_conf},
    plan::{Action, Change, Diff, Proof, Stage, Step},
    probe::{Facts, Probe, SYSCTL_CONF, SYSCTL_OWN, SysctlFiles, Unknown},
};
use camino::{Utf8Path, Utf8PathBuf};
use std::borrow::Cow;

/// These parameters have their values at boot. They share the files, so they are one resource.
#[derive(Debug, Clone)]
pub struct BootSysctl(pub Vec<Parameter>);

/// A kernel parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    name: Cow<'static, str>,
    /// Another name under which the kernel has it.
    alias: Option<&'static str>,
    /// The value that it shall have; nothing when no file of the administrator's shall set it.
    value: Option<Cow<'static, str>>,
    /// The value that it is known to have when no file says anything.
    default: Option<&'static str>,
}

/// Parameters that the kernel has under two names.
const ALIASES: [[&str; 2]; 1] = [["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"]];

impl Parameter {
    /// The kernel forwards IPv4 packets.
    pub const IP_FORWARD: Self = Self::known(ALIASES[0][0], Some(ALIASES[0][1]), "1");
    /// A draining server keeps its persistent clients.
    pub const EXPIRE_QUIESCENT_TEMPLATE: Self = Self::known("net.ipv4.vs.expire_quiescent_template", None, "0");

    /// The kernel answers for an address only in the network that has it.
    pub const ARP_IGNORE: Self = Self::known("net.ipv4.conf.all.arp_ignore", None, "1");
    /// The kernel asks only with an address of the network in question.
    pub const ARP_ANNOUNCE: Self = Self::known("net.ipv4.conf.all.arp_announce", None, "2");

    /// One that is 0 when no file says anything.
    const fn known(name: &'static str, alias: Option<&'static str>, value: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), alias, value: Some(Cow::Borrowed(value)), default: Some("0") }
    }

    /// A parameter by its name; nothing for a value is that no file of the administrator's sets it.
    #[must_use]
    pub fn stated(name: &str, value: Option<&str>) -> Self {
        let dotted = sysctl_conf::dotted(name);
        let pair = ALIASES.iter().find(|pair| pair.contains(&dotted.as_str()));
        let alias = pair.and_then(|pair| pair.iter().copied().find(|other| *other != dotted));
        let value = value.map(|value| Cow::Owned(value.to_owned()));
        Self { name: Cow::Owned(name.to_owned()), alias, value, default: None }
    }

    /// Whether both are about one parameter of the kernel.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.keys()
            .iter()
            .any(|key| other.keys().iter().any(|other| sysctl_conf::dotted(key) == sysctl_conf::dotted(other)))
    }

    /// Whether both want one value.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        self.value == other.value
    }

    fn keys(&self) -> Vec<&str> {
        std::iter::once(&*self.name).chain(self.alias).collect()
    }

    /// Whether the last line that says anything, in the last file, says what is wanted.
    fn fits(&self, files: &[(Utf8PathBuf, Vec<u8>)]) -> bool {
        match (&self.value, self.speaker(files)) {
            (Some(value), Some((_, found))) => same_words(&found, value.as_bytes()),
            (Some(value), None) => self.default == Some(value),
            (None, _) => !files.iter().any(|(path, text)| is_administrators(path) && self.is_set(text)),
        }
    }

    fn is_set(&self, text: &[u8]) -> bool {
        sysctl_conf::value(text, &self.keys()).is_some()
    }

    /// The file that counts, the last one that says anything, and what it says.
    fn speaker<'f>(&self, files: &'f [(Utf8PathBuf, Vec<u8>)]) -> Option<(&'f Utf8Path, Vec<u8>)> {
        files.iter().rev().find_map(|(path, text)| Some((path.as_path(), sysctl_conf::value(text, &self.keys())?)))
    }

    /// The file to edit: the one that counts now, where it is the administrator's; else the one that is read last. One
    /// that is no regular file, such as a link to /dev/null, takes no text.
    fn place(&self, found: &SysctlFiles) -> Utf8PathBuf {
        let takes_text = |path: &Utf8Path| !found.special.iter().any(|special| special == path);
        let counts = self.speaker(&found.files).map(|(path, _)| path);
        if let Some(path) = counts.filter(|path| is_administrators(path)) {
            return path.to_path_buf();
        }
        let mut paths = found.files.iter().map(|(path, _)| path.as_path());
        let linked = paths.find(|path| path.file_name() == Some("99-sysctl.conf") && is_administrators(path));
        let linked = linked.filter(|path| found.systemd && counts.is_none() && takes_text(path));
        let [own, main] = [SYSCTL_OWN, SYSCTL_CONF].map(Utf8Path::new);
        let own_fits = found.has_folder && takes_text(own);
        let place = match linked {
            Some(path) => path,
            None if own_fits && (found.systemd || !takes_text(main)) => own,
            None if found.has_folder && found.systemd => own,
            None => main,
        };
        place.to_path_buf()
    }

    /// Why the file that can be edited does not count.
    fn lost(&self, found: &SysctlFiles, path: &Utf8Path) -> String {
        match self.speaker(&found.files) {
            Some((winner, value)) => format!(
                "{winner} is read after {path} and sets it to {}: remove that line",
                String::from_utf8_lossy(&value)
            ),
            None => format!("there is no /etc/sysctl.d, and systemd does not read {path}: make that folder"),
        }
    }
}

impl Resource for BootSysctl {
    fn kind(&self) -> Kind {
        Kind::BootSysctl
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::SysctlFiles]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.sysctl_files()?;
        let mut after = found.clone();
        let mut edits: Vec<(Utf8PathBuf, Vec<String>)> = Vec::new();
        for parameter in self.0.iter().filter(|parameter| !parameter.fits(&found.files)) {
            let unknown = |why| Unknown { what: format!("{} at boot", parameter.name), why };
            let keys = parameter.keys();
            let files = match &parameter.value {
                Some(_) => vec![parameter.place(&after)],
                None => {
                    after.files.iter().map(|(path, _)| path.clone()).filter(|path| is_administrators(path)).collect()
                }
            };
            for path in files {
                if found.special.contains(&path) {
                    return Err(unknown(format!("{path} is not a regular file: remove it, or put one there")));
                }
                let old = text(&after, &path).unwrap_or_default();
                let (new, what) = match &parameter.value {
                    Some(value) => (sysctl_conf::with(old, &keys, value), format!("{} = {value}", parameter.name)),
                    None if !parameter.is_set(old) => continue,
                    None => (sysctl_conf::without(old, &keys), format!("no {}", parameter.name)),
                };
                after.put(path.clone(), new);
                // What we are about to write is judged by the same reading order.
                if parameter.value.is_some() && !parameter.fits(&after.files) {
                    return Err(unknown(parameter.lost(&after, &path)));
                }
                match edits.iter_mut().find(|(known, _)| *known == path) {
                    Some((_, all)) => all.push(what),
                    None => edits.push((path, vec![what])),
                }
            }
        }
        let changes = edits.into_iter().filter_map(|(path, what)| {
            let new = text(&after, &path)?.to_vec();
            Some(change(path.clone(), text(found, &path), new, &what.join(", ")))
        });
        Ok(Diff { changes: changes.collect(), warnings: Vec::new() })
    }
}

/// Whether a file is the administrator's, not a distribution's.
fn is_administrators(path: &Utf8Path) -> bool {
    path.starts_with("/etc")
}

/// Whether two values are one to the kernel: any blanks part the words of a list.
fn same_words(one: &[u8], other: &[u8]) -> bool {
    let words = |text: &'_ [u8]| -> Vec<Vec<u8>> {
        text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
    };
    words(one) == words(other)
}

fn text<'a>(files: &'a SysctlFiles, path: &Utf8Path) -> Option<&'a [u8]> {
    files.files.iter().find(|(known, _)| known == path).map(|(_, text)| &text[..])
}

fn change(path: Utf8PathBuf, old: Option<&[u8]>, text: Vec<u8>, what: &str) -> Change {
    Change {
        needs: Vec::new(),
        drain: None,
        stage: Stage::Persist,
        action: if old.is_some() { Action::Edit } else { Action::Add },
        summary: format!("{path}: {what} at boot"),
        before: old.map(<[u8]>::to_vec).unwrap_or_default(),
        after: text.clone(),
        step: Step::File { path, observed: old.map(cksum), text, proof: Proof::None },
    }
}
