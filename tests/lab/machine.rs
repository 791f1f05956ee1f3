//! The way into the lab machine: this program, started outside, boots it and runs itself there.

use std::{os::unix::process::CommandExt, path::Path, process::Command};

/// Goes on inside only; outside, it ends with the exit status of what ran inside. `settings` are variables for boot.
pub fn enter(settings: &[(&str, &str)]) {
    let inside = std::env::var_os("LAB_DIR").is_some() && Path::new("/run/lab/job").is_dir();
    if !inside {
        let error = boot(settings).exec();
        eprintln!("tests/lab/boot cannot be run: {error}");
        std::process::exit(125);
    }
}

/// This program again, in the lab.
fn boot(settings: &[(&str, &str)]) -> Command {
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
