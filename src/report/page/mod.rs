//! A history as one page of HTML that needs nothing else: each cluster as a drawing, the runs as a timeline below it.

mod drawing;
mod looks;
mod shapes;
mod tables;
mod timeline;
mod words;

use super::history::{History, HostRecord, HostState, minute, news};
use std::collections::HashMap;
use words::escaped;

/// What is last known of each host.
type Seen = HashMap<String, HostRecord>;

const STYLE: &str = include_str!("style.css");
/// Nothing is loaded, and nothing runs, whatever a host's text tries.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
#[must_use]
pub fn page(history: &History) -> String {
    let (window, seen) = (history.window, &history.seen);
    let mut body = format!("{}{}", looks::ICONS, header(history));
    for (cluster, time) in history.clusters() {
        body.push_str(&format!("<section>\n<h2>{}</h2>\n", escaped(&cluster.play)));
        if history.newest().is_some_and(|last| last.start != time) {
            let note = format!("Not part of the last run. It is shown as a run of {} UTC described it.", minute(time));
            body.push_str(&format!("<p class=\"muted\">{note}</p>\n"));
        }
        body.push_str(&format!(
            "<div class=\"wide\">{}</div>\n{}</section>\n",
            drawing::drawing(cluster, seen),
            drawing::legend()
        ));
    }
    if history.count > 0 {
        let drifts = history.drifts();
        body.push_str(&format!("<section>\n<h2>The last runs</h2>\n{}</section>\n", timeline::timeline(history)));
        body.push_str(&format!("<section>\n<h2>What has drifted</h2>\n{}</section>\n", tables::drifts(&drifts)));
        body.push_str(&format!("<section>\n<h2>Runs with news</h2>\n{}</section>\n", tables::runs(history)));
    }
    let broken = match history.broken_count {
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
fn header(history: &History) -> String {
    let Some(last) = history.newest() else {
        return "<header><div><h1>No run is recorded</h1></div></header>\n".to_owned();
    };
    let mut states: Vec<(&str, HostState)> =
        last.hosts.keys().filter_map(|host| Some((host.as_str(), history.seen.get(host)?.state()))).collect();
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
    let runs = history.count;
    let success = history.success.map_or_else(|| "never".to_owned(), |start| format!("{} UTC", minute(start)));
    let about = format!(
        "Last run {} UTC, {:.1} s, {}. Last run that left all as it should be: {success}. {runs} runs since {} UTC.",
        minute(last.start),
        last.seconds(),
        last.verdict().word(),
        minute(history.window.since)
    );
    let icon = looks::icon(class, 7.0, 7.0);
    format!(
        "<header><svg width=\"26\" height=\"26\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">{icon}</svg>\
         <div><h1>{}</h1><p class=\"muted\">{about}</p></div></header>\n",
        escaped(&text)
    )
}
