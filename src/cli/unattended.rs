//! The options of runs that nobody watches.

use super::{Exit, log_file, say, splay};
use crate::report::{EndedRun, history::Record};
use camino::Utf8PathBuf;
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
    }
}

fn told(kept: std::io::Result<()>, what: &str) {
    if let Err(error) = kept {
        say::warning(&format!("{what}: {error}"));
    }
}
