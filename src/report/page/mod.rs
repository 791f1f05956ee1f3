//! A history as one page of HTML that needs nothing else: each cluster as a drawing, the runs as a timeline below it.

mod drawing;
mod looks;
mod shapes;
mod tables;
mod timeline;
mod words;

use super::history::{Cluster, History, HostRecord, HostState, Record, Window, drifts, minute, news};
use jiff::Timestamp;
use std::collections::HashMap;
use words::escaped;

/// What is last known of each host, and the run that saw it.
type Seen<'a> = HashMap<&'a str, (&'a HostRecord, &'a Record)>;

const STYLE: &str = include_str!("style.css");
/// Nothing is loaded, and nothing runs, whatever a host's text tries.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
#[must_use]
pub fn page(history: &History, window: Window) -> String {
    let runs = history.within(window);
    let seen: Seen<'_> = history
        .runs
        .iter()
        .flat_map(|run| run.hosts.iter().map(move |(host, found)| (host.as_str(), (found, run))))
        .collect();
    let mut body = format!("{}{}", looks::ICONS, header(history, window, &seen));
    for (cluster, time) in clusters(history, window) {
        body.push_str(&format!("<section>\n<h2>{}</h2>\n", escaped(&cluster.play)));
        if history.runs.last().is_some_and(|last| last.start != time) {
            let note = format!("Not part of the last run. It is shown as a run of {} UTC described it.", minute(time));
            body.push_str(&format!("<p class=\"muted\">{note}</p>\n"));
        }
        body.push_str(&format!(
            "<div class=\"wide\">{}</div>\n{}</section>\n",
            drawing::drawing(cluster, &seen),
            drawing::legend()
        ));
    }
    if !runs.is_empty() {
        let drifts = drifts(&history.runs, window.since);
        body.push_str(&format!("<section>\n<h2>The last runs</h2>\n{}</section>\n", timeline::timeline(runs)));
        body.push_str(&format!("<section>\n<h2>What has drifted</h2>\n{}</section>\n", tables::drifts(&drifts)));
        body.push_str(&format!("<section>\n<h2>Runs with news</h2>\n{}</section>\n", tables::runs(runs)));
    }
    let broken = match history.broken.len() {
        0 => String::new(),
        1 => " 1 line of the log could not be read.".to_owned(),
        count => format!(" {count} lines of the log could not be read."),
    };
    let foot = format!(
        "Made by lvs-ftp {} at {} UTC; all times are UTC.{broken}",
        env!("CARGO_PKG_VERSION"),
        minute(window.now)
    );
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>lvs-ftp: FTP clusters</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{body}<footer>{foot}</footer>\n</body>\n</html>\n"
    )
}

/// How things stand, in one sentence, and when that was seen.
fn header(history: &History, window: Window, seen: &Seen<'_>) -> String {
    let Some(last) = history.runs.last() else {
        return "<header><div><h1>No run is recorded</h1></div></header>\n".to_owned();
    };
    let mut states: Vec<(&str, HostState)> =
        last.hosts.keys().filter_map(|host| Some((host.as_str(), seen.get(host.as_str())?.0.state()))).collect();
    let count = states.len();
    states.retain(|(_, state)| *state >= HostState::Drift);
    let worst = states.iter().map(|(_, state)| *state).max();
    let names: Vec<String> = states.iter().take(4).map(|(host, state)| format!("{host} ({})", state.word())).collect();
    let rest = if states.len() > 4 { format!(" and {} more", states.len() - 4) } else { String::new() };
    let (class, text) = match (&last.error, worst) {
        (Some(_), _) => {
            (looks::of_run(last.verdict()), format!("The last run was {}: {}", last.verdict().word(), news(last)))
        }
        (None, None) if count == 1 => ("fine", "The host is as it should be".to_owned()),
        (None, None) => ("fine", format!("All {count} hosts are as they should be")),
        (None, Some(worst)) => {
            let are = if states.len() == 1 { "is not as it should be" } else { "are not as they should be" };
            (looks::of_host(worst), format!("{} of {count} hosts {are}: {}{rest}", states.len(), names.join(", ")))
        }
    };
    let runs = history.within(window).len();
    let success = history.runs.iter().rev().find(|run| run.status == 0);
    let success = success.map_or_else(|| "never".to_owned(), |run| format!("{} UTC", minute(run.start)));
    let about = format!(
        "Last run {} UTC, {:.1} s, {}. Last run that left all as it should be: {success}. {runs} runs since {} UTC.",
        minute(last.start),
        last.seconds(),
        last.verdict().word(),
        minute(window.since)
    );
    let icon = looks::icon(class, 7.0, 7.0);
    format!(
        "<header><svg width=\"26\" height=\"26\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">{icon}</svg>\
         <div><h1>{}</h1><p class=\"muted\">{about}</p></div></header>\n",
        escaped(&text)
    )
}

/// The clusters of a window's runs as last described, and the last run that had each.
fn clusters(history: &History, window: Window) -> Vec<(&Cluster, Timestamp)> {
    let mut described: HashMap<&str, &[Cluster]> = HashMap::new();
    let mut last: Vec<(&Cluster, Timestamp)> = Vec::new();
    for run in &history.runs {
        let Some(inputs) = &run.inputs else { continue };
        if !run.clusters.is_empty() {
            described.insert(inputs, &run.clusters);
        }
        for cluster in described.get(inputs.as_str()).copied().unwrap_or_default() {
            match last.iter_mut().find(|(known, _)| known.play == cluster.play) {
                Some(known) => *known = (cluster, run.start),
                None => last.push((cluster, run.start)),
            }
        }
    }
    let newest = last.iter().map(|(_, time)| *time).max();
    last.retain(|(_, time)| *time >= window.since || Some(*time) == newest);
    last
}
