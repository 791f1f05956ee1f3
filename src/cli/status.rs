//! `lvs-ftp status`: the clusters at a glance. It only looks, and takes no lock, so a run may work meanwhile.

use super::{
    Exit,
    apply::{self, Output},
    inputs::{Inputs, Work},
    refusal::Refusal,
    say, signals,
};
use crate::{
    desired::{self, Target},
    host::{Connection, Session},
    report::Status,
    run::{self, Options, Outcome},
};
use clap::Args;
use std::{
    io::{IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How often a signal is looked for between two looks.
const MOMENT: Duration = Duration::from_millis(50);

/// Show the clusters at a glance: who holds the virtual IP, destinations, connections, drift.
///
/// It changes nothing and takes no lock: while a run works, it shows what is at that moment. Connections are the
/// router's own count; an inactive one may have ended up to two minutes ago.
#[derive(Debug, Args)]
#[command(after_help = "Exit status:\n  \
    0   no host differs; after --watch, that Ctrl-C ended it\n  \
    1   bad usage, inventory or playbook; no host was contacted\n  \
    2   a host failed\n  \
    3   a host differs\n  \
    4   a host was unreachable (2 wins over 4, 4 over 6, 6 over 3)\n  \
    6   clients are not served: something that lvs-ftp does not manage loses their packets for certain\n  \
    99  interrupted before the first look was done")]
pub(super) struct ShowStatus {
    #[command(flatten)]
    inputs: Inputs,

    /// Look again every so many seconds, 1 to 3600, until Ctrl-C or --count
    #[arg(short, long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5", require_equals = true,
        value_parser = clap::value_parser!(u32).range(1..=3600))]
    watch: Option<u32>,

    /// With --watch: end after so many looks, with the status of the last one
    #[arg(short = 'n', long, value_name = "N", requires = "watch", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,

    /// What is printed on standard output; with --watch and json, one line for each look
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

/// Ways onto the hosts, with the digest of the inputs that they come from.
struct Reached {
    inputs: String,
    hosts: Vec<(Target, Connection)>,
}

impl ShowStatus {
    pub fn run(&self) -> Exit {
        let mut reached = None;
        let exit = self.watched(&mut reached).unwrap_or_else(|refusal| refusal.told());
        if let Some(Reached { hosts, .. }) = reached {
            run::close(&hosts, usize::from(self.inputs.forks));
        }
        exit
    }

    fn watched(&self, reached: &mut Option<Reached>) -> Result<Exit, Refusal> {
        let interrupted = signals::watched().map_err(|error| format!("failed to watch for signals: {error}"))?;
        let is_interrupted = || interrupted.load(Ordering::Relaxed);
        for look in 1.. {
            let exit = match self.look(reached, &interrupted, look) {
                // Somebody edits the inputs: a later look finds them whole again.
                Err(refusal) if look > 1 => refusal.told(),
                exit => exit?,
            };
            let Some(seconds) = self.watch else { return Ok(exit) };
            let is_last = self.count.is_some_and(|count| look >= count);
            if is_last || exit == Exit::Interrupted {
                return Ok(if look > 1 && exit == Exit::Interrupted { Exit::Converged } else { exit });
            }
            let until = Instant::now() + Duration::from_secs(seconds.into());
            while Instant::now() < until && !is_interrupted() {
                thread::sleep(MOMENT);
            }
            if is_interrupted() {
                break;
            }
        }
        Ok(Exit::Converged)
    }

    /// One look, printed. The inputs are read anew each time; ways onto the hosts stay while they mean the same.
    fn look(&self, reached: &mut Option<Reached>, interrupted: &Arc<AtomicBool>, look: u32) -> Result<Exit, Refusal> {
        let work = self.inputs.work(&self.inputs.sources()?, &|| interrupted.load(Ordering::Relaxed))?;
        let inputs = desired::meaning(&work.targets);
        if reached.as_ref().is_none_or(|known| known.inputs != inputs) {
            if let Some(old) = reached.take() {
                run::close(&old.hosts, usize::from(self.inputs.forks));
            }
            *reached = Some(Reached { inputs, hosts: self.connected(&work, interrupted)? });
        }
        let hosts = reached.as_ref().map_or(&[][..], |known| &known.hosts);
        let options =
            Options { sides: &work.sides, forks: usize::from(self.inputs.forks), interrupted, ..Options::default() };
        let seen = run::survey(hosts, &options);
        if interrupted.load(Ordering::Relaxed) {
            return Ok(Exit::Interrupted);
        }
        let outcomes: Vec<Outcome> = seen.iter().map(|(outcome, _)| outcome.clone()).collect();
        for outcome in outcomes.iter().filter(|_| look == 1) {
            for warning in outcome.warnings() {
                say::warning(&format!("{}: {warning}", outcome.host));
            }
        }
        let time = format!("{:.0}", jiff::Timestamp::now());
        let status = Status { clusters: &work.clusters, seen: &seen, time: &time };
        let text = self.text(&status);
        if self.watch.is_some() && self.output == Output::Human && terminal_lines().is_some() {
            // Home, and what was there before goes: no matter of colours, so it is not left to them.
            let _ = std::io::stdout().write_all(b"\x1b[H\x1b[2J");
        }
        Ok(say::print(&text, apply::exit(&outcomes, true)))
    }

    fn connected(&self, work: &Work, interrupted: &Arc<AtomicBool>) -> Result<Vec<(Target, Connection)>, String> {
        let session = Session::new(self.inputs.timeout, true).interrupted_by(Arc::clone(interrupted));
        let hosts = work.targets.iter().enumerate();
        let hosts = hosts.map(|(number, target)| Ok((target.clone(), session.connect(&target.host, number)?)));
        let hosts = hosts.collect::<Result<Vec<_>, String>>()?;
        if let Some(text) = session.warning() {
            say::warning(&text);
        }
        Ok(hosts)
    }

    /// On a terminal a look takes the place of the one before, as far as there are lines for it.
    fn text(&self, status: &Status<'_>) -> String {
        match (self.output, self.watch) {
            (Output::Json, None) => format!("{:#}\n", status.json()),
            (Output::Json, Some(_)) => format!("{}\n", status.json()),
            (Output::Human, None) => status.human(),
            (Output::Human, Some(seconds)) => {
                let text = format!("{}, every {seconds} s, Ctrl-C ends\n\n{}", status.time, status.human());
                match terminal_lines() {
                    Some(lines) => cut(&text, lines),
                    None => text + "\n",
                }
            }
        }
    }
}

/// How many lines the terminal has, if standard output is one.
fn terminal_lines() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let lines = rustix::termios::tcgetwinsize(&stdout).map(|size| usize::from(size.ws_row)).unwrap_or_default();
    Some(if lines > 2 { lines } else { 24 })
}

/// As many lines as there is room for; what is left out is told.
fn cut(text: &str, lines: usize) -> String {
    let count = text.lines().count();
    if count < lines {
        return text.to_owned();
    }
    let kept: Vec<&str> = text.lines().take(lines.saturating_sub(2)).collect();
    format!("{}\n… {} more lines\n", kept.join("\n"), count - kept.len())
}
