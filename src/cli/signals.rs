//! Signals that ask a run to end: it finishes the step in hand. A second one of a kind ends the program at once.

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use std::sync::{Arc, atomic::AtomicBool};

/// A flag that such a signal sets. A signal that was ignored when the program began, as by nohup(1), stays ignored.
pub(super) fn watched() -> std::io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let ignored = ignored();
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        if ignored & (1_u64 << (signal - 1)) != 0 {
            continue;
        }
        let once = Arc::new(AtomicBool::new(false));
        // In this order, the first signal of a kind meets a flag that is not set yet.
        flag::register_conditional_default(signal, Arc::clone(&once))?;
        flag::register(signal, once)?;
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}

/// The signals that are ignored, as bits (proc(5)).
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default()
}
