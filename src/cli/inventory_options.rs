//! The options that name an inventory and narrow it, the same for every verb.

use super::{defaults, say};
use crate::{
    host::run_inventory_program,
    inventory::{self, Inventory, Pattern},
    source::Faults,
};
use camino::Utf8PathBuf;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct InventoryOptions {
    /// Inventory: a file, a folder, a program, or a list of hosts such as `lvs1,lvs2,`; may be given more than once
    #[arg(short, long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    inventory: Vec<Utf8PathBuf>,

    /// Only hosts that this pattern selects (names, groups, globs, `~` regular expressions, `a:b`, `a:!b`, `a:&b`, commas,
    /// `web[0:2]`), or `@FILE` with one pattern a line
    #[arg(short, long, value_name = "PATTERN")]
    limit: Vec<String>,

    /// Variables that win over all others: `key=value` pairs, JSON or YAML, or `@FILE`; may be given more than once
    #[arg(short, long, value_name = "VARS")]
    extra_vars: Vec<String>,
}

impl InventoryOptions {
    /// What was named, or where an inventory is by default.
    pub(super) fn sources(&self) -> Result<Vec<Utf8PathBuf>, String> {
        if self.inventory.is_empty() { Ok(vec![defaults::inventory()?]) } else { Ok(self.inventory.clone()) }
    }

    /// Reads the inventory; its programs are waited for until `stop` says so.
    pub(super) fn load(
        &self,
        sources: &[Utf8PathBuf],
        playbook_folders: &[Utf8PathBuf],
        stop: &dyn Fn() -> bool,
    ) -> Result<Inventory, Faults> {
        Inventory::load(&inventory::Inputs {
            sources,
            playbook_folders,
            extra_vars: &self.extra_vars,
            programs: &|program, arguments| run_inventory_program(program, arguments, stop),
        })
    }

    /// The hosts that `--limit` selects; `None` where there is no limit.
    pub(super) fn limited(&self, inventory: &Inventory) -> Result<Option<Vec<String>>, Faults> {
        if self.limit.is_empty() {
            return Ok(None);
        }
        let pattern = Pattern::of_limit(&self.limit)?;
        let selected = inventory.select(&pattern)?;
        inventory.warnings(&pattern).iter().for_each(|warning| say::warning(warning));
        Ok(Some(selected.into_iter().map(str::to_owned).collect()))
    }
}
