//! Lists of hosts for people: the first few are named, the others counted.

use crate::format::printable;

/// `ftp1, ftp2 and 40 more`.
pub(super) fn names<T: AsRef<str>>(hosts: &[T], most: usize) -> String {
    let shown: Vec<String> = hosts.iter().take(most).map(|host| printable(host.as_ref())).collect();
    match hosts.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
