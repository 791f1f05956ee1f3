//! The runs of a window, one column each, the hosts as rows.

use super::{
    looks::{icon, of_host, of_run},
    words::{escaped, fitted},
};
use crate::report::history::{History, HostState, Record, SHOWN, minute, news};

/// The drawing's width in pixels; all below are pixels too.
const WIDTH: f64 = 1272.0;
const LEFT: f64 = 190.0;
const CELL: f64 = 17.0;
const STEP: f64 = 18.0;
const ROW: f64 = 24.0;
const TOP: f64 = 8.0;
/// So many columns fit.
const RUNS: usize = SHOWN;
/// So many hosts are shown all; of more only those that were not always as they should be.
const ALL: usize = 12;
const ROWS: usize = 24;
/// A time below every so many columns.
const TICK: usize = 8;

/// The timeline of the last runs.
#[must_use]
pub(super) fn timeline(history: &History) -> String {
    let runs = history.last(RUNS);
    let hosts = hosts(&runs);
    let is_calm =
        |host: &&str| runs.iter().filter_map(|run| run.hosts.get(*host)).all(|found| found.state() == HostState::Fine);
    let (shown, calm): (Vec<&str>, Vec<&str>) = hosts.iter().partition(|host| hosts.len() <= ALL || !is_calm(host));
    let rows = &shown[..shown.len().min(ROWS)];
    let mut body = row("every run", "name", 0);
    for (column, run) in runs.iter().enumerate() {
        let told = format!("{}, {}: {}", minute(run.start), run.verdict().word(), news(run));
        body.push_str(&cell(of_run(run.verdict()), column, 0, &told));
        for (number, host) in (1..).zip(rows) {
            let (class, told) = match run.hosts.get(*host) {
                Some(found) => (of_host(found.state()), found.state().word()),
                None => ("none", "not part of this run"),
            };
            let things = run.hosts.get(*host).map(|found| found.things().join(", ")).unwrap_or_default();
            let told = format!("{}, {host}: {told} {things}", minute(run.start));
            body.push_str(&cell(class, column, number, told.trim_end()));
        }
        let before = column.checked_sub(TICK).and_then(|at| runs.get(at)).copied();
        if column % TICK == 0 {
            body.push_str(&tick(run, before, column, rows.len() + 1));
        }
    }
    body.extend((1..).zip(rows).map(|(number, host)| row(host, "mono", number)));
    let height = TOP + place(rows.len() + 1, ROW) + 42.0;
    let mut text = format!(
        "<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"The last {} runs\">\n{body}</svg></div>\n",
        runs.len()
    );
    if shown.len() > rows.len() {
        text.push_str(&format!(
            "<p class=\"muted\">{} more hosts had something to tell.</p>\n",
            shown.len() - rows.len()
        ));
    }
    if !calm.is_empty() {
        let count =
            if calm.len() == 1 { "1 other host was".to_owned() } else { format!("{} other hosts were", calm.len()) };
        text.push_str(&format!("<p class=\"muted\">{count} as they should be in all of these runs.</p>\n"));
    }
    text
}

/// Every host of these runs, in the order in which the last run that has it names it.
fn hosts<'r>(runs: &[&'r Record]) -> Vec<&'r str> {
    let mut hosts: Vec<&str> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for host in runs.iter().rev().flat_map(|run| run.hosts.keys()) {
        if known.insert(host.as_str()) {
            hosts.push(host);
        }
    }
    hosts
}

fn row(name: &str, class: &str, number: usize) -> String {
    let y = TOP + place(number, ROW) + 14.0;
    format!("<text class=\"{class} end\" x=\"{}\" y=\"{y}\">{}</text>\n", LEFT - 14.0, fitted(name, LEFT - 18.0, 13.0))
}

fn cell(class: &str, column: usize, number: usize, told: &str) -> String {
    let (x, y) = (LEFT + place(column, STEP), TOP + place(number, ROW));
    let icon = match class {
        "none" => String::new(),
        _ => icon(class, x + CELL / 2.0, y + 10.0),
    };
    format!(
        "<g data-state=\"{class}\"><title>{}</title><rect class=\"cell {class}\" x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"20\" rx=\"4\"/>{icon}</g>",
        escaped(told)
    )
}

/// The time of a run below its column; the day too where it is another than that of the tick before.
fn tick(run: &Record, before: Option<&Record>, column: usize, rows: usize) -> String {
    let (x, y) = (LEFT + place(column, STEP), TOP + place(rows, ROW) + 6.0);
    let day = |run: &Record| run.start.strftime("%Y-%m-%d").to_string();
    let time = run.start.strftime("%H:%M").to_string();
    let mut text = format!(
        "<path class=\"edge\" d=\"M{} {}v6\"/><text class=\"mono small muted\" x=\"{x}\" y=\"{}\">{time}</text>",
        x + CELL / 2.0,
        y - 6.0,
        y + 12.0
    );
    if before.is_none_or(|before| day(before) != day(run)) {
        text.push_str(&format!("<text class=\"mono small muted\" x=\"{x}\" y=\"{}\">{}</text>", y + 26.0, day(run)));
    }
    text.push('\n');
    text
}

fn place(at: usize, step: f64) -> f64 {
    f64::from(u32::try_from(at).unwrap_or(u32::MAX)) * step
}
