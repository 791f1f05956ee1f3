//! The exit statuses: cron jobs and scripts rely on them.

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Converged, or nothing to do; after `apply` also when changes were made.
    Converged = 0,
    /// Bad usage, inventory or playbook. No host was contacted.
    Usage = 1,
    /// A host failed or did not converge; or a plan that was reviewed holds no more.
    Failed = 2,
    /// `--check` found drift.
    Drift = 3,
    /// A host was unreachable.
    Unreachable = 4,
    /// Another run holds the lock. Nothing was done.
    Locked = 5,
    /// As wanted, but clients are not served: something that lvs-ftp does not manage loses their packets for certain.
    NotServed = 6,
    /// A signal ended the run: what was in hand was finished, and nothing else begun.
    Interrupted = 99,
}

impl Exit {
    /// The table for `--help`.
    pub const HELP: &'static str = "Exit status:\n  \
        0   converged, or nothing to do (after apply, also when changes were made)\n  \
        1   bad usage, inventory or playbook; no host was contacted\n  \
        2   a host failed or did not converge, or the plan of --plan holds no more\n  \
        3   --check found drift\n  \
        4   a host was unreachable (2 wins over 4, 4 over 6, 6 over 3)\n  \
        5   another run holds the lock of the inventory or of a host; nothing was done\n  \
        6   clients are not served: something that lvs-ftp does not manage loses their packets for certain\n  \
        99  interrupted by SIGINT, SIGTERM or SIGHUP; what was in hand was finished (99 wins over all)";
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
