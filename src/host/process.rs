//! One child process: bounded in time and in what it prints, in a process group of its own, its error text kept apart.

use crate::format::last_words;
use std::{
    ffi::OsString,
    fs::File,
    io::{self, PipeReader, Read},
    os::unix::{fs::FileExt, process::CommandExt},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

/// How many bytes a child may print: more than twice what a router with 50,000 rules in two backends has to say. So much is
/// kept of each host that is asked at a time.
pub(super) const SIZE_LIMIT: u64 = 32 << 20;

/// How many bytes are read of what it says on standard error, the last ones: people are told of some lines.
const SAID: u64 = 1 << 16;

/// Long output gets room in such steps. Twice as much each time would be up to twice the limit.
const STEP: usize = 4 << 20;

/// How often the size of standard error is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, with this status.
    Status(i32),
    /// By a signal of somebody else.
    Signal,
    /// It was killed: its time was over.
    Late(Duration),
    /// It was killed: it printed without end.
    Endless,
    /// It was killed: nobody waits for it any more.
    Stopped,
}

/// What a child left behind.
#[derive(Debug)]
pub(super) struct Finished {
    /// How it ended.
    pub end: End,
    /// Its standard output, as far as it came.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Starts a command in a process group of its own: the child, its standard output, and the file of its standard error.
///
/// Standard error goes through a file: an ssh that stays behind as master would hold a pipe open.
pub(super) fn start(
    words: &[String],
    input: impl FnOnce(duct::Expression) -> duct::Expression,
) -> Result<(duct::Handle, PipeReader, File), String> {
    let (program, arguments) = words.split_first().ok_or("there is no command")?;
    let local = |error: io::Error| not_run(program, &error);
    let said = tempfile::tempfile().map_err(local)?;
    let (reader, writer) = io::pipe().map_err(local)?;
    let child = input(duct::cmd(place(program), arguments))
        .stdout_file(writer)
        .stderr_file(said.try_clone().map_err(local)?)
        .unchecked()
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        })
        .start()
        .map_err(local)?;
    Ok((child, reader, said))
}

/// Where a program is. One that is named by its whole path is started without a copy of this process. What is not found
/// in a plain PATH is left to the system.
fn place(program: &str) -> OsString {
    let places = std::env::var_os("PATH").filter(|_| !program.contains('/'));
    let folders = places.iter().flat_map(std::env::split_paths).take_while(|folder| folder.is_absolute());
    let is_program = |path: &PathBuf| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    let found = folders.map(|folder| folder.join(program)).find(is_program);
    found.map_or_else(|| program.into(), PathBuf::into_os_string)
}

/// Why a command could not be started.
pub(super) fn not_run(program: &str, error: &io::Error) -> String {
    let is_full = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .iter()
        .any(|full| error.raw_os_error() == Some(full.raw_os_error()));
    let hint = if is_full {
        "; each changed host takes some: raise the limit (ulimit -n), or choose fewer hosts (--limit)"
    } else {
        ""
    };
    format!("{program} cannot be run here: {error}{hint}")
}

/// Runs a command with this input. An error says why it could not be started; its text fits after "failed to connect: ".
pub(super) fn run(words: &[String], input: &str, limit: Duration) -> Result<Finished, String> {
    run_until(words, input, limit, &|| false)
}

/// The same, but it is killed as soon as `stop` says so.
pub(super) fn run_until(
    words: &[String],
    input: &str,
    limit: Duration,
    stop: &dyn Fn() -> bool,
) -> Result<Finished, String> {
    let local = |error: io::Error| not_run(words.first().map_or("", |word| word), &error);
    let (child, reader, said) = start(words, |command| command.stdin_bytes(input))?;
    let printed = Printed::collect(reader);
    let end = end(&child, &printed, &said, limit, stop).map_err(local)?;
    if matches!(end, End::Late(_) | End::Endless | End::Stopped) {
        kill_group(&child);
    }
    let stderr = read_from(&said, 0).map_err(local)?;
    Ok(Finished { end, stdout: printed.text(), stderr })
}

/// Puts a piece behind what came before.
pub(super) fn append(text: &mut Vec<u8>, piece: &[u8]) {
    if text.len() >= STEP && text.capacity().saturating_sub(text.len()) < piece.len() {
        text.reserve_exact(STEP.max(piece.len()));
    }
    text.extend_from_slice(piece);
}

/// The end of what a child has said so far on standard error, from this byte on. The child writes at the file's own position.
pub(super) fn read_from(said: &File, start: u64) -> io::Result<Vec<u8>> {
    let end = said.metadata()?.len();
    let start = start.max(end.saturating_sub(SAID));
    let mut stderr = vec![0; usize::try_from(end.saturating_sub(start)).unwrap_or_default()];
    said.read_exact_at(&mut stderr, start)?;
    Ok(stderr)
}

/// Waits until the child has ended and its output is read, or a limit is reached.
fn end(
    child: &duct::Handle,
    printed: &Printed,
    said: &File,
    limit: Duration,
    stop: &dyn Fn() -> bool,
) -> io::Result<End> {
    let deadline = Instant::now() + limit;
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        let all_read = printed.wait(rest.min(LOOK));
        if said.metadata()?.len() > SIZE_LIMIT || printed.is_too_long() {
            return Ok(End::Endless);
        }
        let ended = if all_read { child.wait_timeout(rest.min(LOOK))? } else { None };
        if let Some(output) = ended {
            return Ok(output.status.code().map_or(End::Signal, End::Status));
        }
        if stop() {
            return Ok(End::Stopped);
        }
        if rest.is_zero() {
            return Ok(End::Late(limit));
        }
    }
}

/// What is read from a pipe, by a thread of its own.
struct Printed {
    text: Arc<Mutex<Vec<u8>>>,
    done: mpsc::Receiver<()>,
}

impl Printed {
    fn collect(mut pipe: PipeReader) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let (alive, done) = mpsc::channel();
        let shared = Arc::clone(&text);
        std::thread::spawn(move || {
            let _alive: mpsc::Sender<()> = alive;
            let mut chunk = vec![0; 1 << 16];
            loop {
                match pipe.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(count) if count > 0 => {
                        let mut text = shared.lock().unwrap_or_else(PoisonError::into_inner);
                        append(&mut text, &chunk[..count]);
                        if text.len() as u64 > SIZE_LIMIT {
                            break;
                        }
                    }
                    Ok(_) | Err(_) => break,
                }
            }
        });
        Self { text, done }
    }

    /// Whether all is read, after so long at most.
    fn wait(&self, limit: Duration) -> bool {
        self.done.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Disconnected)
    }

    fn is_too_long(&self) -> bool {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).len() as u64 > SIZE_LIMIT
    }

    fn text(&self) -> Vec<u8> {
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Ends the child and everything that it started.
pub(super) fn kill_group(child: &duct::Handle) {
    for id in child.pids() {
        if let Some(group) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
            // The group may have ended by itself meanwhile.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
    // What a grandchild in another group still holds open is not waited for.
    let _ = child.kill();
}

impl Finished {
    /// The end of what it said on standard error, or where that is nothing on standard output; safe to print.
    pub fn last_words(&self) -> String {
        last_words([&self.stderr, &self.stdout])
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
