//! What each host shall have, derived from whole clusters.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use super::{Target, targets};
use crate::{
    desired::resolve,
    inventory::{ConnectionOptions, Inventory},
    plan::Action,
    playbook::plays,
    source::{Faults, Source},
};
use serde_json::{Value, json};

fn derived(plays_json: &[Value]) -> Result<Vec<Target>, Faults> {
    let hosts = json!({
        "lvs": {"hosts": {"lvs1": {"lvs_iptables": "iptables-legacy"}, "lvs2": {}}},
        "ftp": {"hosts": {"10.1.1.[11:12]": {}}}
    });
    let inventory = Inventory::of(&[Source::new("hosts.json", hosts.to_string())])?;
    let plays = plays(&Source::new("playbook.json", json!(plays_json).to_string()))?;
    let clusters = resolve(&inventory, &plays, &ConnectionOptions::default())?;
    targets(&clusters, &clusters, &|_| true)
}

fn play(name: &str, mark: u32, address: &str) -> Value {
    json!({"name": name, "ftp_cluster": {
        "virtual_ip": address,
        "firewall_mark": mark,
        "routers": {"hosts": "lvs"},
        "real_servers": {"hosts": "ftp", "network": "10.1.1.0/24"}
    }})
}

/// Play and kind of each of a host's resources; services with their names.
fn wanted(target: &Target) -> Vec<String> {
    let line = |wanted: &super::Wanted| {
        let text = format!("{:?}", wanted.resource);
        let name = text.split_once("names: [\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or("");
        format!("{} {} {name}", wanted.play, wanted.resource.kind().name()).trim_end().to_owned()
    };
    // The path is only looked at.
    target.wanted.iter().filter(|wanted| wanted.resource.kind().name() != "path").map(line).collect()
}

#[test]
fn both_sides_are_derived() {
    let all = derived(&[play("A", 21, "192.0.2.10")]).unwrap();
    assert_eq!(
        all.iter().map(|target| target.host.name.as_str()).collect::<Vec<_>>(),
        ["lvs1", "lvs2", "10.1.1.11", "10.1.1.12"]
    );
    assert_eq!(
        wanted(&all[0]),
        [
            "A undo_guard",
            "A ip_forward",
            "A nat_rule",
            "A mark_rules",
            "A virtual_service",
            "A saved_ipvs",
            "A saved_filter",
            "A expire_quiescent_template",
            "A boot_sysctl",
            "A service_at_boot netfilter-persistent",
            "A service_at_boot ipvsadm",
        ]
    );
    assert_eq!(wanted(&all[2]), ["A vsftpd_conf", "A vsftpd_reload", "A service vsftpd", "A service_at_boot vsftpd"]);
}

#[test]
fn the_playbook_changes_services_and_adds_others_by_host() {
    let mut one = play("A", 21, "192.0.2.10");
    one["ftp_cluster"]["routers"]["services"] =
        json!({"piranha-gui": {"hosts": "lvs1"}, "ipvsadm": {"enabled": false, "running": false}});
    one["ftp_cluster"]["real_servers"]["services"] = json!({"vsftpd": {"runlevels": [3]}});
    let all = derived(&[one]).unwrap();
    let services = |index: usize| -> Vec<String> {
        wanted(&all[index]).into_iter().filter(|line| line.contains("service") && !line.contains("virtual")).collect()
    };
    assert_eq!(
        services(0),
        [
            "A service_at_boot piranha-gui",
            "A service_at_boot ipvsadm",
            "A service ipvsadm",
            "A service_at_boot netfilter-persistent"
        ]
    );
    assert_eq!(
        services(1),
        ["A service_at_boot ipvsadm", "A service ipvsadm", "A service_at_boot netfilter-persistent"]
    );
    assert_eq!(services(2), ["A service_at_boot vsftpd", "A service vsftpd"], "that it runs is wanted all the same");
}

#[test]
fn clusters_on_one_host_share_what_they_agree_on() {
    let one = play("A", 21, "192.0.2.10");
    let mut two = play("B", 22, "192.0.2.11");
    let faults = derived(&[one.clone(), two.clone()]).unwrap_err();
    assert!(faults.as_slice()[0].message().contains("want different range, address or settings for one vsftpd.conf"));
    two["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp[1]");
    let mut first = one.clone();
    first["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp[0]");
    let all = derived(&[first.clone(), two.clone()]).unwrap();
    let router = wanted(&all[0]);
    assert!(format!("{:?}", all[0].wanted[2].resource).contains("wanted: Some(("), "{:?}", all[0].wanted[2]);
    assert_eq!(router.iter().filter(|line| line.contains("saved_filter")).count(), 1);
    assert_eq!(router.iter().filter(|line| line.contains("mark_rules")).count(), 2);
    two["ftp_cluster"]["active_nat"] = json!("snat");
    let faults = derived(&[first, two]).unwrap_err();
    assert!(faults.as_slice()[0].message().contains("want different active_nat of one network on `lvs1`"));
}

/// What a cluster had before it came to another one's network is its own to remove; the rule that both need is not.
#[test]
fn a_shared_network_has_one_nat_rule_and_nothing_stale() {
    let mut plays = [play("A", 21, "192.0.2.10"), play("B", 22, "192.0.2.11")];
    for (number, one) in plays.iter_mut().enumerate() {
        one["ftp_cluster"]["real_servers"]["hosts"] = json!(format!("ftp[{number}]"));
    }
    let target = derived(&plays).unwrap().remove(1);
    let rule = |network: &str, play: &str| {
        format!(
            "-A POSTROUTING -s {network} -p tcp -m tcp --sport 20 -m comment --comment \"lvs-ftp: {play}\" -j MASQUERADE\n"
        )
    };
    let (shared, stale) = (rule("10.1.1.0/24", "A"), rule("10.2.2.0/24", "B"));
    for (rules, added, removed) in [
        (String::new(), 1, 0),
        (shared.clone(), 0, 0),
        (rule("10.1.1.0/24", "B"), 0, 0),
        (format!("{shared}{stale}"), 0, 1),
        (format!("{shared}{}", rule("10.1.1.0/24", "B")), 0, 1),
        (stale, 1, 1),
    ] {
        let dump = format!("*nat\n{rules}COMMIT\n").into_bytes();
        let said = |stdout: Vec<u8>| crate::probe::Answer { stdout, ..Default::default() };
        let mut actions = Vec::new();
        for wanted in target.wanted.iter().filter(|wanted| wanted.resource.kind().name() == "nat_rule") {
            let answers = [said(dump.clone()), said(b"iptables v1.8.9 (legacy)\n".to_vec())];
            let diff = wanted.resource.diff(&crate::probe::Facts::read(&wanted.resource.probes(), answers)).unwrap();
            actions.extend(diff.changes.into_iter().map(|change| change.action));
        }
        let count = |action| actions.iter().filter(|known| **known == action).count();
        assert_eq!((count(Action::Add), count(Action::Remove)), (added, removed), "{rules}");
    }
}

/// What a play names itself counts more than what any play needs; two that name different things are refused.
#[test]
fn services_that_one_cluster_names_overrule_those_that_another_needs() {
    let plays = |first: Value, second: Value| {
        let mut plays = [play("A", 21, "192.0.2.10"), play("B", 22, "192.0.2.11")];
        for (number, (one, services)) in plays.iter_mut().zip([first, second]).enumerate() {
            one["ftp_cluster"]["real_servers"]["hosts"] = json!(format!("ftp[{number}]"));
            one["ftp_cluster"]["routers"]["services"] = services;
        }
        derived(&plays)
    };
    let off = json!({"ipvsadm": {"enabled": false}});
    for (first, second, owner) in
        [(off.clone(), json!({}), "A"), (json!({}), off.clone(), "B"), (off.clone(), off.clone(), "A")]
    {
        let all = plays(first, second).unwrap();
        let is_ipvsadm = |wanted: &&super::Wanted| format!("{:?}", wanted.resource).contains("names: [\"ipvsadm\"]");
        let found: Vec<_> = all[0].wanted.iter().filter(is_ipvsadm).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].play, owner);
        assert!(format!("{:?}", found[0].resource).contains("AtBoot({3, 5}, false)"), "{found:?}");
    }
    let faults = plays(off, json!({"ipvsadm": {"runlevels": [5]}})).unwrap_err();
    let says = "the plays `A` and `B` want different states of the service `ipvsadm` on `lvs1`";
    assert_eq!(faults.as_slice()[0].message(), says);
    assert!(faults.as_slice()[0].place().is_some());
}

