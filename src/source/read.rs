//! The only place that reads inputs from disk: text files and folders, within limits.

use super::{Fault, Source};
use camino::{Utf8Path, Utf8PathBuf};
use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    sync::Arc,
};

/// The greatest input, in bytes: far above any real inventory, far below what would fill the memory.
const LARGEST: u64 = 64 << 20;

/// What a path leads to, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File {
        /// Somebody may run it.
        executable: bool,
    },
}

/// What a path leads to; `None` where nothing is.
pub fn kind_of(path: &Utf8Path) -> Result<Option<Kind>, Fault> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(Some(Kind::Folder)),
        Ok(found) => Ok(Some(Kind::File { executable: found.is_file() && found.permissions().mode() & 0o111 != 0 })),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// Whether an executable file is one that the system can run by itself: a script with its `#!`, or a binary. On some file
/// systems every file is executable; there Ansible reads what will not run.
pub fn is_program(path: &Utf8Path) -> Result<bool, Fault> {
    let mut begin = Vec::new();
    File::open(path).and_then(|file| file.take(4).read_to_end(&mut begin)).map_err(|error| unreadable(path, &error))?;
    Ok(begin.starts_with(b"#!") || begin.starts_with(b"\x7fELF"))
}

/// A folder's entries.
pub type Listing = Vec<Utf8PathBuf>;

/// A folder's entries, sorted by name.
pub fn list_folder(path: &Utf8Path) -> Result<Listing, Fault> {
    let mut entries = path
        .read_dir_utf8()
        .and_then(|entries| {
            entries.map(|entry| entry.map(camino::Utf8DirEntry::into_path)).collect::<io::Result<Listing>>()
        })
        .map_err(|error| unreadable(path, &error))?;
    entries.sort();
    Ok(entries)
}

/// A file's text: UTF-8 without NUL, not above the limit.
pub fn read_text(path: &Utf8Path) -> Result<Arc<Source>, Fault> {
    let bytes = read_bytes(path)?;
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))?;
    if let Some(at) = text.find('\0') {
        let line = text[..at].matches('\n').count() + 1;
        return Err(Fault::about(path, format!("line {line} holds a NUL byte; this is not a text file")));
    }
    if text.starts_with("$ANSIBLE_VAULT;") {
        let fault = Fault::about(path, "the file is encrypted with ansible-vault, which is not read");
        return Err(fault.hint("keep what lvs-ftp needs in a file of its own, outside the vault"));
    }
    Ok(Source::new(path, text))
}

/// The same for a file that must say something.
pub fn read_document(path: &Utf8Path) -> Result<Arc<Source>, Fault> {
    let source = read_text(path)?;
    if source.text().trim().is_empty() {
        return Err(Fault::about(path, "the file is empty"));
    }
    Ok(source)
}

fn read_bytes(path: &Utf8Path) -> Result<Vec<u8>, Fault> {
    let kind = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if kind.is_dir() {
        return Err(Fault::about(path, "this is a folder, not a file"));
    }
    if kind.file_type().is_socket() || kind.file_type().is_block_device() {
        return Err(Fault::about(path, "this is not a file that can be read"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > LARGEST {
        let fault = Fault::about(path, format!("the file is larger than {} MiB", LARGEST >> 20));
        return Err(fault.hint("inventories and playbooks are small; is this the right file?"));
    }
    Ok(bytes)
}

fn unreadable(path: &Utf8Path, error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => Fault::about(path, "there is no such file"),
        io::ErrorKind::PermissionDenied => Fault::about(path, "you may not read this").hint("check its owner and mode"),
        _ => Fault::about(path, format!("it cannot be read: {error}")),
    }
}

fn not_utf8(path: &Utf8Path, error: &std::string::FromUtf8Error) -> Fault {
    let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let line = good.split(|byte| *byte == b'\n').count();
    Fault::about(path, format!("line {line} is not UTF-8")).hint("save the file as UTF-8")
}
