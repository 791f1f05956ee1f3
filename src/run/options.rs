//! What a run is told beside its hosts, and why it may end before its first change.

use super::{
    Outcome,
    watch::{Nobody, Watch},
};
use crate::desired::Side;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// Looks at what is planned for every host just before the first change; an error tells what has moved since the plan
/// was reviewed, and then nothing is changed.
pub type Review<'a> = dyn Fn(&[Outcome]) -> Result<(), Vec<String>> + Sync + 'a;

/// Whether a play's real server, which is not in this run, can serve clients. An error says why not.
pub type Answers<'a> = dyn Fn(&str, &str) -> Result<(), String> + Sync + 'a;

/// What a run is told beside its hosts.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The sides of the clusters: which hosts change together.
    pub sides: &'a [Side],
    /// How many hosts are worked on at a time.
    pub forks: usize,
    /// How long another run's lock is waited for.
    pub lock_wait: Duration,
    /// Whether to wait for clients of what goes; else a later run makes what waits.
    pub may_wait: bool,
    /// Set when the run shall end: what is in hand is finished, and nothing else is begun.
    pub interrupted: &'a AtomicBool,
    /// Says at once what people should know while they wait.
    pub notice: &'a (dyn Fn(&str) + Sync),
    /// Hears how far the run has come.
    pub watch: &'a dyn Watch,
    /// For a machine that works alone, who asks real servers of other machines.
    pub answers: Option<&'a Answers<'a>>,
    /// Who must agree with the plan, if anybody.
    pub review: Option<&'a Review<'a>>,
}

/// Why a run ended before its first change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenUp {
    /// Another run holds the lock of a host.
    Busy {
        /// The host.
        host: String,
        /// Who holds it, as far as that is known.
        who: String,
    },
    /// It was interrupted while it took the locks.
    Interrupted,
    /// The plan is not the one that was reviewed: what has moved, in lines for people.
    Moved(Vec<String>),
}

/// One host at a time; nothing stops it, and nobody is asked.
impl Default for Options<'static> {
    fn default() -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self {
            sides: &[],
            forks: 1,
            lock_wait: Duration::ZERO,
            may_wait: true,
            interrupted: &NEVER,
            notice: &|_| {},
            watch: &Nobody,
            answers: None,
            review: None,
        }
    }
}

impl Options<'_> {
    /// Whether nothing more shall be begun.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Does the work on a host, and has it heard of.
    pub(super) fn watched<R>(&self, host: &str, work: impl FnOnce() -> R) -> R {
        self.watch.begins(host);
        let result = work();
        self.watch.ends(host);
        result
    }
}
