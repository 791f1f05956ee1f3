//! `lvs-ftp man`: the manual, from the same source as `--help`: a page for the program and one for each verb.

use super::{Cli, Exit, refusal::Refusal, say};
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Command, CommandFactory};
use clap_mangen::roff::{Roff, bold, italic, roman};
use std::io::Write;

/// Print or write the manual pages.
///
/// Without --out one page is printed, to be read by `man -l -`.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The verb whose page is printed; the program's own if none is named
    #[arg(value_name = "VERB", conflicts_with = "out")]
    verb: Option<String>,

    /// Write every page into this folder, as lvs-ftp.1, lvs-ftp-apply.1 and so on
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    out: Option<Utf8PathBuf>,
}

impl Man {
    pub fn run(&self) -> Exit {
        self.carried_out().unwrap_or_else(|refusal| refusal.told())
    }

    fn carried_out(&self) -> Result<Exit, Refusal> {
        let pages = pages();
        if let Some(folder) = &self.out {
            let failed = |why| Refusal::Because(Exit::Failed, why);
            std::fs::create_dir_all(folder)
                .map_err(|error| failed(format!("failed to make the folder {folder}: {error}")))?;
            for (name, text) in &pages {
                write(folder, name, text).map_err(failed)?;
            }
            return Ok(Exit::Converged);
        }
        let name = self.verb.as_ref().map_or_else(|| "lvs-ftp.1".to_owned(), |verb| format!("lvs-ftp-{verb}.1"));
        let known = pages.iter().find(|(known, _)| *known == name);
        let (_, text) = known.ok_or_else(|| {
            let verbs: Vec<&str> = pages.iter().filter_map(|(name, _)| verb_of(name)).collect();
            format!("there is no verb {}; there are {}", self.verb.as_deref().unwrap_or_default(), verbs.join(", "))
        })?;
        Ok(say::print(text, Exit::Converged))
    }
}

fn verb_of(page: &str) -> Option<&str> {
    page.strip_prefix("lvs-ftp-")?.strip_suffix(".1")
}

/// Each page's file name and text.
fn pages() -> Vec<(String, String)> {
    // A page is filled by man(1), so its text has the width of no terminal.
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let verbs: Vec<Command> = program.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned().collect();
    std::iter::once(program).chain(verbs).map(page).collect()
}

fn page(command: Command) -> (String, String) {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).replace(' ', "-");
    let mut text = Vec::new();
    // Nothing can fail that is written to memory.
    let _ = write_page(command, &name, &mut text);
    (format!("{name}.1"), String::from_utf8_lossy(&text).into_owned())
}

/// A verb's table of exit statuses is a section here, and not the text that `--help` ends with.
fn write_page(command: Command, name: &str, text: &mut dyn Write) -> std::io::Result<()> {
    let is_program = command.has_subcommands();
    let statuses = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let man = clap_mangen::Man::new(command)
        .title(name.to_uppercase())
        .manual("FTP behind Linux Virtual Server")
        .source(concat!("lvs-ftp ", env!("CARGO_PKG_VERSION")));
    man.render_title(text)?;
    man.render_name_section(text)?;
    man.render_synopsis_section(text)?;
    man.render_description_section(text)?;
    man.render_options_section(text)?;
    if is_program {
        man.render_subcommands_section(text)?;
    }
    let mut rest = Roff::new();
    for line in statuses.lines() {
        if !line.starts_with(' ') {
            rest.control("SH", [line.trim_end_matches(':').to_uppercase().as_str()]);
        } else if let Some((status, meaning)) = line.trim_start().split_once("  ") {
            rest.control("TP", []).text([bold(status)]).text([roman(meaning.trim())]);
        } else {
            rest.text([roman(line.trim())]);
        }
    }
    if is_program {
        rest.control("SH", ["FILES"]);
        for (path, what) in FILES {
            rest.control("TP", []).text([italic(path)]).text([roman(what)]);
        }
    }
    rest.control("SH", ["SEE ALSO"]);
    let others = if is_program { "ssh(1), iptables(8), ipvsadm(8), vsftpd.conf(5)" } else { "lvs-ftp(1)" };
    rest.text([roman(others)]);
    rest.to_writer(text)
}

/// What the program reads where nothing else is said.
const FILES: [(&str, &str); 2] = [
    ("/etc/lvs-ftp/inventory/", "the inventory, where the current folder has none"),
    ("/etc/lvs-ftp/playbooks/site.json", "the playbook, where the current folder has none"),
];

fn write(folder: &Utf8Path, name: &str, text: &str) -> Result<(), String> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(|error| format!("failed to write the manual page {path}: {error}"))
}
