//! `lvs-ftp history`: what the runs of a log tell.

use super::{Exit, log_reader, replace, say};
use crate::report::{
    self,
    history::{self, Window},
};
use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use jiff::{Span, Timestamp, civil, tz::TimeZone};

/// Where the log is when nobody says.
const LOG: &str = "/var/log/lvs-ftp/runs.jsonl";
/// Broken lines that are told one by one.
const BROKEN: usize = 3;

/// Show the last runs of a log that `apply --log` wrote, what drifted, and how often.
///
/// A drift is a difference on a host that was as the same inventory and playbook want it before: what new inputs ask
/// for is none. Times are UTC.
#[derive(Debug, Args)]
#[command(after_help = "Exit status:\n  0   the history is told, broken lines aside\n  \
    1   bad usage, or a log that cannot be read\n  2   what was asked for cannot be written")]
pub(super) struct ShowHistory {
    /// The log; may be given more than once, such as for the rotated one
    #[arg(long, value_name = "FILE", default_value = LOG)]
    log: Vec<Utf8PathBuf>,

    /// Only runs since then: a date or time (2026-11-20, 2026-11-20T08:30Z), or how long ago (12h, 7d, "2 weeks")
    #[arg(long, value_name = "WHEN", default_value = "7d", value_parser = since)]
    since: Timestamp,

    /// How many runs are shown one by one
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    count: usize,

    /// Write one page of HTML: each cluster as a drawing, the runs as a timeline. It needs no other file
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    html: Option<Utf8PathBuf>,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Lines of text
    Human,
    /// One JSON document
    Json,
}

impl ShowHistory {
    pub fn run(&self) -> Exit {
        let window = Window { since: self.since, now: Timestamp::now(), count: self.count };
        let history = match log_reader::read(&self.log, window) {
            Ok(history) => history,
            Err((path, error)) => {
                let hint = "`lvs-ftp apply --log FILE` writes one, and --log says where it is";
                say::line(&format!("error: failed to read the log {path}: {error}; {hint}"));
                return Exit::Usage;
            }
        };
        for broken in history.broken.iter().take(BROKEN) {
            say::warning(&format!(
                "{}:{}: this line is no run and is left out: {}",
                broken.file, broken.line, broken.why
            ));
        }
        if let Some(more) = history.broken_count.checked_sub(BROKEN).filter(|more| *more > 0) {
            say::warning(&format!("{more} more lines are no runs"));
        }
        if let Some(path) = &self.html {
            return match replace::replace(path, &report::page(&history), 0o644) {
                Ok(()) => Exit::Converged,
                Err(error) => {
                    say::line(&format!("error: failed to write the page {path}: {error}"));
                    Exit::Failed
                }
            };
        }
        let text = match self.output {
            Output::Human => history::text(&history),
            Output::Json => format!("{:#}\n", history::json(&history)),
        };
        say::print(&text, Exit::Converged)
    }
}

/// A point in time, or a span before now.
fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(time) = text.parse::<civil::DateTime>() {
        return time.to_zoned(TimeZone::UTC).map(|time| time.timestamp()).map_err(|error| error.to_string());
    }
    let span: Span = text
        .parse()
        .map_err(|_| "it is a date or time such as 2026-11-20T08:30Z, or a span such as 12h or 7d".to_owned())?;
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    now.checked_sub(span.abs()).map(|time| time.timestamp()).map_err(|error| error.to_string())
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
