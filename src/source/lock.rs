//! One run an inventory, by flock(2) on its sources themselves: nothing is written, and the lock dies with the process.

use camino::{Utf8Path, Utf8PathBuf};
use rustix::{
    fs::{FileType, FlockOperation, Mode, OFlags, flock, fstat, open, stat},
    io::Errno,
};
use std::{
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

/// How often a lock that is not free is tried again.
const LOOK: Duration = Duration::from_millis(100);

/// What a run may do to the hosts beside other runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It only looks: others may look too.
    Shared,
    /// It changes: it is alone.
    Alone,
}

/// Locked sources. They are free when this goes; no child inherits them.
#[derive(Debug, Default)]
pub struct Locks {
    files: Vec<OwnedFd>,
    /// What could not be locked, and why the run goes on.
    pub warnings: Vec<String>,
}

/// Why there are no locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Busy {
    /// Another run has this source.
    Held(Utf8PathBuf),
    /// The wait was ended from outside.
    Stopped,
}

impl Locks {
    /// Locks every source, waiting so long at most, and no longer than until `stop` says so. `waiting` is told once
    /// for what the wait is. What is not there, or may not be read, is left to those who read it.
    pub fn take(
        sources: &[Utf8PathBuf],
        hold: Hold,
        wait: Duration,
        stop: &dyn Fn() -> bool,
        waiting: &mut dyn FnMut(&Utf8Path),
    ) -> Result<Self, Busy> {
        let deadline = Instant::now() + wait;
        let mut locks = Self::default();
        let mut told = false;
        for source in in_order(sources) {
            while !locks.try_one(source, hold) {
                if stop() {
                    return Err(Busy::Stopped);
                }
                if Instant::now() >= deadline {
                    return Err(Busy::Held(source.to_owned()));
                }
                if !told {
                    waiting(source);
                    told = true;
                }
                std::thread::sleep(LOOK);
            }
        }
        Ok(locks)
    }

    /// Whether the source is locked, or cannot be.
    fn try_one(&mut self, source: &Utf8Path, hold: Hold) -> bool {
        let operation = match hold {
            Hold::Shared => FlockOperation::NonBlockingLockShared,
            Hold::Alone => FlockOperation::NonBlockingLockExclusive,
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let Ok(file) = open(source.as_std_path(), flags, Mode::empty()) else { return true };
        match flock(&file, operation) {
            // An editor may have put another file in its place meanwhile: that one counts.
            Ok(()) if identity(&file) == named(source) => {
                self.files.push(file);
                true
            }
            Ok(()) | Err(Errno::WOULDBLOCK | Errno::INTR) => false,
            Err(error) => {
                self.warnings.push(format!(
                    "{source} cannot be locked ({}), so another run with it is not kept out",
                    std::io::Error::from(error)
                ));
                true
            }
        }
    }
}

type Identity = Option<(u64, u64)>;

fn identity(file: &OwnedFd) -> Identity {
    fstat(file).ok().map(|found| (found.st_dev, found.st_ino))
}

fn named(source: &Utf8Path) -> Identity {
    stat(source.as_std_path()).ok().map(|found| (found.st_dev, found.st_ino))
}

/// Files and folders, each once whatever its names, in an order that all runs have: so no two wait for each other.
fn in_order(sources: &[Utf8PathBuf]) -> Vec<&Utf8Path> {
    let lockable = |source: &&Utf8PathBuf| {
        let found = stat(source.as_std_path()).map(|found| FileType::from_raw_mode(found.st_mode));
        matches!(found, Ok(FileType::RegularFile | FileType::Directory))
    };
    let mut known: Vec<(Identity, &Utf8Path)> =
        sources.iter().filter(lockable).map(|source| (named(source), source.as_path())).collect();
    known.sort();
    known.dedup_by_key(|(identity, _)| *identity);
    known.into_iter().map(|(_, source)| source).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Busy, Hold, Locks};
    use camino::{Utf8Path, Utf8PathBuf};
    use std::time::Duration;

    fn take(sources: &[&Utf8Path], hold: Hold) -> Result<Locks, Busy> {
        let sources: Vec<Utf8PathBuf> = sources.iter().map(|source| (*source).to_owned()).collect();
        Locks::take(&sources, hold, Duration::ZERO, &|| false, &mut |_| {})
    }

    #[test]
    fn one_changes_or_many_look() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        let file = path.join("hosts.json");
        std::fs::write(&file, "{}").unwrap();
        let link = path.join("link.json");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for source in [path, &file, &link] {
            let first = take(&[source], Hold::Alone).unwrap();
            for hold in [Hold::Alone, Hold::Shared] {
                assert_eq!(take(&[source], hold).unwrap_err(), Busy::Held(source.to_owned()));
            }
            drop(first);
            let _one = take(&[source], Hold::Shared).unwrap();
            let _two = take(&[source], Hold::Shared).unwrap();
            assert!(take(&[source], Hold::Alone).is_err());
        }
        // One file by several names is one lock.
        let all = take(&[&link, path, &file, &link], Hold::Alone).unwrap();
        assert_eq!(all.files.len(), 2);
        assert!(take(&[&file], Hold::Shared).is_err());
    }

    #[test]
    fn what_is_no_file_is_not_locked() {
        for source in ["/nosuch/inventory", "/dev/null"] {
            let locks = take(&[Utf8Path::new(source)], Hold::Alone).unwrap();
            assert!(locks.files.is_empty() && locks.warnings.is_empty(), "{source}");
        }
    }
}
