//! The control connection: commands and replies (RFC 959, section 4.2).

use super::{
    failure::{Failure, Step, Why},
    socket::{self, Deadline},
    stream::Stream,
    tls::Tls,
    trial::Login,
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// More than this is no reply, bytes.
const REPLY_LIMIT: usize = 64 * 1024;

/// How much of a foreign protocol's words is shown, characters.
const SHOWN: usize = 100;

/// A reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its number.
    pub code: u16,
    /// Its last line, with the number.
    pub text: String,
}

#[derive(Debug)]
pub(super) struct Session {
    stream: Stream,
    unread: Vec<u8>,
    wait: Duration,
}

impl Session {
    /// Connects and reads the greeting.
    pub fn open(from: Option<IpAddr>, to: SocketAddr, wait: Duration) -> Result<(Self, String), Failure> {
        let stream = socket::connect(from, to, wait).map_err(Failure::at(Step::Connect))?;
        let mut session = Self { stream: Stream::Plain(stream), unread: Vec::new(), wait };
        let greeting = session.reply(Step::Greeting, &[220])?;
        Ok((session, greeting.text))
    }

    /// This side's address.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.stream.tcp().local_addr()
    }

    /// Puts the control connection, and the data connections to come, under TLS (RFC 4217).
    pub fn secure(mut self, tls: &Tls, to: SocketAddr) -> Result<Self, Failure> {
        self.command(Step::Tls, "AUTH TLS", &[234])?;
        self.stream = self.stream.secured(tls, to, self.wait).map_err(Failure::at(Step::Tls))?;
        self.command(Step::Tls, "PBSZ 0", &[200])?;
        self.command(Step::Tls, "PROT P", &[200])?;
        Ok(self)
    }

    /// Logs in. Some servers want no password.
    pub fn login(&mut self, login: &Login) -> Result<(), Failure> {
        let asked = self.command(Step::Login, &format!("USER {}", login.user), &[331, 230])?;
        if asked.code == 331 {
            self.command(Step::Login, &format!("PASS {}", login.password), &[230, 202])?;
        }
        Ok(())
    }

    /// Sends a command and returns its reply, which must have one of these numbers.
    pub fn command(&mut self, step: Step, command: &str, expected: &[u16]) -> Result<Reply, Failure> {
        let line = format!("{command}\r\n");
        self.stream.send(line.as_bytes(), Deadline::after(self.wait)).map_err(Failure::at(step))?;
        self.reply(step, expected)
    }

    /// Returns the next reply, which must have one of these numbers.
    pub fn reply(&mut self, step: Step, expected: &[u16]) -> Result<Reply, Failure> {
        let deadline = Deadline::after(self.wait);
        let first = self.line(step, deadline)?;
        let Some((code, mut goes_on)) = begins(&first) else {
            return Err(Failure::new(step, Why::NotFtp(shown(&first))));
        };
        let (mut text, mut length) = (first, 0);
        while goes_on {
            length += text.len();
            if length > REPLY_LIMIT {
                return Err(Failure::new(step, Why::NotFtp("a reply without end".to_owned())));
            }
            text = self.line(step, deadline)?;
            // Lines between may begin with anything, another number included.
            goes_on = begins(&text) != Some((code, false));
        }
        if expected.contains(&code) { Ok(Reply { code, text }) } else { Err(Failure::new(step, Why::Reply(text))) }
    }

    fn line(&mut self, step: Step, deadline: Deadline) -> Result<String, Failure> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(crate::format::printable(String::from_utf8_lossy(&line).trim_end()));
            }
            if self.unread.len() > REPLY_LIMIT {
                return Err(Failure::new(step, Why::NotFtp(shown(&String::from_utf8_lossy(&self.unread)))));
            }
            let mut buffer = [0; 4096];
            let count = self.stream.receive(&mut buffer, deadline).map_err(Failure::at(step))?;
            if count == 0 {
                return Err(Failure::new(step, Why::Closed));
            }
            self.unread.extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
    }

    /// Says farewell; nothing depends on the answer.
    pub fn quit(mut self) {
        let _ = self.command(Step::Completion, "QUIT", &[221]);
        self.stream.close(Deadline::after(self.wait));
    }
}

/// The number of a line, and whether it begins a reply of several lines.
fn begins(line: &str) -> Option<(u16, bool)> {
    let (code, rest) = line.split_at_checked(3)?;
    let code = code.bytes().all(|byte| byte.is_ascii_digit()).then(|| code.parse().ok())??;
    match rest.chars().next() {
        None | Some(' ') => Some((code, false)),
        Some('-') => Some((code, true)),
        Some(_) => None,
    }
}

fn shown(text: &str) -> String {
    crate::format::printable(&text.chars().take(SHOWN).collect::<String>())
}
