//! Piranha owns the table: lvs.cf converges, pulse's own rules hold in every file, and what it does not see is told.

use crate::{
    model::{Model, State, lvs_cf, piranha::Role},
    support::{
        keepalived::router,
        piranha::play,
        run::{apply, check},
    },
};
use lvs_ftp::{
    desired::Target,
    host::Change,
    plan::{Stage, Step, steps},
    run::Outcome,
};
use serde_json::{Value, json};

type Hosts = [(Target, Model); 1];

fn state(role: Role) -> State {
    let names = ["netfilter-persistent", "pulse"];
    State {
        services: names.map(|name| (name.to_owned(), [].into())).into(),
        saved_filter: Some(String::new()),
        role,
        ..State::default()
    }
}

fn fresh(role: Role, change: impl FnOnce(&mut Value)) -> Hosts {
    let mut play = play();
    change(&mut play);
    [(router(&play, &[1; 4]), Model::new(state(role)))]
}

/// The converged router, its play changed by this.
fn converged(change: impl FnOnce(&mut Value)) -> Hosts {
    let hosts = fresh(Role::Active, change);
    assert_eq!(apply(&hosts, 1)[0].trouble, None);
    expect_silence(&hosts);
    hosts
}

fn expect_silence(hosts: &Hosts) {
    let left: Vec<String> = check(hosts, 1)[0].changes().map(|change| change.summary.clone()).collect();
    assert!(left.is_empty(), "{left:#?}");
}

fn text(hosts: &Hosts) -> String {
    let text = hosts[0].1.state().lvs_cf.unwrap();
    lvs_cf::read(&text).unwrap();
    String::from_utf8(text).unwrap()
}

fn restarts(play: &mut Value) {
    play["ftp_cluster"]["routers"]["director_restart"] = json!("on_drift");
}

fn summaries(outcome: &Outcome) -> Vec<&str> {
    outcome
        .changes()
        .map(|change| change.summary.as_str())
        .filter(|text| text.contains("pulse") || text.contains("lvs.cf"))
        .collect()
}

#[test]
fn from_nothing() {
    let hosts = converged(|_| {});
    let server = |last: u8| {
        format!(
            "     server 10.1.1.{last} {{\n         address = 10.1.1.{last}\n         active = 1\n         weight = 1\n     }}\n"
        )
    };
    let servers: String = (11..15).map(server).collect();
    assert_eq!(
        text(&hosts),
        format!(
            "serial_no = 1\nprimary = 10.1.1.1\nservice = lvs\nnetwork = nat\nnat_router = 10.1.1.1 eth1:1\n\
             nat_nmask = 255.255.255.0\n\nvirtual Public_FTP {{\n     active = 1\n     address = 192.0.2.10 eth0:1\n     \
             fwmark = 21\n     port = 21\n     persistent = 300\n     load_monitor = none\n     scheduler = wlc\n     \
             protocol = tcp\n{servers}}}\n"
        )
    );
    let table = hosts[0].1.state().ipvs.render();
    assert!(table.starts_with("-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:21 -m -w 1\n"), "{table}");
}

/// A server that leaves becomes inactive, and comes back by the same word: pulse does both without cutting the others.
#[test]
fn servers_leave_and_come_back() {
    let mut hosts = converged(|_| {});
    let before = text(&hosts);
    let mut play = play();
    play["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp:!10.1.1.12");
    hosts[0].0 = router(&play, &[1; 4]);
    let outcome = apply(&hosts, 1).remove(0);
    assert_eq!(outcome.trouble, None);
    let contract =
        outcome.changes().filter(|change| change.stage == Stage::Contract && change.summary.contains("lvs.cf"));
    assert_eq!(contract.count(), 2);
    expect_silence(&hosts);
    assert_eq!(
        text(&hosts),
        before
            .replace("serial_no = 1\n", "serial_no = 2\n")
            .replace("10.1.1.12\n         active = 1", "10.1.1.12\n         active = 0")
    );
    let table = hosts[0].1.state().ipvs.render();
    assert!(!table.contains("10.1.1.12") && table.contains("10.1.1.14"), "{table}");
    // With weight 0 it stays out: pulse has no such weight.
    hosts[0].0 = router(&crate::support::piranha::play(), &[1, 0, 1, 1]);
    expect_silence(&hosts);
    hosts[0].0 = router(&crate::support::piranha::play(), &[1; 4]);
    assert_eq!(apply(&hosts, 1)[0].trouble, None);
    assert_eq!(text(&hosts), before.replace("serial_no = 1\n", "serial_no = 3\n"));
    assert!(hosts[0].1.state().ipvs.render().contains("10.1.1.12:21"));
    expect_silence(&hosts);
}

