//! keepalived owns the table: its file converges, clients are drained, health is no drift, and what it does not see is told.

use crate::{
    model::{Model, State},
    support::{
        keepalived::{play, router},
        run::{apply, check},
    },
};
use lvs_ftp::{
    desired::Target,
    host::Change,
    plan::{Stage, Step, steps},
    run::{Outcome, Progress},
};
use serde_json::{Value, json};

fn state() -> State {
    let names = ["netfilter-persistent", "keepalived"];
    State {
        services: names.map(|name| (name.to_owned(), [].into())).into(),
        saved_filter: Some(String::new()),
        ..State::default()
    }
}

/// The converged router, its play changed by this.
fn converged(change: impl FnOnce(&mut Value)) -> [(Target, Model); 1] {
    let mut play = play();
    change(&mut play);
    let hosts = [(router(&play, &[1; 4]), Model::new(state()))];
    assert_eq!(apply(&hosts, 1)[0].trouble, None);
    assert_eq!(check(&hosts, 1)[0].changes().count(), 0);
    hosts
}

fn without_the_last(play: &mut Value) {
    play["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp:!10.1.1.14");
    play["ftp_cluster"]["drain_timeout"] = json!(0);
}

fn destination(hosts: &[(Target, Model); 1], address: &str) -> Option<i64> {
    let state = hosts[0].1.state();
    let known = state.ipvs.services.iter().flat_map(|service| &service.destinations);
    known.filter(|one| one.address == address).map(|one| one.weight).next()
}

fn undone(outcome: &Outcome) -> Vec<&Progress> {
    outcome.each().map(|(_, _, progress)| progress).filter(|progress| **progress != Progress::Made).collect()
}

/// A server that leaves has weight 0 in the file first, and goes when its connections have ended.
#[test]
fn a_server_that_leaves_is_drained_in_the_file() {
    let mut hosts = converged(|_| {});
    let served = ("-f 21".to_owned(), "10.1.1.14:0".to_owned());
    hosts[0].1.0.lock().unwrap().connections.insert(served.clone(), 3);
    let mut play = play();
    without_the_last(&mut play);
    play["ftp_cluster"]["drain_timeout"] = json!(300);
    hosts[0].0 = router(&play, &[1; 4]);
    let run = |hosts: &[(Target, Model); 1]| {
        let options = lvs_ftp::run::Options { may_wait: false, ..crate::support::run::options(1) };
        lvs_ftp::run::apply(hosts, &options).unwrap().remove(0)
    };
    for _ in 0..2 {
        let outcome = run(&hosts);
        assert_eq!(outcome.trouble, None);
        let undone = undone(&outcome);
        assert!(undone.len() == 2 && undone.iter().all(|one| matches!(one, Progress::Draining(_))), "{undone:?}");
        assert_eq!(destination(&hosts, "10.1.1.14:0"), Some(0));
    }
    hosts[0].1.0.lock().unwrap().connections.remove(&served);
    assert_eq!(run(&hosts).trouble, None);
    assert_eq!(destination(&hosts, "10.1.1.14:0"), None);
    assert_eq!(check(&hosts, 1)[0].changes().count(), 0);
}

/// A run may die after any step.
#[test]
fn any_prefix_plans_on() {
    for cut in 0..9 {
        let mut hosts = converged(|_| {});
        let mut play = play();
        without_the_last(&mut play);
        play["ftp_cluster"]["scheduler"] = json!("rr");
        hosts[0].0 = router(&play, &[2; 4]);
        let outcome = check(&hosts, 1).remove(0);
        let all: Vec<Step> = Stage::ALL.iter().flat_map(|stage| steps(outcome.changes(), *stage)).collect();
        hosts[0].1.change(&all[..cut.min(all.len())]).unwrap();
        assert_eq!(apply(&hosts, 1)[0].trouble, None, "{cut}");
        assert_eq!(check(&hosts, 1)[0].changes().count(), 0, "{cut}");
        let text = String::from_utf8(hosts[0].1.state().keepalived_conf.unwrap()).unwrap();
        assert!(!text.contains("10.1.1.14") && text.contains("lvs_sched rr") && text.contains("weight 2"), "{text}");
        assert_eq!(destination(&hosts, "10.1.1.13:0"), Some(2));
    }
}

