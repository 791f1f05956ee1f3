//! One child process: bounded in time, in a process group of its own, its error text kept apart.

use crate::format::excerpt;
use std::{
    io::{Read, Seek, Write},
    os::unix::process::CommandExt,
    time::Duration,
};

/// What a child left behind.
#[derive(Debug)]
pub(super) struct Finished {
    /// Its exit status; nothing when a signal ended it.
    pub status: Option<i32>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Runs a command with this input. The text of an error fits after "failed to connect: ".
///
/// Standard error goes through a file: an ssh that stays behind as master would hold a pipe open.
pub(super) fn run(words: &[String], input: &str, limit: Duration) -> Result<Finished, String> {
    let (program, arguments) = words.split_first().ok_or("there is no command")?;
    let local = |error: std::io::Error| format!("{program} cannot be run here: {error}");
    let mut said = tempfile::tempfile().map_err(local)?;
    let child = duct::cmd(program, arguments)
        .stdin_bytes(input)
        .stdout_capture()
        .stderr_file(said.try_clone().map_err(local)?)
        .unchecked()
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        })
        .start()
        .map_err(local)?;
    let Some(output) = child.wait_timeout(limit).map_err(local)?.cloned() else {
        kill_group(&child);
        return Err(format!("no answer within {} s", limit.as_secs()));
    };
    let mut stderr = Vec::new();
    said.flush().and_then(|()| said.rewind()).and_then(|()| said.read_to_end(&mut stderr)).map_err(local)?;
    Ok(Finished { status: output.status.code(), stdout: output.stdout, stderr })
}

/// Ends the child and everything that it started.
fn kill_group(child: &duct::Handle) {
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
    /// The end of what it said on standard error, safe to print.
    pub fn last_words(&self) -> String {
        let lines: Vec<&[u8]> =
            self.stderr.trim_ascii().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let last: Vec<String> =
            lines[lines.len().saturating_sub(3)..].iter().map(|line| excerpt(line.trim_ascii())).collect();
        if last.is_empty() { "it said nothing".to_owned() } else { last.join("; ") }
    }
}
