//! The folder of sockets of ssh connections that outlive a run, so that the next one from cron need not log in again.
//!
//! Whoever can open such a socket is on the host. So the folder is ours alone, and nobody else may be able to put another
//! one in its place. ssh itself ends each connection when its time is over, and takes its socket away.

use crate::probe::digest;
use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{Access, access};
use std::{
    fs::{self, DirBuilder, Metadata},
    io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt},
    time::Duration,
};

/// How long an idle connection stays: longer than the hour between two runs of an hourly cron job.
pub(super) const PERSIST: Duration = Duration::from_secs(65 * 60);

/// A socket's name is so many hexadecimal digits.
const NAME_LENGTH: usize = 16;

/// The longest path that a socket may have on Linux, less the 17 bytes that ssh puts behind it while it makes it.
const LONGEST_SOCKET: usize = 107 - 17;

/// A socket younger than this may be one that is being made.
const YOUNG: Duration = Duration::from_secs(60);

/// The folder.
#[derive(Debug)]
pub(super) struct Kept(Utf8PathBuf);

impl Kept {
    /// Finds the folder, or makes it. The text of an error says why connections cannot be kept, and what to do.
    pub fn open() -> Result<Self, String> {
        let (base, name) = place()?;
        Self::open_at(&base, name)
    }

    fn open_at(base: &Utf8Path, name: &str) -> Result<Self, String> {
        let base = base.canonicalize_utf8().map_err(|error| format!("{base}: {error}"))?;
        for folder in base.ancestors() {
            let is_safe = |about: &Metadata| {
                is_of(about, &[0, me()]) && (about.mode() & 0o022 == 0 || about.mode() & 0o1000 != 0)
            };
            if !fs::symlink_metadata(folder).is_ok_and(|about| is_safe(&about)) {
                return Err(format!("others may write in {folder}, so they could put sockets of their own there"));
            }
        }
        let folder = base.join(name);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(format!("{folder}: {error}")),
            _ => {}
        }
        let about = fs::symlink_metadata(&folder).map_err(|error| format!("{folder}: {error}"))?;
        if !about.is_dir() || !is_of(&about, &[me()]) || about.mode() & 0o7777 != 0o700 {
            return Err(format!(
                "{folder} must be a folder of user {} with mode 0700, and is of user {} with mode {:04o}: remove it",
                me(),
                about.uid(),
                about.mode() & 0o7777
            ));
        }
        access(folder.as_std_path(), Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| format!("{folder}: {}", io::Error::from(error)))?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
        if !folder.as_str().bytes().all(is_plain) || folder.as_str().len() + 1 + NAME_LENGTH > LONGEST_SOCKET {
            return Err(format!("the path {folder} is too long or too odd for ssh's sockets"));
        }
        Ok(Self(folder))
    }

    /// The socket of a way onto a host: the words behind `ssh`. What these mean depends on files too; a connection made
    /// before such a file changed is not used any more.
    pub fn socket(&self, way: &[String]) -> Utf8PathBuf {
        let mut text = way.join("\0");
        let home = std::env::var("HOME").unwrap_or_default();
        let own = format!("{home}/.ssh/config");
        for file in ["/etc/ssh/ssh_config", own.as_str()].into_iter().chain(files(way)) {
            let file = file.strip_prefix("~/").map_or(file.to_owned(), |rest| format!("{home}/{rest}"));
            let state = fs::metadata(file).map(|about| (about.ino(), about.size(), about.mtime(), about.mtime_nsec()));
            text.push_str(&format!("\0{:?}", state.ok()));
        }
        self.0.join(&digest(text.as_bytes())[..NAME_LENGTH])
    }

    /// Removes sockets whose ssh was killed. The kernel names those that somebody listens on; where it does not, nothing
    /// is removed.
    pub fn sweep(&self) {
        let (Ok(entries), Ok(open)) = (self.0.read_dir_utf8(), fs::read_to_string("/proc/net/unix")) else { return };
        for entry in entries.flatten() {
            let is_old_socket = entry.metadata().is_ok_and(|about| {
                about.file_type().is_socket()
                    && about.modified().is_ok_and(|at| at.elapsed().is_ok_and(|age| age > YOUNG))
            });
            // The kernel knows it by the name under which ssh made it: with a dot and 16 letters behind.
            let path = format!(" {}", entry.path());
            let is_this = |line: &str| line.rfind(&path).is_some_and(|at| !line[at + path.len()..].contains('/'));
            if is_old_socket && !open.lines().any(is_this) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The files that are named among ssh's words: a configuration, a key.
fn files(way: &[String]) -> impl Iterator<Item = &str> {
    let behind = way.windows(2).filter(|pair| pair[0] == "-F" || pair[0] == "-i").map(|pair| pair[1].as_str());
    behind.chain(way.iter().filter_map(|word| word.strip_prefix("-F").filter(|file| !file.is_empty())))
}

/// The folder above, which is there, and the name in it. A user's folder is not in the reach of others; /run is root's.
fn place() -> Result<(Utf8PathBuf, &'static str), String> {
    if me() == 0 {
        return Ok(("/run".into(), "lvs-ftp-ssh"));
    }
    let variable = |name| std::env::var(name).ok().filter(|value| value.starts_with('/')).map(Utf8PathBuf::from);
    if let Some(base) = variable("XDG_RUNTIME_DIR").filter(|base| base.is_dir()) {
        return Ok((base, "lvs-ftp"));
    }
    let home = variable("HOME").ok_or("HOME is not set")?;
    let cache = home.join(".cache");
    match DirBuilder::new().mode(0o700).create(&cache) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(format!("{cache}: {error}")),
        _ => Ok((cache, "lvs-ftp")),
    }
}

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn is_of(about: &Metadata, users: &[u32]) -> bool {
    users.contains(&about.uid())
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
