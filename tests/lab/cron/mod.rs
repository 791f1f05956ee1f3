//! Debian's cron runs the schedule that the product installed, every minute, while things go wrong: each run repairs what
//! it can, its mail and its metrics say just what was so, a converged minute is silent, and nothing piles up.
//!
//! `LAB_SOAK` makes more minutes of it.

mod control;
mod fault;

use crate::{
    compare::{lines, same},
    hosts::{MANAGED, on},
    machine::figures,
    machines::{Trial, trial},
    product::Site,
    state::{cluster, fresh, same_cluster},
};
use control::{Left, Minute};
use fault::Fault;

pub fn trials() -> Vec<Trial> {
    vec![trial("cron::every_minute", every_minute).waiting()]
}

/// What goes wrong before a run, the run's status, and how its mail begins, if a host has news.
type Planned = (&'static [Fault], u8, &'static str);

const SILENT: Planned = (&[], 0, "");

/// Nearly everything at once, and then nothing.
const SHORT: &[Planned] = &[
    (
        &[fault::RULES, fault::WEIGHT, fault::CONF, fault::LOCK, fault::DOWN, fault::FULL],
        4,
        "Public FTP, 5 hosts: 1 unreachable, 4 changed",
    ),
    SILENT,
];

/// One after the other.
const LONG: &[Planned] = &[
    SILENT,
    (&[fault::RULES], 0, "Public FTP, 5 hosts: 1 changed, 4 as it should be"),
    (&[fault::WEIGHT], 0, "Public FTP, 5 hosts: 1 changed, 4 as it should be"),
    (&[fault::CONF], 0, "Public FTP, 5 hosts: 1 changed, 4 as it should be"),
    SILENT,
    (&[fault::DOWN, fault::WEIGHT], 4, "Public FTP, 5 hosts: 1 unreachable, 1 changed, 3 as it should be"),
    SILENT,
    (&[fault::FULL], 0, ""),
    SILENT,
    (&[fault::SAVED], 0, "Public FTP, 5 hosts: 1 changed, 4 as it should be"),
    (&[fault::RULES, fault::LOCK], 0, "Public FTP, 5 hosts: 2 changed, 3 as it should be"),
    (&[fault::HELD], 5, ""),
    (&[fault::AFTER_HELD], 0, "Public FTP, 5 hosts: 1 changed, 4 as it should be"),
    (
        &[fault::RULES, fault::WEIGHT, fault::CONF, fault::LOCK, fault::FULL],
        0,
        "Public FTP, 5 hosts: 4 changed, 1 as it should be",
    ),
    SILENT,
];

fn every_minute() {
    fresh();
    Site::project().run("").expect_status(0);
    let planned = if std::env::var_os("LAB_SOAK").is_some() { LONG } else { SHORT };
    control::set_up();
    let healthy = cluster();
    let left = Left::now();
    for (number, (faults, status, first)) in planned.iter().enumerate() {
        let what = format!("minute {number}, status {status} {first}");
        let is_mail_due = faults.iter().any(|fault| !fault.heads.is_empty());
        let minute = Minute::of(faults, is_mail_due, &what);
        figures(|| format!("{what}: {:?}", minute.took));
        expect_mail(&what, faults, first, minute.mail.as_deref());
        let is_full = faults.iter().any(|fault| fault.heads == fault::FULL.heads);
        minute.expect_records(&what, faults, *status, is_full);
        if !faults.iter().any(|fault| fault.keeps_out) {
            same_cluster(&what, &healthy, &cluster());
        }
    }
    on("control", "kill $(cat /run/crond.pid)");
    left.expect_same();
    control::expect_history();
    assert_eq!(MANAGED.len(), 5, "the mails count them");
}

/// The mail has these words, and tells of nobody and nothing else.
fn expect_mail(what: &str, faults: &[Fault], first: &str, mail: Option<&str>) {
    let heads: Vec<&str> = faults.iter().flat_map(|fault| fault.heads).copied().collect();
    let Some(mail) = mail else {
        assert!(heads.is_empty() && first.is_empty(), "{what}: no mail came");
        return;
    };
    let (header, body) = mail.split_once("\n\n").unwrap();
    assert!(header.contains("\nTo: root\n") && header.contains("apply --quiet"), "{what}: {header}");
    let mut expected: Vec<&str> = heads.into_iter().chain([first]).filter(|line| !line.is_empty()).collect();
    let mut found: Vec<&str> = body.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).collect();
    expected.sort_unstable();
    found.sort_unstable();
    same(&format!("{what}: who the mail tells of, in\n{body}"), &lines(expected), &lines(found));
    for word in faults.iter().flat_map(|fault| fault.words) {
        assert!(body.contains(word), "{what}: no {word} in\n{body}");
    }
}
