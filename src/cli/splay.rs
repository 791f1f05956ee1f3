//! `--splay`: a wait before everything else, so that a fleet of control hosts does not begin in the same second. It is the
//! same each time for one machine and inventory, so a machine keeps its minute.

use crate::probe::digest;
use camino::{Utf8Path, Utf8PathBuf};
use std::time::{Duration, Instant};

/// How often a signal is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// How long this machine waits with these sources, so many seconds at most.
pub(super) fn delay(sources: &[Utf8PathBuf], longest: u32) -> Duration {
    share(&machine(), &canonical(sources), longest)
}

/// Waits, and says whether it was not stopped.
pub(super) fn wait(delay: Duration, stop: &dyn Fn() -> bool) -> bool {
    let end = Instant::now() + delay;
    loop {
        if stop() {
            return false;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(LOOK));
    }
}

/// A share of the seconds, by what the names hash to, in whole milliseconds.
fn share(machine: &str, sources: &[String], longest: u32) -> Duration {
    let hash = digest(format!("{machine}\n{}", sources.join("\n")).as_bytes());
    let number = hash.get(..15).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default();
    Duration::from_millis(number % (u64::from(longest) * 1000 + 1))
}

/// What tells this machine from others: machine-id(5), else the host's name.
fn machine() -> String {
    let read = |path: &&str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let is_id = |text: &String| text.len() >= 32 && text.chars().all(|digit| digit.is_ascii_hexdigit());
    let id = ["/etc/machine-id", "/var/lib/dbus/machine-id"].iter().filter_map(read).find(is_id);
    id.unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// The same inventory has the same names, whatever it was called by. What is not there is told by who reads it.
fn canonical(sources: &[Utf8PathBuf]) -> Vec<String> {
    let name = |source: &Utf8PathBuf| {
        source.canonicalize_utf8().as_deref().unwrap_or_else(|_| Utf8Path::new(source)).as_str().to_owned()
    };
    let mut names: Vec<String> = sources.iter().map(name).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
#[path = "splay_tests.rs"]
mod tests;
