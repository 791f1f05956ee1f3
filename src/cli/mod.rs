//! The command line: one file a verb. The doc comments here are the reference that `--help` prints.

mod apply;
mod completions;
mod contact;
mod defaults;
mod doctor;
mod exit;
mod ftp_sessions;
mod history;
mod inputs;
mod inventory;
mod inventory_options;
mod local;
mod locking;
mod log_file;
mod log_reader;
mod man;
mod netrc;
mod place;
mod plan_file;
mod progress;
mod refusal;
mod replace;
mod say;
mod schedule;
mod schema;
mod signals;
mod splay;
mod status;
mod syslog;
mod unattended;

pub use exit::Exit;

use clap::{Parser, Subcommand};

/// Keeps FTP clusters behind Linux Virtual Server in their desired state.
///
/// Reads what shall be (inventory and playbook), asks every router and real server for what is, shows the difference,
/// and makes the smallest change that removes it. Nothing is installed on the hosts.
#[derive(Debug, Parser)]
#[command(name = "lvs-ftp", version, after_help = Exit::HELP, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Apply(Box<apply::Apply>),
    Inventory(inventory::Inventory),
    Status(Box<status::ShowStatus>),
    Doctor(Box<doctor::Doctor>),
    Schedule(schedule::Schedule),
    History(history::ShowHistory),
    Schema(schema::Schema),
    #[command(hide = true)]
    FtpSessions(ftp_sessions::FtpSessions),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs the program with the process' own arguments.
#[must_use]
pub fn main() -> Exit {
    match Cli::try_parse() {
        Ok(cli) => match cli.verb {
            Verb::Apply(apply) => apply.run(),
            Verb::Inventory(inventory) => inventory.run(),
            Verb::Status(status) => status.run(),
            Verb::Doctor(doctor) => doctor.run(),
            Verb::Schedule(schedule) => schedule.run(),
            Verb::History(history) => history.run(),
            Verb::Schema(schema) => schema.run(),
            Verb::FtpSessions(sessions) => sessions.run(),
            Verb::Completions(completions) => completions.run(),
            Verb::Man(man) => man.run(),
        },
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Converged };
            match error.print() {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed,
                _ => exit,
            }
        }
    }
}
