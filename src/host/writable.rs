//! A way onto one host by which it can also be changed.

use super::{
    Change, Connection, HostError, LockError, Locked, Observe, StepError,
    connection::{OBSERVE_LIMIT, Sent, send},
    guard::Guard,
    lock::{Failure, Taken, is_untouched},
    process::End,
    script::Script,
    shell::Shell,
    step_script,
    trace::{Command, Told},
};
use crate::{
    plan::Step,
    probe::{Facts, Probe},
};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long a host may take to make the steps of one stage.
const CHANGE_LIMIT: Duration = Duration::from_secs(180);

/// A way onto one host by which it can also be changed. Check mode never makes one.
#[derive(Debug)]
pub struct Writable {
    connection: Connection,
    guard: Option<Guard>,
    /// What stays on the host and makes the scripts. It holds the lock too.
    shell: Mutex<Option<Shell>>,
    /// Whether the lock is our run's, by this shell or by that of another name of the host.
    locked: AtomicBool,
    /// Whether the host was changed: then what follows is part of that.
    touched: AtomicBool,
}

impl AsRef<Connection> for Writable {
    fn as_ref(&self) -> &Connection {
        &self.connection
    }
}

impl Writable {
    /// By this way. Where it is ssh, a change that is not confirmed within the time of `undo` is undone by the host.
    pub(super) fn new(connection: Connection, undo: Option<Duration>) -> Self {
        let guard = undo.filter(|_| connection.ssh.is_some());
        let guard = guard.map(|timeout| Guard::new(timeout, connection.run.nonce()));
        let (locked, touched) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { connection, guard, shell: Mutex::new(None), locked, touched }
    }

    fn shell(&self) -> MutexGuard<'_, Option<Shell>> {
        self.shell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shell that stays on the host, begun anew where there is none any more.
    fn ready<'a>(&self, place: &'a mut Option<Shell>) -> Result<&'a mut Shell, String> {
        if let Some(shell) = place.take_if(|shell| shell.is_there()) {
            return Ok(place.insert(shell));
        }
        Ok(place.insert(Shell::start(&self.connection.words)?))
    }

    /// Sends a script to the shell that stays on the host.
    fn send(&self, script: &Script, limit: Duration, stop: &dyn Fn() -> bool) -> Result<Sent, String> {
        let mut place = self.shell();
        // Words of the user's own may want the end of their input before they do anything. Only for the lock they must not.
        if self.connection.ssh.is_none() && !place.as_ref().is_some_and(Shell::is_there) {
            drop(place);
            return send(&self.connection.words, script, limit, stop);
        }
        let shell = self.ready(&mut place)?;
        let over_a_link = shell.has_answered();
        Ok(Sent { finished: shell.run(script, limit, stop), over_a_link })
    }
}

impl Observe for Writable {
    fn observe(&self, probes: &[Probe]) -> Result<Facts, HostError> {
        let stop = || self.connection.is_interrupted() && !self.touched.load(Ordering::Relaxed);
        let facts = self.connection.look(probes, |script| self.send(script, OBSERVE_LIMIT, &stop), &stop)?;
        // Nor is one of another name that the inventory has for this host.
        Ok(facts.without_guards(self.connection.run.nonce()))
    }
}

