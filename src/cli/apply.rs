//! `lvs-ftp apply`: the main job.

use super::{Exit, defaults};
use crate::{
    desired::{self, ResolvedCluster, Target},
    host::Session,
    inventory::{ConnectionOptions, Inventory, Pattern},
    playbook::{self, Play},
    report::{self, Detail, Report},
    run::{self, Outcome, Trouble},
    source::{Fault, Faults},
};
use camino::Utf8PathBuf;
use clap::{ArgAction, Args, ValueEnum};
use std::{
    io::{IsTerminal, Write},
    time::Duration,
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
    check: bool,

    /// Show each change as a diff
    #[arg(short = 'D', long)]
    diff: bool,

    /// How many hosts are worked on at a time, 1 to 1000
    #[arg(short, long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    forks: u16,

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
    timeout: u32,

    /// Before rules or the IPVS table are changed on a host that is reached over ssh, a guard is armed there that undoes
    /// the change unless the host can be reached anew within this many seconds, 5 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(5..=3600))]
    confirm_timeout: u32,

    /// Arm no guard: a change that cuts off a host stays
    #[arg(long, conflicts_with = "confirm_timeout")]
    no_undo: bool,

    /// Show what is run for each change; twice: how each host is reached, too
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,

    /// Only list the hosts that would be contacted
    #[arg(long)]
    list_hosts: bool,

    /// Only read inventory and playbooks, and say what is wrong in them
    #[arg(long)]
    syntax_check: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// In Ansible's shape
    Human,
    /// One JSON document
    Json,
}

/// Why there is nothing to run: printed, and status 1.
enum Refusal {
    Faults(Faults),
    Text(String),
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
struct Work {
    /// The plays to run, with the names of their hosts that are contacted.
    plays: Vec<(Play, Vec<String>)>,
    targets: Vec<Target>,
}

impl Apply {
    pub fn run(&self) -> Exit {
        let work = match self.work() {
            Ok(work) => work,
            Err(refusal) => return refused(&refusal),
        };
        if self.syntax_check || self.list_hosts {
            return print(&self.listing(&work), Exit::Converged);
        }
        match self.outcomes(&work) {
            Ok(outcomes) => self.tell(&work, outcomes),
            Err(text) => refused(&Refusal::Text(text)),
        }
    }

    /// Reads everything; no host is contacted.
    fn work(&self) -> Result<Work, Refusal> {
        let playbooks = self.playbooks()?;
        let folders: Vec<Utf8PathBuf> = playbooks.iter().filter_map(|path| path.parent()).map(folder).collect();
        let sources = if self.inventory.is_empty() { vec![defaults::inventory()?] } else { self.inventory.clone() };
        let (inventory, plays) = both(Inventory::load(&sources, &folders), playbook::load(&playbooks))?;
        let options =
            ConnectionOptions { user: self.user.clone(), become_: self.become_, private_key: self.private_key.clone() };
        let clusters = desired::resolve(&inventory, &plays, &options)?;
        self.selected(&inventory, &clusters)
    }

    fn playbooks(&self) -> Result<Vec<Utf8PathBuf>, String> {
        if self.playbooks.is_empty() { Ok(vec![defaults::playbook()?]) } else { Ok(self.playbooks.clone()) }
    }

