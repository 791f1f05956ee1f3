//! The processes named vsftpd, as /proc shows them: daemons, and the sessions of clients.

use camino::Utf8Path;

/// A process named vsftpd: a daemon, or the session of a client.
pub(super) struct Process {
    /// Its process id.
    pub pid: u32,
    /// When it was started, in clock ticks after boot.
    pub start_ticks: u64,
    parent: u32,
    input: String,
    errors: String,
    arguments: Vec<String>,
}

impl Process {
    /// `/proc/PID/stat | fd 0 | fd 2 | argument|argument|…` (proc(5)). What is a child of another one says just that:
    /// there may be thousands, and to look at each takes a process.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(" | ");
        let (stat, input) = (parts.next()?, parts.next()?);
        let (errors, arguments) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (pid, rest) = stat.split_once(" (vsftpd) ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        // One that has ended and is not yet waited for serves nobody.
        if matches!(fields.first(), Some(&("Z" | "X"))) {
            return None;
        }
        let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<u64>().ok());
        let small = |number: usize| field(number).and_then(|value| u32::try_from(value).ok());
        Some(Self {
            pid: pid.parse().ok()?,
            parent: small(4)?,
            start_ticks: field(22)?,
            input: input.to_owned(),
            errors: errors.to_owned(),
            arguments: arguments.split('|').filter(|argument| !argument.is_empty()).map(str::to_owned).collect(),
        })
    }

    /// A session is a daemon's child and has its client on its input, even when its daemon is gone; one that has another
    /// socket for its errors is a daemon that was started so, over ssh say. Where the file does not say that vsftpd
    /// listens, all that have a socket on their input are sessions that inetd or systemd started.
    pub fn is_daemon(&self, all: &[Self], listens: bool) -> bool {
        let is_child = all.iter().any(|other| other.pid == self.parent);
        let has_client = self.input.starts_with("socket:") && (self.input == self.errors || !listens);
        !is_child && !has_client
    }

    /// Whether it may have been started with this file. One that names other files with their whole paths was not; one
    /// that names none has another title now (`setproctitle_enable`), or a relative path, or reads the distribution's own.
    pub fn reads(&self, conf: &Utf8Path) -> bool {
        let mut files = self.arguments.iter().skip(1).filter(|argument| argument.starts_with('/')).peekable();
        files.peek().is_none() || files.any(|file| file.as_str() == conf)
    }

    /// Whether it is a client's session that works by this file: its title may say anything, its daemon's counts.
    pub fn is_session(&self, all: &[Self], listens: bool, conf: &Utf8Path) -> bool {
        let mut first = self;
        for _ in all {
            match all.iter().find(|other| other.pid == first.parent) {
                Some(parent) => first = parent,
                None => break,
            }
        }
        !self.is_daemon(all, listens) && first.reads(conf)
    }
}
