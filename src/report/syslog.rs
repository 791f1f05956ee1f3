//! A run as lines for the system's log: one for each change, one for each host that did not come to the end, one for the run.

use super::{EndedRun, history::Record, history::news};
use crate::{
    format::printable,
    run::{Progress, Trouble},
};

/// How much a line matters (RFC 3164).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Severity {
    /// Something failed.
    Error = 3,
    /// Something is not as it should be.
    Warning = 4,
    /// Something was changed.
    Notice = 5,
    /// All is well.
    Info = 6,
}

/// The lines, without time and name; control characters are escaped.
#[must_use]
pub fn syslog(run: &EndedRun) -> Vec<(Severity, String)> {
    let mut lines = Vec::new();
    for outcome in &run.report.outcomes {
        for (item, change, progress) in outcome.each() {
            let (severity, how) = match progress {
                Progress::Made => (Severity::Notice, "changed".to_owned()),
                Progress::Planned if run.report.check => (Severity::Warning, "differs".to_owned()),
                Progress::Planned => (Severity::Warning, "not known to be made".to_owned()),
                Progress::Held(why) => (Severity::Warning, format!("held back ({why})")),
                Progress::Draining(left) => (Severity::Info, format!("draining ({left})")),
            };
            let text = format!("{}: {how}: {}: {} {}", outcome.host, item.kind.name(), change.action, change.summary);
            lines.push((severity, text));
        }
        if let Some(trouble) = &outcome.trouble {
            let word = if matches!(trouble, Trouble::Unreachable(_)) { "unreachable" } else { "failed" };
            lines.push((Severity::Error, format!("{}: {word}: {}", outcome.host, trouble.text())));
        }
        lines.extend(
            outcome
                .losses()
                .map(|lost| (Severity::Error, format!("{}: not served: {}: {lost}", outcome.host, lost.play))),
        );
        lines.extend(outcome.warnings().map(|text| (Severity::Warning, format!("{}: warning: {text}", outcome.host))));
    }
    let record = Record::of(run);
    let severity = match run.status {
        0 if lines.iter().any(|(severity, _)| *severity == Severity::Notice) => Severity::Notice,
        0 => Severity::Info,
        3 | 5 | 99 => Severity::Warning,
        _ => Severity::Error,
    };
    let check = if run.report.check { "check" } else { "run" };
    let (word, seconds) = (record.verdict().word(), record.seconds());
    lines.push((severity, format!("{check} ended: {word} (status {}), {seconds:.1} s: {}", run.status, news(&record))));
    lines.into_iter().map(|(severity, text)| (severity, printable(&text))).collect()
}
