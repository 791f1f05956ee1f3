//! How a host is reached: ssh with one shared connection, this machine itself, or words of the user's own.

use super::{
    HostError, Observe, Writable,
    lock::Run,
    process::{self, End, Finished},
    script::{Reply, Script},
    ssh::{self, Sockets},
    trace::{Command, Listener, Told, Trace},
};
use crate::{
    inventory::{Become, BecomeMethod, Connection as Route, HostVars},
    probe::{Facts, Probe},
};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How long a host may take to answer all probes. ssh itself gives up earlier on a host that does not connect.
pub(super) const OBSERVE_LIMIT: Duration = Duration::from_secs(60);

/// How long ssh may take to tell its own shared connection something.
const CONTROL_LIMIT: Duration = Duration::from_secs(5);

/// What the connections of one run have in common.
pub struct Session {
    sockets: Sockets,
    run: Arc<Run>,
    interrupted: Arc<AtomicBool>,
    listener: Option<Arc<Listener>>,
}

/// What came of a script that was sent.
pub(super) struct Sent {
    pub finished: Finished,
    /// Whether it went over a link that stood already: then it may have been run though no answer came.
    pub over_a_link: bool,
}

/// Sends a script over a way of its own onto a host.
pub(super) fn send(
    words: &[String],
    script: &Script,
    limit: Duration,
    stop: &dyn Fn() -> bool,
) -> Result<Sent, String> {
    let finished = process::run_until(words, &script.text, limit, stop)?;
    Ok(Sent { finished, over_a_link: false })
}

/// A way onto one host. As [`Observe`] it can only ask.
#[derive(Debug)]
pub struct Connection {
    pub(super) words: Vec<String>,
    pub(super) ssh: Option<ssh::Words>,
    /// Whether the host has answered in this run.
    answered: AtomicBool,
    /// When it was looked at last, and what its lock said then.
    looked: Mutex<Option<(Instant, String)>>,
    pub(super) run: Arc<Run>,
    interrupted: Arc<AtomicBool>,
    pub(super) trace: Trace,
}

impl Session {
    /// A new session; `connect_timeout` is in seconds. `keep` leaves ssh's connections to the next run, where the host's
    /// variables do not say otherwise.
    #[must_use]
    pub fn new(connect_timeout: u32, keep: bool) -> Self {
        let sockets = Sockets::new(connect_timeout, keep);
        Self { sockets, run: Arc::new(Run::new()), interrupted: Arc::default(), listener: None }
    }

    /// When this is set, no answer is waited for any more from a host that was not changed.
    #[must_use]
    pub fn interrupted_by(self, interrupted: Arc<AtomicBool>) -> Self {
        Self { interrupted, ..self }
    }

    /// This hears of every command that is run on a host.
    #[must_use]
    pub fn told_to(self, listener: Arc<Listener>) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// The way onto a host. `number` tells the run's hosts apart. The text of an error says what could not be made.
    pub fn connect(&self, host: &HostVars, number: usize) -> Result<Connection, String> {
        let shell = become_words(host.become_.as_ref());
        let ssh = self.sockets.words(&host.connection, host.keep, number, &shell)?;
        let words = match (&ssh, &host.connection) {
            (Some(ssh), _) => ssh.shared.clone(),
            (None, Route::Exec(words)) => [&words[..], &shell].concat(),
            (None, _) => shell,
        };
        let (run, interrupted) = (Arc::clone(&self.run), Arc::clone(&self.interrupted));
        let trace = Trace::new(&host.name, self.listener.as_ref());
        let (answered, looked) = (AtomicBool::new(false), Mutex::new(None));
        Ok(Connection { words, ssh, answered, looked, run, interrupted, trace })
    }

    /// What people should know of the connections.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        self.sockets.warning()
    }
}

/// The words that start a POSIX shell, as the user that the inventory names.
fn become_words(become_: Option<&Become>) -> Vec<String> {
    let words: Vec<&str> = match become_ {
        None => vec!["/bin/sh"],
        Some(Become { method: BecomeMethod::Sudo, user }) => vec!["sudo", "-n", "-u", user, "--", "/bin/sh"],
        Some(Become { method: BecomeMethod::Doas, user }) => vec!["doas", "-n", "-u", user, "/bin/sh"],
        Some(Become { method: BecomeMethod::Su, user }) => vec!["su", user, "-c", "/bin/sh"],
    };
    words.into_iter().map(str::to_owned).collect()
}

impl AsRef<Connection> for Connection {
    fn as_ref(&self) -> &Connection {
        self
    }
}

