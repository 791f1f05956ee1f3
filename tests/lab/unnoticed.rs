//! No client notices: every change of a cluster is made under load, and no session and no transfer fails by it.
//!
//! One load meets all changes, one after the other; a failure belongs to the change in whose time it came about. After
//! them, `noticed` makes changes that clients must notice, so that the load is known to see such things.

use crate::{
    change_table::{CHANGES, Change, Part},
    load::{Download, Event, Kind, Load, Rates, Window, now},
    machine::figures,
    machines::Trial,
    noticed,
    product::{Run, Site},
    state::{converged, parts},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    thread::{JoinHandle, sleep, spawn},
    time::Duration,
};

/// How hard, and how long.
struct Course {
    rates: Rates,
    /// How long after each change, and before the first.
    settle: Duration,
    /// What no wait for clients may come to.
    drain_timeout: u64,
    /// `drain_timeout` of ftp3. IPVS remembers ended connections for two minutes, and nobody need wait for those.
    removal: u64,
    /// Whether each change is followed by `--check`, or the last one only.
    check_each: bool,
}

/// Few enough clients for one slow processor: a cluster that nobody touches serves all of them.
const SHORT: Course = Course {
    rates: Rates {
        short: 2,
        pause_millis: 1000,
        visit_seconds: 6,
        stay: 4,
        stay_seconds: 12,
        long: 3,
        long_seconds: 10,
        at_most: 900,
    },
    settle: Duration::from_secs(2),
    drain_timeout: 120,
    removal: 45,
    check_each: false,
};

/// LAB_SOAK: seconds after each change.
fn course() -> Course {
    let Some(seconds) = std::env::var("LAB_SOAK").ok() else { return SHORT };
    Course {
        rates: Rates {
            short: 4,
            visit_seconds: 20,
            stay: 6,
            stay_seconds: 30,
            long: 6,
            long_seconds: 40,
            at_most: 7200,
            ..SHORT.rates
        },
        settle: Duration::from_secs(seconds.parse().unwrap()),
        drain_timeout: 150,
        removal: 90,
        check_each: true,
    }
}

/// What was wrong in each part of the load; empty is well.
type Verdicts = BTreeMap<&'static str, String>;

static VERDICTS: Mutex<Option<Verdicts>> = Mutex::new(None);

pub fn trials() -> Vec<Trial> {
    let names = CHANGES.iter().map(|change| ("unnoticed", change.name));
    let names = names.chain(noticed::CHANGES.iter().map(|change| ("noticed", change.name)));
    names.map(|(group, name)| Trial::new(format!("{group}::{name}"), move || verdict(name)).in_group("load")).collect()
}

/// The first trial that asks runs the load, once.
fn verdict(name: &str) -> Result<(), String> {
    let mut verdicts = VERDICTS.lock().unwrap_or_else(PoisonError::into_inner);
    if verdicts.is_none() {
        *verdicts = Some(Verdicts::new());
        *verdicts = Some(run(&course()));
    }
    match verdicts.as_ref().and_then(|verdicts| verdicts.get(name)) {
        Some(text) if text.is_empty() => Ok(()),
        Some(text) => Err(text.clone()),
        None => Err("the load ended before".to_owned()),
    }
}

/// What was done, when, and what was wrong with it at once.
struct Done {
    change: &'static Change,
    window: Window,
    faults: Vec<String>,
}

