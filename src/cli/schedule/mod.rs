//! `lvs-ftp schedule`: the file of cron, or the units of systemd, that run `lvs-ftp apply` year in, year out.

mod cron;
mod hardening;
mod interval;
mod place;
mod systemd;

use super::{Cli, Exit, Verb, inputs::Inputs, refusal::Refusal, say, signals};
use crate::inventory::Connection;
use camino::Utf8PathBuf;
use clap::{Args, CommandFactory, Parser, ValueEnum};
use interval::Interval;
use std::sync::atomic::Ordering;

/// Print, install or check a schedule of `lvs-ftp apply`.
///
/// What follows `--` are the arguments of `lvs-ftp apply`. They and the inputs that they name are read now, as the
/// schedule will read them, so that what is wrong does not wait for the night.
#[derive(Debug, Args)]
#[command(after_help = "Exit status:\n  \
    0   printed; or installed, where nothing was to do too; or --check found it as it shall be\n  \
    1   bad usage, inventory or playbook\n  \
    2   it could not be installed or looked at\n  \
    3   --check found that it differs\n  \
    99  interrupted by SIGINT, SIGTERM or SIGHUP")]
pub(super) struct Schedule {
    /// What runs it
    kind: Kind,

    /// Every so many minutes: what divides an hour, or whole hours that divide a day
    #[arg(long, value_name = "MINUTES", default_value = "15")]
    every: Interval,

    /// So many minutes later than that, such as for real servers that follow their routers
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    offset: u16,

    /// Its name: /etc/cron.d/NAME, or NAME.service and NAME.timer
    #[arg(long, value_name = "NAME", default_value = "lvs-ftp", value_parser = name)]
    name: String,

    /// Who it runs as
    #[arg(long, value_name = "USER", default_value = "root", value_parser = name)]
    user: String,

    /// The folder in which it runs; the current one if nothing is said
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    chdir: Option<Utf8PathBuf>,

    /// cron: who gets what it prints
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    mailto: Option<String>,

    /// Install it; what is as it shall be is left alone
    #[arg(long)]
    install: bool,

    /// Say whether it is installed just so, and what differs
    #[arg(long, conflicts_with = "install")]
    check: bool,

    /// Install below this folder, as for an image of a machine; nothing is started
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    root: Option<Utf8PathBuf>,

    /// Arguments of `lvs-ftp apply`
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A file for /etc/cron.d
    Cron,
    /// A service and its timer
    Systemd,
}

/// A file of the schedule.
struct Unit {
    /// Its path, `/etc/cron.d/lvs-ftp`.
    path: Utf8PathBuf,
    text: String,
}

/// What is run, every part checked.
struct Job<'a> {
    schedule: &'a Schedule,
    /// The program and its arguments.
    words: Vec<String>,
    /// The folder, absolute.
    folder: Utf8PathBuf,
    /// Folders of files that the run writes here, absolute.
    written: Vec<Utf8PathBuf>,
    /// Whether it changes the machine that it runs on.
    is_local: bool,
}

impl Schedule {
    pub fn run(&self) -> Exit {
        self.carried_out().unwrap_or_else(|refusal| refusal.told())
    }

    fn carried_out(&self) -> Result<Exit, Refusal> {
        if self.kind == Kind::Systemd && self.mailto.is_some() {
            return Err("--mailto is for cron: systemd's journal keeps what is printed".to_owned().into());
        }
        let job = self.job()?;
        let units = match self.kind {
            Kind::Cron => vec![cron::file(&job)?],
            Kind::Systemd => Vec::from(systemd::units(&job)?),
        };
        let timer = (self.kind == Kind::Systemd).then(|| format!("{}.timer", self.name));
        let failed = |why| Refusal::Because(Exit::Failed, why);
        if self.install {
            return place::install(&units, timer.as_deref(), self.root.as_deref()).map_err(failed);
        }
        if self.check {
            return place::check(&units, timer.as_deref(), self.root.as_deref()).map_err(failed);
        }
        let printed = units.iter().map(|unit| match self.kind {
            Kind::Cron => unit.text.clone(),
            Kind::Systemd => format!("# {}\n{}", unit.path, unit.text),
        });
        Ok(say::print(&printed.collect::<Vec<_>>().join("\n"), Exit::Converged))
    }

