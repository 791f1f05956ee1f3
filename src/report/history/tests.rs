//! What a log tells: drift by its definition, lines that are broken, and the size of a line.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{ChangeRecord, Cluster, History, HostRecord, HostState, Made, Record, Server, Verdict, Window, drifts};
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn run(number: i64, inputs: &str, hosts: &[(&str, HostRecord)]) -> Record {
    let start = Timestamp::from_second(1_700_000_000 + 300 * number).unwrap();
    Record {
        v: 1,
        start,
        end: start + SignedDuration::from_millis(2345),
        lvs_ftp: "0.1.0".to_owned(),
        check: false,
        status: 0,
        error: None,
        inputs: Some(inputs.to_owned()),
        clusters: Vec::new(),
        hosts: hosts.iter().map(|(name, host)| ((*name).to_owned(), host.clone())).collect(),
    }
}

fn host(changes: &[(&str, Made)]) -> HostRecord {
    let change = |(what, made): &(&str, Made)| ChangeRecord {
        resource: "vsftpd_conf".to_owned(),
        action: "edit".to_owned(),
        what: vec![(*what).to_owned()],
        summary: format!("/etc/vsftpd.conf: {what} 1 -> 2"),
        made: *made,
    };
    HostRecord { changes: changes.iter().map(change).collect(), ..HostRecord::default() }
}

fn fine() -> HostRecord {
    HostRecord::default()
}

/// The drifts of these runs on one host: inputs, and what each found.
fn told(runs: &[(&str, HostRecord)]) -> Vec<String> {
    let runs: Vec<Record> =
        (0..).zip(runs).map(|(number, (inputs, found))| run(number, inputs, &[("ftp2", found.clone())])).collect();
    drifts(&runs, Timestamp::UNIX_EPOCH).iter().map(super::Drift::sentence).collect()
}

#[test]
fn drift_is_what_was_right_before() {
    let repaired = || host(&[("a", Made::Yes)]);
    let seen = || host(&[("a", Made::No)]);
    let failed = || HostRecord { failed: Some("no".to_owned()), ..HostRecord::default() };
    for (runs, sentences) in [
        // The first roll-out, and one of new inputs, are none.
        (vec![("1", repaired()), ("1", fine())], &[][..]),
        (vec![("1", fine()), ("2", repaired()), ("2", fine())], &[]),
        // A change on a host that was right is one.
        (vec![("1", repaired()), ("1", repaired())], &["a on ftp2 has drifted once"]),
        (vec![("1", fine()), ("1", repaired()), ("1", fine()), ("1", repaired())], &["a on ftp2 has drifted twice"]),
        // Seen by several runs, and then repaired: one.
        (vec![("1", fine()), ("1", seen()), ("1", seen()), ("1", repaired())], &["a on ftp2 has drifted once"]),
        (vec![("1", fine()), ("1", seen()), ("1", fine()), ("1", seen())], &["a on ftp2 has drifted twice"]),
        // A roll-out that was only looked at before, and one that failed, are none.
        (vec![("1", fine()), ("2", seen()), ("2", repaired())], &[]),
        (vec![("1", failed()), ("1", repaired())], &[]),
        (vec![("1", fine()), ("1", failed()), ("1", repaired())], &["a on ftp2 has drifted once"]),
        // Inputs that were made, taken back and made again.
        (vec![("1", fine()), ("2", repaired()), ("1", repaired()), ("2", repaired())], &[]),
        // Two playbooks in turn, each with what it wants.
        (vec![("1", fine()), ("2", fine()), ("1", repaired()), ("2", fine())], &["a on ftp2 has drifted once"]),
        // What drains is none.
        (vec![("1", fine()), ("1", host(&[("a", Made::Draining)])), ("1", repaired())], &[]),
    ] {
        assert_eq!(told(&runs), sentences, "{runs:?}");
    }
}

