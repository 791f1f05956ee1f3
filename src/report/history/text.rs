//! A history for people at a terminal or in a mail.

use super::{History, HostState, Record, minute};
use crate::{format::printable, report::names::names};

/// So many drifts are told one by one.
const DRIFTS: usize = 20;

/// So many hosts with the same news are named.
const HOSTS: usize = 3;
/// So many things that changed on a host are named; a first run changes all of them.
const THINGS: usize = 6;
/// So much of a cause fits into a line; the rest is in the log.
const CAUSE: usize = 100;

/// The history's text.
#[must_use]
pub fn text(history: &History) -> String {
    let (all, last) = (history.count, history.last(history.window.count));
    let since = minute(history.window.since);
    if all == 0 {
        return format!("No run is recorded since {since} UTC.\n");
    }
    let count = if all == 1 { "1 run".to_owned() } else { format!("{all} runs") };
    let mut text = format!("{count} since {since} UTC");
    text.push_str(&if last.len() < all { format!(", the last {} of them:\n", last.len()) } else { ":\n".to_owned() });
    text.extend(last.into_iter().rev().map(line));
    let drifts = history.drifts();
    if drifts.is_empty() {
        text.push_str("\nNothing has drifted in this time.\n");
        return text;
    }
    text.push_str("\nWhat has drifted in this time:\n");
    for drift in drifts.iter().take(DRIFTS) {
        let last = drift.times.last().map(|time| minute(*time)).unwrap_or_default();
        text.push_str(&format!("  {}, last seen {last}\n", printable(&drift.sentence())));
    }
    if let Some(more) = drifts.len().checked_sub(DRIFTS).filter(|more| *more > 0) {
        text.push_str(&format!("  and {more} more (--output json has all)\n"));
    }
    text
}

/// `  2026-11-26 20:55   2.1 s  changed      ftp2: pasv_max_port`.
fn line(run: &Record) -> String {
    let check = if run.check { "check: " } else { "" };
    let line = format!(
        "  {} {:>7.1} s  {:<19}  {}",
        minute(run.start),
        run.seconds(),
        format!("{check}{}", run.verdict().word()),
        printable(&news(run))
    );
    format!("{}\n", line.trim_end())
}

/// What a run had to tell, in one line.
#[must_use]
pub fn news(run: &Record) -> String {
    if let Some(error) = &run.error {
        return error.lines().next().unwrap_or_default().to_owned();
    }
    let mut news: Vec<(String, Vec<&str>)> = Vec::new();
    for (host, found) in &run.hosts {
        let what = match found.state() {
            HostState::Fine => continue,
            state @ (HostState::Failed | HostState::Unreachable) => {
                let why = found.failed.as_ref().or(found.unreachable.as_ref());
                format!("{} ({})", state.word(), cut(why.and_then(|text| text.lines().next()).unwrap_or_default()))
            }
            state @ HostState::NotServed => {
                format!("{} ({})", state.word(), cut(found.lost.first().map_or("", String::as_str)))
            }
            HostState::Draining => "draining".to_owned(),
            HostState::Drift | HostState::Changed => names(&found.things(), THINGS),
        };
        match news.iter_mut().find(|(known, _)| *known == what) {
            Some((_, hosts)) => hosts.push(host),
            None => news.push((what, vec![host])),
        }
    }
    let news: Vec<String> = news.iter().map(|(what, hosts)| format!("{}: {what}", names(hosts, HOSTS))).collect();
    match (news.is_empty(), run.hosts.len()) {
        (false, _) => news.join("; "),
        (true, 1) => "1 host".to_owned(),
        (true, hosts) => format!("{hosts} hosts"),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= CAUSE { text.to_owned() } else { text.chars().take(CAUSE - 1).chain(['…']).collect() }
}
