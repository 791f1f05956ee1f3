//! `lvs-ftp apply`: the main job.

use super::{
    Exit,
    inputs::{Inputs, Work},
    local, locking, plan_file,
    refusal::Refusal,
    say, signals,
    unattended::Unattended,
};
use crate::{
    desired,
    report::{self, Detail, EndedRun, Report},
    run::{Outcome, Progress, Trouble},
    source::Hold,
};
use camino::Utf8PathBuf;
use clap::{ArgAction, Args, ValueEnum};
use jiff::Timestamp;
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// Converge the hosts of a playbook.
///
/// Without arguments it reads inventory/ and playbooks/site.json (or .yml) below the current folder, else below
/// /etc/lvs-ftp.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that people type")]
pub(super) struct Apply {
    #[command(flatten)]
    pub(super) inputs: Inputs,

    /// Change nothing; say what would change
    #[arg(short = 'C', long)]
    pub(super) check: bool,

    /// Show each change as a diff
    #[arg(short = 'D', long)]
    diff: bool,

    /// Work on this machine alone, as itself: the host of the playbook that has its name or one of its addresses, or NAME
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", require_equals = true,
        conflicts_with_all = ["limit", "list_hosts", "syntax_check"])]
    pub(super) local: Option<String>,

    /// Wait so long for another run on the same inventory or hosts, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=86400))]
    lock_wait: u32,

    /// With --check: write the plan to this file, for --plan
    #[arg(long, value_name = "FILE", requires = "check")]
    out: Option<Utf8PathBuf>,

    /// Do what this plan of --check --out says, or nothing at all when anything has moved since
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub(super) plan: Option<Utf8PathBuf>,

    /// Do not wait for the clients of what goes: leave that to a later run
    #[arg(long)]
    pub(super) no_wait: bool,

    /// Before rules or the IPVS table are changed on a host that is reached over ssh, a guard is armed there that undoes
    /// the change unless the host can be reached anew within this many seconds, 5 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(5..=3600))]
    pub(super) confirm_timeout: u32,

    /// Arm no guard: a change that cuts off a host stays
    #[arg(long, conflicts_with = "confirm_timeout")]
    pub(super) no_undo: bool,

    /// End ssh's connections with the run. Else they stay open for about an hour, for the next run
    #[arg(long)]
    pub(super) no_keep: bool,

    /// Show each command that is run on a host, on standard error, and in the report what is run for each change; twice:
    /// in full and with what it printed, and how each host is reached
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,

    /// Only list the hosts that would be contacted
    #[arg(long)]
    list_hosts: bool,

    /// Only read inventory and playbooks, and say what is wrong in them
    #[arg(long)]
    syntax_check: bool,

    #[command(flatten)]
    pub(super) unattended: Unattended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// In Ansible's shape
    Human,
    /// One JSON document
    Json,
}

impl Apply {
    pub fn run(&self) -> Exit {
        let mut run = EndedRun { start: Timestamp::now(), ..EndedRun::default() };
        run.report.check = self.check;
        let exit = self.carried_out(&mut run).unwrap_or_else(|refusal| {
            let text = refusal.text(false).1;
            run.error = Some(text.trim_start_matches("error: ").trim_end().to_owned());
            refusal.told()
        });
        self.unattended.keep(run, exit);
        exit
    }

    fn carried_out(&self, run: &mut EndedRun) -> Result<Exit, Refusal> {
        let sources = self.inputs.sources()?;
        let interrupted = signals::watched().map_err(|error| format!("failed to watch for signals: {error}"))?;
        let is_interrupted = || interrupted.load(Ordering::Relaxed);
        if self.syntax_check || self.list_hosts {
            return Ok(say::print(&self.listing(&self.inputs.work(&sources, &is_interrupted)?), Exit::Converged));
        }
        if !self.unattended.splay(&sources, self.verbose > 0, &is_interrupted) {
            return Err(not_locked(None));
        }
        run.start = Timestamp::now();
        let deadline = Instant::now() + Duration::from_secs(self.lock_wait.into());
        // Before the inventory is read: who waits must not work with what was there before.
        let hold = if self.check { Hold::Shared } else { Hold::Alone };
        let wait = Duration::from_secs(self.lock_wait.into());
        let _locks = locking::lock(&sources, hold, wait, &is_interrupted, &self.unattended).map_err(not_locked)?;
        let reviewed = self.plan.as_deref().map(plan_file::read).transpose()?;
        let work = self.inputs.work(&sources, &is_interrupted)?;
        let work = match &self.local {
            Some(name) => local::narrowed(work, name)?,
            None => work,
        };
        let inputs = desired::meaning(&work.targets);
        run.inputs = Some(inputs.clone());
        run.clusters.clone_from(&work.clusters);
        let outcomes = self.outcomes(&work, &interrupted, deadline, reviewed.as_ref(), &inputs)?;
        run.report = Report {
            check: self.check,
            interrupted: is_interrupted(),
            plays: work.plays.iter().map(|(play, hosts)| (play.name().to_owned(), hosts.clone())).collect(),
            virtual_ips: work
                .plays
                .iter()
                .filter_map(|(play, _)| Some((play.name().to_owned(), play.cluster()?.play.cluster.virtual_ip)))
                .collect(),
            outcomes,
        };
        let exit = self.tell(&run.report);
        match &self.out {
            Some(path) if !is_interrupted() => match plan_file::write(path, &run.report.outcomes, &inputs) {
                Ok(()) => Ok(exit),
                Err(text) => Err(Refusal::Because(Exit::Failed, text)),
            },
            _ => Ok(exit),
        }
    }

