//! The words of ssh: over a connection that all scripts of a host share, or over one of its own.

use super::kept::{Kept, PERSIST};
use crate::{format::sh, inventory::Connection as Route};
use camino::{Utf8Path, Utf8PathBuf};
use std::sync::OnceLock;

/// How a run's connections are made, and where their sockets are. Nothing is made before a host needs it.
#[derive(Debug)]
pub(super) struct Sockets {
    connect_timeout: u32,
    keep: bool,
    kept: OnceLock<Result<Kept, String>>,
    own: OnceLock<Result<tempfile::TempDir, String>>,
}

/// The words for one host.
#[derive(Debug)]
pub(super) struct Words {
    /// Over the shared connection, which the first of them makes.
    pub shared: Vec<String>,
    /// Over one of its own.
    pub anew: Vec<String>,
    /// The beginning and the end of what speaks to the shared connection itself.
    control: (Vec<String>, Vec<String>),
    /// The shared connection's socket.
    pub socket: Utf8PathBuf,
    /// Whether that connection outlives the run.
    pub is_kept: bool,
}

impl Words {
    /// What tells the shared connection something: `exit`, or `stop` when no more may come over it.
    pub fn tell(&self, what: &str) -> Vec<String> {
        let (begin, end) = &self.control;
        [begin, &["-O".to_owned(), what.to_owned()][..], end].concat()
    }
}

impl Sockets {
    pub const fn new(connect_timeout: u32, keep: bool) -> Self {
        Self { connect_timeout, keep, kept: OnceLock::new(), own: OnceLock::new() }
    }

    /// Why connections are not kept that should be.
    pub fn warning(&self) -> Option<String> {
        let why = self.kept.get()?.as_ref().err()?;
        Some(format!("ssh connections are not kept for the next run: {why} (--no-keep does without)"))
    }

    /// The words that run `shell` on a host, if that is reached by ssh.
    pub fn words(&self, route: &Route, keep: bool, number: usize, shell: &[String]) -> Result<Option<Words>, String> {
        let Route::Ssh { address, port, user, private_key, common_args, extra_args } = route else { return Ok(None) };
        let mut to: Vec<String> = common_args.iter().chain(extra_args).cloned().collect();
        to.extend(port.iter().flat_map(|port| ["-p".to_owned(), port.to_string()]));
        to.extend(user.iter().flat_map(|user| ["-l".to_owned(), user.clone()]));
        to.extend(private_key.iter().flat_map(|key| ["-i".to_owned(), key.to_string()]));
        let end = ["--".to_owned(), address.clone()];
        let kept = (self.keep && keep).then(|| self.kept.get_or_init(Kept::open).as_ref().ok()).flatten();
        let socket = match kept {
            Some(kept) => kept.socket(&[&to[..], &end].concat()),
            None => self.own(number)?,
        };
        let persist = if kept.is_some() { PERSIST.as_secs() } else { 60 };
        let shared = self.options(Some((&socket, persist)));
        let shell = [sh::words(shell)];
        Ok(Some(Words {
            anew: [&self.options(None)[..], &to, &end, &shell].concat(),
            control: ([&shared[..], &to].concat(), end.to_vec()),
            shared: [&shared[..], &to, &end, &shell].concat(),
            socket,
            is_kept: kept.is_some(),
        }))
    }

    /// A socket that goes with the run.
    fn own(&self, number: usize) -> Result<Utf8PathBuf, String> {
        // A socket's path has about 100 bytes; under /tmp it is short whatever TMPDIR says.
        let make = || {
            tempfile::Builder::new()
                .prefix("lvs-ftp-")
                .tempdir_in("/tmp")
                .or_else(|_| tempfile::Builder::new().prefix("lvs-ftp-").tempdir())
                .map_err(|error| format!("failed to make a folder for ssh's sockets: {error}"))
        };
        let folder = self.own.get_or_init(make).as_ref().map_err(Clone::clone)?;
        Ok(Utf8PathBuf::from(folder.path().join(number.to_string()).to_string_lossy().into_owned()))
    }

    /// ssh takes the first value that it sees of an option: these are ours whatever the user's configuration says. The
    /// rest of that configuration, its keys and its ciphers stay as they are. Without a socket it is a new connection.
    fn options(&self, shared: Option<(&Utf8Path, u64)>) -> Vec<String> {
        let (master, socket, persist) = match shared {
            Some((socket, persist)) => ("auto", socket.as_str(), persist.to_string()),
            None => ("no", "none", "no".to_owned()),
        };
        let mut words = vec!["ssh".to_owned(), "-T".to_owned(), "-x".to_owned()];
        for option in [
            "BatchMode=yes".to_owned(),
            format!("ConnectTimeout={}", self.connect_timeout),
            // Between two runs too: a kept connection whose host is gone must be known to be dead when the next one begins.
            "ServerAliveInterval=5".to_owned(),
            "ServerAliveCountMax=3".to_owned(),
            format!("ControlMaster={master}"),
            format!("ControlPath={socket}"),
            format!("ControlPersist={persist}"),
            "ClearAllForwardings=yes".to_owned(),
            "RemoteCommand=none".to_owned(),
        ] {
            words.extend(["-o".to_owned(), option]);
        }
        words
    }
}

impl Drop for Sockets {
    /// Removes what killed connections of earlier runs left.
    fn drop(&mut self) {
        if let Some(Ok(kept)) = self.kept.get() {
            kept.sweep();
        }
    }
}
