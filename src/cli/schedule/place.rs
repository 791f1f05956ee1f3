//! `--install` and `--check`: the files in their places, and the timer on.

use super::Unit;
use crate::{
    cli::{Exit, replace, say},
    format::printable,
    host::{systemctl, systemctl_says},
};
use camino::{Utf8Path, Utf8PathBuf};
use similar::TextDiff;
use std::{io::ErrorKind, os::unix::fs::PermissionsExt};

/// Who may read it: cron takes no file that others may write.
const MODE: u32 = 0o644;

/// Writes what differs, and turns the timer on. An error says what could not be done.
pub(super) fn install(units: &[Unit], timer: Option<&str>, root: Option<&Utf8Path>) -> Result<Exit, String> {
    let mut lines = Vec::new();
    for unit in units {
        let path = below(root, &unit.path);
        let is_so = is_so(&path, unit)?;
        if !is_so {
            write(&path, &unit.text).map_err(|error| format!("failed to write {path}: {error}"))?;
        }
        lines.push(format!("{}: {path}\n", if is_so { "ok" } else { "changed" }));
    }
    if let Some(timer) = timer {
        let changed = lines.iter().any(|line| line.starts_with("changed"));
        if changed && root.is_none() {
            systemctl(root, &["daemon-reload"])?;
        }
        let is_on = is_on(timer, root)?;
        if !is_on {
            let words = if root.is_some() { &["enable", timer][..] } else { &["enable", "--now", timer] };
            systemctl(root, words)?;
        } else if changed && root.is_none() {
            systemctl(root, &["restart", timer])?;
        }
        lines.push(format!("{}: {timer} is enabled\n", if is_on { "ok" } else { "changed" }));
    }
    Ok(say::print(&lines.concat(), Exit::Converged))
}

/// Says what differs, as a diff.
pub(super) fn check(units: &[Unit], timer: Option<&str>, root: Option<&Utf8Path>) -> Result<Exit, String> {
    let mut text = String::new();
    let mut exit = Exit::Converged;
    for unit in units {
        let path = below(root, &unit.path);
        if is_so(&path, unit)? {
            text.push_str(&format!("ok: {path}\n"));
            continue;
        }
        exit = Exit::Drift;
        let known = read(&path)?.unwrap_or_default();
        text.push_str(&format!("differs: {path}\n"));
        let diff = TextDiff::from_lines(&known, &unit.text);
        let diff = diff.unified_diff().context_radius(3).header("installed", "wanted").to_string();
        text.extend(diff.lines().map(|line| printable(line) + "\n"));
        if known == unit.text {
            text.push_str(&format!("its mode is not {MODE:04o}\n"));
        }
    }
    if let Some(timer) = timer {
        let is_on = is_on(timer, root)?;
        text.push_str(&format!(
            "{}\n",
            if is_on { format!("ok: {timer} is enabled") } else { format!("differs: {timer} is not enabled") }
        ));
        if !is_on {
            exit = Exit::Drift;
        }
    }
    Ok(say::print(&text, exit))
}

fn below(root: Option<&Utf8Path>, path: &Utf8Path) -> Utf8PathBuf {
    root.map_or_else(|| path.to_owned(), |root| root.join(path.as_str().trim_start_matches('/')))
}

fn is_so(path: &Utf8Path, unit: &Unit) -> Result<bool, String> {
    let mode = std::fs::symlink_metadata(path).map(|about| about.permissions().mode() & 0o7777);
    Ok(read(path)?.is_some_and(|text| text == unit.text) && mode.is_ok_and(|mode| mode == MODE))
}

/// The text; nothing where there is no file.
fn read(path: &Utf8Path) -> Result<Option<String>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("failed to read {path}: {error}")),
    }
}

/// Meanwhile it has a name that cron and systemd pass over.
fn write(path: &Utf8Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(Utf8Path::new("/")))?;
    replace::replace(path, text, MODE)
}

/// Whether the timer starts at boot, and runs now where that can be.
fn is_on(timer: &str, root: Option<&Utf8Path>) -> Result<bool, String> {
    // Its status tells no more than its word, and differs between versions.
    let is = |word: &str, wanted: &str| systemctl_says(root, &[word, timer]).map(|said| said == wanted);
    Ok(is("is-enabled", "enabled")? && (root.is_some() || is("is-active", "active")?))
}
