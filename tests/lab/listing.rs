//! Everything that a host could have had written to it: its files with their times and checksums, and its kernel's
//! tables with their counters.

use crate::{
    compare,
    hosts::{in_network, path},
};
use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// Path and what is known of it.
pub type Listing = BTreeMap<String, String>;

/// What sshd and sudo write by themselves, whatever is done through them: the log of connections, and the note of a
/// password that sudo asked for in vain; and the lock of a run that wanted to change something. Nothing else may differ.
const WRITTEN_BY_THE_WAY_IN: [&str; 5] =
    ["/var/log/sshd.log", "/run/sudo", "/run/sudo/ts", "/run/sudo/ts/ops", "/run/lvs-ftp/lock"];

/// Every file. Of the root file system only what differs from the lower layers, which is all that was ever written:
/// the first write to a file, its times and owner included, makes a copy here.
pub fn files(host: &str) -> Listing {
    let mut listing = Listing::new();
    walk(Path::new(&format!("/run/lab/hosts/{host}/upper")), "", &mut listing);
    for folder in ["/run", "/root", "/tmp", "/srv", "/dev/shm"] {
        walk(&path(host, folder), folder, &mut listing);
    }
    assert!(listing.contains_key(WRITTEN_BY_THE_WAY_IN[0]), "{host} is not listed: {listing:#?}");
    listing.retain(|path, _| !WRITTEN_BY_THE_WAY_IN.contains(&path.as_str()));
    listing
}

/// A listing as lines.
pub fn lines(listing: &Listing) -> String {
    compare::lines(listing.iter().map(|(path, facts)| format!("{path} {facts}")))
}

fn walk(folder: &Path, name: &str, listing: &mut Listing) {
    let device = fs::metadata(folder).unwrap().dev();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.dev() != device {
            continue;
        }
        let mut facts = format!("{:o} {}:{} {}", meta.mode(), meta.uid(), meta.gid(), meta.nlink());
        facts.push_str(&format!(
            " {}.{:09} {}.{:09}",
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime(),
            meta.ctime_nsec()
        ));
        if meta.is_file() {
            let mut hasher = DefaultHasher::new();
            fs::read(&path).unwrap().hash(&mut hasher);
            facts.push_str(&format!(" {} bytes {:016x}", meta.len(), hasher.finish()));
        } else if meta.is_symlink() {
            facts.push_str(&format!(" -> {}", fs::read_link(&path).unwrap().display()));
        }
        listing.insert(name.clone(), facts);
        if meta.is_dir() {
            walk(&path, &name, listing);
        }
    }
}

/// The kernel's tables. Only the counters of policies are left out: every packet of ours, of ssh too, counts there.
pub fn tables(host: &str) -> String {
    in_network(
        host,
        "for save in iptables-legacy-save ip6tables-legacy-save; do
            $save -c | sed '/^# /d; s/^\\(:.*\\) \\[.*/\\1/'
        done
        cat /proc/net/ip_tables_names /proc/net/ip6_tables_names /proc/sys/net/ipv4/ip_forward
        for option in -S '-L --stats --exact' '-L --thresholds' '-L --timeout' '-L --daemon' '-L --connection'; do
            ipvsadm $option -n
        done",
    )
}
