//! How many files the program may have open: each host whose lock it holds takes some until the end of the run.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a held lock takes: the shell's input, its output, and its standard error.
const FOR_A_LOCK: u64 = 3;
/// What a script in hand takes, with what starting a process needs for a moment.
const FOR_A_SCRIPT: u64 = 12;
/// What the run itself has open.
const OWN: u64 = 64;

/// Raises our soft limit as far as so many hosts at so many a time need, and as the hard one lets us. Who needs no more
/// keeps the usual one, because children inherit it: what a host's script starts may live for years.
pub fn make_room(hosts: usize, forks: usize) {
    let limit = getrlimit(Resource::Nofile);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let needed =
        count(hosts).saturating_mul(FOR_A_LOCK).saturating_add(count(forks).saturating_mul(FOR_A_SCRIPT)) + OWN;
    let Some(wanted) = raised(needed, limit.current, limit.maximum) else { return };
    // Where it cannot be raised, whatever then cannot be opened says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
}

/// The new soft limit, where it must be another. Nothing stands for no limit.
fn raised(needed: u64, soft: Option<u64>, hard: Option<u64>) -> Option<u64> {
    let soft = soft?;
    let wanted = hard.map_or(needed, |hard| needed.min(hard));
    (wanted > soft).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::raised;

    #[test]
    fn it_is_raised_as_far_as_needed_and_possible() {
        for (needed, soft, hard, wanted) in [
            (300, Some(1024), Some(4096), None),
            (3000, Some(1024), Some(4096), Some(3000)),
            (9000, Some(1024), Some(4096), Some(4096)),
            (9000, Some(1024), None, Some(9000)),
            (9000, Some(4096), Some(4096), None),
            (9000, None, None, None),
        ] {
            assert_eq!(raised(needed, soft, hard), wanted, "{needed} {soft:?} {hard:?}");
        }
    }
}
