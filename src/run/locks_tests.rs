//! Many runs on the same hosts, in memory.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{release, take};
use crate::{
    desired::Target,
    host::{Change, HostError, LockError, Locked, Observe, StepError},
    inventory::{ConnectionOptions, Inventory},
    plan::Step,
    probe::{Facts, Probe},
    run::{GivenUp, Options},
    source::Source,
};
use std::{
    sync::{Barrier, Mutex, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

/// A host's lock: who has it. The lower the number, the older the run.
type Lock = Mutex<Option<usize>>;

/// One run's way onto a host.
struct Way<'a> {
    run: usize,
    lock: &'a Lock,
}

impl Observe for Way<'_> {
    fn observe(&self, _: &[Probe]) -> Result<Facts, HostError> {
        Ok(Facts::default())
    }
}

impl Change for Way<'_> {
    /// As a real host does it: an older run waits a moment for a younger one.
    fn lock(&self, wait: Duration, stop: &(dyn Fn() -> bool + Sync)) -> Result<Locked, LockError> {
        let start = Instant::now();
        loop {
            let mut owner = self.lock.lock().unwrap();
            let Some(other) = *owner else {
                *owner = Some(self.run);
                return Ok(Locked::default());
            };
            drop(owner);
            let patience = if self.run < other { wait.max(Duration::from_secs(5)) } else { wait };
            if start.elapsed() >= patience {
                return Err(LockError::Busy(other.to_string()));
            }
            if stop() {
                return Err(LockError::Stopped);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn change(&self, _: &[Step]) -> Result<(), StepError> {
        Ok(())
    }

    fn confirm(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn unlock(&self) {
        let mut owner = self.lock.lock().unwrap();
        if *owner == Some(self.run) {
            *owner = None;
        }
    }
}

fn target(name: &str) -> Target {
    let text = format!("{{\"all\": {{\"hosts\": {{\"{name}\": {{}}}}}}}}");
    let inventory = Inventory::of(&[Source::new("hosts.json", text)]).unwrap();
    let host = inventory.host(name, &ConnectionOptions::default()).unwrap();
    Target { host, wanted: Vec::new(), routes: Vec::new(), serves: Vec::new() }
}

const RUNS: usize = 6;
const HOSTS: usize = 8;

/// Every run takes the hosts in another order. Each that gets them all finds nobody else there.
fn together(wait: Duration, forks: usize) -> Vec<Result<(), GivenUp>> {
    let locks: [Lock; HOSTS] = std::array::from_fn(|_| Mutex::new(None));
    let (gate, alone, never) = (Barrier::new(RUNS), Mutex::new(()), AtomicBool::new(false));
    let one = &|run: usize| {
        let ways = (0..HOSTS).map(|at| (at * (run * 2 + 1) + run) % HOSTS);
        let hosts: Vec<_> = ways.map(|at| (target(&format!("h{at}")), Way { run, lock: &locks[at] })).collect();
        let options = Options { forks, lock_wait: wait, interrupted: &never, ..Options::default() };
        let all: Vec<usize> = (0..hosts.len()).collect();
        gate.wait();
        take(&hosts, &all, &options).map(|_| {
            let work = alone.try_lock().unwrap();
            thread::sleep(Duration::from_millis(5));
            drop(work);
            release(&hosts, forks);
        })
    };
    let ended = thread::scope(|scope| {
        let runs: Vec<_> = (0..RUNS).map(|run| scope.spawn(move || one(run))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(locks.iter().all(|lock| lock.lock().unwrap().is_none()), "every lock is given back");
    ended
}

#[test]
fn of_those_that_do_not_wait_one_works() {
    for forks in [1, 4] {
        for _ in 0..20 {
            assert!(together(Duration::ZERO, forks).iter().any(Result::is_ok));
        }
    }
}

#[test]
fn those_that_wait_all_work() {
    for forks in [1, 4] {
        for _ in 0..5 {
            assert_eq!(together(Duration::from_secs(60), forks), vec![Ok(()); RUNS]);
        }
    }
}
