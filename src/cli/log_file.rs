//! `--log`: one line a run at the end of a file, whole or not at all.

use super::place::{Place, place};
use crate::report::history::Record;
use camino::Utf8Path;
use rustix::{
    fs::{FlockOperation, OFlags, flock},
    io::Errno,
};
use std::{
    fs::{File, OpenOptions},
    io::{Error, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    time::{Duration, Instant},
};

/// How long other runs that write are waited for; a write takes no time to speak of.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);
/// How much of the end is read to see whether the clusters are described already. Once in so much they are again, so that
/// a line that is lost costs little.
const TAIL: u64 = 256 * 1024;

/// Appends the record of a run. What fails leaves the file as it was.
pub(super) fn append(path: &Utf8Path, record: &Record) -> std::io::Result<()> {
    let Place::File(path) = place(path)? else { return Err(Error::other("it is not a regular file")) };
    let mut file = locked(&path)?;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    (&file).take(TAIL).read_to_end(&mut tail)?;
    // A line that was cut, by a full disk or a power failure, stays alone.
    let mut text = if tail.last().is_none_or(|last| *last == b'\n') { String::new() } else { "\n".to_owned() };
    text.push_str(&lean(record, &tail).line());
    match file.write(text.as_bytes()) {
        Ok(written) if written == text.len() => Ok(()),
        cut => {
            let _ = file.set_len(length);
            cut.and_then(|written| {
                let why = format!("only {written} of {} bytes could be written", text.len());
                Err(Error::new(ErrorKind::StorageFull, why))
            })
        }
    }
}

/// The record without its clusters, when the log's end describes them by a line with the same inputs.
fn lean(record: &Record, tail: &[u8]) -> Record {
    let same = |line: &Record| line.inputs == record.inputs && line.clusters == record.clusters;
    let is_known = tail.split(|byte| *byte == b'\n').filter_map(|line| Record::read(line).ok()).any(|line| same(&line));
    if is_known { Record { clusters: Vec::new(), ..record.clone() } } else { record.clone() }
}

/// The file of that name, locked; it is made when it is not there.
fn locked(path: &Utf8Path) -> std::io::Result<File> {
    let end = Instant::now() + PATIENCE;
    // A pipe would have to be waited for.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(Error::other)?;
    loop {
        let file =
            OpenOptions::new().read(true).append(true).create(true).mode(0o640).custom_flags(flags).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(Error::other("it is not a regular file"));
        }
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            // logrotate may have put another in its place meanwhile.
            Ok(()) if is_named(&file, path) => return Ok(file),
            Ok(()) | Err(Errno::WOULDBLOCK | Errno::INTR) if Instant::now() < end => std::thread::sleep(LOOK),
            Ok(()) | Err(Errno::WOULDBLOCK | Errno::INTR) => {
                return Err(Error::other(format!("another program has had its lock for {} s", PATIENCE.as_secs())));
            }
            // No locks on this file system: one write still goes to the end as a whole.
            Err(_) => return Ok(file),
        }
    }
}

fn is_named(file: &File, path: &Utf8Path) -> bool {
    let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
    let (open, named) = (file.metadata().map(identity), std::fs::metadata(path).map(identity));
    matches!((open, named), (Ok(one), Ok(two)) if one == two)
}
