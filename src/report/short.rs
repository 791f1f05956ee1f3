//! `--quiet`: nothing when there is nothing to tell, else one report for a mail: what, where, the diff, what to do.

use super::{Report, diff, names::names};
use crate::{
    format::printable,
    plan::Change,
    run::{Outcome, Progress, Trouble},
};

/// More hosts than this are counted, not named.
const NAMED: usize = 10;

/// The kinds of news, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Failed,
    Unreachable,
    NotServed,
    Differs,
    Changed,
    /// Changed on a host that then failed, or in a run that was ended: nobody looked at it again.
    Begun,
    NotMade,
    HeldBack,
    Draining,
    Warning,
}

impl News {
    const ALL: [Self; 10] = [
        Self::Failed,
        Self::Unreachable,
        Self::NotServed,
        Self::Differs,
        Self::Changed,
        Self::Begun,
        Self::NotMade,
        Self::HeldBack,
        Self::Draining,
        Self::Warning,
    ];

    const fn headline(self) -> &'static str {
        match self {
            Self::Failed => "FAILED on",
            Self::Unreachable => "UNREACHABLE:",
            Self::NotServed => "NOT SERVED, because of",
            Self::Differs => "DIFFERS on",
            Self::Changed => "CHANGED on",
            Self::Begun => "CHANGED, BUT NOT TO THE END, on",
            Self::NotMade => "NOT KNOWN TO BE MADE on",
            Self::HeldBack => "HELD BACK on",
            Self::Draining => "DRAINING on",
            Self::Warning => "WARNING of",
        }
    }

    const fn to_do(self) -> &'static str {
        match self {
            Self::Failed => "mend what it says; the next run does what is left",
            Self::Unreachable => "see that the host is up and that ssh gets there; the next run does what is left",
            Self::NotServed => "mend what it says: lvs-ftp does not change it, and clients fail until then",
            Self::Differs => "`lvs-ftp apply` changes it; `--check` only looks",
            Self::Changed => "nothing: it is as it should be again. If it comes back, find out who changes it",
            Self::Begun => "nothing for this by hand: the next run looks at it again",
            Self::NotMade => "nothing for this by hand: the next run looks again and makes what is left",
            Self::HeldBack => "mend the cause; the next run goes on from there",
            Self::Draining => "nothing: a later run finishes it when the clients have gone",
            Self::Warning => "look at it; the run itself went on",
        }
    }

    /// In the first line, after a number of hosts.
    const fn counted(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::NotServed => "not serving",
            Self::Differs => "with differences",
            Self::Changed => "changed",
            Self::Begun => "changed in part",
            Self::NotMade => "left unfinished",
            Self::HeldBack => "held back",
            Self::Draining => "draining",
            Self::Warning => "with a warning",
        }
    }
}

/// The same news of several hosts.
struct Block<'a> {
    news: News,
    hosts: Vec<&'a str>,
    body: String,
}

/// The report's text; nothing when all is as it should be and nothing had to be done for it. A drain in progress alone is
/// no news.
#[must_use]
pub fn short(report: &Report, commands: bool) -> Option<String> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for (outcome, news) in report.outcomes.iter().flat_map(|outcome| News::ALL.map(|news| (outcome, news))) {
        let body = body(report, outcome, news, commands);
        match blocks.iter_mut().find(|block| block.news == news && block.body == body) {
            _ if body.is_empty() => {}
            Some(block) => block.hosts.push(&outcome.host),
            None => blocks.push(Block { news, hosts: vec![&outcome.host], body }),
        }
    }
    blocks.sort_by_key(|block| block.news);
    if !report.interrupted && blocks.iter().all(|block| block.news == News::Draining) {
        return None;
    }
    let mut text = first_line(report, &blocks);
    for Block { news, hosts, body } in &blocks {
        text.push_str(&format!("\n{} {}\n{body}    To do: {}.\n", news.headline(), names(hosts, NAMED), news.to_do()));
    }
    Some(text)
}

/// `Public FTP, 43 hosts: 1 failed, 2 changed, 40 as it should be`.
fn first_line(report: &Report, blocks: &[Block<'_>]) -> String {
    let plays: Vec<String> = report.plays.iter().map(|(name, _)| printable(name)).collect();
    let told = |host: &str, news: News| blocks.iter().any(|block| block.news == news && block.hosts.contains(&host));
    let count = |news: News| report.outcomes.iter().filter(|outcome| told(&outcome.host, news)).count();
    let fine = |outcome: &&Outcome| !News::ALL.iter().any(|news| told(&outcome.host, *news));
    let mut counts: Vec<(usize, &str)> = News::ALL.iter().map(|news| (count(*news), news.counted())).collect();
    counts.push((report.outcomes.iter().filter(fine).count(), "as it should be"));
    let counts: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let ended = if report.interrupted { "interrupted; " } else { "" };
    let checked = if report.check { " (only looked at, nothing is changed)" } else { "" };
    let hosts =
        if report.outcomes.len() == 1 { "1 host".to_owned() } else { format!("{} hosts", report.outcomes.len()) };
    format!("{}, {hosts}: {ended}{}{checked}\n", plays.join(", "), counts.join(", "))
}

/// What one host has to tell of one kind; empty when nothing.
fn body(report: &Report, outcome: &Outcome, news: News, commands: bool) -> String {
    let lines = |text: &str| text.lines().map(|line| format!("    {}\n", printable(line))).collect::<String>();
    match (news, &outcome.trouble) {
        (News::Failed, Some(Trouble::Failed(text))) | (News::Unreachable, Some(Trouble::Unreachable(text))) => {
            return lines(text);
        }
        (News::Failed | News::Unreachable, _) => return String::new(),
        (News::NotServed, _) => {
            return outcome.losses().map(|lost| lines(&format!("{}: {}", lost.play, lost))).collect();
        }
        (News::Warning, _) => return outcome.warnings().map(|text| lines(text)).collect(),
        _ => {}
    }
    let is_whole = outcome.trouble.is_none() && !report.interrupted;
    let mine = outcome.each().filter(|(_, _, progress)| news_of(progress, report.check, is_whole) == news);
    mine.map(|(_, change, progress)| one(change, progress, commands)).collect()
}

const fn news_of(progress: &Progress, check: bool, is_whole: bool) -> News {
    match progress {
        Progress::Made if is_whole => News::Changed,
        Progress::Made => News::Begun,
        Progress::Planned if check => News::Differs,
        Progress::Planned => News::NotMade,
        Progress::Held(_) => News::HeldBack,
        Progress::Draining(_) => News::Draining,
    }
}

/// One change with its cause, and its diff where that says more than the summary does.
fn one(change: &Change, progress: &Progress, commands: bool) -> String {
    let why = match progress {
        Progress::Held(why) | Progress::Draining(why) => format!(" ({})", printable(why)),
        Progress::Planned | Progress::Made => String::new(),
    };
    let mut text = format!("    {}: {}{why}\n", change.action, printable(&change.summary));
    if commands {
        text.extend(change.step.commands().iter().map(|line| format!("        $ {}\n", printable(line))));
    }
    let has_lines = |text: &[u8]| text.split(|byte| *byte == b'\n').nth(2).is_some();
    if has_lines(&change.before) || has_lines(&change.after) {
        text.extend(diff::hunks(change).lines().map(|line| format!("        {line}\n")));
    }
    text
}