/// Real servers that answer past the routers have the virtual IP and are quiet about it; those behind NAT have a gateway.
#[test]
fn the_way_of_the_answers_is_derived() {
    let mut one = play("A", 21, "192.0.2.10");
    one["ftp_cluster"]["routers"]["nat_address"] = json!("10.1.1.1");
    let all = derived(&[one]).unwrap();
    assert_eq!(wanted(&all[2])[0], "A default_gateway");
    for (method, device) in [("direct", "lo"), ("tunnel", "tunl0")] {
        let mut one = play("A", 21, "192.0.2.10");
        one["ftp_cluster"]["forwarding"] = json!(method);
        one["ftp_cluster"]["routers"]["hosts"] = json!("lvs1");
        one["ftp_cluster"]["routers"]["vip"] = json!({"device": "eth0", "prefix": 24});
        let all = derived(&[one]).unwrap();
        assert!(wanted(&all[0]).contains(&"A address".to_owned()));
        assert!(wanted(&all[0]).contains(&"A address_at_boot".to_owned()));
        assert_eq!(
            wanted(&all[1]),
            [
                "A quiet_arp",
                "A address",
                "A vsftpd_conf",
                "A vsftpd_reload",
                "A boot_sysctl",
                "A address_at_boot",
                "A service vsftpd",
                "A service_at_boot vsftpd"
            ]
        );
        let text = format!("{:?}", all[1].wanted);
        assert!(text.contains(&format!("device: \"{device}\"")) && text.contains("passive_address: None"), "{text}");
    }
}

/// The daemon's table is not saved, its service starts at boot, and ipvsadm's does not.
#[test]
fn piranha_owns_the_table() {
    let mut one = play("A", 21, "192.0.2.10");
    one["ftp_cluster"]["routers"] = json!({
        "hosts": "lvs", "director": "piranha", "vip_device": "eth0:1",
        "nat_router": {"address": "10.1.1.1", "device": "eth1:1"},
        "services": {"piranha-gui": {"hosts": "lvs1"}}
    });
    let all = derived(&[one]).unwrap();
    let from = |index: usize| wanted(&all[index]).split_off(4);
    let rest = [
        "A saved_filter",
        "A expire_quiescent_template",
        "A boot_sysctl",
        "A service_at_boot netfilter-persistent",
        "A service_at_boot pulse",
        "A service_at_boot ipvsadm",
    ];
    assert_eq!(from(1), [&["A lvs_cf", "A virtual_service"], &rest[..]].concat());
    assert!(from(0).contains(&"A service_at_boot piranha-gui".to_owned()));
    let text = format!("{:?}", all[0].wanted);
    assert!(text.contains("AtBoot({3, 5}, false)"), "ipvsadm's own service is off: {text}");
    assert!(wanted(&all[2]).contains(&"A default_gateway".to_owned()));
}
