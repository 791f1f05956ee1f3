//! The lab machine: the way in for the programs that run trials there.

use std::{path::Path, process::Command};

/// This program again, in the lab. `settings` are variables for boot, where nobody has set them.
pub fn boot(settings: &[(&str, &str)]) -> Command {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let product = Path::new(env!("CARGO_BIN_EXE_lvs-ftp"));
    let folder = product.parent().unwrap_or(project);
    let mut command = Command::new(project.join("tests/lab/boot"));
    command.args(std::env::current_exe()).args(std::env::args_os().skip(1)).env("LAB_BIN", folder);
    let limit = if std::env::var_os("LAB_SOAK").is_some() { "14400" } else { "1800" };
    for (name, value) in
        settings.iter().chain(&[("LAB_TIMEOUT", limit)]).filter(|(name, _)| std::env::var_os(name).is_none())
    {
        command.env(name, value);
    }
    // Hosts see the project; a target folder elsewhere must be shared.
    if !folder.starts_with(project) && std::env::var_os("LAB_OUT").is_none() {
        command.env("LAB_OUT", folder);
    }
    command
}

/// What somebody may want to know who measures; LAB_FIGURES is set for it.
pub fn figures(text: impl FnOnce() -> String) {
    if std::env::var_os("LAB_FIGURES").is_some() {
        eprintln!("{}", text());
    }
}
