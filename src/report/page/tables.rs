//! What drifted, and the runs that had something to tell.

use super::{looks::of_run, words::escaped};
use crate::report::history::{Drift, History, Record, minute, news};

/// So many drifts, and so many runs, are shown.
const ROWS: usize = 30;

/// What drifted, what drifts most first.
#[must_use]
pub(super) fn drifts(drifts: &[Drift]) -> String {
    if drifts.is_empty() {
        return "<p class=\"muted\">Nothing has drifted in this time.</p>\n".to_owned();
    }
    let most = drifts.iter().map(|drift| drift.times.len()).max().unwrap_or(1);
    let row = |drift: &Drift| {
        let share = drift.times.len() * 100 / most.max(1);
        let last = drift.times.last().map(|time| minute(*time)).unwrap_or_default();
        format!(
            "<tr><td class=\"text\">{}</td><td class=\"bars\"><span class=\"bar\" style=\"width:{share}%\"></span></td>\
             <td class=\"time\">{last}</td></tr>\n",
            escaped(&drift.sentence())
        )
    };
    let rows: String = drifts.iter().take(ROWS).map(row).collect();
    format!("<table><tr><th>What</th><th>How often</th><th>Last seen</th></tr>\n{rows}</table>\n{}", more(drifts.len()))
}

/// The runs with news, the last one first.
#[must_use]
pub(super) fn runs(history: &History) -> String {
    let row = |run: &Record| {
        let (class, word) = (of_run(run.verdict()), run.verdict().word());
        format!(
            "<tr><td class=\"time\">{}</td><td class=\"number\">{:.1} s</td><td>{}</td><td class=\"text\">{}</td></tr>\n",
            minute(run.start),
            run.seconds(),
            badge(class, &if run.check { format!("{word} (check)") } else { word.to_owned() }),
            escaped(&news(run))
        )
    };
    if history.news_count == 0 {
        return "<p class=\"muted\">Every run found all as it should be.</p>\n".to_owned();
    }
    let rows: String = history.news().take(ROWS).map(row).collect();
    format!(
        "<table><tr><th>When (UTC)</th><th class=\"number\">Took</th><th>How it ended</th><th>What</th></tr>\n{rows}</table>\n{}",
        more(history.news_count)
    )
}

/// An icon with its word.
pub(super) fn badge(class: &str, word: &str) -> String {
    let icon = super::looks::icon(class, 7.0, 7.0);
    format!(
        "<span class=\"badge {class}\"><svg width=\"14\" height=\"14\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">{icon}</svg>{word}</span>"
    )
}

fn more(count: usize) -> String {
    match count.checked_sub(ROWS) {
        Some(more) if more > 0 => {
            format!("<p class=\"muted\">and {more} more; <code>lvs-ftp history</code> has all.</p>\n")
        }
        _ => String::new(),
    }
}
