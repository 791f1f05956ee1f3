//! Where inventory and playbook are when nobody says.

use camino::{Utf8Path, Utf8PathBuf};

/// The folders that are searched, in this order.
const FOLDERS: [&str; 2] = ["", "/etc/lvs-ftp"];

/// `inventory/` below the current folder, else below /etc/lvs-ftp.
pub(super) fn inventory() -> Result<Utf8PathBuf, String> {
    find(&["inventory"]).ok_or_else(|| {
        "there is no inventory/ here and no /etc/lvs-ftp/inventory/: say where it is with -i PATH".to_owned()
    })
}

/// `playbooks/site.json` (or .yml, .yaml) below the current folder, else below /etc/lvs-ftp.
pub(super) fn playbook() -> Result<Utf8PathBuf, String> {
    find(&["playbooks/site.json", "playbooks/site.yml", "playbooks/site.yaml"]).ok_or_else(|| {
        "there is no playbooks/site.json here and none in /etc/lvs-ftp: name a playbook on the command line".to_owned()
    })
}

fn find(names: &[&str]) -> Option<Utf8PathBuf> {
    let candidates = FOLDERS.iter().flat_map(|folder| names.iter().map(|name| Utf8Path::new(folder).join(name)));
    candidates.into_iter().find(|path| path.exists())
}
