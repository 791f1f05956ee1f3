//! The line on a terminal that shows how far a run has come. Whatever else is said meanwhile stands above it, and it goes
//! with the run or with the first Ctrl-C.

use super::say;
use crate::{report, run::Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

/// How often it is drawn anew, and a signal is looked for.
const BEAT: Duration = Duration::from_millis(100);

pub(super) struct Line {
    bar: ProgressBar,
    progress: Mutex<report::Progress>,
}

impl Line {
    /// It is seen when somebody wants it and standard error is a terminal that can take a line back.
    pub fn new(is_wanted: bool) -> Self {
        let is_seen = is_wanted && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style.tick_chars("|/-\\ "));
        }
        Self { bar, progress: Mutex::default() }
    }

    /// Says something above the line.
    pub fn above(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }

    /// Shows the line while this works.
    pub fn during<R>(&self, interrupted: &AtomicBool, work: impl FnOnce() -> R) -> R {
        if self.bar.is_hidden() {
            return work();
        }
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let beat = scope.spawn(|| self.beat(&done, interrupted));
            let _end = End(&done, beat.thread().clone());
            work()
        })
    }

    fn beat(&self, done: &AtomicBool, interrupted: &AtomicBool) {
        while !done.load(Ordering::Relaxed) {
            thread::park_timeout(BEAT);
            if interrupted.load(Ordering::Relaxed) {
                // A second Ctrl-C ends the program on the spot: nothing may be left to clear then.
                self.bar.finish_and_clear();
                say::line("interrupted: each host ends the step in hand; once more ends this at once");
                return;
            }
            self.bar.tick();
        }
        self.bar.finish_and_clear();
    }

    fn heard(&self, hear: impl FnOnce(&mut report::Progress)) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        hear(&mut progress);
        if !self.bar.is_finished() {
            self.bar.set_message(progress.line());
        }
    }
}

impl Watch for Line {
    fn phase(&self, name: &str, hosts: usize) {
        self.heard(|progress| progress.phase(name, hosts));
    }

    fn begins(&self, host: &str) {
        self.heard(|progress| progress.begins(host));
    }

    fn ends(&self, host: &str) {
        self.heard(|progress| progress.ends(host));
    }
}

/// The work has ended, however it did.
struct End<'a>(&'a AtomicBool, Thread);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.unpark();
    }
}
