//! A history for programs.

use super::{Broken, Drift, History, Record};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The document's version.
const VERSION: u32 = 1;

/// What lvs-ftp history --output json prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Report of lvs-ftp history --output json", deny_unknown_fields)]
pub struct HistoryDocument<'a> {
    /// It grows when a field changes its meaning or goes.
    version: u32,
    /// No run that began before is told.
    since: String,
    /// How many runs began since then.
    count: usize,
    /// The last of them, as the log has them.
    runs: Vec<&'a Record>,
    /// What drifted since then.
    drifts: Vec<DriftOfThing>,
    /// The lines that are no runs, the first thousand of them.
    broken: &'a [Broken],
}

/// One thing that drifted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DriftOfThing {
    /// Its host.
    host: String,
    /// The kind of resource.
    resource: String,
    /// The thing, without values.
    what: String,
    /// How often.
    count: usize,
    /// When it was found.
    times: Vec<Timestamp>,
}

impl From<Drift> for DriftOfThing {
    fn from(Drift { host, resource, what, times, .. }: Drift) -> Self {
        Self { host, resource, what, count: times.len(), times }
    }
}

/// The history's document.
#[must_use]
pub fn json(history: &History) -> Value {
    let document = HistoryDocument {
        version: VERSION,
        since: history.window.since.to_string(),
        count: history.count,
        runs: history.last(history.window.count),
        drifts: history.drifts().into_iter().map(DriftOfThing::from).collect(),
        broken: &history.broken,
    };
    serde_json::to_value(document).unwrap_or_default()
}
