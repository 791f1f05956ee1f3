//! Whatever number a host tells, reading and planning come to an end: no sum of them goes too far.

use crate::{
    model::{Model, State, said},
    support::{keepalived, piranha, run::apply},
};
use lvs_ftp::{
    desired::Target,
    probe::{Answer, Facts},
    run::plan,
};
use std::ops::Range;

const EXTREMES: [&str; 8] = [
    "0",
    "4294967295",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "99999999999999999999999999",
    "1e308",
    "nan",
];

/// Where the whole numbers of a text are, however many look alike.
fn numbers(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length > 0 {
            found.push(at..at + length);
        }
        at += length.max(1);
    }
    found
}

/// Plans from every answer with one of its numbers replaced, by each extreme.
fn survives(target: &Target, state: &State) {
    let probes = target.probes();
    let answers: Vec<Answer> = probes.iter().flat_map(|probe| state.answers(probe)).collect();
    assert!(plan(target, &Facts::read(&probes, answers.clone())).is_ok());
    let mut planned = 0;
    for (index, answer) in answers.iter().enumerate() {
        for range in numbers(&answer.stdout) {
            for extreme in EXTREMES {
                let mut text = answer.stdout.clone();
                text.splice(range.clone(), extreme.bytes());
                let mut changed = answers.clone();
                changed[index] = said(text);
                // Refused or planned: either is an end.
                planned += usize::from(plan(target, &Facts::read(&probes, changed)).is_ok());
            }
        }
    }
    assert!(planned > 100, "most answers are still understood: {planned}");
}

#[test]
fn no_number_of_a_host_stops_the_reader() {
    for (daemon, target) in [
        ("keepalived", keepalived::router(&keepalived::play(), &[1; 4])),
        ("pulse", keepalived::router(&piranha::play(), &[1; 4])),
    ] {
        let fresh = State {
            services: ["netfilter-persistent", daemon].map(|name| (name.to_owned(), [].into())).into(),
            saved_filter: Some(String::new()),
            ..State::default()
        };
        let hosts = [(target, Model::new(fresh))];
        assert_eq!(apply(&hosts, 1)[0].trouble, None);
        let mut state = hosts[0].1.state();
        state.failed = [11, 12].into();
        survives(&hosts[0].0, &state);
    }
    let target = super::target(&super::Cluster {
        mark: 21,
        range: "10000:20000",
        network: "10.1.1.0/24",
        snat: false,
        servers: vec![(11, 1), (12, 2)],
        scheduler: "wlc",
        seconds: 300,
    });
    let hosts = [(target, Model::new(State::default()))];
    let _ = apply(&hosts, 1);
    let mut state = hosts[0].1.state();
    state.old_sessions = 2;
    survives(&hosts[0].0, &state);
}