    /// What tags select of the plays' resources, on those of their hosts that `--limit` selects.
    fn selected(&self, inventory: &Inventory, clusters: &[ResolvedCluster]) -> Result<Work, Refusal> {
        let limit = if self.limit.is_empty() {
            None
        } else {
            let texts: Vec<&str> = self.limit.iter().map(String::as_str).collect();
            let pattern = Pattern::of_option("--limit", &texts).map_err(Faults::from)?;
            Some(inventory.select(&pattern)?.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let contacted = |name: &str| limit.as_ref().is_none_or(|limit| limit.iter().any(|host| host == name));
        // Every cluster is checked, whether it is selected or not.
        desired::targets(clusters, clusters)?;
        let selects = |play: &Play, tag: &str| self.tagged(&[&play.tags[..], &[tag.to_owned()]].concat());
        let selected: Vec<&ResolvedCluster> = clusters
            .iter()
            .filter(|cluster| ["running", "boot"].iter().any(|tag| selects(&cluster.play, tag)))
            .collect();
        if selected.is_empty() {
            return Err(Refusal::Text("no play has the tags that were asked for".to_owned()));
        }
        let mut plays = Vec::new();
        for cluster in &selected {
            let servers = cluster.real_servers.iter().map(|server| &server.host);
            let hosts = cluster.routers.iter().chain(servers).map(|host| host.name.clone());
            plays.push((cluster.play.clone(), hosts.filter(|name| contacted(name)).collect::<Vec<_>>()));
        }
        let mut targets = desired::targets(selected, clusters)?;
        targets.retain(|target| contacted(&target.host.name));
        for target in &mut targets {
            target.wanted.retain(|wanted| {
                plays.iter().any(|(play, _)| play.name == wanted.play && selects(play, wanted.resource.kind().tag()))
            });
        }
        targets.retain(|target| !target.wanted.is_empty());
        if targets.is_empty() {
            return Err(Refusal::Text("the limit selects none of the playbook's hosts".to_owned()));
        }
        Ok(Work { plays, targets })
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
            let (routers, servers) = (&play.cluster.routers.hosts, &play.cluster.real_servers.hosts);
            text.push_str(&format!(
                "\n  play #{} ({routers}:{servers}): {}\tTAGS: [{}]\n    pattern: ['{routers}', '{servers}']\n    hosts ({}):\n",
                number + 1,
                play.name,
                play.tags.join(", "),
                hosts.len()
            ));
            text.extend(hosts.iter().map(|host| format!("      {host}\n")));
        }
        text
    }

    /// Contacts the hosts. In check mode what they are reached through can only observe.
    fn outcomes(&self, work: &Work) -> Result<Vec<Outcome>, String> {
        let session = Session::new(self.timeout)?;
        let connect = |(number, target): (usize, &Target)| {
            let connection = session.connect(&target.host, number);
            if self.verbose > 1 {
                warn_line(&format!("<{}> {}", target.host.name, crate::format::sh::words(connection.words())));
            }
            (target.clone(), connection)
        };
        let hosts: Vec<_> = work.targets.iter().enumerate().map(connect).collect();
        let forks = usize::from(self.forks);
        if self.check {
            let outcomes = run::check(&hosts, forks);
            run::close(&hosts, forks);
            return Ok(outcomes);
        }
        let undo = (!self.no_undo).then(|| Duration::from_secs(self.confirm_timeout.into()));
        let hosts: Vec<_> = hosts.into_iter().map(|(target, host)| (target, host.writable(undo))).collect();
        let outcomes = run::apply(&hosts, forks);
        run::close(&hosts, forks);
        Ok(outcomes)
    }

    fn tell(&self, work: &Work, outcomes: Vec<Outcome>) -> Exit {
        for outcome in &outcomes {
            for warning in outcome.items.iter().flat_map(|item| &item.warnings) {
                warn(&format!("{}: {warning}", outcome.host));
            }
        }
        let exit = exit(&outcomes, self.check);
        let plays = work.plays.iter().map(|(play, hosts)| (play.name.clone(), hosts.clone())).collect();
        let report = Report { check: self.check, plays, outcomes };
        let text = match self.output {
            Output::Human => report::human(&report, Detail { diff: self.diff, commands: self.verbose > 0 }),
            Output::Json => format!("{:#}\n", report::json(&report)),
        };
        print(&text, exit)
    }
}

/// What is worst wins: failed over unreachable over drift.
fn exit(outcomes: &[Outcome], check: bool) -> Exit {
    let of = |outcome: &Outcome| match &outcome.trouble {
        Some(Trouble::Failed(_)) => Exit::Failed,
        Some(Trouble::Unreachable(_)) => Exit::Unreachable,
        None if check && outcome.changes().next().is_some() => Exit::Drift,
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

fn refused(refusal: &Refusal) -> Exit {
    let text = match refusal {
        Refusal::Faults(faults) => faults.rendered(std::io::stderr().is_terminal()),
        Refusal::Text(text) => format!("error: {text}\n"),
    };
    // With standard error closed there is nobody left to tell.
    let _ = write(&mut anstream::stderr(), &text);
    Exit::Usage
}

fn warn(text: &str) {
    warn_line(&format!("[WARNING]: {}", crate::format::printable(text)));
}

fn warn_line(text: &str) {
    let _ = write(&mut anstream::stderr(), &format!("{text}\n"));
}

/// Prints what was asked for. What cannot be printed must not end as if all were well.
fn print(text: &str, exit: Exit) -> Exit {
    match write(&mut anstream::stdout(), text) {
        Ok(()) => exit,
        Err(error) => {
            warn_line(&format!("error: failed to write to standard output: {error}"));
            Exit::Failed
        }
    }
}

/// A reader that went away, such as `head`, is no error.
fn write(to: &mut impl Write, text: &str) -> std::io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
