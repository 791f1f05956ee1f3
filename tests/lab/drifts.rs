//! Every drift is found, named, repaired and gone: nothing else is planned, and nothing else changes anywhere.
//!
//! A run costs seconds, so drifts go in rounds: one on each host, each judged by its own host's part of the reports.

use crate::{
    compare::{difference, lines},
    drift_table::{Drift, ROUTER, SERVER},
    hosts::{ROUTERS, SERVERS, on},
    product::Run,
    state::{converged, differences, parts},
};
use libtest_mimic::{Failed, Trial};
use std::{collections::BTreeMap, sync::Mutex};

/// What is wrong with a drift's handling, by its name; empty is well.
type Verdicts = BTreeMap<&'static str, String>;

static ROUNDS: Mutex<BTreeMap<usize, Verdicts>> = Mutex::new(BTreeMap::new());

pub fn trials() -> Vec<Trial> {
    let count = rounds().len();
    let trials_of = |number| {
        let drifts = rounds().swap_remove(number);
        drifts.into_iter().map(move |(_, drift)| {
            Trial::test(format!("drifts::{}", drift.name), move || match verdict(number, drift.name) {
                text if text.is_empty() => Ok(()),
                text => Err(Failed::from(text)),
            })
        })
    };
    (0..count).flat_map(trials_of).collect()
}

/// One drift for each host.
fn rounds() -> Vec<Vec<(&'static str, &'static Drift)>> {
    let count = ROUTER.len().div_ceil(ROUTERS.len()).max(SERVER.len().div_ceil(SERVERS.len()));
    let of = |hosts: &[&'static str], drifts: &'static [Drift], number: usize| -> Vec<_> {
        let mine = drifts.iter().skip(number * hosts.len());
        hosts.iter().copied().zip(mine).collect()
    };
    (0..count).map(|number| [of(&ROUTERS, ROUTER, number), of(&SERVERS, SERVER, number)].concat()).collect()
}

/// The first of a round's drifts to be asked for runs the round.
fn verdict(number: usize, name: &str) -> String {
    let mut done = ROUNDS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.entry(number).or_insert_with(|| round(&rounds()[number]))[name].clone()
}

fn round(drifts: &[(&'static str, &'static Drift)]) -> Verdicts {
    let site = converged();
    for (host, drift) in drifts.iter().filter(|(_, drift)| !drift.prepare.is_empty()) {
        on(host, drift.prepare);
    }
    let before: Vec<_> = drifts.iter().map(|(host, _)| parts(host)).collect();
    for (host, drift) in drifts {
        on(host, drift.make);
    }
    let drifted: Vec<_> = drifts.iter().map(|(host, _)| parts(host)).collect();
    let check = site.apply("--check");
    let checked: Vec<_> = drifts.iter().map(|(host, _)| parts(host)).collect();
    let apply = site.apply("");
    let after: Vec<_> = drifts.iter().map(|(host, _)| parts(host)).collect();
    let again = [site.apply(""), site.apply("--check")];
    let of_all = faults_of_all(&check, &apply, &again, drifts);
    let judge = |(number, (host, drift)): (usize, &(&'static str, &'static Drift))| {
        let expected = (drift.after)(before[number].clone(), drifted[number].clone());
        let faults = [
            changes("--check", drift.changes, &check, host),
            changes("apply", drift.changes, &apply, host),
            changes("the next apply", &[], &again[0], host),
            changes("the next --check", &[], &again[1], host),
            differences(&format!("{host} after --check"), &drifted[number], &checked[number]),
            differences(&format!("{host} after apply"), &expected, &after[number]),
            of_all.clone(),
        ];
        (drift.name, faults.concat())
    };
    drifts.iter().enumerate().map(judge).collect()
}

fn changes(what: &str, expected: &[&str], run: &Run, host: &str) -> String {
    difference(&format!("{host}, changes of {what}"), &lines(expected), &lines(run.changes_of(host))).unwrap_or_default()
}

/// What no single host is to blame for.
fn faults_of_all(check: &Run, apply: &Run, again: &[Run; 2], drifts: &[(&str, &Drift)]) -> String {
    let mut faults = String::new();
    for (what, run, status) in
        [("--check", check, 3), ("apply", apply, 0), ("the next apply", &again[0], 0), ("the next --check", &again[1], 0)]
    {
        if run.status != status || !run.errors.is_empty() || !run.warnings.is_empty() {
            let Run { errors, warnings, .. } = run;
            faults.push_str(&format!("{what}: status {}, expected {status}\n{errors:#?}\n{warnings:#?}\n", run.status));
        }
        let hosts: Vec<String> = drifts.iter().map(|(host, _)| format!("{host} ")).collect();
        let others = run.changes.iter().filter(|line| !hosts.iter().any(|host| line.starts_with(host)));
        faults.extend(others.map(|line| format!("{what}, a host without drift: {line}\n")));
    }
    if !apply.made || check.made {
        faults.push_str("apply makes every change, --check makes none\n");
    }
    faults
}
