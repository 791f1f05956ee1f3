//! The kernel forwards IPv4 packets after the next boot too: the last file that says anything about it says 1.

use super::{Kind, Resource};
use crate::{
    format::{cksum::cksum, sysctl_conf},
    plan::{Action, Change, Diff, Proof, Stage, Step},
    probe::{Facts, Probe, SYSCTL_CONF, SysctlFiles, Unknown},
};
use camino::{Utf8Path, Utf8PathBuf};

/// `net.ipv4.ip_forward` is 1 at boot.
#[derive(Debug)]
pub struct BootForward;

/// The parameter, and the other name under which the kernel has it.
const KEYS: [&str; 2] = ["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"];

/// The file that we make where none can be edited. Its name sorts behind the usual ones.
const OWN: &str = "/etc/sysctl.d/99-lvs-ftp.conf";

impl Resource for BootForward {
    fn kind(&self) -> Kind {
        Kind::BootForward
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::SysctlFiles]
    }

    fn diff(&self, facts: &Facts) -> Result<Diff, Unknown> {
        let found = facts.sysctl_files()?;
        let mut diff = Diff::default();
        if forwards(&found.files) {
            return Ok(diff);
        }
        let path = place(found);
        let old = found.files.iter().find(|(known, _)| *known == path).map(|(_, text)| text.clone());
        let text = sysctl_conf::with(old.as_deref().unwrap_or_default(), &KEYS, "1");
        // What we are about to write is judged by the same reading order.
        let mut after = found.clone();
        match after.files.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) => known.clone_from(&text),
            None => after.put(path.clone(), text.clone()),
        }
        if !forwards(&after.files) {
            let why = match speaker(&after.files) {
                Some((winner, _)) => format!("{winner} is read after {path} and sets it to 0: remove that line"),
                None => format!("there is no /etc/sysctl.d, and systemd does not read {path}: make that folder"),
            };
            return Err(Unknown { what: "net.ipv4.ip_forward at boot".to_owned(), why });
        }
        diff.changes.push(Change {
            needs: None,
            drain: None,
            stage: Stage::Persist,
            action: if old.is_some() { Action::Edit } else { Action::Add },
            summary: format!("{path}: net.ipv4.ip_forward = 1 at boot"),
            before: old.clone().unwrap_or_default(),
            after: text.clone(),
            step: Step::File { path, observed: old.map(|old| cksum(&old)), text, proof: Proof::None },
        });
        Ok(diff)
    }
}

/// Whether the last line that says anything, in the last file, says 1.
fn forwards(files: &[(Utf8PathBuf, Vec<u8>)]) -> bool {
    speaker(files).is_some_and(|(_, value)| value == b"1")
}

/// The file that counts, the last one that says anything, and what it says.
fn speaker(files: &[(Utf8PathBuf, Vec<u8>)]) -> Option<(&Utf8Path, Vec<u8>)> {
    files.iter().rev().find_map(|(path, text)| Some((path.as_path(), sysctl_conf::value(text, &KEYS)?)))
}

/// The file to edit: the one that counts now, where it is the administrator's; else the one that is read last.
fn place(found: &SysctlFiles) -> Utf8PathBuf {
    let is_ours = |path: &Utf8Path| path.starts_with("/etc");
    let counts = speaker(&found.files);
    if let Some((path, _)) = counts.as_ref().filter(|(path, _)| is_ours(path)) {
        return path.to_path_buf();
    }
    let linked = found.files.iter().find(|(path, _)| path.file_name() == Some("99-sysctl.conf") && is_ours(path));
    match (counts, linked) {
        (None, Some((path, _))) if found.systemd => path.clone(),
        _ if found.systemd && found.has_folder => Utf8PathBuf::from(OWN),
        _ => Utf8PathBuf::from(SYSCTL_CONF),
    }
}
