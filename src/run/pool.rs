//! Work on many hosts, a bounded number at a time. The results come in the order of the hosts.

use std::{
    sync::{Mutex, PoisonError},
    thread,
};

/// Does the work for each element of a slice.
pub(super) fn each<'a, T: Sync, R: Send>(all: &'a [T], forks: usize, work: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    each_owned(all.iter().collect(), forks, work)
}

/// Does the work for some elements of a list, by number; the others stay as they are.
pub(super) fn some<T: Send>(
    all: Vec<T>,
    numbers: &[usize],
    forks: usize,
    work: impl Fn(usize, T) -> T + Sync,
) -> Vec<T> {
    let mut all: Vec<Option<T>> = all.into_iter().map(Some).collect();
    let taken = numbers.iter().filter_map(|number| Some((*number, all.get_mut(*number)?.take()?))).collect();
    let done = each_owned(taken, forks, |(number, element)| (number, work(number, element)));
    for (number, element) in done {
        all[number] = Some(element);
    }
    all.into_iter().flatten().collect()
}

/// Does the work for each element of a list.
fn each_owned<T: Send, R: Send>(all: Vec<T>, forks: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let count = all.len();
    let queue = Mutex::new(all.into_iter().enumerate());
    let results = Mutex::new(Vec::with_capacity(count));
    let worker = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, element)) = next else { break };
            let result = work(element);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..forks.clamp(1, count.max(1)) {
            scope.spawn(worker);
        }
        worker();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
