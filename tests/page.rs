//! The page of `history --html`, looked at in a browser after it is rendered. Needs the Debian package chromium.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use jiff::{SignedDuration, Timestamp};
use lvs_ftp::report::{
    history::{ChangeRecord, Cluster, History, HostRecord, Made, Record, Server, Window},
    page,
};
use serde_json::{Value, json};
use std::time::Duration;

const LOOK: &str = include_str!("page/look.js");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// What a browser shows of a page, in a window of a common size.
fn seen(page: &str, dark: bool) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    // The page forbids all scripts, also the one that looks at it.
    assert!(page.contains(POLICY) && !page.contains("http:") && !page.contains("https:"));
    let page = page.replace(POLICY, "").replace("</body>", &format!("<script>{LOOK}</script></body>"));
    std::fs::write(&path, page).unwrap();
    let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
    let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
    let words = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--window-size=1340,1500",
        &profile,
        &scheme,
        "--dump-dom",
    ];
    let command = duct::cmd("chromium", words.iter().copied().chain([path.to_str().unwrap()]));
    let child =
        command.env("HOME", folder.path()).stdin_null().stdout_capture().stderr_capture().unchecked().start().unwrap();
    let Some(output) = child.wait_timeout(Duration::from_secs(90)).unwrap().cloned() else {
        child.kill().unwrap();
        panic!("the browser does not end");
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let answer = text.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split('<').next());
    let answer = answer.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&output.stderr)));
    let decoded = duct::cmd!("base64", "-d").stdin_bytes(answer).read().unwrap();
    serde_json::from_str(&decoded).unwrap()
}

fn change(what: &str, made: Made) -> HostRecord {
    let change = ChangeRecord {
        resource: "vsftpd_conf".to_owned(),
        action: "edit".to_owned(),
        what: vec![what.to_owned()],
        summary: format!("/etc/vsftpd.conf: {what} 1 -> 2"),
        made,
    };
    HostRecord { changes: vec![change], ..HostRecord::default() }
}

/// Sixty runs of a cluster of two routers and these real servers; the last one finds drift on the second of them, another
/// that cannot be reached and one that fails.
fn history(play: &str, names: &[String], mark: u32, weight: u16) -> Vec<Record> {
    let start: Timestamp = "2026-11-26T20:00:00Z".parse().unwrap();
    let servers = names.iter().zip(11..).map(|(host, last)| Server {
        host: host.clone(),
        ip: [10, 100, 100, last].into(),
        weight,
    });
    let cluster = Cluster {
        play: play.to_owned(),
        virtual_ip: [192, 0, 2, 10].into(),
        mark,
        port: 21,
        passive: (10_000, 20_000),
        scheduler: "wlc".to_owned(),
        persistence: 300,
        forwarding: "nat".to_owned(),
        active: Some("masquerade".to_owned()),
        routers: vec!["lvs1".to_owned(), "lvs2".to_owned()],
        servers: servers.collect(),
    };
    let run = |number: i32| {
        let start = start + SignedDuration::from_mins(5) * number;
        let mut hosts: indexmap::IndexMap<String, HostRecord> =
            cluster.routers.iter().chain(names).map(|name| (name.clone(), HostRecord::default())).collect();
        hosts["lvs1"].holds = vec![cluster.virtual_ip];
        if number % 7 == 6 {
            hosts["lvs2"] = change("mark rule for port 10000:20000", Made::Yes);
        }
        if number == 59 {
            hosts["lvs2"] = change("mark rule for port 10000:20000", Made::Draining);
            hosts[&names[1]] = change("pasv_max_port", Made::No);
            hosts[&names[0]].failed = Some("</title></text><script>document.title='x'</script> & more".to_owned());
            hosts[&names[2]].unreachable = Some("ssh: no route to host".to_owned());
        }
        Record {
            v: 1,
            start,
            end: start + SignedDuration::from_millis(2345),
            lvs_ftp: "0.1.0".to_owned(),
            check: number == 59,
            status: if number == 59 { 2 } else { 0 },
            error: None,
            inputs: Some("1".to_owned()),
            clusters: if number == 0 { vec![cluster.clone()] } else { Vec::new() },
            hosts,
        }
    };
    (0..60).map(run).collect()
}

fn html(runs: &[Record]) -> String {
    let now = "2026-11-27T01:00:00Z".parse().unwrap();
    page(&History::of(Window { since: Timestamp::UNIX_EPOCH, now, count: 10 }, runs.to_vec()))
}

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("ftp{number}")).collect()
}