/// What pulse takes only by a restart is written at once, and told until it is restarted; on the backup it is.
#[test]
fn some_of_it_needs_a_restart() {
    let changes: [fn(&mut Value); 4] = [
        |play| play["ftp_cluster"]["scheduler"] = json!("rr"),
        |play| play["ftp_cluster"]["persistence"] = json!({"timeout": 77, "netmask": "255.255.255.0"}),
        |play| play["ftp_cluster"]["routers"]["monitor"] = json!({"send": "QUIT\\r\\n", "expect": "220", "timeout": 6}),
        |play| play["ftp_cluster"]["routers"]["backup"] = json!("10.1.1.3"),
    ];
    for change in changes {
        for (active, restarting) in [(true, false), (true, true), (false, false)] {
            let mut play = play();
            if restarting {
                restarts(&mut play);
            }
            let mut hosts = fresh(if active { Role::Active } else { Role::Backup }, |play| {
                if restarting {
                    restarts(play);
                }
            });
            assert_eq!(apply(&hosts, 1)[0].trouble, None);
            expect_silence(&hosts);
            let start = hosts[0].1.state().pulse.unwrap().start;
            change(&mut play);
            hosts[0].0 = router(&play, &[1; 4]);
            for _ in 0..2 {
                let outcome = apply(&hosts, 1).remove(0);
                assert_eq!(outcome.trouble.is_none(), restarting || !active, "{:?} {play:#}", outcome.trouble);
            }
            assert!(text(&hosts).contains("serial_no = 2\n"), "{}", text(&hosts));
            assert_eq!(hosts[0].1.state().pulse.unwrap().start > start, restarting || !active);
            if active && !restarting {
                let state = hosts[0].1.state();
                // A person restarts it.
                *hosts[0].1.0.lock().unwrap() = restarted(state);
            }
            expect_silence(&hosts);
        }
    }
}

fn restarted(mut state: State) -> State {
    crate::model::piranha::act(&mut state, &lvs_ftp::plan::DaemonAct::Start(lvs_ftp::probe::ServiceManager::UpdateRcD))
        .unwrap();
    state
}

/// Another mark would leave clients without a service until a restart: nothing at all is done without one.
#[test]
fn the_mark_moves_only_with_a_restart() {
    for restarting in [false, true] {
        let mut play = play();
        if restarting {
            restarts(&mut play);
        }
        let mut hosts = converged(|_| {});
        let before = hosts[0].1.state();
        play["ftp_cluster"]["firewall_mark"] = json!(22);
        hosts[0].0 = router(&play, &[1; 4]);
        let outcome = apply(&hosts, 1).remove(0);
        match outcome.trouble {
            None => assert!(restarting && hosts[0].1.state().ipvs.render().starts_with("-A -f 22 ")),
            Some(trouble) => {
                assert!(trouble.text().contains("takes only by a restart"), "{trouble:?}");
                assert!(!restarting && hosts[0].1.state() == before);
            }
        }
    }
}

#[test]
fn a_failed_check_is_health() {
    let hosts = converged(|_| {});
    {
        let mut state = hosts[0].1.0.lock().unwrap();
        state.failed.insert(12);
        state.ipvs.services[0].destinations.retain(|one| one.address != "10.1.1.12:21");
    }
    expect_silence(&hosts);
    let outcome = check(&hosts, 1).remove(0);
    let told: Vec<&String> = outcome.warnings().collect();
    assert_eq!(told, ["health: 10.1.1.12:21 (10.1.1.12) is out: its check failed, Jan 1 00:30:00"]);
}

/// What pulse does not see is told, and cured only where that is asked for.
#[test]
fn drift_in_the_kernel_is_cured_by_a_restart() {
    for damage in ["missing", "weight", "extra", "scheduler", "service", "method"] {
        for restarting in [false, true] {
            let hosts = converged(|play| {
                if restarting {
                    restarts(play);
                }
            });
            let before = hosts[0].1.state().ipvs;
            {
                let mut state = hosts[0].1.0.lock().unwrap();
                let service = &mut state.ipvs.services[0];
                match damage {
                    "missing" => drop(service.destinations.remove(1)),
                    "weight" => service.destinations[1].weight = 7,
                    "extra" => {
                        let mut extra = service.destinations[0].clone();
                        extra.address = "10.1.1.99:21".to_owned();
                        service.destinations.push(extra);
                    }
                    "scheduler" => service.scheduler = "rr".to_owned(),
                    "method" => service.destinations[0].forwarding = lvs_ftp::lvs::ForwardingMethod::Direct,
                    _ => state.ipvs.services.clear(),
                }
            }
            assert_eq!(check(&hosts, 1)[0].changes().count(), 1, "{damage}");
            let outcome = apply(&hosts, 1).remove(0);
            assert_eq!(outcome.trouble.is_none(), restarting, "{damage}: {:?}", outcome.trouble);
            assert_eq!(hosts[0].1.state().ipvs == before, restarting, "{damage}");
        }
    }
}

