//! Kernel parameters after the next boot: the last file that says anything about one says what is wanted.

use super::{Kind, Resource};
use crate::{
    format::{cksum::cksum, sysctl_conf},
    plan::{Action, Change, Diff, Proof, Stage, Step},
    probe::{Facts, Probe, SYSCTL_CONF, SYSCTL_OWN, SysctlFiles, Unknown},
};
use camino::{Utf8Path, Utf8PathBuf};

/// These parameters have their values at boot. They share the files, so they are one resource.
#[derive(Debug, Clone)]
pub struct BootSysctl(pub Vec<Parameter>);

/// A kernel parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, and other names under which the kernel has it.
    keys: &'static [&'static str],
    /// The value that it shall have.
    value: &'static str,
    /// The value that it has when no file says anything.
    default: &'static str,
}

impl Parameter {
    /// The kernel forwards IPv4 packets.
    pub const IP_FORWARD: Self =
        Self { keys: &["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"], value: "1", default: "0" };
    /// A draining server keeps its persistent clients.
    pub const EXPIRE_QUIESCENT_TEMPLATE: Self =
        Self { keys: &["net.ipv4.vs.expire_quiescent_template"], value: "0", default: "0" };

    fn name(self) -> &'static str {
        self.keys.first().copied().unwrap_or_default()
    }

    /// Whether the last line that says anything, in the last file, says what is wanted.
    fn fits(self, files: &[(Utf8PathBuf, Vec<u8>)]) -> bool {
        self.speaker(files).map_or(self.value == self.default, |(_, value)| value == self.value.as_bytes())
    }

    /// The file that counts, the last one that says anything, and what it says.
    fn speaker(self, files: &[(Utf8PathBuf, Vec<u8>)]) -> Option<(&Utf8Path, Vec<u8>)> {
        files.iter().rev().find_map(|(path, text)| Some((path.as_path(), sysctl_conf::value(text, self.keys)?)))
    }

    /// The file to edit: the one that counts now, where it is the administrator's; else the one that is read last. One
    /// that is no regular file, such as a link to /dev/null, takes no text.
    fn place(self, found: &SysctlFiles) -> Utf8PathBuf {
        let is_ours = |path: &Utf8Path| path.starts_with("/etc");
        let takes_text = |path: &Utf8Path| !found.special.iter().any(|special| special == path);
        let counts = self.speaker(&found.files).map(|(path, _)| path);
        if let Some(path) = counts.filter(|path| is_ours(path)) {
            return path.to_path_buf();
        }
        let mut paths = found.files.iter().map(|(path, _)| path.as_path());
        let linked = paths.find(|path| path.file_name() == Some("99-sysctl.conf") && is_ours(path));
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
    fn lost(self, found: &SysctlFiles, path: &Utf8Path) -> String {
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
            let path = parameter.place(&after);
            let unknown = |why| Unknown { what: format!("{} at boot", parameter.name()), why };
            if found.special.contains(&path) {
                return Err(unknown(format!("{path} is not a regular file: remove it, or put one there")));
            }
            let text = sysctl_conf::with(text(&after, &path).unwrap_or_default(), parameter.keys, parameter.value);
            after.put(path.clone(), text);
            // What we are about to write is judged by the same reading order.
            if !parameter.fits(&after.files) {
                return Err(unknown(parameter.lost(&after, &path)));
            }
            let what = format!("{} = {}", parameter.name(), parameter.value);
            match edits.iter_mut().find(|(known, _)| *known == path) {
                Some((_, all)) => all.push(what),
                None => edits.push((path, vec![what])),
            }
        }
        let changes = edits.into_iter().filter_map(|(path, what)| {
            let new = text(&after, &path)?.to_vec();
            Some(change(path.clone(), text(found, &path), new, &what.join(", ")))
        });
        Ok(Diff { changes: changes.collect(), warnings: Vec::new() })
    }
}

fn text<'a>(files: &'a SysctlFiles, path: &Utf8Path) -> Option<&'a [u8]> {
    files.files.iter().find(|(known, _)| known == path).map(|(_, text)| &text[..])
}

fn change(path: Utf8PathBuf, old: Option<&[u8]>, text: Vec<u8>, what: &str) -> Change {
    Change {
        needs: None,
        drain: None,
        stage: Stage::Persist,
        action: if old.is_some() { Action::Edit } else { Action::Add },
        summary: format!("{path}: {what} at boot"),
        before: old.map(<[u8]>::to_vec).unwrap_or_default(),
        after: text.clone(),
        step: Step::File { path, observed: old.map(cksum), text, proof: Proof::None },
    }
}