    /// Reads what the schedule will read, in the folder where it will.
    fn job(&self) -> Result<Job<'_>, Refusal> {
        let io = |what: &str, error: std::io::Error| format!("failed to {what}: {error}");
        if let Some(folder) = &self.chdir {
            std::env::set_current_dir(folder).map_err(|error| io(&format!("enter the folder {folder}"), error))?;
        }
        let folder = std::env::current_dir().map_err(|error| io("find out the current folder", error))?;
        let folder =
            Utf8PathBuf::from_path_buf(folder).map_err(|_| "the current folder's name is not UTF-8".to_owned())?;
        let program = std::env::current_exe().map_err(|error| io("find out the program's own path", error))?;
        let program = Utf8PathBuf::from_path_buf(program).map_err(|_| "the path of lvs-ftp is not UTF-8".to_owned())?;
        let mut words = vec![program.into_string(), "apply".to_owned()];
        words.extend(self.arguments.iter().cloned());
        let odd = |word: &&String| word.chars().any(char::is_control);
        if let Some(word) = words.iter().chain([&folder.to_string()]).find(odd) {
            return Err(format!("neither cron nor systemd can be given a control character: {word:?}").into());
        }
        let line = [&["lvs-ftp".to_owned()], &words[1..]].concat();
        let apply = match Cli::try_parse_from(&line) {
            Ok(Cli { verb: Verb::Apply(apply) }) => apply,
            Ok(_) => return Err("what follows -- are not arguments of lvs-ftp apply".to_owned().into()),
            Err(error) => return Err(format!("what follows -- is refused: {}", plain(&error)).into()),
        };
        let touches_here = touches_this_machine(&apply.inputs)?;
        Ok(Job {
            schedule: self,
            written: written(&line, &folder),
            is_local: apply.local.is_some() || touches_here,
            folder,
            words,
        })
    }
}

/// Whether any host is reached otherwise than by ssh: then it is this machine, or something on it.
fn touches_this_machine(inputs: &Inputs) -> Result<bool, Refusal> {
    let interrupted = signals::watched().map_err(|error| format!("failed to watch for signals: {error}"))?;
    let work = inputs.work(&inputs.sources()?, &|| interrupted.load(Ordering::Relaxed))?;
    Ok(work.targets.iter().any(|target| !matches!(target.host.connection, Connection::Ssh { .. })))
}

fn plain(error: &clap::Error) -> String {
    error.to_string().trim_start_matches("error: ").trim_end().to_owned()
}

/// The folders of the files that a run writes on the machine that it runs on.
fn written(line: &[String], folder: &Utf8PathBuf) -> Vec<Utf8PathBuf> {
    let matches = Cli::command().try_get_matches_from(line).ok();
    let Some((_, matches)) = matches.as_ref().and_then(clap::ArgMatches::subcommand) else { return Vec::new() };
    let mut all: Vec<Utf8PathBuf> = ["log", "metrics", "out"]
        .into_iter()
        .filter_map(|option| matches.try_get_raw(option).ok().flatten())
        .flatten()
        .filter_map(|path| Some(folder.join(path.to_str()?).parent()?.to_owned()))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// What cron takes as a file's name, and systemd as a unit's: no dot, or cron passes over the file.
fn name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !text.is_empty() && text.len() <= 64 && !text.starts_with('-') && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err("must be letters, digits, `_` and `-`, 64 at most, and not begin with `-`".to_owned())
}

fn address(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.+@,".contains(c);
    if text.len() <= 254 && !text.starts_with('-') && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err("must be a mail address or a user's name, or several with commas".to_owned())
}