impl Connection {
    /// The same way, for changing the host. Where it is ssh, a change that is not confirmed within the time of `undo` is
    /// undone by the host.
    #[must_use]
    pub fn writable(self, undo: Option<Duration>) -> Writable {
        Writable::new(self, undo)
    }

    /// Ends the shared connection, unless it is kept for the next run.
    pub fn close(&self) {
        if let Some(ssh) = self.ssh.as_ref().filter(|ssh| !ssh.is_kept) {
            // A master that is gone already is just as good.
            let _ = process::run(&ssh.tell("exit"), "", CONTROL_LIMIT);
        }
    }

    /// The words that get a shell on the host; for people.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// One round trip. The commands are what people are told of the script; `send` sends it.
    pub(super) fn ask(
        &self,
        script: &Script,
        commands: &[Command],
        send: impl FnOnce(&Script) -> Result<Sent, String>,
    ) -> Result<Reply, HostError> {
        self.trace.tell(Told::Sent(commands));
        let reply = send(script).map_err(HostError::Unreachable).and_then(|Sent { finished, over_a_link }| {
            let reply = script.reply(&finished.stdout);
            if reply.done { Ok(reply) } else { Err(self.broken(&finished, reply.begun || over_a_link)) }
        });
        self.trace.tell(match &reply {
            Ok(reply) => Told::Answered(commands, &reply.answers),
            Err(error) => Told::Broken(commands, error),
        });
        reply
    }

    /// Why there is no whole answer. ssh's own failures end with 255, and so does a link that is cut.
    pub(super) fn broken(&self, finished: &Finished, begun: bool) -> HostError {
        let words = finished.last_words();
        match finished.end {
            End::Status(255) if self.ssh.is_some() && !begun => HostError::Unreachable(words),
            End::Status(255) if self.ssh.is_some() => HostError::Failed(format!("the connection was lost: {words}")),
            End::Late(limit) if !begun => HostError::Unreachable(format!("no answer within {} s", limit.as_secs())),
            End::Late(limit) => {
                HostError::Failed(format!("the host began to answer, but did not end within {} s", limit.as_secs()))
            }
            End::Stopped => HostError::Failed("interrupted before it answered".to_owned()),
            End::Endless => HostError::Failed(format!("the host prints without end: {words}")),
            End::Status(status) if !begun => HostError::Failed(format!(
                "failed to start a shell: {} ended with status {status}: {words}",
                self.words.last().map_or("the command", String::as_str)
            )),
            End::Status(status) => {
                HostError::Failed(format!("the host's answer was cut off (status {status}): {words}"))
            }
            End::Signal => HostError::Failed(format!("the host's answer was cut off by a signal: {words}")),
        }
    }
}

impl Connection {
    pub(super) fn look(
        &self,
        probes: &[Probe],
        send: impl Fn(&Script) -> Result<Sent, String>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Facts, HostError> {
        let parts: Vec<String> = probes.iter().flat_map(Probe::scripts).collect();
        let script = Script::looking(&parts);
        let begin = Instant::now();
        let commands = self.trace.commands(|| parts.iter().map(|part| Command::asking(part)).collect());
        let earlier = self.earlier_connection();
        let reply = match self.ask(&script, &commands, &send) {
            Err(HostError::Unreachable(_)) if earlier.is_some_and(Self::give_up) && !stop() => {
                self.ask(&script, &commands, &send)?
            }
            answer => answer?,
        };
        self.answered.store(true, Ordering::Relaxed);
        *self.looked() = reply.last.map(|last| (begin, last));
        Ok(Facts::read(probes, reply.answers))
    }

    pub(super) fn looked(&self) -> MutexGuard<'_, Option<(Instant, String)>> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection of an earlier run, while nothing came over it in this one: its host may be gone, or be another one
    /// by now. A run begins with a look, which may be repeated; a change never is.
    fn earlier_connection(&self) -> Option<&ssh::Words> {
        let ssh = self.ssh.as_ref().filter(|ssh| ssh.is_kept && !self.answered.load(Ordering::Relaxed))?;
        ssh.socket.symlink_metadata().is_ok().then_some(ssh)
    }

    /// Lets nothing more come over a connection that does not work. What another run still does over it goes on.
    fn give_up(ssh: &ssh::Words) -> bool {
        let _ = process::run(&ssh.tell("stop"), "", CONTROL_LIMIT);
        let _ = std::fs::remove_file(&ssh.socket);
        true
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

impl Observe for Connection {
    fn observe(&self, probes: &[Probe]) -> Result<Facts, HostError> {
        let stop = || self.is_interrupted();
        self.look(probes, |script| send(&self.words, script, OBSERVE_LIMIT, &stop), &stop)
    }
}