    /// In the shape of ansible-playbook's `--list-hosts`.
    fn listing(&self, work: &Work) -> String {
        let mut text = String::new();
        let names: Vec<String> = self.inputs.playbooks().unwrap_or_default().iter().map(ToString::to_string).collect();
        text.push_str(&format!("\nplaybook: {}\n", names.join(", ")));
        if !self.list_hosts {
            return text;
        }
        for (number, (play, hosts)) in work.plays.iter().enumerate() {
            let patterns: Vec<String> = play.patterns().iter().map(ToString::to_string).collect();
            text.push_str(&format!(
                "\n  play #{} ({}): {}\tTAGS: [{}]\n    pattern: ['{}']\n    hosts ({}):\n",
                number + 1,
                patterns.join(":"),
                play.name(),
                play.tags().join(", "),
                patterns.join("', '"),
                hosts.len()
            ));
            text.extend(hosts.iter().map(|host| format!("      {host}\n")));
        }
        text
    }

    /// Alone, this machine is not as it shall be as long as something is held back: no other host says so.
    fn exit(&self, outcomes: &[Outcome]) -> Exit {
        let is_held = |outcome: &Outcome| outcome.each().any(|(_, _, how)| matches!(how, Progress::Held(_)));
        match exit(outcomes, self.check) {
            Exit::Converged if self.local.is_some() && outcomes.iter().any(is_held) => Exit::Failed,
            exit => exit,
        }
    }

    /// Whether people at a terminal want to see how far it has come.
    pub(super) fn is_talkative(&self) -> bool {
        !self.unattended.quiet && self.output == Output::Human
    }

    fn tell(&self, report: &Report) -> Exit {
        let is_short = self.unattended.quiet && self.output == Output::Human;
        // The short report has them itself.
        for outcome in report.outcomes.iter().filter(|_| !is_short) {
            for warning in outcome.warnings() {
                say::warning(&format!("{}: {warning}", outcome.host));
            }
        }
        let exit = if report.interrupted { Exit::Interrupted } else { self.exit(&report.outcomes) };
        let short = self.unattended.quiet.then(|| report::short(report, self.verbose > 0));
        let text = match self.output {
            _ if short == Some(None) => String::new(),
            Output::Human if is_short => short.flatten().unwrap_or_default(),
            Output::Human => report::human(report, Detail { diff: self.diff, commands: self.verbose > 0 }),
            Output::Json => format!("{:#}\n", report::json(report)),
        };
        let exit = say::print(&text, exit);
        if report.interrupted {
            say::line("error: interrupted; what is not told as made is left to the next run");
        }
        exit
    }
}

/// What is worst wins: failed over unreachable over not served over drift.
pub(super) fn exit(outcomes: &[Outcome], check: bool) -> Exit {
    let of = |outcome: &Outcome| match &outcome.trouble {
        Some(Trouble::Failed(_)) => Exit::Failed,
        Some(Trouble::Unreachable(_)) => Exit::Unreachable,
        None if outcome.is_not_serving() => Exit::NotServed,
        None if check && outcome.has_drift() => Exit::Drift,
        None => Exit::Converged,
    };
    let exits: Vec<Exit> = outcomes.iter().map(of).collect();
    [Exit::Failed, Exit::Unreachable, Exit::NotServed, Exit::Drift]
        .into_iter()
        .find(|exit| exits.contains(exit))
        .unwrap_or(Exit::Converged)
}

/// Why the inventory is not locked.
pub(super) fn not_locked(why: Option<String>) -> Refusal {
    match why {
        Some(text) => Refusal::Because(Exit::Locked, text),
        None => Refusal::Because(Exit::Interrupted, "interrupted before any host was changed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, exit};
    use crate::{
        path::{Finding, Mode, Weight},
        run::{Outcome, Trouble},
    };

    fn host(weight: Option<Weight>, trouble: Option<Trouble>) -> Outcome {
        let finding = |weight| Finding {
            play: "FTP".to_owned(),
            mode: Mode::Control,
            weight,
            text: "lost".to_owned(),
            cure: "none".to_owned(),
        };
        Outcome { findings: weight.map(finding).into_iter().collect(), trouble, ..Outcome::default() }
    }

    /// 2 over 4 over 6; what may be lost is a warning.
    #[test]
    fn what_is_worst_wins() {
        let fine = || host(None, None);
        let lost = || host(Some(Weight::Lost), None);
        let failed = || host(Some(Weight::Lost), Some(Trouble::Failed("x".to_owned())));
        let away = || host(None, Some(Trouble::Unreachable("x".to_owned())));
        for check in [true, false] {
            assert_eq!(exit(&[fine(), host(Some(Weight::MayBeLost), None)], check), Exit::Converged);
            assert_eq!(exit(&[fine(), lost()], check), Exit::NotServed);
            assert_eq!(exit(&[lost(), away()], check), Exit::Unreachable);
            assert_eq!(exit(&[lost(), away(), failed()], check), Exit::Failed);
        }
    }
}