/// The card of a host: its class, what it says, its colour.
fn card<'a>(seen: &'a Value, name: &str) -> (&'a str, &'a str, &'a str) {
    let card = seen["cards"].as_array().unwrap().iter().find(|card| card[0] == name).unwrap();
    (card[1].as_str().unwrap(), card[2].as_str().unwrap(), card[3].as_str().unwrap())
}

fn is_clean(seen: &Value) {
    assert_eq!(seen["wrong"], json!([]));
    assert_eq!(
        (&seen["foreign"], &seen["loaded"]),
        (&json!(2), &json!(0)),
        "its style, the script that looks; nothing is loaded"
    );
}

#[test]
fn a_small_cluster_light_and_dark() {
    let page = html(&history("Public FTP", &names(3), 21, 1));
    let [light, dark] = [false, true].map(|dark| seen(&page, dark));
    for seen in [&light, &dark] {
        is_clean(seen);
        assert_eq!(seen["cards"].as_array().unwrap().len(), 5);
        let (class, text, colour) = card(seen, "ftp2");
        assert_eq!((class, text), ("drift", "drift: pasv_max_port"), "drift is labelled");
        assert_ne!(colour, card(seen, "lvs1").2, "and coloured");
        assert_eq!((card(seen, "ftp3").1, card(seen, "lvs2").1), ("unreachable", "draining"));
        assert!(card(seen, "ftp1").1.starts_with("failed: </title>"), "{:?}", card(seen, "ftp1"));
        assert_eq!(card(seen, "lvs1").1, "as it should be");
        let pills = [
            "port 21",
            "10000–20000",
            "mark 21",
            "weight 1",
            "weight 1",
            "weight 1",
            "NAT",
            "active data from port 20: masquerade",
        ];
        assert_eq!(seen["pills"], json!(pills));
        let headings = json!([
            "3 of 5 hosts are not as they should be: ftp1 (failed), ftp2 (drift), ftp3 (unreachable)",
            "Public FTP",
            "The last runs",
            "What has drifted",
            "Runs with news"
        ]);
        assert_eq!(seen["headings"], headings);
        let cells = seen["cells"].as_array().unwrap();
        let count = |state: &str| cells.iter().filter(|cell| **cell == state).count();
        assert_eq!((cells.len(), count("changed"), count("drift"), count("unreachable")), (360, 16, 1, 1));
    }
    assert_ne!(light["ground"], dark["ground"]);
}

#[test]
fn forty_servers() {
    let seen = seen(&html(&history("Public FTP", &names(40), 21, 1)), false);
    is_clean(&seen);
    assert_eq!(seen["cards"].as_array().unwrap().len(), 42);
    assert_eq!(card(&seen, "ftp2").0, "drift");
}

/// Names that would end their element, are too long, or wide; the longest numbers.
#[test]
fn hostile_names_stay_in_their_boxes() {
    for count in [3, 12] {
        let mut hosts = names(count);
        hosts[0] = "a-very-long-name-of-a-host.of.a.department.of.a.company.example.com".to_owned();
        hosts[1] = "東京東京東京東京東京東京東京東京東京東京東京".to_owned();
        hosts[2] = "</text></svg><script>document.title='x'</script>".to_owned();
        let play = "</style><script>document.title='x'</script> \"Public\" & 'FTP'\u{202e}";
        let seen = seen(&html(&history(play, &hosts, 2_147_483_647, 65_535)), false);
        is_clean(&seen);
        assert_eq!(seen["headings"][1], "</style><script>document.title='x'</script> \"Public\" & 'FTP'\\u{202e}");
    }
}

/// The look itself finds what it is there for.
#[test]
fn a_broken_page_is_seen_to_be() {
    let page = html(&history("Public FTP", &names(3), 21, 1));
    let long = page.replace(">10.100.100.11<", ">10.100.100.11 and far more than there is room for on such a card<");
    assert!(seen(&long, false)["wrong"].to_string().contains("leaves its box: 10.100.100.11"));
    let gray = page.replace("--ink: #1c2430", "--ink: #dddddd");
    assert!(seen(&gray, false)["wrong"].to_string().contains("hard to read"));
}

/// Nothing recorded, or nothing but runs that contacted nobody.
#[test]
fn empty_histories() {
    let seen_empty = seen(&html(&[]), false);
    assert_eq!(seen_empty["headings"], json!(["No run is recorded"]));
    let mut refused = history("Public FTP", &names(3), 21, 1);
    refused.truncate(1);
    let run = &mut refused[0];
    (run.status, run.inputs, run.error) = (1, None, Some("a play needs the key `name`".to_owned()));
    run.hosts.clear();
    let seen = seen(&html(&refused), false);
    is_clean(&seen);
    assert_eq!(seen["headings"][0], "The last run was refused: a play needs the key `name`");
}