/// The same edit on the backup gives the same file, by one restart and with an empty table.
#[test]
fn the_backup_has_the_same_file() {
    let mut files = Vec::new();
    for active in [true, false] {
        let mut hosts = fresh(if active { Role::Active } else { Role::Backup }, |_| {});
        assert_eq!(apply(&hosts, 1)[0].trouble, None);
        let mut play = play();
        play["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp:!10.1.1.12");
        hosts[0].0 = router(&play, &[1; 4]);
        let outcome = apply(&hosts, 1).remove(0);
        assert_eq!(outcome.trouble, None);
        assert_eq!(summaries(&outcome).len(), 2, "{:?}", summaries(&outcome));
        expect_silence(&hosts);
        assert_eq!(hosts[0].1.state().ipvs.services.is_empty(), !active);
        // Then one comes and one goes: two steps on the active router.
        play["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp:!10.1.1.13");
        hosts[0].0 = router(&play, &[1; 4]);
        let outcome = apply(&hosts, 1).remove(0);
        assert_eq!(outcome.trouble, None);
        assert_eq!(summaries(&outcome).len(), if active { 4 } else { 2 }, "{:?}", summaries(&outcome));
        expect_silence(&hosts);
        files.push(text(&hosts));
    }
    assert_eq!(files[0], files[1]);
}

/// A run may die after any step.
#[test]
fn any_prefix_plans_on() {
    for restarting in [false, true] {
        for cut in 0..9 {
            let mut hosts = converged(|_| {});
            let mut play = play();
            if restarting {
                restarts(&mut play);
                play["ftp_cluster"]["scheduler"] = json!("rr");
            }
            play["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp:!10.1.1.14");
            hosts[0].0 = router(&play, &[1; 4]);
            let outcome = check(&hosts, 1).remove(0);
            let all: Vec<Step> = Stage::ALL.iter().flat_map(|stage| steps(outcome.changes(), *stage)).collect();
            hosts[0].1.change(&all[..cut.min(all.len())]).unwrap();
            assert_eq!(apply(&hosts, 1)[0].trouble, None, "{cut}");
            expect_silence(&hosts);
            let table = hosts[0].1.state().ipvs.render();
            assert!(!table.contains("10.1.1.14") && table.contains("10.1.1.13"), "{table}");
            assert_eq!(table.contains("-s rr"), restarting, "{table}");
        }
    }
}

/// What pulse would refuse, and what nobody says, stops the host before anything is done.
#[test]
fn files_that_are_not_fit() {
    let block = "virtual x {\n active = 1\n address = 192.0.2.77 eth0:2\n fwmark = 21\n persistent = 60\n}\n";
    for (file, primary, expected) in [
        ("primary = 10.1.1.1 # mine\n", true, "line 1: more words than this key takes"),
        ("primry = 10.1.1.1\n", true, "line 1: a key that pulse does not know here"),
        ("keepalive = 6\n", false, "it names no `primary`"),
        ("", false, "it names no `primary`"),
        (
            &format!("{block}virtual y {{\n active = 1\n address = 192.0.2.10 eth0:1\n port = 21\n}}\n"),
            true,
            "the virtual server x has mark 21, too, and another persistence",
        ),
        (
            "virtual y {\n address = 192.0.2.10 eth0:1\n fwmark = 21\n server a {\n }\n port = 21\n}\n",
            true,
            "its line `port` stands behind a server",
        ),
    ] {
        let hosts = fresh(Role::Active, |play| {
            if !primary {
                play["ftp_cluster"]["routers"].as_object_mut().unwrap().remove("primary");
            }
        });
        hosts[0].1.0.lock().unwrap().lvs_cf = Some(file.into());
        let before = hosts[0].1.state();
        let trouble = apply(&hosts, 1)[0].trouble.clone().map(|trouble| trouble.text().to_owned());
        assert!(trouble.as_ref().is_some_and(|text| text.contains(expected)), "{file}: {trouble:?}");
        assert_eq!(hosts[0].1.state(), before);
    }
}

/// What is not ours must be alike on both routers; that is somebody's own work, and told.
#[test]
fn files_that_differ_are_told() {
    let of = |role, more: &str| {
        let [(target, model)] = fresh(role, |_| {});
        model.0.lock().unwrap().lvs_cf = Some(format!("serial_no = 7\n{more}").into());
        (target, model)
    };
    for (there, here, expected) in [
        ("keepalive = 6\n", "keepalive = 6\n", &[][..]),
        (
            "keepalive = 6\n",
            "keepalive = 4\n",
            &[
                "/etc/sysconfig/ha/lvs.cf is not that of lvs1: `keepalive = 6` there, `keepalive = 4` here; make the rest of both \
               files the same",
            ],
        ),
    ] {
        let mut hosts = [of(Role::Active, there), of(Role::Backup, here)];
        "lvs2".clone_into(&mut hosts[1].0.host.name);
        for outcomes in [check(&hosts, 1), apply(&hosts, 1), check(&hosts, 1)] {
            assert_eq!(outcomes[0].warnings().count(), 0);
            assert_eq!(outcomes[1].warnings().collect::<Vec<_>>(), expected);
            assert!(outcomes.iter().all(|outcome| outcome.trouble.is_none()));
        }
    }
}
