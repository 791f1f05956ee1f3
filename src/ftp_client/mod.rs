//! A plain FTP client for trials of a server: one session, one listing, and an exact account of what happened.
//!
//! Other clients help themselves: curl ignores the address that a PASV reply names, and lftp tries again in another mode.
//! This client does neither. It says which address the server named, and where an active data connection came from.

pub mod curl;
mod data;
mod failure;
mod session;
mod socket;
mod stream;
mod tls;
mod trial;

pub use failure::{Failure, Step, Why};
pub use tls::{Tls, TlsUnavailable};
pub use trial::{Login, Mode, Request, Trial, greet, run};
