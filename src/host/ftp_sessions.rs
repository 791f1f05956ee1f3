//! FTP sessions that begin at a host. Nothing of them is left there.

use super::{
    Connection, HostError,
    connection::{OBSERVE_LIMIT, send},
    script::{Script, nonce, split},
    trace::Command,
};
use crate::{
    format::{excerpt, sh},
    ftp_client::{Request, Trial, curl},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use std::{
    io::{self, Write},
    time::Duration,
};

/// How long the program's way onto the host may take.
const TRANSFER: Duration = Duration::from_secs(120);

/// How often a session waits at most: for each step and for the farewell.
const WAITS: u32 = 8;

const SCRIPT: &str = include_str!("ftp_sessions.sh");

impl Connection {
    /// Asks the host something that no probe asks. The text of a question only looks.
    pub fn question(&self, text: &'static str) -> Result<String, HostError> {
        let script = Script::new(&[text.to_owned()], false);
        let commands = self.trace.commands(|| vec![Command::asking(text)]);
        let stop = || self.is_interrupted();
        let reply = self.ask(&script, &commands, |script| send(&self.words, script, OBSERVE_LIMIT, &stop))?;
        match reply.answers.into_iter().next() {
            Some(answer) if answer.status == 0 => Ok(String::from_utf8_lossy(&answer.stdout).into_owned()),
            Some(answer) => Err(HostError::Failed(excerpt(&answer.stderr))),
            None => Err(HostError::Failed("no answer".to_owned())),
        }
    }

    /// Makes these sessions from the host, each once, with this program or else with curl. The results are in the
    /// order of the requests.
    pub fn ftp_sessions(&self, program: &Packed, requests: &[Request]) -> Result<Vec<Trial>, HostError> {
        let mark = nonce();
        let script = Script::new(&[part(program, requests, &mark)], false);
        let commands = self.trace.commands(|| vec![Command::asking(&format!("{} FTP sessions", requests.len()))]);
        let waits: u32 = requests.iter().map(|request| u32::from(request.wait) * WAITS).sum();
        let limit = TRANSFER + Duration::from_secs(waits.into());
        let stop = || self.is_interrupted();
        let reply = self.ask(&script, &commands, |script| send(&self.words, script, limit, &stop))?;
        let answer = reply.answers.first().ok_or_else(|| HostError::Failed("no answer".to_owned()))?;
        if answer.status != 0 {
            return Err(HostError::Failed(format!("failed to make FTP sessions: {}", excerpt(&answer.stderr))));
        }
        read(&answer.stdout, requests, &mark)
            .ok_or_else(|| HostError::Failed(format!("failed to read the FTP sessions: {}", excerpt(&answer.stdout))))
    }
}

/// A program as a script carries it: packed, as lines of base64.
#[derive(Debug)]
pub struct Packed(String);

impl Packed {
    /// Packs this program's own file.
    pub fn this() -> io::Result<Self> {
        let program = std::fs::read(std::env::current_exe()?)?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&program)?;
        let encoded = STANDARD.encode(packer.finish()?);
        // Lines of 76, as every decoder takes them.
        let lines: Vec<_> = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
        Ok(Self(lines.join("\n")))
    }
}

fn part(Packed(program): &Packed, requests: &[Request], mark: &str) -> String {
    // Every request can be written as JSON: it has no map and no number that JSON lacks.
    let sessions = serde_json::to_string(requests).unwrap_or_default();
    let by_curl: Vec<String> = requests.iter().map(|request| curl_session(request, mark)).collect();
    format!(
        "program() {{\nbase64 -d <<'{mark}' | gzip -dc\n{program}\n{mark}\n}}\nsessions() {{\n{}\n}}\nby_curl() {{\n{}\n}}\n{SCRIPT}",
        sh::print(sessions.as_bytes()),
        by_curl.concat()
    )
}

fn curl_session(request: &Request, mark: &str) -> String {
    let (config, words) = (sh::print(curl::config(request).as_bytes()), sh::words(curl::words(request)));
    format!("{config} | {words} 2>&1 >/dev/null\nprintf '\\n{mark} %s\\n' $?\n")
}

/// The program's own answer is JSON. Behind each session of curl stands the mark with curl's status.
fn read(output: &[u8], requests: &[Request], mark: &str) -> Option<Vec<Trial>> {
    if let Ok(trials) = serde_json::from_slice::<Vec<Trial>>(output) {
        return (trials.len() == requests.len()).then_some(trials);
    }
    let mark = format!("\n{mark} ");
    let mut pieces = split(output, mark.as_bytes()).into_iter();
    let mut trace = pieces.next()?.to_vec();
    let mut trials = Vec::with_capacity(requests.len());
    for (request, piece) in requests.iter().zip(pieces) {
        let newline = piece.iter().position(|byte| *byte == b'\n')?;
        let status = std::str::from_utf8(piece.get(..newline)?).ok()?.parse().ok()?;
        trials.push(curl::read(request, &String::from_utf8_lossy(&trace), status));
        trace = piece.get(newline + 1..)?.to_vec();
    }
    (trials.len() == requests.len()).then_some(trials)
}