#[test]
fn what_drifts_most_comes_first_and_only_since_then() {
    let mut runs = vec![run(0, "1", &[("ftp1", fine()), ("ftp2", fine())])];
    runs.extend((1..5).map(|number| run(number, "1", &[("ftp2", host(&[("pasv_max_port", Made::Yes)]))])));
    runs.push(run(5, "1", &[("ftp1", host(&[("b", Made::Yes), ("c", Made::Held)]))]));
    let all = drifts(&runs, Timestamp::UNIX_EPOCH);
    assert_eq!(all[0].sentence(), "pasv_max_port on ftp2 has drifted 4 times");
    assert_eq!((all.len(), all[1].times.clone()), (3, vec![runs[5].start]));
    let late: Vec<usize> = drifts(&runs, runs[3].start).iter().map(|drift| drift.times.len()).collect();
    assert_eq!(late, [2, 1, 1]);
}

#[test]
fn words_for_runs_and_hosts() {
    let verdict = |status: u8, hosts: &[(&str, HostRecord)]| Record { status, ..run(0, "1", hosts) }.verdict();
    assert_eq!(verdict(0, &[("a", fine())]), Verdict::Converged);
    assert_eq!(verdict(0, &[("a", fine()), ("b", host(&[("x", Made::Yes)]))]), Verdict::Changed);
    for (status, word) in
        [(1, "refused"), (2, "failed"), (3, "drift"), (4, "unreachable"), (5, "locked"), (99, "interrupted")]
    {
        assert_eq!(verdict(status, &[]).word(), word);
    }
    for (made, state) in [
        (&[Made::Yes][..], HostState::Changed),
        (&[Made::Yes, Made::Held], HostState::Drift),
        (&[Made::No], HostState::Drift),
        (&[Made::Draining], HostState::Draining),
        (&[Made::Yes, Made::Draining], HostState::Changed),
        (&[], HostState::Fine),
    ] {
        let changes: Vec<(&str, Made)> = made.iter().map(|made| ("x", *made)).collect();
        assert_eq!(host(&changes).state(), state, "{made:?}");
    }
}

/// A converged run of two routers and forty servers.
#[test]
fn a_converged_line_is_short() {
    let names: Vec<String> = (1..=2).map(|n| format!("lvs{n}")).chain((1..=40).map(|n| format!("ftp{n}"))).collect();
    let hosts: Vec<(&str, HostRecord)> = names.iter().map(|name| (name.as_str(), fine())).collect();
    let mut record = run(0, &"0123456789abcdef".repeat(4), &hosts);
    record.hosts[0].holds = vec!["192.0.2.10".parse().unwrap()];
    let line = record.line();
    assert!(line.len() < 1024 && line.ends_with("}}}\n"), "{}: {line}", line.len());
    let servers = (1..=40).map(|n| Server { host: format!("ftp{n}"), ip: [10, 1, 1, n].into(), weight: 1 }).collect();
    record.clusters = vec![Cluster {
        play: "Public FTP".to_owned(),
        virtual_ip: [192, 0, 2, 10].into(),
        mark: 21,
        port: 21,
        passive: (10_000, 20_000),
        scheduler: "wlc".to_owned(),
        persistence: 300,
        forwarding: "nat".to_owned(),
        active: Some("masquerade".to_owned()),
        routers: names[..2].to_vec(),
        servers,
    }];
    assert_eq!(Record::read(record.line().as_bytes()).unwrap(), record);
}

