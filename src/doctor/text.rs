//! What `doctor` says to people.

use super::{Examination, Via};
use crate::format::printable;
use anstyle::{AnsiColor, Style};

const GOOD: Style = AnsiColor::Green.on_default();
const BROKEN: Style = AnsiColor::Red.on_default();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();

impl Examination<'_> {
    /// The sessions with their evidence, then the verdict.
    #[must_use]
    pub fn human(&self) -> String {
        let play = printable(&self.cluster.play);
        let mut text = format!("{play}: {}:{}\n", self.cluster.virtual_ip, self.cluster.port);
        for session in self.sessions.iter().filter(|session| session.via == Via::VirtualIp) {
            let trial = &session.trial;
            let mut told = vec![format!("{:<4}", trial.mode.to_string())];
            told.extend(session.server.as_ref().map(|server| format!("met {server}")));
            told.extend(trial.named.map(|named| format!("named {named}")));
            told.extend(trial.data_from.map(|from| format!("data from {from}")));
            told.extend(trial.failure.as_ref().map(ToString::to_string));
            let way = format!("{} -> {}", self.client, self.cluster.virtual_ip);
            text.push_str(&line(trial.failure.is_none(), &way, &told.join("  ")));
        }
        for server in &self.cluster.servers {
            text.push_str(&self.straight_lines(&server.host));
        }
        for remark in self.remarks() {
            text.push_str(&format!("  {DOUBTFUL}note{DOUBTFUL:#}  {}\n", printable(&remark)));
        }
        text.push_str(&self.verdict());
        text
    }

    /// A real server's sessions from a router: modes that went alike are one line.
    fn straight_lines(&self, server: &str) -> String {
        let mut alike: Vec<(Option<String>, Vec<String>)> = Vec::new();
        for trial in self.straight(server) {
            let failure = trial.failure.as_ref().map(ToString::to_string);
            match alike.iter_mut().find(|(known, _)| *known == failure) {
                Some((_, modes)) => modes.push(trial.mode.to_string()),
                None => alike.push((failure, vec![trial.mode.to_string()])),
            }
        }
        let way = format!("{} -> {server}", self.router.as_deref().unwrap_or("router"));
        let lines = alike.into_iter().map(|(failure, modes)| {
            let is_good = failure.is_none();
            let told: Vec<String> = [modes.join(", ")].into_iter().chain(failure).collect();
            line(is_good, &way, &told.join("  "))
        });
        lines.collect()
    }

    fn verdict(&self) -> String {
        let play = printable(&self.cluster.play);
        let findings = self.findings();
        if findings.is_empty() {
            return match self.served() {
                Some(true) => format!("{GOOD}{play} is served in every mode that was tried.{GOOD:#}\n"),
                _ => format!("{DOUBTFUL}Nothing that was looked at shows a fault of {play}.{DOUBTFUL:#}\n"),
            };
        }
        let mut text = String::new();
        for finding in findings {
            text.push_str(&format!(
                "{BROKEN}{play}: {}.{BROKEN:#}\n    Cause: {}.\n    Cure:  {}.\n",
                printable(&finding.verdict),
                printable(&finding.cause),
                printable(&finding.cure)
            ));
        }
        text
    }
}

fn line(is_good: bool, way: &str, told: &str) -> String {
    let (style, word) = if is_good { (GOOD, "ok  ") } else { (BROKEN, "lost") };
    format!("  {style}{word}{style:#}  {}  {}\n", printable(way), printable(told))
}
