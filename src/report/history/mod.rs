//! What is remembered of runs: one line of JSON a run, and what such lines tell together.

mod cluster;
mod drifts;
mod json;
mod record;
mod text;
mod thing;

pub use cluster::{Cluster, Server};
pub use drifts::{Drift, drifts};
pub use json::{HistoryDocument, json};
pub use record::{ChangeRecord, HostRecord, HostState, Made, Record, Verdict};
pub use text::{news, text};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The runs of a log.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The runs, the first one first.
    pub runs: Vec<Record>,
    /// Lines that cannot be read.
    pub broken: Vec<Broken>,
}

/// A line of a log that cannot be read, such as one that a full disk has cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Broken {
    /// The file.
    pub file: String,
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[serde(rename = "text")]
    pub why: String,
}

/// Which part of a history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Nothing that began before.
    pub since: Timestamp,
    /// When it is asked.
    pub now: Timestamp,
    /// So many runs at most are told one by one.
    pub count: usize,
}

impl History {
    /// Takes in a log's text, line by line.
    pub fn read(&mut self, file: &str, text: &[u8]) {
        for (line, text) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            match Record::read(text) {
                _ if text.trim_ascii().is_empty() => {}
                Ok(record) => self.runs.push(record),
                Err(why) => self.broken.push(Broken { file: file.to_owned(), line, why }),
            }
        }
        self.runs.sort_by_key(|run| run.start);
    }

    /// The runs of a window.
    #[must_use]
    pub fn within(&self, window: Window) -> &[Record] {
        let first = self.runs.partition_point(|run| run.start < window.since);
        self.runs.get(first..).unwrap_or_default()
    }

    /// The last of them, as many as are told one by one.
    #[must_use]
    pub fn last(&self, window: Window) -> &[Record] {
        let all = self.within(window);
        all.get(all.len().saturating_sub(window.count)..).unwrap_or_default()
    }
}

/// A time for people: UTC, to the minute.
#[must_use]
pub fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests;