fn run(course: &Course) -> Verdicts {
    converged();
    let load = Load::start(course.rates);
    sleep(course.settle);
    let mut all = Vec::new();
    let mut download = None;
    for (number, change) in CHANGES.iter().enumerate() {
        let site = site(&CHANGES[..=number], course);
        if change.part == Part::Begin {
            download = Some(Download::start("ftp3"));
        }
        let from = now();
        let reader = (change.part == Part::End).then(|| read_later(download.take()));
        let apply = site.apply(if change.part == Part::Begin { "--no-wait" } else { "" });
        let mut faults = trouble(if change.part == Part::Begin { "apply --no-wait" } else { "apply" }, &apply);
        figures(|| format!("{}: apply took {:?}", change.name, apply.took));
        faults.extend(match change.part {
            // Only the clients' own connections can hold this up, and they end soon.
            Part::Whole if apply.took > Duration::from_secs(course.drain_timeout) => {
                Some(format!("its drain did not end by itself: {:?}", apply.took))
            }
            Part::Whole => None,
            Part::Begin => wrong(WEIGHT_0, download.as_mut().is_some_and(Download::goes_on)),
            Part::End => wrong("", reader.is_some_and(|reader| reader.join().unwrap())),
        });
        // What changes nothing takes no time of its own in which clients could come to every server.
        sleep(if number == 0 { course.settle * 3 } else { course.settle });
        if course.check_each || change.part == Part::Begin || number == CHANGES.len() - 1 {
            let check = site.apply("--check");
            faults.extend(trouble("apply --check", &check));
        }
        all.push(Done { change, window: Window { from, to: now() }, faults });
    }
    let naive = noticed::make(Duration::from_secs(course.rates.long_seconds));
    let events = load.stop();
    let mut verdicts: Verdicts =
        all.into_iter().map(|done| (done.change.name, judge(done, &events).join("\n"))).collect();
    verdicts.extend(noticed::verdicts(&naive, &events));
    verdicts
}

/// The project's site with the first changes made.
fn site(made: &[Change], course: &Course) -> Site {
    let inventory = |all: &mut Value| {
        for change in made {
            (change.inventory)(all);
        }
    };
    let plays = |plays: &mut Value| {
        let cluster = &mut plays[0]["ftp_cluster"];
        cluster["drain_timeout"] = json!(match made.last() {
            Some(change) if change.part == Part::End => course.removal,
            _ => course.drain_timeout,
        });
        for change in made {
            (change.cluster)(cluster);
        }
    };
    Site::with("unnoticed", inventory, plays)
}

/// Reads a download to its end while a run waits for it.
fn read_later(download: Option<Download>) -> JoinHandle<bool> {
    spawn(|| {
        sleep(Duration::from_secs(4));
        download.is_some_and(Download::ends_whole)
    })
}

const WEIGHT_0: &str = "-a -f 21 -r 10.1.1.13:0 -m -w 0";

/// What is wrong with a router's destination ftp3, or with the download from there.
fn wrong(destination: &str, download: bool) -> Option<String> {
    let table = parts("lvs1")["IPVS"].clone();
    let found = table.lines().find(|line| line.contains("10.1.1.13")).unwrap_or_default();
    let well = found == destination && download;
    (!well).then(|| format!("expected {destination:?}, found {found:?}; the download is well: {download}"))
}

/// A run that waits makes every change that it tells of.
fn trouble(what: &str, run: &Run) -> Vec<String> {
    let Run { status, errors, changes, made, .. } = run;
    let well = *status == 0 && (changes.is_empty() || what != "apply" || *made);
    if well { Vec::new() } else { vec![format!("{what}: status {status}, made: {made}\n{errors:#?}\n{changes:#?}")] }
}

/// What was wrong at once, what clients met, and whether they were there to meet it.
fn judge(done: Done, events: &[Event]) -> Vec<String> {
    let Done { change, window, mut faults } = done;
    faults.extend(window.failures(events).iter().map(ToString::to_string));
    let successes = window.successes(events);
    let of = |kind| successes.iter().filter(|((of, _), _)| *of == kind).map(|(_, count)| count).sum::<usize>();
    let modes = successes.iter().filter(|((kind, _), count)| *kind != Kind::Long && **count > 0).count();
    let (short, stay, long) = (of(Kind::Short), of(Kind::Stay), of(Kind::Long));
    let seconds = window.seconds();
    figures(|| format!("{}, {seconds} s: {short} short, {stay} stay, {long} long; {faults:#?}", change.name));
    if short < 4 || stay < 4 || long < 1 || modes < 6 {
        faults.push(format!("too few clients: {successes:?}"));
    }
    let busy = window.servers(events);
    let expected: BTreeSet<&str> = change.busy.iter().copied().collect();
    if !busy.is_superset(&expected) {
        faults.push(format!("clients at {busy:?}"));
    }
    faults
}
