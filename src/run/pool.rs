//! Work on many hosts, a bounded number at a time. The results come in the order of the hosts.

use std::{sync::Mutex, thread};

/// Does the work for each element of a slice.
pub(super) fn each<'a, T: Sync, R: Send>(all: &'a [T], forks: usize, work: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    each_owned(all.iter().collect(), forks, work)
}

/// Does the work for each element of a list.
pub(super) fn each_owned<T: Send, R: Send>(all: Vec<T>, forks: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let count = all.len();
    let queue = Mutex::new(all.into_iter().enumerate());
    let results = Mutex::new(Vec::with_capacity(count));
    let worker = || {
        loop {
            let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            let Some((index, element)) = next else { break };
            let result = work(element);
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..forks.clamp(1, count.max(1)) {
            scope.spawn(worker);
        }
        worker();
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