impl Change for Writable {
    fn lock(&self, wait: Duration, stop: &(dyn Fn() -> bool + Sync)) -> Result<Locked, LockError> {
        let trace = &self.connection.trace;
        let commands = trace.commands(|| vec![Command::asking("flock /var/run/lvs-ftp/lock")]);
        trace.tell(Told::Sent(&commands));
        trace.tell(Told::Answered(&commands, &[]));
        let mut place = self.shell();
        let shell = self.ready(&mut place).map_err(|why| LockError::Host(HostError::Unreachable(why)))?;
        let over_a_link = shell.has_answered();
        let taken = self.connection.run.take(shell, wait, stop);
        if !matches!(taken, Ok(Taken::Held(_))) {
            *place = None;
        }
        let taken = taken.map_err(|failure| match failure {
            Failure::Busy(who) => LockError::Busy(who),
            Failure::Stopped => LockError::Stopped,
            Failure::Broken(finished, true) if matches!(finished.end, End::Status(1..=254)) => {
                let words = finished.last_words();
                LockError::Host(HostError::Failed(format!("failed to take the host's lock: {words}")))
            }
            Failure::Broken(finished, begun) => {
                LockError::Host(self.connection.broken(&finished, begun || over_a_link))
            }
        })?;
        self.locked.store(!matches!(taken, Taken::NoTool), Ordering::Relaxed);
        Ok(match taken {
            Taken::Held(last) => {
                let looked = self.connection.looked();
                let untouched = looked.as_ref().filter(|(_, seen)| is_untouched(seen, &last));
                Locked { warning: None, unchanged_since: untouched.map(|(when, _)| *when) }
            }
            Taken::Ours => Locked::default(),
            Taken::NoTool => {
                let words =
                    "flock is not there, so a run from another control host is not kept out: install util-linux";
                Locked { warning: Some(words.to_owned()), unchanged_since: None }
            }
        })
    }

    fn change(&self, steps: &[Step]) -> Result<(), StepError> {
        self.touched.store(true, Ordering::Relaxed);
        let was_armed = self.guard.as_ref().is_some_and(Guard::is_armed);
        let parts = match &self.guard {
            Some(guard) => guard.scripts(steps),
            None => steps.iter().map(step_script::script).collect(),
        };
        let locked = self.locked.load(Ordering::Relaxed);
        let run = &self.connection.run;
        let script = if locked { Script::guarded(&run.guard(), &parts) } else { Script::new(&parts, true) };
        let commands = self.connection.trace.commands(|| {
            let changing =
                |(step, full): (&Step, &String)| Command { short: step.commands().join("\n"), full: full.clone() };
            let looking = locked.then(|| Command::asking(&run.guard().1));
            looking.into_iter().chain(steps.iter().zip(&parts).map(changing)).collect()
        });
        let reply = self.connection.ask(&script, &commands, |script| {
            // What the shell that stays makes of changes ignores SIGINT and SIGQUIT, as all does that a shell runs in the
            // background; a daemon that is started there would too, for ever.
            if steps.iter().any(Step::may_start_daemon) {
                send(&self.connection.words, script, CHANGE_LIMIT, &|| false)
            } else {
                self.send(script, CHANGE_LIMIT, &|| false)
            }
        });
        let mut reply = reply.map_err(|error| {
            let lost = matches!(error, HostError::Failed(_));
            match &self.guard {
                Some(guard) if lost => guard.lost(),
                Some(guard) if !was_armed => guard.is_not_there(),
                _ => {}
            }
            StepError { made: 0, lost, error }
        })?;
        if locked && !reply.answers.is_empty() {
            let held = reply.answers.remove(0);
            if held.status != 0 {
                return Err(StepError { made: 0, lost: false, error: HostError::Failed(held.last_words()) });
            }
        }
        match reply.answers.iter().enumerate().find(|(_, answer)| answer.status != 0) {
            None => Ok(()),
            Some((made, answer)) => {
                let step = steps.get(made).map(ToString::to_string).unwrap_or_default();
                let error = HostError::Failed(format!("failed to {step}: {}", answer.last_words()));
                Err(StepError { made, lost: false, error })
            }
        }
    }

    fn confirm(&self) -> Result<(), HostError> {
        let (Some(guard), Some(ssh)) = (&self.guard, &self.connection.ssh) else {
            return Ok(());
        };
        guard.confirm(|script, limit| {
            let commands = self.connection.trace.commands(|| vec![Command::asking(&script)]);
            let script = Script::new(&[script], true);
            let reply = self.connection.ask(&script, &commands, |script| send(&ssh.anew, script, limit, &|| false))?;
            match reply.answers.iter().find(|answer| answer.status != 0) {
                None => Ok(()),
                Some(answer) => Err(HostError::Failed(answer.last_words())),
            }
        })
    }

    fn rest(&self) {
        if let Some(shell) = &mut *self.shell() {
            shell.rest();
        }
    }

    fn unlock(&self) {
        self.locked.store(false, Ordering::Relaxed);
        if let Some(shell) = self.shell().take() {
            shell.leave();
        }
    }
}
