//! Work that nobody waits for yet, done while other work only waits for answers.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// When such work may be done: it must not hold up the other one, so only when all of that waits, and a little at a time.
pub(super) struct Lull {
    few: usize,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    /// How many are at work that is waited for, how many wait for an answer, and how many do what nobody waits for.
    at_work: usize,
    waiting: usize,
    beside: usize,
}

/// Work that is waited for. It first is at work, then waits, then has ended.
pub(super) struct Main<'a> {
    lull: &'a Lull,
    waits: bool,
}

/// Work that nobody waits for.
pub(super) struct Beside<'a>(&'a Lull);

impl Lull {
    /// One of so much work that is waited for, of which each part will ask for a [`Lull::main`]; beside it, so much at a time.
    pub fn new(main: usize, few: usize) -> Self {
        Self { few, state: Mutex::new(State { at_work: main, ..State::default() }), moved: Condvar::new() }
    }

    /// A part of the work that is waited for.
    pub const fn main(&self) -> Main<'_> {
        Main { lull: self, waits: false }
    }

    /// Waits until there is time for work that nobody waits for. `None` when there will be none any more.
    pub fn beside(&self) -> Option<Beside<'_>> {
        let mut state = self.state();
        while state.at_work > 0 || state.waiting > 0 {
            if state.at_work == 0 && state.beside < self.few {
                state.beside += 1;
                return Some(Beside(self));
            }
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Main<'_> {
    /// From now on it only waits.
    pub fn waits(&mut self) {
        if !std::mem::replace(&mut self.waits, true) {
            let mut state = self.lull.state();
            state.at_work -= 1;
            state.waiting += 1;
            self.lull.moved.notify_all();
        }
    }
}

impl Drop for Main<'_> {
    fn drop(&mut self) {
        let mut state = self.lull.state();
        *(if self.waits { &mut state.waiting } else { &mut state.at_work }) -= 1;
        self.lull.moved.notify_all();
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        self.0.state().beside -= 1;
        self.0.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::Lull;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    /// Two at work, six beside: none of these before both wait, never more than two at once, none when nobody waits any more.
    #[test]
    fn it_is_done_while_others_wait() {
        let (lull, now, most, done) = (Lull::new(2, 2), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let moment = Duration::from_millis(20);
        thread::scope(|scope| {
            let (mut one, mut two) = (lull.main(), lull.main());
            for _ in 0..6 {
                scope.spawn(|| {
                    let Some(_beside) = lull.beside() else { return };
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(moment);
                    now.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
            thread::sleep(moment);
            one.waits();
            thread::sleep(moment);
            assert_eq!(most.load(Ordering::SeqCst), 0, "one is at work");
            two.waits();
            two.waits();
            while done.load(Ordering::SeqCst) < 2 {
                thread::sleep(moment / 20);
            }
            drop((one, two));
        });
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert!((2..6).contains(&done.load(Ordering::SeqCst)), "the rest was left");
        assert!(lull.beside().is_none());
    }

    #[test]
    fn what_ends_without_waiting_leaves_no_time() {
        let lull = Lull::new(1, 2);
        drop(lull.main());
        assert!(lull.beside().is_none());
        assert!(Lull::new(0, 2).beside().is_none());
    }
}
