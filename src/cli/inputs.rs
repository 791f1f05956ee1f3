//! What every verb that contacts hosts is told: inventory, playbooks, which hosts, and how to reach them; and what that
//! leaves to be done.

use super::{Exit, defaults, inventory_options::InventoryOptions, refusal::Refusal, say};
use crate::{
    desired::{self, ResolvedPlay, Side, Target},
    inventory::{ConnectionOptions, Inventory},
    playbook::{self, Play},
    report::history::Cluster,
    source::{Fault, Faults},
};
use camino::Utf8PathBuf;
use clap::Args;

/// The arguments; their comments are the help.
#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Playbooks: JSON or YAML files, each a list of plays
    #[arg(value_name = "PLAYBOOK", value_hint = clap::ValueHint::FilePath)]
    pub playbooks: Vec<Utf8PathBuf>,

    #[command(flatten)]
    options: InventoryOptions,

    /// How many hosts are worked on at a time, 1 to 1000
    #[arg(short, long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub forks: u16,

    /// Only plays with one of these tags, or only `running` or `boot` state; may hold commas
    #[arg(short, long, value_name = "TAGS", value_delimiter = ',')]
    pub tags: Vec<String>,

    /// No plays with one of these tags, or no `running` or `boot` state
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub skip_tags: Vec<String>,

    /// Connect as this user, where the inventory names none
    #[arg(short, long, value_name = "NAME")]
    pub user: Option<String>,

    /// Become root on the hosts, where the inventory does not say
    #[arg(short, long = "become")]
    pub become_: bool,

    /// ssh's private key, where the inventory names none
    #[arg(long, value_name = "FILE", alias = "key-file", value_hint = clap::ValueHint::FilePath)]
    pub private_key: Option<Utf8PathBuf>,

    /// Give up on a host that does not connect within this many seconds, 1 to 3600
    #[arg(short = 'T', long, value_name = "SECONDS", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub timeout: u32,
}

/// What the inputs leave to be done.
pub(super) struct Work {
    /// The plays to run, with the names of their hosts that are contacted.
    pub plays: Vec<(ResolvedPlay, Vec<String>)>,
    /// The hosts.
    pub targets: Vec<Target>,
    /// Which hosts change together.
    pub sides: Vec<Side>,
    /// The clusters, as records describe them.
    pub clusters: Vec<Cluster>,
    /// The inventory that all of it comes from.
    pub inventory: Inventory,
}

impl Inputs {
    /// The sources of the inventory.
    pub fn sources(&self) -> Result<Vec<Utf8PathBuf>, String> {
        self.options.sources()
    }

    /// Reads everything; no host is contacted. Inventory programs are waited for until `stop` says so.
    pub fn work(&self, sources: &[Utf8PathBuf], stop: &dyn Fn() -> bool) -> Result<Work, Refusal> {
        let playbooks = self.playbooks()?;
        let folders: Vec<Utf8PathBuf> = playbooks.iter().filter_map(|path| path.parent()).map(folder).collect();
        let inventory = self.options.load(sources, &folders, stop);
        if stop() {
            return Err(Refusal::Because(Exit::Interrupted, "interrupted before any host was changed".to_owned()));
        }
        let (inventory, plays) = both(inventory, playbook::load(&playbooks))?;
        let resolved = desired::resolve(&inventory, &plays, &self.connection_options())?;
        for pattern in plays.iter().flat_map(Play::patterns) {
            inventory.warnings(pattern).iter().for_each(|warning| say::warning(warning));
        }
        self.selected(inventory, &resolved)
    }

    /// How hosts are reached where their variables do not say.
    pub fn connection_options(&self) -> ConnectionOptions {
        ConnectionOptions { user: self.user.clone(), become_: self.become_, private_key: self.private_key.clone() }
    }

    /// The playbooks' files.
    pub fn playbooks(&self) -> Result<Vec<Utf8PathBuf>, String> {
        if self.playbooks.is_empty() { Ok(vec![defaults::playbook()?]) } else { Ok(self.playbooks.clone()) }
    }

    /// What tags select of the plays' resources, on those of their hosts that `--limit` selects.
    fn selected(&self, inventory: Inventory, all: &[ResolvedPlay]) -> Result<Work, Refusal> {
        let limit = self.options.limited(&inventory)?;
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
        Ok(Work { plays, targets, sides, clusters: described, inventory })
    }

    /// Ansible's rules: `always` runs unless skipped, `never` only when asked for, `all` asks for every other.
    fn tagged(&self, tags: &[String]) -> bool {
        let has = |wanted: &[String]| wanted.iter().any(|tag| tags.contains(tag));
        let special = |word: &str| tags.iter().any(|tag| tag == word);
        let asked = self.tags.is_empty() || self.tags.iter().any(|tag| tag == "all");
        let runs = has(&self.tags) || special("always") || (asked && !special("never"));
        runs && !has(&self.skip_tags)
    }
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