#[test]
fn a_failed_check_is_health() {
    let hosts = converged(|_| {});
    {
        let mut state = hosts[0].1.0.lock().unwrap();
        state.failed.insert(12);
        state.ipvs.services[0].destinations.retain(|one| one.address != "10.1.1.12:0");
    }
    let outcome = check(&hosts, 1).remove(0);
    assert_eq!(outcome.changes().count(), 0);
    let told: Vec<&String> = outcome.warnings().collect();
    assert_eq!(told, ["health: 10.1.1.12:0 (10.1.1.12) is out: its check has failed since 1970-01-01T00:33:10Z"]);
}

/// What keepalived does not see is told, and cured only where that is asked for.
#[test]
fn drift_in_the_kernel_is_cured_by_a_restart() {
    for damage in ["missing", "weight", "extra", "scheduler", "service"] {
        for restarts in [false, true] {
            let hosts = converged(|play| {
                if restarts {
                    play["ftp_cluster"]["routers"]["director_restart"] = json!("on_drift");
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
                        extra.address = "10.1.1.99:0".to_owned();
                        service.destinations.push(extra);
                    }
                    "scheduler" => service.scheduler = "rr".to_owned(),
                    _ => state.ipvs.services.clear(),
                }
            }
            assert_eq!(check(&hosts, 1)[0].changes().count(), 1, "{damage}");
            let outcome = apply(&hosts, 1).remove(0);
            assert_eq!(outcome.trouble.is_none(), restarts, "{damage}: {:?}", outcome.trouble);
            assert_eq!(hosts[0].1.state().ipvs == before, restarts, "{damage}");
        }
    }
}

/// The text of the file after a run over what is there.
fn text_after(found: &str) -> String {
    let mut play = play();
    play["ftp_cluster"]["routers"]["monitor"] = json!({"check": "login"});
    let state = State { keepalived_conf: (!found.is_empty()).then(|| found.into()), ..state() };
    let hosts = [(router(&play, &[1; 4]), Model::new(state))];
    assert_eq!(apply(&hosts, 1)[0].trouble, None, "{found}");
    assert_eq!(check(&hosts, 1)[0].changes().count(), 0, "{found}");
    String::from_utf8(hosts[0].1.state().keepalived_conf.unwrap()).unwrap()
}

/// Without `accept`, `vrrp_strict` makes keepalived drop what comes to the virtual IP.
#[test]
fn the_virtual_ip_takes_packets_under_vrrp_strict() {
    let accepts = |text: &str| text.lines().any(|line| line.trim() == "accept");
    let strict = "global_defs {\n    vrrp_strict\n}\n";
    assert!(accepts(&text_after("")) && accepts(&text_after(strict)));
    // A block of before is completed where it needs that, and is else left as it is.
    let of_before = text_after("").replace("    accept\n", "");
    assert!(!accepts(&of_before), "{of_before}");
    assert_eq!(text_after(&of_before), of_before);
    for (globals, needs) in [
        (strict, true),
        ("global_defs {\n    vrrp_strict on\n}\n", true),
        ("global_defs {\n    vrrp_strict off\n}\n", false),
        ("global_defs {\n    router_id x\n}\n", false),
    ] {
        assert_eq!(accepts(&text_after(&format!("{globals}{of_before}"))), needs, "{globals}");
    }
    let own = of_before.replace("    virtual_router_id", "    strict_mode off\n    virtual_router_id");
    assert!(!accepts(&text_after(&format!("{strict}{own}"))));
    let refuses = text_after("").replace("    accept\n", "    no_accept\n");
    assert!(!text_after(&refuses).contains("no_accept"));
}

