//! `lvs-ftp ftp-sessions`: the FTP client on its own. `doctor` runs it on the host that its sessions begin at.

use super::{Exit, say};
use crate::ftp_client::{self, Request, Trial};
use clap::Args;
use std::{io::Read, num::NonZero, sync::Mutex, thread};

/// So many sessions run at a time: one that waits for an answer keeps no other.
const AT_A_TIME: NonZero<usize> = NonZero::new(8).unwrap();

/// Longer input is no list of sessions, bytes.
const INPUT_LIMIT: u64 = 1024 * 1024;

/// Make the FTP sessions that standard input asks for
///
/// Reads a JSON array of requests, makes each session once, and prints a JSON array of what came of them, in the same
/// order. `doctor` uses it; its formats are those of this very version.
#[derive(Debug, Args)]
pub(super) struct FtpSessions {}

impl FtpSessions {
    #[expect(clippy::unused_self, reason = "the other verbs have arguments")]
    pub fn run(&self) -> Exit {
        let mut text = String::new();
        if let Err(error) = std::io::stdin().lock().take(INPUT_LIMIT).read_to_string(&mut text) {
            say::line(&format!("error: failed to read standard input: {error}"));
            return Exit::Usage;
        }
        let requests: Vec<Request> = match serde_json::from_str(&text) {
            Ok(requests) => requests,
            Err(error) => {
                say::line(&format!("error: standard input is no list of sessions: {error}"));
                return Exit::Usage;
            }
        };
        match serde_json::to_string(&all(&requests)) {
            Ok(text) => say::print(&(text + "\n"), Exit::Converged),
            Err(error) => {
                say::line(&format!("error: failed to write the sessions: {error}"));
                Exit::Failed
            }
        }
    }
}

/// Makes the sessions, some at a time.
pub(super) fn all(requests: &[Request]) -> Vec<Trial> {
    let next = Mutex::new(requests.iter().enumerate());
    let done = Mutex::new(Vec::with_capacity(requests.len()));
    let take = || next.lock().ok()?.next();
    thread::scope(|scope| {
        for _ in 0..requests.len().min(AT_A_TIME.get()) {
            scope.spawn(|| {
                while let Some((number, request)) = take() {
                    let trial = ftp_client::run(request);
                    if let Ok(mut done) = done.lock() {
                        done.push((number, trial));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, trial)| trial).collect()
}
