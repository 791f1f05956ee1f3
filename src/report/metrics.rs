//! A run as Prometheus metrics, in the text format that node_exporter's textfile collector reads.

use super::EndedRun;
use crate::path::{Finding, Mode};
use crate::run::{Outcome, Progress, Trouble};
use std::collections::BTreeMap;

/// The metric that outlives a run that does not succeed.
const SUCCESS: &str = "lvs_ftp_last_success_timestamp_seconds";

/// The differences of one kind of resource on one host, by how far they have come.
#[derive(Default)]
struct Counts {
    drift: u32,
    changed: u32,
    left: u32,
    draining: u32,
}

/// The file's text. A success that the text before tells of is kept while runs do not succeed.
#[must_use]
pub fn metrics(run: &EndedRun, before: &str) -> String {
    let start = f64_of(run.start.as_millisecond());
    let success = if run.status == 0 { Some(start) } else { last_success(before) };
    let mut file = File::default();
    file.one("lvs_ftp_build_info", "The version of lvs-ftp.", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    file.one("lvs_ftp_last_run_timestamp_seconds", "When the last run began.", &[], start);
    if let Some(success) = success {
        file.one(SUCCESS, "When the last run began that left all as it should be (exit status 0).", &[], success);
    }
    let seconds = run.end.duration_since(run.start).as_secs_f64().max(0.0);
    file.one("lvs_ftp_last_run_duration_seconds", "How long the last run took.", &[], seconds);
    file.one("lvs_ftp_last_run_status", "The exit status of the last run.", &[], f64::from(run.status));
    let check = f64::from(u8::from(run.report.check));
    file.one("lvs_ftp_last_run_check", "Whether the last run only looked (--check).", &[], check);
    hosts(&mut file, &run.report.outcomes);
    resources(&mut file, &run.report.outcomes);
    served(&mut file, run);
    file.0
}

fn hosts(file: &mut File, outcomes: &[Outcome]) {
    type Of = fn(&Outcome) -> usize;
    let all: [(&str, &str, Of); 3] = [
        ("lvs_ftp_host_failed", "Whether the host failed in the last run.", |outcome| {
            usize::from(matches!(outcome.trouble, Some(Trouble::Failed(_))))
        }),
        ("lvs_ftp_host_unreachable", "Whether the host could not be reached in the last run.", |outcome| {
            usize::from(matches!(outcome.trouble, Some(Trouble::Unreachable(_))))
        }),
        ("lvs_ftp_host_warnings", "How many warnings there were about the host.", |outcome| outcome.warnings().count()),
    ];
    for (name, help, of) in all {
        file.begin(name, help, !outcomes.is_empty());
        for outcome in outcomes {
            file.sample(name, &[("host", &outcome.host)], of(outcome));
        }
    }
}

/// Whether each cluster serves each mode, as far as its hosts could be looked at.
fn served(file: &mut File, run: &EndedRun) {
    let name = "lvs_ftp_served";
    let outcomes = &run.report.outcomes;
    let is_known = |play: &str| outcomes.iter().any(|outcome| outcome.sights.iter().any(|sight| sight.play == play));
    let plays: Vec<&str> =
        run.clusters.iter().map(|cluster| cluster.play.as_str()).filter(|play| is_known(play)).collect();
    file.begin(name, "Whether nothing is known that loses the cluster's clients in this mode.", !plays.is_empty());
    for play in plays {
        for mode in Mode::ALL {
            // Without the control connection there is no other.
            let loses = |lost: &Finding| lost.play == play && (lost.mode == mode || lost.mode == Mode::Control);
            let is_served = !outcomes.iter().any(|outcome| outcome.losses().any(loses));
            file.sample(name, &[("cluster", play), ("mode", mode.word())], u8::from(is_served));
        }
    }
}

/// All kinds that were looked at, so that a series is 0 and not gone when all is well.
fn resources(file: &mut File, outcomes: &[Outcome]) {
    type Of = fn(&Counts) -> u32;
    let counts: Vec<(&str, BTreeMap<&str, Counts>)> = outcomes.iter().map(|one| (one.host.as_str(), of(one))).collect();
    let all: [(&str, &str, Of); 4] = [
        ("lvs_ftp_drift", "Differences that the last run found; what drains is none.", |counts| counts.drift),
        ("lvs_ftp_changed", "Differences that the last run removed.", |counts| counts.changed),
        ("lvs_ftp_left", "Differences that the last run found and did not remove.", |counts| counts.left),
        ("lvs_ftp_draining", "Changes that wait for clients to end.", |counts| counts.draining),
    ];
    for (name, help, of) in all {
        file.begin(name, help, counts.iter().any(|(_, kinds)| !kinds.is_empty()));
        for (host, kind, count) in
            counts.iter().flat_map(|(host, kinds)| kinds.iter().map(move |(kind, count)| (host, kind, count)))
        {
            file.sample(name, &[("host", host), ("resource", kind)], of(count));
        }
    }
}

/// The counts of a host by kind, over its plays.
fn of(outcome: &Outcome) -> BTreeMap<&str, Counts> {
    let mut kinds: BTreeMap<&str, Counts> = BTreeMap::new();
    for item in &outcome.items {
        let counts = kinds.entry(item.kind.name()).or_default();
        for (_, progress) in item.each() {
            let is_draining = matches!(progress, Progress::Draining(_));
            counts.draining += u32::from(is_draining);
            counts.drift += u32::from(!is_draining);
            counts.changed += u32::from(*progress == Progress::Made);
            counts.left += u32::from(matches!(progress, Progress::Planned | Progress::Held(_)));
        }
    }
    kinds
}

/// The time of the last success in a file that an earlier run wrote.
fn last_success(before: &str) -> Option<f64> {
    let value = before.lines().find_map(|line| line.strip_prefix(SUCCESS)?.strip_prefix(' '))?;
    value.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)
}

#[derive(Default)]
struct File(String);

impl File {
    fn begin(&mut self, name: &str, help: &str, has_samples: bool) {
        if has_samples {
            self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        }
    }

    fn one(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.begin(name, help, true);
        self.sample(name, labels, value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.0.push_str(&format!("{name}{labels} {value}\n"));
    }
}

/// A label's value: backslash, quote and line end are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "exact for the next 280,000 years")]
fn f64_of(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{escaped, last_success, metrics};
    use crate::report::EndedRun;
    use jiff::Timestamp;

    fn run(second: i64, status: u8) -> EndedRun {
        let start = Timestamp::from_millisecond(second * 1000 + 250).unwrap();
        EndedRun { start, end: start, status, ..EndedRun::default() }
    }

    #[test]
    fn a_success_is_kept_while_runs_fail() {
        let first = metrics(&run(1_700_000_000, 2), "");
        assert_eq!(last_success(&first), None, "{first}");
        let second = metrics(&run(1_700_000_300, 0), &first);
        let third = metrics(&run(1_700_000_600, 5), &second);
        for text in [&second, &third] {
            assert!(text.contains("\nlvs_ftp_last_success_timestamp_seconds 1700000300.25\n"), "{text}");
        }
        assert!(third.contains("\nlvs_ftp_last_run_timestamp_seconds 1700000600.25\n"), "{third}");
        assert!(third.contains("\nlvs_ftp_last_run_status 5\n"), "{third}");
    }

    #[test]
    fn what_another_wrote_there_is_no_success() {
        for text in
            ["", "x", "lvs_ftp_last_success_timestamp_seconds NaN", "lvs_ftp_last_success_timestamp_seconds -1\n"]
        {
            assert_eq!(last_success(text), None, "{text}");
        }
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    }
}
