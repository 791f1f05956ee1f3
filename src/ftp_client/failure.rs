//! At which step a session failed, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
};

/// A step of a session, in the order in which a session takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The control connection.
    Connect,
    /// The server's first reply, 220.
    Greeting,
    /// AUTH TLS and the handshake of the control connection.
    Tls,
    /// USER and PASS.
    Login,
    /// PASV, EPSV, PORT or EPRT.
    Negotiate,
    /// The data connection, whichever side makes it.
    DataConnection,
    /// The handshake of the data connection.
    DataTls,
    /// The listing itself.
    Transfer,
    /// The server's word that the listing was whole, 226.
    Completion,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "the control connection",
            Self::Greeting => "the greeting",
            Self::Tls => "TLS on the control connection",
            Self::Login => "the login",
            Self::Negotiate => "the agreement on a data connection",
            Self::DataConnection => "the data connection",
            Self::DataTls => "TLS on the data connection",
            Self::Transfer => "the transfer",
            Self::Completion => "the end of the transfer",
        })
    }
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The packet was answered with a reset.
    Refused,
    /// Nothing came in time.
    NoAnswer,
    /// The client's own machine has no route there, so nothing was sent.
    NoRoute,
    /// The address does not answer for itself, or a router on the way says so.
    Unreachable,
    /// The other side ended the connection.
    Closed,
    /// The server said no; its own words.
    Reply(String),
    /// The other side does not speak FTP; the beginning of its words.
    NotFtp(String),
    /// The PASV reply names another address than it should.
    WrongAddress {
        /// What the reply names.
        named: SocketAddr,
        /// What it should name.
        expected: IpAddr,
    },
    /// The handshake failed; what the TLS library says.
    Handshake(String),
    /// Anything else; the system's own words.
    Other(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::NoAnswer => f.write_str("no answer in time"),
            Self::NoRoute => f.write_str("no route from here"),
            Self::Unreachable => f.write_str("host unreachable"),
            Self::Closed => f.write_str("the other side closed the connection"),
            Self::Reply(text) => write!(f, "the server says: {text}"),
            Self::NotFtp(text) => write!(f, "not an FTP reply: {text}"),
            Self::WrongAddress { named, expected } => {
                write!(f, "the PASV reply names {} instead of {expected}", named.ip())
            }
            Self::Handshake(text) => write!(f, "the handshake failed: {text}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl From<&io::Error> for Why {
    fn from(error: &io::Error) -> Self {
        use rustix::io::Errno;
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::NoAnswer,
            io::ErrorKind::NetworkUnreachable => Self::NoRoute,
            io::ErrorKind::HostUnreachable => Self::Unreachable,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Closed,
            // A connect that outlasts its time limit says that it is still in progress.
            _ if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => Self::NoAnswer,
            // rustls wraps its own errors.
            io::ErrorKind::InvalidData => Self::Handshake(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Where a session ended before its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{step}: {why}")]
pub struct Failure {
    /// The step.
    pub step: Step,
    /// The cause.
    pub why: Why,
}

impl Failure {
    /// A failure at a step.
    #[must_use]
    pub const fn new(step: Step, why: Why) -> Self {
        Self { step, why }
    }

    /// A failure of the system's at a step.
    pub fn at(step: Step) -> impl Fn(io::Error) -> Self {
        move |error| Self::new(step, Why::from(&error))
    }
}
