//! `lvs-ftp schema`: what editors and programs check files and output with.

use super::{Exit, say};
use crate::schema;
use clap::{Args, builder::PossibleValuesParser};

/// Print a JSON Schema (draft 2020-12): of playbooks, of a host's variables, of what `apply` (output), `status`, `doctor`
/// and `history` print with `--output json`, or of a line of `apply --log`.
///
/// An editor checks and completes YAML with it where the first line is
/// `# yaml-language-server: $schema=PATH`.
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// What it is the schema of
    #[arg(value_name = "WHAT", value_parser = PossibleValuesParser::new(schema::TABLE.map(|(name, _)| name)))]
    what: String,
}

impl Schema {
    pub fn run(&self) -> Exit {
        let made = schema::TABLE.iter().find(|(name, _)| *name == self.what).map(|(_, make)| make());
        say::print(&format!("{:#}\n", made.unwrap_or_default()), Exit::Converged)
    }
}
