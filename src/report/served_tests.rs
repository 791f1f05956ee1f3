//! Every record of a run tells that clients are not served, in the words of each.

use super::{Detail, EndedRun, Report, history::Record, human, json, metrics, short, syslog};
use crate::{
    path::{Finding, Mode, Role, Sight, Weight},
    report::history::{Cluster, HostState, Verdict},
    run::Outcome,
};
use std::{collections::BTreeSet, net::Ipv4Addr};

const VIP: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 77);

/// A run that left all as wanted, with a loss in this mode or without.
fn run(lost: Option<Mode>) -> EndedRun {
    let finding = |mode| Finding {
        play: "FTP".to_owned(),
        mode,
        weight: Weight::Lost,
        text: "answers are lost in FORWARD (policy)".to_owned(),
        cure: "let them pass".to_owned(),
    };
    let sight = Sight {
        play: "FTP".to_owned(),
        virtual_ip: VIP,
        routers: vec!["lvs1".to_owned()],
        role: Role::Router(BTreeSet::from([VIP])),
    };
    let outcome = Outcome {
        host: "lvs1".to_owned(),
        findings: lost.map(finding).into_iter().collect(),
        sights: vec![sight],
        ..Outcome::default()
    };
    let cluster = Cluster {
        play: "FTP".to_owned(),
        virtual_ip: VIP,
        mark: 21,
        port: 21,
        passive: (10000, 20000),
        scheduler: "wlc".to_owned(),
        persistence: 300,
        forwarding: "nat".to_owned(),
        active: None,
        routers: vec!["lvs1".to_owned()],
        servers: Vec::new(),
    };
    let plays = vec![("FTP".to_owned(), vec!["lvs1".to_owned()])];
    let status = if lost.is_some() { 6 } else { 0 };
    EndedRun {
        status,
        clusters: vec![cluster],
        report: Report { plays, outcomes: vec![outcome], ..Report::default() },
        ..EndedRun::default()
    }
}

#[test]
fn people_and_programs_are_told() {
    let (served, lost) = (run(None), run(Some(Mode::Control)));
    assert_eq!(short(&served.report, false), None, "a served cluster is no news");
    let mail = short(&lost.report, false).unwrap_or_default();
    assert!(mail.contains("\nNOT SERVED, because of lvs1\n    FTP: answers are lost in FORWARD"), "{mail}");
    assert!(mail.contains("let them pass"), "{mail}");
    let text = |run: &EndedRun| anstream::adapter::strip_str(&human(&run.report, Detail::default())).to_string();
    assert!(text(&lost).contains("TASK [Clients are served]"), "{}", text(&lost));
    assert!(text(&lost).contains("not served: [lvs1] => answers are lost in FORWARD"), "{}", text(&lost));
    assert!(!text(&served).contains("served"), "{}", text(&served));
    assert_eq!(json(&served.report)["errors"].as_array().map(Vec::len), Some(0));
    let error = &json(&lost.report)["errors"][0];
    assert_eq!(
        (&error["status"], &error["mode"], &error["play"]),
        (&"not_served".into(), &"control".into(), &"FTP".into())
    );
    assert!(syslog(&lost).iter().any(|(_, line)| line.starts_with("lvs1: not served: FTP: answers are lost")));
    assert!(!syslog(&served).iter().any(|(_, line)| line.contains("not served")));
}

#[test]
fn records_keep_it() {
    let (served, lost) = (Record::of(&run(None)), Record::of(&run(Some(Mode::Passive))));
    assert_eq!((served.verdict(), served.hosts["lvs1"].state()), (Verdict::Converged, HostState::Fine));
    assert_eq!((lost.verdict(), lost.hosts["lvs1"].state()), (Verdict::NotServed, HostState::NotServed));
    assert_eq!(Record::read(lost.line().as_bytes()).as_ref(), Ok(&lost), "the line is read back");
    assert!(!served.line().contains("lost"), "a served host takes no more room: {}", served.line());
}

/// Without the control connection there is no mode.
#[test]
fn metrics_tell_each_mode() {
    for (lost, expected) in [
        (None, [1, 1, 1]),
        (Some(Mode::Control), [0, 0, 0]),
        (Some(Mode::Passive), [1, 0, 1]),
        (Some(Mode::Active), [1, 1, 0]),
    ] {
        let text = metrics(&run(lost), "");
        for (mode, value) in Mode::ALL.into_iter().zip(expected) {
            let line = format!("\nlvs_ftp_served{{cluster=\"FTP\",mode=\"{}\"}} {value}\n", mode.word());
            assert!(text.contains(&line), "{line}{text}");
        }
    }
    let unseen = EndedRun { report: Report::default(), ..run(None) };
    assert!(!metrics(&unseen, "").contains("lvs_ftp_served"), "of what was not looked at nothing is told");
}
