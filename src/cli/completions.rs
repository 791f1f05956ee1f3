//! `lvs-ftp completions`: what a shell needs to complete our command lines, from the same source as `--help`.

use super::{Cli, Exit, say};
use clap::{Args, CommandFactory, ValueEnum};

/// Print completions for a shell.
///
/// The Debian package has them installed. By hand they go to /usr/share/bash-completion/completions/lvs-ftp for bash,
/// to a file _lvs-ftp in a folder of $fpath for zsh, and to ~/.config/fish/completions/lvs-ftp.fish for fish.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    pub fn run(&self) -> Exit {
        let (shell, name) = match self.shell {
            // clap_complete 4.6 loses the verbs of a program whose name has a hyphen.
            Shell::Bash => (clap_complete::Shell::Bash, "lvsftp"),
            Shell::Zsh => (clap_complete::Shell::Zsh, NAME),
            Shell::Fish => (clap_complete::Shell::Fish, NAME),
        };
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), name, &mut text);
        let text = String::from_utf8_lossy(&text).replace(" lvsftp\n", " lvs-ftp\n");
        say::print(&text, Exit::Converged)
    }
}

const NAME: &str = "lvs-ftp";