/// keepalived refuses one of two virtual routers that have one number on one device: told before anything is done.
#[test]
fn a_number_that_another_virtual_router_has_is_named_by_check() {
    let mut play = play();
    play["ftp_cluster"]["routers"]["vrrp"] = json!({"router_id": 51});
    let other = |device: &str, number: &str, more: &str| {
        format!(
            "$DEV=eth0\nvrrp_instance office {{\n    interface {device}\n    virtual_router_id {number}\n    priority 9\n{more}\
             \n    virtual_ipaddress {{\n        198.51.100.7/24\n    }}\n}}\n"
        )
    };
    for (text, collides) in [
        (other("eth0", "51", ""), true),
        (other("$DEV", "51", ""), true),
        (other("${DEV}", "051", ""), true),
        (other("eth1", "51", ""), false),
        (other("eth0", "52", ""), false),
        (other("eth0", "51", "    native_ipv6"), false),
        (other("eth0", "51", "").replace("198.51.100.7/24", "2001:db8::7/64"), false),
    ] {
        let state = State { keepalived_conf: Some(text.clone().into()), ..state() };
        let hosts = [(router(&play, &[1; 4]), Model::new(state))];
        let told = check(&hosts, 1).remove(0).trouble.map(|why| why.text().to_owned()).unwrap_or_default();
        let names = told.contains("`vrrp_instance office` has the virtual_router_id 51 on eth0 already");
        assert_eq!((names, !told.is_empty()), (collides, collides), "{text}{told}");
    }
}

/// Where keepalived takes no path through a link, as /bin is, scripts of ours name the shell by its real path; the old
/// one in our block is drift; and whoever's script has the same fault is told.
#[test]
fn the_shell_is_named_by_its_real_path() {
    let old = text_after("");
    assert!(old.contains("notify_down \"/bin/sh -c ") && old.contains("misc_path \"/bin/sh -c "), "{old}");
    let mut play = play();
    play["ftp_cluster"]["routers"]["monitor"] = json!({"check": "login"});
    let foreign = "vrrp_script web {\n    script \"/sbin/web-is-well now\"\n}\n";
    let state = State {
        keepalived_conf: Some(format!("{foreign}{old}").into()),
        shell: "/usr/bin/dash".to_owned(),
        linked_scripts: vec!["/bin/sh".to_owned(), "/sbin/web-is-well".to_owned()],
        ..state()
    };
    let hosts = [(router(&play, &[1; 4]), Model::new(state))];
    let outcome = apply(&hosts, 1).remove(0);
    assert_eq!(outcome.trouble, None);
    let told: Vec<&String> = outcome.warnings().filter(|text| text.contains("disables")).collect();
    assert!(told.len() == 1 && told[0].contains("/sbin/web-is-well,"), "{told:?}");
    let new = String::from_utf8(hosts[0].1.state().keepalived_conf.unwrap()).unwrap();
    assert_eq!(new, format!("{foreign}{}", old.replace("\"/bin/sh -c", "\"/usr/bin/dash -c")));
    assert_eq!(check(&hosts, 1)[0].changes().count(), 0);
}

/// Our first scripts make `keepalived -t` exit with 6: told with the edit that brings them, and never again.
#[test]
fn the_first_scripts_without_script_security_are_told_once() {
    let told = |hosts: &[(Target, Model); 1]| {
        let outcome = apply(hosts, 1).remove(0);
        assert_eq!(outcome.trouble, None);
        outcome.warnings().any(|text| text.contains("exits with 6"))
    };
    for (found, wanted) in [
        ("", true),
        ("global_defs {\n    router_id x\n}\n", true),
        ("global_defs {\n    enable_script_security\n}\n", false),
        ("vrrp_script web {\n    script \"/usr/bin/web\"\n}\n", false),
    ] {
        let state = State { keepalived_conf: Some(found.into()), ..state() };
        let hosts = [(router(&play(), &[1; 4]), Model::new(state))];
        assert_eq!(told(&hosts), wanted, "{found}");
        assert!(!told(&hosts), "{found}");
    }
}
