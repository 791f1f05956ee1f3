//! From what the inputs leave to be done to what came of it on the hosts.

use super::{
    Exit,
    apply::{Apply, not_locked},
    inputs::Work,
    local, plan_file,
    progress::Line,
    refusal::Refusal,
    say,
};
use crate::{
    desired::Target,
    host::{Listener, Session, Told},
    report::{PlanFile, trace},
    run::{self, GivenUp, Options, Outcome},
};
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

impl Apply {
    /// Contacts the hosts. In check mode what they are reached through can only observe.
    pub(super) fn outcomes(
        &self,
        work: &Work,
        interrupted: &Arc<AtomicBool>,
        deadline: Instant,
        reviewed: Option<&PlanFile>,
        inputs: &str,
    ) -> Result<Vec<Outcome>, Refusal> {
        let line = Arc::new(Line::new(self.is_talkative()));
        let session = Session::new(self.inputs.timeout, !self.no_keep).interrupted_by(Arc::clone(interrupted));
        let session = match self.listener(&line) {
            Some(listener) => session.told_to(listener),
            None => session,
        };
        let connect = |(number, target): (usize, &Target)| {
            let connection = session.connect(&target.host, number)?;
            if self.verbose > 1 && !self.unattended.quiet {
                say::line(&format!("<{}> {}", target.host.name, crate::format::sh::words(connection.words())));
            }
            Ok((target.clone(), connection))
        };
        let hosts: Vec<_> = work.targets.iter().enumerate().map(connect).collect::<Result<_, String>>()?;
        if let Some(text) = session.warning() {
            say::warning(&text);
        }
        let review = reviewed.map(|plan| move |outcomes: &[Outcome]| plan_file::review(plan, outcomes, inputs));
        let answers = local::Answers::new(&work.clusters);
        let answers = |play: &str, host: &str| answers.of(play, host);
        let options = Options {
            sides: &work.sides,
            forks: usize::from(self.inputs.forks),
            lock_wait: deadline.saturating_duration_since(Instant::now()),
            may_wait: !self.no_wait,
            interrupted,
            notice: &|text| line.above(|| self.unattended.notice(&crate::format::printable(text))),
            watch: line.as_ref(),
            answers: self.local.as_ref().map(|_| &answers as &run::Answers<'_>),
            review: review.as_ref().map(|review| review as &run::Review<'_>),
        };
        if self.check {
            let outcomes = line.during(interrupted, || run::check(&hosts, &options));
            run::close(&hosts, options.forks);
            return Ok(outcomes);
        }
        crate::host::make_room(hosts.len(), usize::from(self.inputs.forks));
        let undo = (!self.no_undo).then(|| Duration::from_secs(self.confirm_timeout.into()));
        let hosts: Vec<_> = hosts.into_iter().map(|(target, host)| (target, host.writable(undo))).collect();
        let outcomes = line.during(interrupted, || run::apply(&hosts, &options));
        run::close(&hosts, options.forks);
        outcomes.map_err(|given_up| self.given_up(given_up))
    }

    /// Who hears of the commands on hosts, if anybody: all of them in short, or in full with their answers.
    fn listener(&self, line: &Arc<Line>) -> Option<Arc<Listener>> {
        let verbose = if self.unattended.quiet { 0 } else { self.verbose };
        let line = Arc::clone(line);
        let say = move |text: String| line.above(|| say::error(&text));
        match verbose {
            0 => None,
            1 => Some(Arc::new(move |host, told| {
                if let Told::Sent(commands) = told {
                    say(trace::sent(host, commands));
                }
            })),
            _ => Some(Arc::new(move |host, told| match told {
                Told::Sent(_) => {}
                Told::Answered(commands, answers) => say(trace::answered(host, commands, answers)),
                Told::Broken(commands, error) => say(trace::broken(host, commands, error)),
            })),
        }
    }

    /// Why no host was changed.
    fn given_up(&self, given_up: GivenUp) -> Refusal {
        let (exit, text) = match given_up {
            GivenUp::Busy { host, who } => {
                let hint = "try again later, or wait for it: --lock-wait SECONDS";
                (Exit::Locked, format!("another run holds the lock of {host}: {who}; {hint}"))
            }
            GivenUp::Interrupted => return not_locked(None),
            GivenUp::Moved(moved) => {
                let plan = self.plan.as_ref().map(ToString::to_string).unwrap_or_default();
                (
                    Exit::Failed,
                    format!("the plan {plan} does not hold any more; nothing was changed:\n  {}", moved.join("\n  ")),
                )
            }
        };
        Refusal::Because(exit, text)
    }
}
