//! curl as the client, on hosts that cannot run this program: its words, and what its trace (`-v`) tells.
//!
//! curl does not say where an active data connection came from, and takes no active data under TLS before 8.

use super::{
    data::{extended_port, passive_address},
    failure::{Failure, Step, Why},
    trial::{Mode, Request, Trial},
};
use std::net::{IpAddr, SocketAddr};

/// The words of a session. Its configuration, which has the password, belongs to its standard input.
#[must_use]
pub fn words(request: &Request) -> Vec<String> {
    let (wait, whole) = (request.wait.to_string(), (u32::from(request.wait) * 3).to_string());
    let mut words = ["curl", "-q", "-sS", "-v", "-g", "-l", "-o", "/dev/null", "--noproxy", "*", "--connect-timeout"]
        .map(str::to_owned)
        .to_vec();
    words.extend([wait, "-m".to_owned(), whole, "-K".to_owned(), "-".to_owned()]);
    let mode: &[&str] = match request.mode {
        Mode::Pasv if request.named.is_some() => &["--disable-epsv", "--ftp-skip-pasv-ip"],
        Mode::Pasv => &["--disable-epsv", "--no-ftp-skip-pasv-ip"],
        Mode::Epsv => &[],
        Mode::Port => &["-P", "-", "--disable-eprt"],
        Mode::Eprt => &["-P", "-"],
    };
    words.extend(mode.iter().map(|word| (*word).to_owned()));
    words.extend(request.from.iter().flat_map(|from| ["--interface".to_owned(), from.to_string()]));
    if request.tls {
        words.extend(["--ssl-reqd", "-k"].map(str::to_owned));
    }
    words.push(format!("ftp://{}/", request.to));
    words
}

/// The configuration for its standard input (curl(1), --config).
#[must_use]
pub fn config(request: &Request) -> String {
    let user = format!("{}:{}", request.login.user, request.login.password);
    format!("user = \"{}\"\n", user.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Reads what it printed on standard error, and its exit status.
#[must_use]
pub fn read(request: &Request, trace: &str, status: i32) -> Trial {
    let mut told = Told::default();
    trace.lines().for_each(|line| told.line(line));
    let failure = told.failure(request, status);
    Trial {
        mode: request.mode,
        to: request.to,
        client: None,
        greeting: told.greeting.filter(|text| text.starts_with("220")),
        named: told.named.map(|(address, port)| SocketAddr::new(address.unwrap_or(request.to.ip()), port)),
        data_from: None,
        milliseconds: 0,
        failure,
    }
}

/// What the trace told so far.
#[derive(Debug, Default)]
struct Told {
    is_connected: bool,
    greeting: Option<String>,
    /// The last command, and the last reply to it.
    command: String,
    reply: Option<String>,
    /// The address, where the reply has one, and the port.
    named: Option<(Option<IpAddr>, u16)>,
    /// curl's own last words.
    words: Option<String>,
}

impl Told {
    fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(command) = line.strip_prefix("> ") {
            // The password is in one of them.
            command.split(' ').next().unwrap_or_default().clone_into(&mut self.command);
            self.reply = None;
        } else if let Some(reply) = line.strip_prefix("< ") {
            self.reply(crate::format::printable(reply));
        } else if line.starts_with("* Connected to ") || line.starts_with("* Established connection to ") {
            self.is_connected = true;
        } else if let Some(words) = line.strip_prefix("curl: ") {
            self.words = Some(crate::format::printable(words));
        }
    }

    fn reply(&mut self, reply: String) {
        if self.command.is_empty() {
            self.greeting = Some(reply.clone());
        }
        if reply.starts_with("229") {
            self.named = extended_port(&reply).map(|port| (None, port));
        } else if reply.starts_with("227") {
            self.named = passive_address(&reply).map(|address| (Some(address.ip()), address.port()));
        }
        self.reply = Some(reply);
    }

    fn failure(&self, request: &Request, status: i32) -> Option<Failure> {
        let expected = request.named.unwrap_or(request.to.ip());
        if let (Mode::Pasv, Some((Some(named), port))) = (request.mode, self.named)
            && named != expected
        {
            let why = Why::WrongAddress { named: SocketAddr::new(named, port), expected };
            return Some(Failure::new(Step::Negotiate, why));
        }
        // curl helps itself with PASV and PORT where the newer words fail; the session that was asked for has failed.
        let other = match request.mode {
            Mode::Epsv => "PASV",
            Mode::Eprt => "PORT",
            Mode::Pasv | Mode::Port => "",
        };
        if !other.is_empty() && self.command == other {
            return Some(Failure::new(Step::DataConnection, Why::NoAnswer));
        }
        (status != 0).then(|| Failure::new(self.step(), self.why(status)))
    }

    fn step(&self) -> Step {
        let code = self.reply.as_deref().and_then(|reply| reply.chars().next());
        let positive = code.is_some_and(|code| ('1'..='3').contains(&code));
        match &self.command[..] {
            "" if !self.is_connected => Step::Connect,
            "" => Step::Greeting,
            "AUTH" | "PBSZ" | "PROT" => Step::Tls,
            "USER" | "PASS" => Step::Login,
            "EPSV" | "PASV" | "PORT" | "EPRT" if !positive => Step::Negotiate,
            "EPSV" | "PASV" | "PORT" | "EPRT" => Step::DataConnection,
            _ if code == Some('1') => Step::Completion,
            _ => Step::DataConnection,
        }
    }

    fn why(&self, status: i32) -> Why {
        let says_no = |reply: &&String| reply.starts_with(['4', '5']);
        if let Some(reply) = self.reply.as_ref().filter(says_no) {
            return Why::Reply(reply.clone());
        }
        let words = self.words.clone().unwrap_or_else(|| format!("curl ended with status {status}"));
        match status {
            _ if words.contains("refused") => Why::Refused,
            _ if words.contains("Network is unreachable") => Why::NoRoute,
            _ if words.contains("No route to host") => Why::Unreachable,
            // The whole time is over, or that for the server's own connection.
            12 | 28 => Why::NoAnswer,
            8 => Why::NotFtp(self.greeting.clone().unwrap_or(words)),
            35 => Why::Handshake(words),
            52 | 56 => Why::Closed,
            _ => Why::Other(words),
        }
    }
}

#[cfg(test)]
#[path = "curl_tests.rs"]
mod tests;
