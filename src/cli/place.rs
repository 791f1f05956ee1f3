//! Where an output goes that somebody named: a link is followed, unless another user placed it; what is neither a file nor
//! can be written is refused with a word.

use camino::{Utf8Path, Utf8PathBuf};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    io::Errno,
};
use std::{
    fs::{File, FileType, Metadata, OpenOptions},
    io::{Error, ErrorKind, Result, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    time::{Duration, Instant},
};

/// As many links as Linux follows (path_resolution(7)).
const LINKS: usize = 40;

/// A reader that takes nothing for so long does not read.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where an output goes.
#[derive(Debug)]
pub(super) enum Place {
    /// A regular file, or one that is not there yet. No link is at this path.
    File(Utf8PathBuf),
    /// A device or a pipe that somebody reads.
    Stream(Stream),
}

/// A device or a pipe that is open.
#[derive(Debug)]
pub(super) struct Stream(File);

/// Finds out where a path leads.
pub(super) fn place(path: &Utf8Path) -> Result<Place> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let found = match std::fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::File(path)),
            Err(error) => return Err(error),
        };
        if !found.is_symlink() {
            return of(path, found.file_type());
        }
        // The kernel's own links name what is open already: `/dev/stdout` leads to one.
        if path.starts_with("/proc") {
            let led = std::fs::metadata(&path)?;
            return if led.is_file() { Stream::open(&path, OFlags::APPEND) } else { of_stream(&path, led.file_type()) };
        }
        path = target(&path, &found)?;
    }
    Err(Errno::LOOP.into())
}

/// Where a link leads, if it is ours or root's. A link belongs to who made it.
fn target(path: &Utf8Path, found: &Metadata) -> Result<Utf8PathBuf> {
    let target = Utf8PathBuf::try_from(std::fs::read_link(path)?).map_err(Error::other)?;
    let again = std::fs::symlink_metadata(path)?;
    let owner = found.uid();
    if (again.dev(), again.ino(), again.uid()) != (found.dev(), found.ino(), owner) {
        return Err(Error::other(format!("{path} was changed meanwhile; run again")));
    }
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(Error::other(format!("{path} is a link that user {owner} placed; it is not followed")));
    }
    Ok(path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target)))
}

fn of(path: Utf8PathBuf, sort: FileType) -> Result<Place> {
    if sort.is_file() { Ok(Place::File(path)) } else { of_stream(&path, sort) }
}

fn of_stream(path: &Utf8Path, sort: FileType) -> Result<Place> {
    if sort.is_char_device() || sort.is_fifo() {
        return Stream::open(path, OFlags::empty());
    }
    let what = if sort.is_socket() {
        "a socket"
    } else if sort.is_dir() {
        "a folder"
    } else {
        "a block device"
    };
    Err(Error::other(format!("it is {what}; name a file, a device or a pipe")))
}

impl Stream {
    /// Opens it without a wait: a pipe that nobody reads would keep the program for ever.
    fn open(path: &Utf8Path, more: OFlags) -> Result<Place> {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | more;
        let flags = i32::try_from(flags.bits()).map_err(Error::other)?;
        match OpenOptions::new().write(true).custom_flags(flags).open(path) {
            Ok(file) => Ok(Place::Stream(Self(file))),
            Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                Err(Error::other("nobody reads it; start its reader first"))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes all of it, and waits for a slow reader, but not for one that does not read.
    pub fn write(self, text: &[u8]) -> Result<()> {
        self.write_within(text, PATIENCE)
    }

    fn write_within(mut self, mut text: &[u8], patience: Duration) -> Result<()> {
        let mut end = Instant::now() + patience;
        while !text.is_empty() {
            match self.0.write(text) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    text = text.get(count..).unwrap_or_default();
                    end = Instant::now() + patience;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(Error::other(format!("its reader took nothing for {} s", patience.as_secs())));
                    }
                    let left = Timespec {
                        tv_sec: left.as_secs().try_into().unwrap_or(0),
                        tv_nsec: left.subsec_nanos().into(),
                    };
                    match poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], Some(&left)) {
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
