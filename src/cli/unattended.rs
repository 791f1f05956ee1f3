//! The options of runs that nobody watches.

use super::{Exit, log_file, replace, say, splay, syslog};
use crate::report::{self, EndedRun, history::Record};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use jiff::Timestamp;

/// For cron and timers
#[derive(Debug, Args)]
#[command(next_help_heading = "For cron and timers")]
#[group(conflicts_with_all = ["list_hosts", "syntax_check"])]
pub(super) struct Unattended {
    /// Print nothing when nothing changed or differs; else one short report that reads well in a mail
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// First wait some of these seconds, 0 to 86400: always as long on one machine with one inventory, so that many
    /// machines spread and each keeps its minute
    #[arg(long, value_name = "SECONDS", default_value_t = 0, hide_default_value = true,
        value_parser = clap::value_parser!(u32).range(0..=86400))]
    splay: u32,

    /// Append one line of JSON about the run to this file, for `lvs-ftp history`
    #[arg(long, value_name = "FILE")]
    log: Option<Utf8PathBuf>,

    /// Write what the run found to this file, for the textfile collector of Prometheus' node_exporter
    #[arg(long, value_name = "FILE")]
    metrics: Option<Utf8PathBuf>,

    /// Tell the system's log (/dev/log) of each change and of the run
    #[arg(long)]
    syslog: bool,
}

impl Unattended {
    /// Waits as `--splay` says, before anything is locked or read; whether nothing stopped that.
    pub(super) fn splay(&self, sources: &[Utf8PathBuf], is_told: bool, stop: &dyn Fn() -> bool) -> bool {
        let delay = splay::delay(sources, self.splay);
        if is_told && self.splay > 0 {
            say::line(&format!("waiting {} s of --splay {}", delay.as_secs(), self.splay));
        }
        splay::wait(delay, stop)
    }

    /// Says what people should know while they wait; who wants quiet does not.
    pub(super) fn notice(&self, text: &str) {
        if !self.quiet {
            say::line(text);
        }
    }

    /// Keeps the records of a run that has ended. What fails is a warning: the hosts are what counts, so it changes
    /// neither what is done nor how the run ends.
    pub(super) fn keep(&self, mut run: EndedRun, exit: Exit) {
        run.end = Timestamp::now();
        run.status = exit as u8;
        if let Some(path) = &self.log {
            let kept = log_file::append(path, &Record::of(&run));
            told(kept, &format!("the run is not recorded in {path}"));
        }
        if let Some(path) = &self.metrics {
            told(write_metrics(path, &run), &format!("the metrics are not written to {path}"));
        }
        if self.syslog {
            told(syslog::send(&report::syslog(&run)), "the system's log is not told");
        }
    }
}

/// The file that is there holds the time of the last success. A pipe holds nothing, and reading it would take for ever.
fn write_metrics(path: &Utf8Path, run: &EndedRun) -> std::io::Result<()> {
    let is_stream = std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    let before = match if is_stream { Ok(Vec::new()) } else { std::fs::read(path) } {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    replace::replace(path, &report::metrics(run, &before), 0o644)
}

fn told(kept: std::io::Result<()>, what: &str) {
    if let Err(error) = kept {
        say::warning(&format!("{what}: {error}"));
    }
}
