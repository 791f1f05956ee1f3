//! Files that are replaced whole, or left as they are; and what is no file: devices and pipes are written.

use super::place::{Place, place};
use camino::Utf8Path;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{File, Permissions},
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    time::Duration,
};

/// How the names begin that files have until they are whole.
const PREFIX: &str = ".lvs-ftp-";

/// A file may be so young that its writer has not locked it yet.
const YOUNG: Duration = Duration::from_secs(60);

/// Puts a text where this path leads: into a file's place by a rename within its folder, with this mode; into a device or
/// a pipe as it is.
pub(super) fn replace(path: &Utf8Path, text: &str, mode: u32) -> std::io::Result<()> {
    match place(path)? {
        Place::File(path) => replace_file(&path, text, mode),
        Place::Stream(stream) => stream.write(text.as_bytes()),
    }
}

fn replace_file(path: &Utf8Path, text: &str, mode: u32) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_str().is_empty() => folder,
        _ => Utf8Path::new("."),
    };
    sweep(folder);
    let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder).map_err(plain)?;
    // As long as it is locked its writer lives. Where there are no locks, nobody's file is ever swept away.
    let _ = flock(file.as_file(), FlockOperation::NonBlockingLockExclusive);
    file.as_file_mut().write_all(text.as_bytes())?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// The cause alone: a name that nobody chose tells nobody anything, and is another one each time.
fn plain(error: std::io::Error) -> std::io::Error {
    match error.to_string().split_once(" at path ") {
        Some((cause, _)) => std::io::Error::new(error.kind(), cause),
        None => error,
    }
}

/// Removes what writers left that died before the rename. What cannot be removed harms nobody.
fn sweep(folder: &Utf8Path) {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_temporary(entry.file_name())) {
        if is_left(entry.path()).unwrap_or_default() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether a name is one of those that [`replace`] gives.
fn is_temporary(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether a file is our user's, not young, and its writer is dead.
fn is_left(path: &Utf8Path) -> std::io::Result<bool> {
    let named = std::fs::symlink_metadata(path)?;
    let is_young = named.modified()?.elapsed().is_ok_and(|age| age < YOUNG);
    if !named.is_file() || named.uid() != rustix::process::geteuid().as_raw() || is_young {
        return Ok(false);
    }
    let file = File::open(path)?;
    let is_same = |other: &std::fs::Metadata| (other.dev(), other.ino()) == (named.dev(), named.ino());
    Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        && is_same(&file.metadata()?)
        && is_same(&std::fs::symlink_metadata(path)?))
}

#[cfg(test)]
#[path = "replace_tests.rs"]
mod tests;
