//! A history for programs.

use super::{Broken, Drift, History, Window, drifts};
use serde_json::{Value, json};

/// The document's version: it grows when a field changes its meaning or goes.
const VERSION: u32 = 1;

/// The history's document: the runs as the log has them.
#[must_use]
pub fn json(history: &History, window: Window) -> Value {
    let drift = |drift: &Drift| {
        json!({
            "host": drift.host,
            "resource": drift.resource,
            "what": drift.what,
            "count": drift.times.len(),
            "times": drift.times.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    let broken = |broken: &Broken| json!({"file": broken.file, "line": broken.line, "text": broken.why});
    json!({
        "version": VERSION,
        "since": window.since.to_string(),
        "count": history.within(window).len(),
        "runs": history.last(window).iter().map(|run| serde_json::to_value(run).unwrap_or_default()).collect::<Vec<_>>(),
        "drifts": drifts(&history.runs, window.since).iter().map(drift).collect::<Vec<_>>(),
        "broken": history.broken.iter().map(broken).collect::<Vec<_>>(),
    })
}
