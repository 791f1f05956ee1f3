//! Where inventory and playbook are when nobody says. What other users may write is not taken: they would say what root does.

use super::say;
use camino::{Utf8Path, Utf8PathBuf};
use std::{collections::BTreeSet, os::unix::fs::MetadataExt, sync::Mutex};

/// The folders that are searched, in this order.
const FOLDERS: [&str; 2] = ["", "/etc/lvs-ftp"];

/// Folders that are deeper are no inventory's.
const DEPTH: usize = 4;

/// What was said already: a run asks more than once.
static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// `inventory/` below the current folder, else below /etc/lvs-ftp.
pub(super) fn inventory() -> Result<Utf8PathBuf, String> {
    find(&["inventory"], "-i").ok_or_else(|| {
        "there is no inventory/ here and no /etc/lvs-ftp/inventory/: say where it is with -i PATH".to_owned()
    })
}

/// `playbooks/site.json` (or .yml, .yaml) below the current folder, else below /etc/lvs-ftp.
pub(super) fn playbook() -> Result<Utf8PathBuf, String> {
    find(&["playbooks/site.json", "playbooks/site.yml", "playbooks/site.yaml"], "its name").ok_or_else(|| {
        "there is no playbooks/site.json here and none in /etc/lvs-ftp: name a playbook on the command line".to_owned()
    })
}

fn find(names: &[&str], by_hand: &str) -> Option<Utf8PathBuf> {
    let candidates = FOLDERS.iter().flat_map(|folder| names.iter().map(|name| Utf8Path::new(folder).join(name)));
    candidates.into_iter().filter(|path| path.exists()).find(|path| match written_by_others(path) {
        Some(open) => {
            once(&format!(
                "{path} is not used, because other users may write {open}; to use it all the same, give {by_hand}"
            ));
            false
        }
        None => true,
    })
}

fn once(text: &str) {
    let is_new = SAID.lock().is_ok_and(|mut said| said.insert(text.to_owned()));
    if is_new {
        say::warning(text);
    }
}

/// The first of these that somebody else may write: the folder that the path begins at, each below it, and all within.
fn written_by_others(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let above =
        path.ancestors().skip(1).map(|folder| if folder.as_str().is_empty() { Utf8Path::new(".") } else { folder });
    // Above /etc is the system's own.
    let above = above.take_while(|folder| folder.as_str() != "/");
    above.map(Utf8Path::to_owned).find(|folder| is_open(folder)).or_else(|| within(path, DEPTH))
}

fn within(path: &Utf8Path, depth: usize) -> Option<Utf8PathBuf> {
    if is_open(path) {
        return Some(path.to_owned());
    }
    let entries = path.read_dir_utf8().into_iter().flatten().flatten();
    if depth == 0 { None } else { entries.into_iter().find_map(|entry| within(entry.path(), depth - 1)) }
}

/// Whether somebody beside us and root may write it. A group of our own is what many systems give each user.
fn is_open(path: &Utf8Path) -> bool {
    let is_foreign = |owner: u32| owner != 0 && owner != rustix::process::geteuid().as_raw();
    let link = std::fs::symlink_metadata(path).is_ok_and(|link| is_foreign(link.uid()));
    link || std::fs::metadata(path).is_ok_and(|found| {
        let by_group =
            found.mode() & 0o020 != 0 && found.gid() != rustix::process::getegid().as_raw() && found.gid() != 0;
        is_foreign(found.uid()) || found.mode() & 0o002 != 0 || by_group
    })
}
