//! One trial: a whole session in one mode, from the first packet to the farewell.

use super::{
    data::Data,
    failure::{Failure, Step},
    session::Session,
    socket::Deadline,
    stream::Stream,
    tls::Tls,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// A listing that is longer is not read to its end, bytes.
const LISTING_LIMIT: u64 = 4 * 1024 * 1024;

/// How a data connection is made.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum Mode {
    /// Passive; the connection goes to the address and port that the server names.
    Pasv,
    /// Passive; the server names only a port.
    Epsv,
    /// Active.
    Port,
    /// Active, in the words of RFC 2428.
    Eprt,
}

impl Mode {
    /// All modes, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::Pasv, Self::Epsv, Self::Port, Self::Eprt];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pasv => "PASV",
            Self::Epsv => "EPSV",
            Self::Port => "PORT",
            Self::Eprt => "EPRT",
        })
    }
}

/// Who logs in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Default for Login {
    fn default() -> Self {
        Self { user: "anonymous".to_owned(), password: "lvs-ftp@".to_owned() }
    }
}

/// Never shows the password.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The mode.
    pub mode: Mode,
    /// The server's address and control port.
    pub to: SocketAddr,
    /// The client's address; without one the system chooses.
    pub from: Option<IpAddr>,
    /// The address that a PASV reply is to name; without one that of `to`. Data connections go to `to` in any case, so
    /// a real server can be asked behind its router.
    pub named: Option<IpAddr>,
    /// Who logs in.
    pub login: Login,
    /// Whether both connections are under TLS.
    pub tls: bool,
    /// The longest wait for any one answer, seconds.
    pub wait: u16,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// The mode.
    pub mode: Mode,
    /// The server's address and control port.
    pub to: SocketAddr,
    /// The client's end of the control connection, if there was one.
    pub client: Option<SocketAddr>,
    /// The server's greeting.
    pub greeting: Option<String>,
    /// Passive: where the server said that it listens.
    pub named: Option<SocketAddr>,
    /// Active: where the data connection came from.
    pub data_from: Option<SocketAddr>,
    /// How long the session took, milliseconds.
    pub milliseconds: u64,
    /// Where it failed; nothing when it ended well.
    pub failure: Option<Failure>,
}

/// Connects and reads the greeting, which it returns.
pub fn greet(from: Option<IpAddr>, to: SocketAddr, wait: Duration) -> Result<String, Failure> {
    let (session, greeting) = Session::open(from, to, wait)?;
    session.quit();
    Ok(greeting)
}

/// Makes one session, lists the user's folder, and ends the session.
#[must_use]
pub fn run(request: &Request) -> Trial {
    let begun = Instant::now();
    let mut trial = Trial {
        mode: request.mode,
        to: request.to,
        client: None,
        greeting: None,
        named: None,
        data_from: None,
        milliseconds: 0,
        failure: None,
    };
    trial.failure = attempt(request, &mut trial).err();
    trial.milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    trial
}

fn attempt(request: &Request, trial: &mut Trial) -> Result<(), Failure> {
    let wait = Duration::from_secs(request.wait.max(1).into());
    let (mut session, greeting) = Session::open(request.from, request.to, wait)?;
    trial.greeting = Some(greeting);
    trial.client = session.local().ok();
    let mut tls = None;
    if request.tls {
        let made = Tls::new().map_err(|error| Failure::new(Step::Tls, super::Why::Other(error.to_string())))?;
        session = session.secure(&made, request.to)?;
        tls = Some(made);
    }
    session.login(&request.login)?;
    transfer(&mut session, request, tls.as_ref(), wait, trial)?;
    session.quit();
    Ok(())
}

fn transfer(
    session: &mut Session,
    request: &Request,
    tls: Option<&Tls>,
    wait: Duration,
    trial: &mut Trial,
) -> Result<(), Failure> {
    let agreed = Data::agree(session, request, wait);
    let data = agreed.map_err(|(failure, named)| {
        trial.named = named;
        failure
    })?;
    // An active server connects before it says 150, or says 425 when it cannot.
    session.command(Step::DataConnection, "LIST", &[150, 125])?;
    let (stream, peer) = data.connected()?;
    match request.mode {
        Mode::Pasv | Mode::Epsv => trial.named = Some(peer),
        Mode::Port | Mode::Eprt => trial.data_from = Some(peer),
    }
    let mut stream = Stream::Plain(stream);
    if let Some(tls) = tls {
        stream = stream.secured(tls, request.to, wait).map_err(Failure::at(Step::DataTls))?;
    }
    read_to_end(&mut stream, wait).map_err(Failure::at(Step::Transfer))?;
    stream.close(Deadline::after(wait));
    session.reply(Step::Completion, &[226, 250])?;
    Ok(())
}

fn read_to_end(stream: &mut Stream, wait: Duration) -> std::io::Result<()> {
    let (mut buffer, mut length) = ([0; 16 * 1024], 0_u64);
    let deadline = Deadline::after(wait);
    while length < LISTING_LIMIT {
        let count = stream.receive(&mut buffer, deadline)?;
        if count == 0 {
            break;
        }
        length += count as u64;
    }
    Ok(())
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
