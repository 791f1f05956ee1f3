//! `lvs-ftp apply`: the main job.

use super::{Exit, defaults, locking, plan_file, say, signals, unattended::Unattended};
use crate::{
    desired::{self, ResolvedPlay, Side, Target},
    inventory::{ConnectionOptions, Inventory, Pattern},
    playbook,
    report::{self, Detail, EndedRun, Report, history::Cluster},
    run::{Outcome, Trouble},
    source::{Fault, Faults, Hold},
};
use camino::Utf8PathBuf;
use clap::{ArgAction, Args, ValueEnum};
use jiff::Timestamp;
use std::{
    io::IsTerminal,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// Converge the hosts of a playbook.
///
/// Without arguments it reads inventory/ and playbooks/site.json (or .yml) below the current folder, else below
/// /etc/lvs-ftp.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that people type")]
pub(super) struct Apply {
    /// Playbooks: JSON or YAML files, each a list of plays
    #[arg(value_name = "PLAYBOOK")]
    playbooks: Vec<Utf8PathBuf>,

    /// Inventory file or folder; may be given more than once
    #[arg(short, long, value_name = "PATH")]
    inventory: Vec<Utf8PathBuf>,

    /// Contact only hosts that this pattern selects (names, groups, globs, `a:b`, `a:!b`, `a:&b`, commas)
    #[arg(short, long, value_name = "PATTERN")]
    limit: Vec<String>,

    /// Change nothing; say what would change
    #[arg(short = 'C', long)]
    pub(super) check: bool,

    /// Show each change as a diff
    #[arg(short = 'D', long)]
    diff: bool,

    /// How many hosts are worked on at a time, 1 to 1000
    #[arg(short, long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) forks: u16,

    /// Only plays with one of these tags, or only `running` or `boot` state; may hold commas
    #[arg(short, long, value_name = "TAGS", value_delimiter = ',')]
    tags: Vec<String>,

    /// No plays with one of these tags, or no `running` or `boot` state
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    skip_tags: Vec<String>,

    /// Connect as this user, where the inventory names none
    #[arg(short, long, value_name = "NAME")]
    user: Option<String>,

    /// Become root on the hosts, where the inventory does not say
    #[arg(short, long = "become")]
    become_: bool,

    /// ssh's private key, where the inventory names none
    #[arg(long, value_name = "FILE", alias = "key-file")]
    private_key: Option<Utf8PathBuf>,

    /// Give up on a host that does not connect within this many seconds, 1 to 3600
    #[arg(short = 'T', long, value_name = "SECONDS", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(super) timeout: u32,

    /// Wait so long for another run on the same inventory or hosts, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=86400))]
    lock_wait: u32,

    /// With --check: write the plan to this file, for --plan
    #[arg(long, value_name = "FILE", requires = "check")]
    out: Option<Utf8PathBuf>,

    /// Do what this plan of --check --out says, or nothing at all when anything has moved since
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub(super) plan: Option<Utf8PathBuf>,

    /// Do not wait for the clients of what goes: leave that to a later run
    #[arg(long)]
    pub(super) no_wait: bool,

    /// Before rules or the IPVS table are changed on a host that is reached over ssh, a guard is armed there that undoes
    /// the change unless the host can be reached anew within this many seconds, 5 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(5..=3600))]
    pub(super) confirm_timeout: u32,

    /// Arm no guard: a change that cuts off a host stays
    #[arg(long, conflicts_with = "confirm_timeout")]
    pub(super) no_undo: bool,

    /// End ssh's connections with the run. Else they stay open for about an hour, for the next run
    #[arg(long)]
    pub(super) no_keep: bool,

    /// Show what is run for each change; twice: how each host is reached, too
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,

    /// Only list the hosts that would be contacted
    #[arg(long)]
    list_hosts: bool,

    /// Only read inventory and playbooks, and say what is wrong in them
    #[arg(long)]
    syntax_check: bool,

    #[command(flatten)]
    pub(super) unattended: Unattended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// In Ansible's shape
    Human,
    /// One JSON document
    Json,
}

/// Why there is nothing to run.
pub(super) enum Refusal {
    Faults(Faults),
    Text(String),
    /// The same with a status of its own.
    Because(Exit, String),
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults)
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What the inputs leave to be done.
pub(super) struct Work {
    /// The plays to run, with the names of their hosts that are contacted.
    plays: Vec<(ResolvedPlay, Vec<String>)>,
    pub(super) targets: Vec<Target>,
    pub(super) sides: Vec<Side>,
    clusters: Vec<Cluster>,
}

impl Apply {
    pub fn run(&self) -> Exit {
        let mut run = EndedRun { start: Timestamp::now(), ..EndedRun::default() };
        run.report.check = self.check;
        let exit = self.carried_out(&mut run).unwrap_or_else(|refusal| {
            let text = refusal.told(false).1;
            run.error = Some(text.trim_start_matches("error: ").trim_end().to_owned());
            refused(&refusal)
        });
        self.unattended.keep(run, exit);
        exit
    }

    fn carried_out(&self, run: &mut EndedRun) -> Result<Exit, Refusal> {
        let sources = self.sources()?;
        if self.syntax_check || self.list_hosts {
            return Ok(say::print(&self.listing(&self.work(&sources)?), Exit::Converged));
        }
        let interrupted = signals::watched().map_err(|error| format!("failed to watch for signals: {error}"))?;
        let is_interrupted = || interrupted.load(Ordering::Relaxed);
        if !self.unattended.splay(&sources, self.verbose > 0, &is_interrupted) {
            return Err(not_locked(None));
        }
        run.start = Timestamp::now();
        let deadline = Instant::now() + Duration::from_secs(self.lock_wait.into());
        // Before the inventory is read: who waits must not work with what was there before.
        let hold = if self.check { Hold::Shared } else { Hold::Alone };
        let wait = Duration::from_secs(self.lock_wait.into());
        let _locks = locking::lock(&sources, hold, wait, &is_interrupted, &self.unattended).map_err(not_locked)?;
        let reviewed = self.plan.as_deref().map(plan_file::read).transpose()?;
        let work = self.work(&sources)?;
        let inputs = desired::meaning(&work.targets);
        run.inputs = Some(inputs.clone());
        run.clusters.clone_from(&work.clusters);
        let outcomes = self.outcomes(&work, &interrupted, deadline, reviewed.as_ref(), &inputs)?;
        run.report = Report {
            check: self.check,
            interrupted: is_interrupted(),
            plays: work.plays.iter().map(|(play, hosts)| (play.name().to_owned(), hosts.clone())).collect(),
            outcomes,
        };
        let exit = self.tell(&run.report);
        match &self.out {
            Some(path) if !is_interrupted() => match plan_file::write(path, &run.report.outcomes, &inputs) {
                Ok(()) => Ok(exit),
                Err(text) => Err(Refusal::Because(Exit::Failed, text)),
            },
            _ => Ok(exit),
        }
    }

    fn sources(&self) -> Result<Vec<Utf8PathBuf>, String> {
        if self.inventory.is_empty() { Ok(vec![defaults::inventory()?]) } else { Ok(self.inventory.clone()) }
    }

    /// Reads everything; no host is contacted.
    fn work(&self, sources: &[Utf8PathBuf]) -> Result<Work, Refusal> {
        let playbooks = self.playbooks()?;
        let folders: Vec<Utf8PathBuf> = playbooks.iter().filter_map(|path| path.parent()).map(folder).collect();
        let (inventory, plays) = both(Inventory::load(sources, &folders), playbook::load(&playbooks))?;
        let options =
            ConnectionOptions { user: self.user.clone(), become_: self.become_, private_key: self.private_key.clone() };
        let plays = desired::resolve(&inventory, &plays, &options)?;
        self.selected(&inventory, &plays)
    }

    fn playbooks(&self) -> Result<Vec<Utf8PathBuf>, String> {
        if self.playbooks.is_empty() { Ok(vec![defaults::playbook()?]) } else { Ok(self.playbooks.clone()) }
    }

    /// What tags select of the plays' resources, on those of their hosts that `--limit` selects.
    fn selected(&self, inventory: &Inventory, all: &[ResolvedPlay]) -> Result<Work, Refusal> {
        let limit = if self.limit.is_empty() {
            None
        } else {
            let texts: Vec<&str> = self.limit.iter().map(String::as_str).collect();
            let pattern = Pattern::of_option("--limit", &texts).map_err(Faults::from)?;
            Some(inventory.select(&pattern)?.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let contacted = |name: &str| limit.as_ref().is_none_or(|limit| limit.iter().any(|host| host == name));
        // Every play is checked, whether it is selected or not.
        desired::targets(all, all, &|_| true)?;
        let selects = |tags: &[String]| self.tagged(tags);
        let asked = |play: &ResolvedPlay| play.all_tags().iter().any(|tags| selects(tags));
        let selected: Vec<&ResolvedPlay> = all.iter().filter(|play| asked(play)).collect();
        if selected.is_empty() {
            return Err(Refusal::Text("no play has the tags that were asked for".to_owned()));
        }
        let names = |play: &ResolvedPlay| play.hosts().into_iter().map(|host| host.name.clone()).collect::<Vec<_>>();
        let mine = |play: &ResolvedPlay| names(play).into_iter().filter(|name| contacted(name)).collect();
        let plays = selected.iter().map(|play| ((*play).clone(), mine(play))).collect();
        let sides = desired::sides(selected.iter().copied());
        let described = selected.iter().filter_map(|play| play.cluster()).map(Cluster::of).collect();
        let mut targets = desired::targets(selected, all, &selects)?;
        targets.retain(|target| contacted(&target.host.name) && !target.wanted.is_empty());
        if targets.is_empty() {
            return Err(Refusal::Text("the limit selects none of the playbook's hosts".to_owned()));
        }
        Ok(Work { plays, targets, sides, clusters: described })
    }

    /// Ansible's rules: `always` runs unless skipped, `never` only when asked for, `all` asks for every other.
    fn tagged(&self, tags: &[String]) -> bool {
        let has = |wanted: &[String]| wanted.iter().any(|tag| tags.contains(tag));
        let special = |word: &str| tags.iter().any(|tag| tag == word);
        let asked = self.tags.is_empty() || self.tags.iter().any(|tag| tag == "all");
        let runs = has(&self.tags) || special("always") || (asked && !special("never"));
        runs && !has(&self.skip_tags)
    }

    /// In the shape of ansible-playbook's `--list-hosts`.
    fn listing(&self, work: &Work) -> String {
        let mut text = String::new();
        let names: Vec<String> = self.playbooks().unwrap_or_default().iter().map(ToString::to_string).collect();
        text.push_str(&format!("\nplaybook: {}\n", names.join(", ")));
        if !self.list_hosts {
            return text;
        }
        for (number, (play, hosts)) in work.plays.iter().enumerate() {
            let patterns: Vec<String> = play.patterns().iter().map(ToString::to_string).collect();
            text.push_str(&format!(
                "\n  play #{} ({}): {}\tTAGS: [{}]\n    pattern: ['{}']\n    hosts ({}):\n",
                number + 1,
                patterns.join(":"),
                play.name(),
                play.tags().join(", "),
                patterns.join("', '"),
                hosts.len()
            ));
            text.extend(hosts.iter().map(|host| format!("      {host}\n")));
        }
        text
    }

    fn tell(&self, report: &Report) -> Exit {
        let is_short = self.unattended.quiet && self.output == Output::Human;
        // The short report has them itself.
        for outcome in report.outcomes.iter().filter(|_| !is_short) {
            for warning in outcome.warnings() {
                say::warning(&format!("{}: {warning}", outcome.host));
            }
        }
        let exit = if report.interrupted { Exit::Interrupted } else { exit(&report.outcomes, self.check) };
        let short = self.unattended.quiet.then(|| report::short(report, self.verbose > 0));
        let text = match self.output {
            _ if short == Some(None) => String::new(),
            Output::Human if is_short => short.flatten().unwrap_or_default(),
            Output::Human => report::human(report, Detail { diff: self.diff, commands: self.verbose > 0 }),
            Output::Json => format!("{:#}\n", report::json(report)),
        };
        let exit = say::print(&text, exit);
        if report.interrupted {
            say::line("error: interrupted; what is not told as made is left to the next run");
        }
        exit
    }
}

/// What is worst wins: failed over unreachable over drift.
fn exit(outcomes: &[Outcome], check: bool) -> Exit {
    let of = |outcome: &Outcome| match &outcome.trouble {
        Some(Trouble::Failed(_)) => Exit::Failed,
        Some(Trouble::Unreachable(_)) => Exit::Unreachable,
        None if check && outcome.has_drift() => Exit::Drift,
        None => Exit::Converged,
    };
    let exits: Vec<Exit> = outcomes.iter().map(of).collect();
    [Exit::Failed, Exit::Unreachable, Exit::Drift]
        .into_iter()
        .find(|exit| exits.contains(exit))
        .unwrap_or(Exit::Converged)
}

/// Both results, or the faults of both.
fn both<A, B>(one: Result<A, Faults>, two: Result<B, Faults>) -> Result<(A, B), Faults> {
    match (one, two) {
        (Ok(one), Ok(two)) => Ok((one, two)),
        (one, two) => {
            let mut faults = one.err().map(Faults::into_vec).unwrap_or_default();
            faults.extend(two.err().map(Faults::into_vec).unwrap_or_default());
            Err(Faults::check(faults).err().unwrap_or_else(|| Fault::about("input", "cannot be read").into()))
        }
    }
}

/// The folder of a playbook; a bare name is in the current one.
fn folder(path: &camino::Utf8Path) -> Utf8PathBuf {
    if path.as_str().is_empty() { Utf8PathBuf::from(".") } else { path.to_owned() }
}

/// Why the inventory is not locked.
pub(super) fn not_locked(why: Option<String>) -> Refusal {
    match why {
        Some(text) => Refusal::Because(Exit::Locked, text),
        None => Refusal::Because(Exit::Interrupted, "interrupted before any host was changed".to_owned()),
    }
}

impl Refusal {
    /// The status, and the text for people, with colours or without.
    fn told(&self, colours: bool) -> (Exit, String) {
        match self {
            Self::Faults(faults) => (Exit::Usage, faults.rendered(colours)),
            Self::Text(text) => (Exit::Usage, format!("error: {text}\n")),
            Self::Because(exit, text) => (*exit, format!("error: {text}\n")),
        }
    }
}

fn refused(refusal: &Refusal) -> Exit {
    let (exit, text) = refusal.told(std::io::stderr().is_terminal());
    say::error(&text);
    exit
}
