//! Reading logs for `history`: as a stream, so that what is kept does not grow with the log.
//!
//! Lines are in the order in which runs ended, and there may be several logs. A first look notes where each run's line is
//! and when it began; then they are read in the order of that.

use crate::report::history::{History, Record, Window};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::Deserialize;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek as _, SeekFrom},
    os::unix::fs::FileExt as _,
};

/// The longest line that is read: a run on thousands of hosts takes less than a MiB.
const LONGEST: usize = 16 << 20;

/// Where a run's line is.
struct Line {
    start: Timestamp,
    log: usize,
    at: u64,
    length: usize,
    number: usize,
}

/// What the first look reads of a line.
#[derive(Deserialize)]
struct Begin {
    start: Timestamp,
}

/// The history of these logs; an error names the log that cannot be read.
pub(super) fn read(paths: &[Utf8PathBuf], window: Window) -> Result<History, (Utf8PathBuf, io::Error)> {
    let mut history = History::new(window);
    let (mut files, mut lines) = (Vec::new(), Vec::new());
    for (log, path) in paths.iter().enumerate() {
        let failed = |error| (path.clone(), error);
        let file = seekable(path).map_err(failed)?;
        look(path, log, &file, &mut lines, &mut history).map_err(failed)?;
        files.push(file);
    }
    // A stable sort: what began at once stays in the order of the logs.
    lines.sort_by_key(|line| line.start);
    let mut text = Vec::new();
    for Line { log, at, length, number, .. } in lines {
        let (Some(file), Some(path)) = (files.get(log), paths.get(log)) else { continue };
        text.resize(length, 0);
        file.read_exact_at(&mut text, at).map_err(|error| (path.clone(), error))?;
        match Record::read(&text) {
            Ok(record) => history.take(record),
            Err(why) => history.broken(path.as_str(), number, why),
        }
    }
    let place = |file: &str| paths.iter().position(|path| path == file);
    history.broken.sort_by_key(|broken| (place(&broken.file), broken.line));
    Ok(history)
}

/// The file, or a copy of what a pipe says.
fn seekable(path: &Utf8Path) -> io::Result<File> {
    let mut file = File::open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let mut copy = tempfile::tempfile()?;
    io::copy(&mut file, &mut copy)?;
    copy.seek(SeekFrom::Start(0))?;
    Ok(copy)
}

fn look(path: &Utf8Path, log: usize, file: &File, lines: &mut Vec<Line>, history: &mut History) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut at: u64 = 0;
    let mut text = Vec::new();
    for number in 1.. {
        text.clear();
        let whole = next_line(&mut reader, &mut text)?;
        if whole == 0 {
            break;
        }
        if whole > LONGEST as u64 {
            history.broken(path.as_str(), number, format!("it is longer than {} MiB", LONGEST >> 20));
        } else if !text.trim_ascii().is_empty() {
            match serde_json::from_slice::<Begin>(&text) {
                Ok(Begin { start }) => lines.push(Line { start, log, at, length: text.len(), number }),
                // The reader of whole lines says best what is wrong.
                Err(error) => {
                    let why = Record::read(&text).err().unwrap_or_else(|| error.to_string());
                    history.broken(path.as_str(), number, why);
                }
            }
        }
        at = at.saturating_add(whole);
    }
    Ok(())
}

/// Reads a line without its end, no more than the longest one, and says how long it is in all: 0 at the file's end.
fn next_line(reader: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<u64> {
    let mut whole: u64 = 0;
    loop {
        let piece = match reader.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = piece.iter().position(|byte| *byte == b'\n');
        let part = &piece[..end.unwrap_or(piece.len())];
        let room = LONGEST.saturating_sub(text.len());
        text.extend_from_slice(&part[..part.len().min(room)]);
        let taken = part.len() + usize::from(end.is_some());
        reader.consume(taken);
        whole = whole.saturating_add(taken as u64);
        if taken == 0 || end.is_some() {
            return Ok(whole);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{LONGEST, read};
    use crate::report::history::Window;
    use camino::Utf8PathBuf;
    use jiff::Timestamp;

    fn line(second: i64) -> String {
        let time = Timestamp::from_second(1_700_000_000 + second).unwrap();
        format!(r#"{{"v":1,"start":"{time}","end":"{time}","lvs_ftp":"0.1.0","status":0}}"#)
    }

    /// Logs in any order, a later version, a line that was cut, a line that is far too long, a last line without its end.
    #[test]
    fn lines_are_taken_in_the_order_of_their_begin() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
        let later = line(3).replace("\"v\":1", "\"v\":2");
        let long = "x".repeat(LONGEST + 1);
        std::fs::write(path("new"), format!("{}\n\n{later}\n{{\"v\"\n{long}\n{}", line(50), line(40))).unwrap();
        std::fs::write(path("old"), format!("{}\n", line(10))).unwrap();
        let window = Window { since: Timestamp::UNIX_EPOCH, now: Timestamp::now(), count: 10 };
        let history = read(&[path("new"), path("old")], window).unwrap();
        let starts: Vec<i64> = history.last(10).iter().map(|run| run.start.as_second() - 1_700_000_000).collect();
        assert_eq!((starts, history.count), (vec![10, 40, 50], 3));
        let broken: Vec<(usize, &str)> =
            history.broken.iter().map(|broken| (broken.line, broken.why.as_str())).collect();
        assert_eq!(broken.len(), 3, "{broken:?}");
        assert!(broken.iter().any(|(line, why)| *line == 3 && why.starts_with("it has version 2")), "{broken:?}");
        assert!(broken.contains(&(5, "it is longer than 16 MiB")), "{broken:?}");
        assert_eq!(read(&[path("nosuch")], window).unwrap_err().0, path("nosuch"));
    }
}
