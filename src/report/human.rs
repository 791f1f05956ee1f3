//! The report in Ansible's shape: people know it, and grep it.

use super::{Report, Stats, diff};
use crate::{
    format::printable,
    resource::Kind,
    run::{Item, Outcome, Progress, Trouble},
};
use anstyle::{AnsiColor, Style};

/// Ansible's default colours. They are dropped on anything but a terminal, and never say what the words do not.
const OK: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const FAILED: Style = AnsiColor::Red.on_default();
const UNREACHABLE: Style = AnsiColor::BrightRed.on_default();
const SKIPPED: Style = AnsiColor::Cyan.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const ADDED: Style = AnsiColor::Green.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();

/// What is shown beside the essentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Detail {
    /// Each change as a diff.
    pub diff: bool,
    /// Each change with what is run or written for it.
    pub commands: bool,
}

/// The report's text, with colours.
#[must_use]
pub fn human(report: &Report, detail: Detail) -> String {
    let mut text = String::new();
    for (play, hosts) in &report.plays {
        text.push_str(&headline("PLAY", play));
        text.push_str(&headline("TASK", "Observe hosts"));
        let mine = || report.outcomes.iter().filter(|outcome| hosts.contains(&outcome.host));
        for outcome in mine() {
            text.push_str(&match &outcome.trouble {
                Some(trouble) if outcome.items.is_empty() => trouble_line(&outcome.host, trouble),
                _ => {
                    let holds =
                        report.holds(outcome, play).map(|address| format!(" => holds the virtual IP {address}"));
                    host_line(OK, "ok", &outcome.host, &holds.unwrap_or_default())
                }
            });
        }
        let items: Vec<(&Outcome, &Item)> = mine()
            .flat_map(|outcome| outcome.items.iter().map(move |item| (outcome, item)))
            .filter(|(_, item)| item.play == *play)
            .collect();
        for (title, items) in tasks(&items) {
            text.push_str(&headline("TASK", &title));
            text.extend(items.iter().map(|(outcome, item)| item_lines(&outcome.host, item, report.check, detail)));
        }
        text.push_str(&verification(report.check, &mine().collect::<Vec<_>>()));
        text.push_str(&losses(play, &mine().collect::<Vec<_>>()));
    }
    text.push_str(&headline("PLAY RECAP", ""));
    text.extend(report.outcomes.iter().map(|outcome| recap_line(outcome, report.check)));
    text
}

/// The items of a play by task: those that the play states itself in its order, then the others by their kind.
fn tasks<'a>(items: &[(&'a Outcome, &'a Item)]) -> Vec<(String, Vec<(&'a Outcome, &'a Item)>)> {
    let mut all: Vec<(String, Vec<(&Outcome, &Item)>)> = Vec::new();
    let mut put = |title: String, one: (&'a Outcome, &'a Item)| match all.iter_mut().find(|(known, _)| *known == title)
    {
        Some((_, items)) => items.push(one),
        None => all.push((title, vec![one])),
    };
    for one in items {
        if let Some(name) = &one.1.task {
            let boot = if one.1.kind.tag() == "boot" { " (boot)" } else { "" };
            put(format!("{name}{boot}"), *one);
        }
    }
    for (kind, _, title) in Kind::TABLE {
        for one in items.iter().filter(|(_, item)| item.kind == kind && item.task.is_none()) {
            put(title.to_owned(), *one);
        }
    }
    all
}

/// `PLAY [Public FTP] ****`, filled up to 79 columns, after an empty line.
fn headline(word: &str, name: &str) -> String {
    let title = if name.is_empty() { word.to_owned() } else { format!("{word} [{}]", printable(name)) };
    let stars = 79_usize.saturating_sub(title.chars().count() + 1).max(3);
    format!("\n{title} {}\n", "*".repeat(stars))
}

fn host_line(style: Style, word: &str, host: &str, rest: &str) -> String {
    format!("{style}{word}: [{host}]{rest}{style:#}\n")
}

fn trouble_line(host: &str, trouble: &Trouble) -> String {
    let (style, word) = match trouble {
        Trouble::Unreachable(_) => (UNREACHABLE, "unreachable"),
        Trouble::Failed(_) => (FAILED, "failed"),
    };
    host_line(style, word, host, &format!(" => {}", printable(trouble.text())))
}

/// One resource on one host: its changes below it, or just ok. What a failed run left undone is said to be.
fn item_lines(host: &str, item: &Item, check: bool, detail: Detail) -> String {
    if item.changes.is_empty() {
        return host_line(OK, "ok", host, "");
    }
    let (style, word) = if !item.has_drift() {
        (OK, "ok")
    } else if check || item.is_changed() {
        (CHANGED, "changed")
    } else {
        (SKIPPED, "skipping")
    };
    let mut text = host_line(style, word, host, "");
    for (change, progress) in item.each() {
        let undone = match progress {
            Progress::Held(why) => format!(" (held back: {})", printable(why)),
            Progress::Draining(left) => format!(" (draining: {})", printable(left)),
            Progress::Planned if !check => " (not known to be made)".to_owned(),
            Progress::Planned | Progress::Made => String::new(),
        };
        text.push_str(&format!("    {}: {}{undone}\n", change.action, printable(&change.summary)));
        if detail.commands {
            text.extend(change.step.commands().iter().map(|line| format!("        $ {}\n", printable(line))));
        }
    }
    if detail.diff {
        text.push_str(&coloured(&diff::unified(&format!("{} on {host}", item.kind.name()), &item.changes)));
    }
    text
}

fn coloured(diff: &str) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'-') => REMOVED,
            Some(b'+') => ADDED,
            Some(b'@') => PLACE,
            _ => Style::new(),
        };
        text.push_str(&format!("{style}{line}{style:#}\n"));
    }
    text
}

/// What loses clients' packets, host by host.
fn losses(play: &str, outcomes: &[&Outcome]) -> String {
    let mut lines = String::new();
    for outcome in outcomes {
        for lost in outcome.losses().filter(|lost| lost.play == play) {
            lines.push_str(&host_line(FAILED, "not served", &outcome.host, &format!(" => {}", printable(&lost.text))));
            lines.push_str(&format!("    to do: {}\n", printable(&lost.cure)));
        }
    }
    if lines.is_empty() { lines } else { headline("TASK", "Clients are served") + &lines }
}

/// What the second observation said of the hosts that were changed.
fn verification(check: bool, outcomes: &[&Outcome]) -> String {
    let touched = |outcome: &Outcome| outcome.trouble.is_some() || outcome.items.iter().any(Item::is_changed);
    let changed = outcomes.iter().filter(|outcome| !outcome.items.is_empty() && touched(outcome));
    let lines: String = changed
        .map(|outcome| match &outcome.trouble {
            Some(trouble) => trouble_line(&outcome.host, trouble),
            None => host_line(OK, "ok", &outcome.host, ""),
        })
        .collect();
    if check || lines.is_empty() { String::new() } else { headline("TASK", "Verify") + &lines }
}

/// Ansible's columns, the blanks at the end included.
fn recap_line(outcome: &Outcome, check: bool) -> String {
    let stats = Stats::of(outcome, check);
    let style = if stats.failed + stats.unreachable > 0 {
        FAILED
    } else if stats.changed > 0 {
        CHANGED
    } else {
        OK
    };
    format!(
        "{style}{:<26}{style:#} : ok={:<4} changed={:<4} unreachable={:<4} failed={:<4} skipped={:<4} rescued={:<4} ignored={:<4}\n",
        outcome.host, stats.ok, stats.changed, stats.unreachable, stats.failed, stats.skipped, 0, 0
    )
}
