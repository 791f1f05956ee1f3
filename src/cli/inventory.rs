//! `lvs-ftp inventory`: the inventory as lvs-ftp reads it.

use super::{Exit, inventory_options::InventoryOptions, refusal::Refusal, say, signals};
use crate::{
    inventory::Pattern,
    source::{Fault, Faults},
};
use camino::Utf8PathBuf;
use clap::Args;
use std::sync::atomic::Ordering;

/// Show the inventory as it is read, in the shapes of ansible-inventory.
///
/// No host is contacted. With --list it can stand for an inventory program.
#[derive(Debug, Args)]
pub(super) struct Inventory {
    #[command(flatten)]
    options: InventoryOptions,

    #[command(flatten)]
    action: Action,

    /// With --graph: show variables too
    #[arg(long, conflicts_with_all = ["list", "host"])]
    vars: bool,

    /// The folder of playbooks, whose `group_vars` and `host_vars` count too
    #[arg(long, value_name = "FOLDER", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    playbook_dir: Utf8PathBuf,

    /// With --graph: begin at this group
    #[arg(value_name = "GROUP", default_value = "all", conflicts_with_all = ["list", "host"])]
    group: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Action {
    /// All groups, hosts and variables, as JSON
    #[arg(long)]
    list: bool,

    /// The variables of one host, as JSON; --limit does not matter
    #[arg(long, value_name = "NAME")]
    host: Option<String>,

    /// Groups and hosts as a tree; --limit does not matter
    #[arg(long)]
    graph: bool,
}

impl Inventory {
    pub fn run(&self) -> Exit {
        self.shown().map_or_else(|refusal| refusal.told(), |text| say::print(&(text + "\n"), Exit::Converged))
    }

    fn shown(&self) -> Result<String, Refusal> {
        let interrupted = signals::watched().map_err(|error| format!("failed to watch for signals: {error}"))?;
        let stop = || interrupted.load(Ordering::Relaxed);
        let sources = self.options.sources()?;
        let inventory = self.options.load(&sources, std::slice::from_ref(&self.playbook_dir), &stop);
        if stop() {
            return Err(Refusal::Because(Exit::Interrupted, "interrupted".to_owned()));
        }
        let inventory = inventory?;
        if let Some(name) = &self.action.host {
            let pattern = Pattern::of_option("--host", name).map_err(Faults::from)?;
            return match inventory.select(&pattern)?[..] {
                [host] => Ok(inventory.host_listing(host)),
                _ => Err(Faults::from(Fault::about("--host", "this selects several hosts; name one")).into()),
            };
        }
        if self.action.graph {
            return Ok(inventory.graph(&self.group, self.vars)?);
        }
        let limited = self.options.limited(&inventory)?;
        Ok(inventory.list(limited.as_deref()))
    }
}