fn any_record() -> impl Strategy<Value = Record> {
    let made = prop_oneof![Just(Made::Yes), Just(Made::No), Just(Made::Held), Just(Made::Draining)];
    let change = ("\\PC{0,9}", "\\PC{0,9}[\u{0}-\u{20}\"\\\\]{0,3}", made);
    let hosts = proptest::collection::vec(("\\PC{1,9}", proptest::collection::vec(change, 0..3)), 0..4);
    (0..1_000_i64, "[0-9a-f]{4}", hosts).prop_map(|(number, inputs, hosts)| {
        let record = |changes: Vec<(String, String, Made)>| HostRecord {
            changes: changes
                .into_iter()
                .map(|(what, summary, made)| ChangeRecord { summary, ..host(&[(&what, made)]).changes.remove(0) })
                .collect(),
            ..HostRecord::default()
        };
        let hosts: IndexMap<String, HostRecord> = hosts.into_iter().map(|(name, all)| (name, record(all))).collect();
        Record { hosts, ..run(number, &inputs, &[]) }
    })
}

proptest! {
    /// A line is one line, and is read as it was written. Whatever is cut off or put in between breaks that line alone.
    #[test]
    fn a_broken_line_breaks_no_other(
        first in any_record(), second in any_record(), at in 0..2_000_usize, junk in "[^\\n]{0,5}"
    ) {
        let (one, two) = (first.line(), second.line());
        prop_assert_eq!(one.matches('\n').count(), 1);
        prop_assert_eq!(&Record::read(one.as_bytes()).unwrap(), &first);
        let mut at = at.min(one.len() - 1);
        while !one.is_char_boundary(at) { at -= 1; }
        let text = format!("{}{junk}\n{two}", &one[..at]);
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let runs: Vec<Record> = lines.filter_map(|line| Record::read(line.as_bytes()).ok()).collect();
        prop_assert!(runs.contains(&second));
        let _ = drifts(&runs, Timestamp::UNIX_EPOCH);
    }
}

#[test]
fn lines_of_a_later_version_are_told() {
    let line = run(0, "1", &[]).line().replace("\"v\":1", "\"v\":2,\"new\":{}");
    assert!(Record::read(line.as_bytes()).unwrap_err().starts_with("it has version 2"));
}

fn window(since: i64, count: usize) -> Window {
    let since = Timestamp::from_second(1_700_000_000 + 300 * since).unwrap();
    Window { since, now: Timestamp::from_second(1_800_000_000).unwrap(), count }
}

/// However many runs a log has, what is kept of them is what is told.
#[test]
fn a_long_log_is_kept_in_part() {
    let found = |number: i64| if number % 2 == 0 { fine() } else { host(&[("a", Made::Yes)]) };
    let mut history = History::new(window(1000, 70));
    for number in 0..5000 {
        history.take(run(number, "1", &[("ftp2", found(number))]));
    }
    assert_eq!((history.count, history.news_count), (4000, 2000));
    assert_eq!((history.last(70).len(), history.last(5000).len(), history.news().count()), (70, 70, super::SHOWN));
    assert_eq!(history.newest().map(|run| run.start), history.last(1).first().map(|run| run.start));
    assert_eq!(history.drifts()[0].times.len(), 2000);
    // Nothing before the window is told.
    let history = History::of(window(3, 10), (0..5).map(|number| run(number, "1", &[])).collect());
    assert_eq!((history.count, history.last(10).len()), (2, 2));
}

/// With the same news several hosts are one; a long cause is cut.
#[test]
fn news_fits_into_a_line() {
    let changed = || host(&[("pasv_max_port", Made::Yes)]);
    let away = HostRecord { unreachable: Some("x".repeat(500)), ..HostRecord::default() };
    let mut hosts: Vec<(String, HostRecord)> = (1..=40).map(|number| (format!("ftp{number:02}"), changed())).collect();
    hosts.push(("lvs1".to_owned(), fine()));
    hosts.push(("lvs2".to_owned(), away));
    let hosts: Vec<(&str, HostRecord)> = hosts.iter().map(|(name, found)| (name.as_str(), found.clone())).collect();
    let news = super::news(&run(0, "1", &hosts));
    let cause = "x".repeat(99);
    assert_eq!(news, format!("ftp01, ftp02, ftp03 and 37 more: pasv_max_port; lvs2: unreachable ({cause}…)"));
}
