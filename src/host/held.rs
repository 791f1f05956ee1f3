//! A child process that stays while its input is open: it ends with us, however we end.

use super::process::{self, End, Finished, SIZE_LIMIT};
use std::{
    fs::File,
    io::{self, PipeReader, PipeWriter, Read, Write},
    sync::mpsc,
    time::{Duration, Instant},
};

/// How long a child may take to end when its input has ended. A far one has to hear of it first.
const FAREWELL: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

/// So many pieces wait to be heard.
const WAITING: usize = 16;

/// The child. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Held {
    child: duct::Handle,
    input: Option<mpsc::Sender<String>>,
    pieces: mpsc::Receiver<Vec<u8>>,
    said: File,
    last: Vec<u8>,
    /// How much it printed since it was sent something, and where its error text was then.
    heard: u64,
    said_before: u64,
    has_ended: bool,
}

/// What a child gets from time to time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beat {
    /// The text.
    pub text: &'static str,
    /// How often.
    pub every: Duration,
}

/// What came of listening for a while.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It printed this.
    Piece(Vec<u8>),
    /// It printed nothing.
    Nothing,
    /// It prints no more.
    End,
    /// It prints without end.
    Endless,
}

impl Held {
    /// Starts a command and sends this text; its input then stays open.
    pub fn start(words: &[String], text: String, beat: Beat) -> Result<Self, String> {
        let (reader, input) =
            io::pipe().map_err(|error| process::not_run(words.first().map_or("", |word| word), &error))?;
        let (child, output, said) = process::start(words, |command| command.stdin_file(reader))?;
        let mut held = Self {
            child,
            input: Some(keep_open(input, beat)),
            pieces: listen(output),
            said,
            last: Vec::new(),
            heard: 0,
            said_before: 0,
            has_ended: false,
        };
        held.send(text);
        Ok(held)
    }

    /// Whether it still runs.
    pub fn is_there(&self) -> bool {
        self.input.is_some() && matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends text. One that does not read it is heard of by its end.
    pub fn send(&mut self, text: String) {
        (self.heard, self.said_before) = (0, self.said());
        if let Some(input) = &self.input {
            let _ = input.send(text);
        }
    }

    /// Listens so long at most.
    pub fn hear(&mut self, limit: Duration) -> Heard {
        match self.pieces.recv_timeout(limit) {
            Ok(piece) => {
                self.heard += piece.len() as u64;
                if self.heard > SIZE_LIMIT || self.said() - self.said_before > SIZE_LIMIT {
                    return Heard::Endless;
                }
                self.last.clone_from(&piece);
                Heard::Piece(piece)
            }
            Err(mpsc::RecvTimeoutError::Timeout) if self.said() - self.said_before > SIZE_LIMIT => Heard::Endless,
            Err(mpsc::RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(mpsc::RecvTimeoutError::Disconnected) => Heard::End,
        }
    }

    /// How long its error text is by now.
    fn said(&self) -> u64 {
        self.said.metadata().map_or(0, |file| file.len())
    }

    /// Ends it, if it has not ended, and tells how that was: as given, or by itself.
    pub fn finish(&mut self, end: Option<End>) -> Finished {
        let own = self.leave();
        let end = end.or(own).unwrap_or(End::Signal);
        Finished { end, stdout: std::mem::take(&mut self.last), stderr: self.error_text() }
    }

    /// What it has said on standard error since it was sent something.
    pub fn error_text(&self) -> Vec<u8> {
        process::read_from(&self.said, self.said_before).unwrap_or_default()
    }

    /// Ends it at once.
    pub fn abandon(&mut self) {
        process::kill_group(&self.child);
        self.input = None;
        self.has_ended = true;
    }

    /// Closes its input: it ends soon. Nobody waits for that now.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Closes its input and waits for its end; then it is killed.
    pub fn leave(&mut self) -> Option<End> {
        self.input = None;
        self.has_ended = true;
        let deadline = Instant::now() + FAREWELL;
        loop {
            // What it still prints must not keep it from its end.
            while self.pieces.try_recv().is_ok() {}
            let rest = deadline.saturating_duration_since(Instant::now());
            match self.child.wait_timeout(rest.min(LOOK)) {
                Ok(Some(output)) => return Some(output.status.code().map_or(End::Signal, End::Status)),
                Ok(None) if !rest.is_zero() => {}
                Ok(None) | Err(_) => break,
            }
        }
        process::kill_group(&self.child);
        None
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.has_ended {
            self.leave();
        }
    }
}

/// Writes what comes to an input, and keeps it open until the sender goes, in a thread of its own.
fn keep_open(mut input: PipeWriter, beat: Beat) -> mpsc::Sender<String> {
    let (sender, texts) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        loop {
            let written = match texts.recv_timeout(beat.every) {
                Ok(text) => input.write_all(text.as_bytes()),
                Err(mpsc::RecvTimeoutError::Timeout) => input.write_all(beat.text.as_bytes()),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            };
            if written.is_err() {
                break;
            }
        }
    });
    sender
}

/// Reads to the end in a thread of its own, and no more than a little ahead: what nobody takes yet stays in the pipe.
fn listen(mut output: PipeReader) -> mpsc::Receiver<Vec<u8>> {
    let (sender, pieces) = mpsc::sync_channel(WAITING);
    std::thread::spawn(move || {
        let mut chunk = vec![0; 1 << 14];
        loop {
            match output.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count) if count > 0 && sender.send(chunk[..count].to_vec()).is_ok() => {}
                Ok(_) | Err(_) => break,
            }
        }
    });
    pieces
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Beat, Heard, Held};
    use std::time::Duration;

    #[test]
    fn it_hears_of_us_while_we_live() {
        let words = ["sh", "-c", "read -r first; read -r second; echo \"$first, $second.\"; cat >/dev/null; echo end"];
        let beat = Beat { text: "beat\n", every: Duration::from_millis(50) };
        let mut held = Held::start(&words.map(str::to_owned), "begin\n".to_owned(), beat).unwrap();
        assert!(held.is_there());
        let mut hear = || held.hear(Duration::from_secs(20));
        assert_eq!(hear(), Heard::Piece(b"begin, beat.\n".to_vec()));
        assert_eq!(held.hear(Duration::from_millis(200)), Heard::Nothing);
        let finished = held.finish(None);
        assert_eq!(finished.end, super::End::Status(0));
    }
}
