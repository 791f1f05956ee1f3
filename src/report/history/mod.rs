//! What is remembered of runs: one line of JSON a run, and what such lines tell together.

mod cluster;
mod drifts;
mod json;
mod record;
mod text;
mod thing;

use cluster::LastClusters;
pub use cluster::{Cluster, Server};
use drifts::Drifts;
pub use drifts::{Drift, drifts};
pub use json::{HistoryDocument, json};
pub use record::{ChangeRecord, HostRecord, HostState, Made, Record, Verdict};
pub use text::{news, text};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{HashMap, VecDeque};

/// What the runs of a log tell, taken in one by one: a log may be far larger than what is told of it.
#[derive(Debug, Clone)]
pub struct History {
    /// What was asked for.
    pub window: Window,
    /// The last runs, as many as are told one by one; the first one first. Some may be older than the window.
    runs: VecDeque<Record>,
    /// How many runs the window has.
    pub count: usize,
    /// The last runs of the window that had something to tell, and how many there were.
    news: VecDeque<Record>,
    /// How many runs of the window had something to tell.
    pub news_count: usize,
    /// When a run began that left all as it should be, the last one.
    pub success: Option<Timestamp>,
    /// What is last known of each host.
    pub seen: HashMap<String, HostRecord>,
    drifts: Drifts,
    clusters: LastClusters,
    /// Lines that cannot be read, the first ones.
    pub broken: Vec<Broken>,
    /// How many lines cannot be read.
    pub broken_count: usize,
}

/// So many runs are kept for the page, and so many that had something to tell.
pub const SHOWN: usize = 60;
/// So many broken lines are kept.
const BROKEN: usize = 1000;

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
    /// Nothing so far.
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self {
            window,
            runs: VecDeque::new(),
            count: 0,
            news: VecDeque::new(),
            news_count: 0,
            success: None,
            seen: HashMap::new(),
            drifts: Drifts::new(window.since),
            clusters: LastClusters::default(),
            broken: Vec::new(),
            broken_count: 0,
        }
    }

    /// The history of these runs.
    #[must_use]
    pub fn of(window: Window, mut runs: Vec<Record>) -> Self {
        let mut history = Self::new(window);
        runs.sort_by_key(|run| run.start);
        for run in runs {
            history.take(run);
        }
        history
    }

    /// Takes in a run. They come in the order in which they began.
    pub fn take(&mut self, run: Record) {
        let is_within = run.start >= self.window.since;
        self.drifts.take(&run);
        self.clusters.take(&run);
        if run.status == 0 {
            self.success = Some(run.start);
        }
        for (host, found) in &run.hosts {
            match self.seen.get_mut(host) {
                Some(known) => known.clone_from(found),
                None => drop(self.seen.insert(host.clone(), found.clone())),
            }
        }
        if is_within {
            self.count = self.count.saturating_add(1);
            if run.verdict() != Verdict::Converged {
                self.news_count = self.news_count.saturating_add(1);
                put(&mut self.news, run.clone(), SHOWN);
            }
        }
        put(&mut self.runs, run, SHOWN.max(self.window.count));
    }

    /// Takes note of a line that is no run.
    pub fn broken(&mut self, file: &str, line: usize, why: String) {
        self.broken_count = self.broken_count.saturating_add(1);
        if self.broken.len() < BROKEN {
            self.broken.push(Broken { file: file.to_owned(), line, why });
        }
    }

    /// The last run of all, in the window or before.
    #[must_use]
    pub fn newest(&self) -> Option<&Record> {
        self.runs.back()
    }

    /// The last runs of the window, this many at most and no more than are kept; the first one first.
    #[must_use]
    pub fn last(&self, count: usize) -> Vec<&Record> {
        let mut last: Vec<&Record> = self.runs.iter().rev().take(count.min(self.count)).collect();
        last.reverse();
        last
    }

    /// The last runs of the window that had something to tell, the last one first.
    #[must_use = "they are only looked at"]
    pub fn news(&self) -> impl Iterator<Item = &Record> {
        self.news.iter().rev()
    }

    /// What drifted in the window, what drifts most first.
    #[must_use]
    pub fn drifts(&self) -> Vec<Drift> {
        self.drifts.sorted()
    }

    /// The clusters of the window's runs as last described, and the last run that had each.
    #[must_use]
    pub fn clusters(&self) -> Vec<(&Cluster, Timestamp)> {
        self.clusters.since(self.window.since)
    }
}

/// Puts a run behind the others, of which so many stay.
fn put(runs: &mut VecDeque<Record>, run: Record, most: usize) {
    runs.push_back(run);
    if runs.len() > most {
        runs.pop_front();
    }
}

/// A time for people: UTC, to the minute.
#[must_use]
pub fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests;
