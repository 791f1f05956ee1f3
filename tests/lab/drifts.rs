//! Every drift is found, named, repaired and gone: nothing else is planned, and nothing else changes anywhere.
//!
//! A run costs seconds, so drifts go in rounds: on each host one of each list. A round judges each host by that host's
//! part of the reports.

use crate::{
    compare::{difference, lines},
    drift_table::{DESTINATIONS, Drift, KERNEL, MARKS, SERVER, SERVICE},
    hosts::{MANAGED, ROUTERS, SERVERS, on},
    machines::Trial,
    product::{Run, Site},
    state::{Parts, cluster, converged, differences},
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// The drifts of one round, by host.
type Round = BTreeMap<&'static str, Vec<&'static Drift>>;

/// What is wrong with the handling of each host's drifts; empty is well.
type Verdicts = BTreeMap<&'static str, String>;

static ROUNDS: Mutex<BTreeMap<usize, Verdicts>> = Mutex::new(BTreeMap::new());

pub fn trials() -> Vec<Trial> {
    let trials_of = |(number, round): (usize, Round)| {
        let drifts = round.into_iter().flat_map(|(host, drifts)| drifts.into_iter().map(move |drift| (host, drift)));
        drifts.map(move |(host, drift)| {
            Trial::new(format!("drifts::{}", drift.name), move || match verdict(number, host) {
                text if text.is_empty() => Ok(()),
                text => Err(text),
            })
            .in_group("drifts")
        })
    };
    rounds().into_iter().enumerate().flat_map(trials_of).collect()
}

fn rounds() -> Vec<Round> {
    // In the order in which a report names the resources; what an older mark leaves in the IPVS table comes last there.
    let lists =
        [(SERVICE, &ROUTERS[..]), (DESTINATIONS, &ROUTERS), (KERNEL, &ROUTERS), (MARKS, &ROUTERS), (SERVER, &SERVERS)];
    let count = lists.iter().map(|(drifts, hosts)| drifts.len().div_ceil(hosts.len())).max().unwrap();
    let mut rounds = vec![Round::new(); count];
    for (drifts, hosts) in lists {
        for (index, drift) in drifts.iter().enumerate() {
            rounds[index / hosts.len()].entry(hosts[index % hosts.len()]).or_default().push(drift);
        }
    }
    rounds
}

/// The first of a round's drifts to be asked for runs the round.
fn verdict(number: usize, host: &str) -> String {
    let mut done = ROUNDS.lock().unwrap_or_else(PoisonError::into_inner);
    if !done.contains_key(&number) {
        // A round that went well leaves what the next one needs.
        let last = number.checked_sub(1).and_then(|last| done.get(&last));
        let site =
            if last.is_some_and(|last| last.values().all(String::is_empty)) { Site::project() } else { converged() };
        done.insert(number, run(&site, &rounds()[number]));
    }
    done[&number][host].clone()
}

fn run(site: &Site, round: &Round) -> Verdicts {
    let each = |script: fn(&Drift) -> &'static str| {
        for (host, drifts) in round {
            let script: Vec<&str> = drifts.iter().map(|drift| script(drift)).collect();
            on(host, &script.join("\n"));
        }
    };
    each(|drift| drift.prepare);
    let before = cluster();
    each(|drift| drift.make);
    let drifted = cluster();
    let check = site.apply("--check");
    let checked = cluster();
    let apply = site.apply("");
    let after = cluster();
    let again = site.apply("");
    let of_all = [("--check", &check, 3), ("apply", &apply, 0), ("the next apply", &again, 0)].map(trouble).concat();
    let judge = |host: &'static str| {
        let drifts = round.get(host).map_or(&[][..], Vec::as_slice);
        let expected = drifts.iter().fold(before[host].clone(), |now, drift| (drift.after)(now, drifted[host].clone()));
        let faults = [
            changes("--check", drifts, &check, host),
            changes("apply", drifts, &apply, host),
            changes("the next apply", &[], &again, host),
            differences(&format!("{host} after --check"), &drifted[host], &checked[host]),
            differences(&format!("{host} after apply"), &any_order(expected), &any_order(after[host].clone())),
            of_all.clone(),
        ];
        (host, faults.concat())
    };
    let mut verdicts: Verdicts = MANAGED.map(judge).into();
    // What happened to a host without drift has no trial of its own.
    let bystanders: String =
        MANAGED.iter().filter(|host| !round.contains_key(*host)).filter_map(|host| verdicts.remove(host)).collect();
    for text in verdicts.values_mut() {
        text.push_str(&bystanders);
    }
    verdicts
}

/// A host whose mark rules stand in the order of their text: a rule that was repaired may stand elsewhere in its chain,
/// which changes nothing, for each of them only marks.
fn any_order(mut parts: Parts) -> Parts {
    if let Some(text) = parts.get_mut("packet filter") {
        let (mut marks, others): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with("-A PREROUTING"));
        marks.sort_unstable();
        *text = [others, marks].concat().join("\n");
    }
    parts
}

fn changes(what: &str, drifts: &[&Drift], run: &Run, host: &str) -> String {
    let mut expected: Vec<&str> = drifts.iter().flat_map(|drift| drift.changes).copied().collect();
    let kinds = ["ip_forward", "nat_rule", "mark_rules", "vsftpd_conf", "vsftpd_reload", "virtual_service"];
    expected.sort_by_key(|line| kinds.iter().position(|kind| line.starts_with(kind)));
    difference(&format!("{host}, changes of {what}"), &lines(expected), &lines(run.changes_of(host)))
        .unwrap_or_default()
}

/// What no single host is to blame for.
fn trouble((what, run, status): (&str, &Run, i32)) -> String {
    let Run { errors, warnings, .. } = run;
    let made = run.changes.is_empty() || run.made == (status == 0);
    if run.status == status && errors.is_empty() && warnings.is_empty() && made {
        return String::new();
    }
    format!("{what}: status {}, expected {status}; made: {}\n{errors:#?}\n{warnings:#?}\n", run.status, run.made)
}
