//! The control host's own lock, as the command line takes it.

use super::{say, unattended::Unattended};
use crate::source::{Busy, Hold, Locks};
use camino::Utf8PathBuf;
use std::time::Duration;

/// Locks the inventory; an error is what to say to people, or nothing when the wait was interrupted.
pub(super) fn lock(
    sources: &[Utf8PathBuf],
    hold: Hold,
    wait: Duration,
    stop: &dyn Fn() -> bool,
    unattended: &Unattended,
) -> Result<Locks, Option<String>> {
    let mut waiting = |source: &camino::Utf8Path| {
        let text = format!("waiting for another run that holds the lock of {source}, {} s at most", wait.as_secs());
        unattended.notice(&text);
    };
    let locks = Locks::take(sources, hold, wait, stop, &mut waiting).map_err(|busy| match busy {
        Busy::Held(source) => Some(format!(
            "another run holds the lock of {source}; try again later, or wait for it: --lock-wait SECONDS"
        )),
        Busy::Stopped => None,
    })?;
    for warning in &locks.warnings {
        say::warning(warning);
    }
    Ok(locks)
}
