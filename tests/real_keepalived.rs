//! keepalived itself takes every file that we write: two hundred edits of a playbook, one after the other, on one router
//! with a file of somebody's own.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod model;
mod support;

use model::{Model, State};
use serde_json::{Value, json};
use std::{fmt::Write, fs};
use support::{
    edits::{self, Dice, Own},
    keepalived::{play, router},
    run::{apply, check},
};

const FOREIGN: &str = "# by hand { not a block\nglobal_defs {\n  router_id \"lab # one\" ! ours\n}\n\
    virtual_server 192.0.2.77 80 {\n  lvs_sched rr\n  lvs_method NAT\n  protocol TCP\n  \
    real_server 10.1.1.77 80 {\n    weight 2\n    TCP_CHECK {\n      connect_timeout 2\n    }\n  }\n}\n";

/// One edit of the playbook or of the weights in the inventory.
fn edit(play: &mut Value, weights: &mut [u64; 4], dice: &mut Dice) {
    let cluster = &mut play["ftp_cluster"];
    match dice.below(edits::KINDS + 4) {
        8 => {
            cluster["routers"]["monitor"] = dice.of(&[
                json!({}),
                json!({"check": "login"}),
                json!({"check": "login", "netrc": "/etc/keepalived/ftp.netrc", "timeout": 9}),
                json!({"interval": 3600, "retries": 100, "on_failure": "quiesce"}),
                json!({"on_failure": "quiesce", "check": "login", "retries": 0}),
            ]);
        }
        9 => drop(cluster["routers"].as_object_mut().unwrap().remove("monitor")),
        10 => {
            cluster["routers"]["vrrp"] =
                dice.of(&[json!({"router_id": 1}), json!({"router_id": 255, "interval": 40, "device": "eth1"})]);
        }
        11 => {
            cluster["routers"]["vip"] = dice.of(&[json!({"device": "eth0", "prefix": 24}), json!({"device": "eth1"})]);
        }
        kind => {
            let nat = ("nat_address", json!({"address": "10.1.1.1", "device": "eth1"}));
            edits::edit(kind, cluster, weights, Own { scheduler: "mh", nat }, dice);
        }
    }
}

/// What somebody does to the file.
fn damage(state: &mut State, dice: &mut Dice) {
    let text = String::from_utf8(state.keepalived_conf.clone().unwrap()).unwrap();
    let text = text.strip_prefix(FOREIGN).unwrap();
    let new = match dice.below(5) {
        0 => text.replace("weight 1\n", "weight 9 # mine\n"),
        1 => text.replace("real_server 10.1.1.12 0", "real_server 10.1.1.99"),
        2 => text.replace("    TCP_CHECK {", "  alpha no ! mine\n TCP_CHECK\n{"),
        3 => text.replace("lvs_method", "lb_kind"),
        _ => text.replace("persistence_timeout", "! persistence_timeout"),
    };
    state.keepalived_conf = Some((FOREIGN.to_owned() + &new).into_bytes());
}

#[test]
fn keepalived_takes_every_file_of_two_hundred_edits() {
    let mut dice = Dice(7);
    let names = ["netfilter-persistent", "keepalived"];
    let host = Model::new(State {
        keepalived_conf: Some(FOREIGN.into()),
        services: names.map(|name| (name.to_owned(), [].into())).into(),
        saved_filter: Some(String::new()),
        ..State::default()
    });
    let (mut play, mut weights) = (play(), [1_u64; 4]);
    let folder = tempfile::tempdir().unwrap();
    let mut hosts = [(router(&play, &weights), host)];
    for number in 0..200 {
        if number % 7 == 3 {
            damage(&mut hosts[0].1.0.lock().unwrap(), &mut dice);
        }
        let outcome = apply(&hosts, 1).remove(0);
        let what = format!("edit {number}: {play:#}");
        edits::expect_made(&outcome, &what);
        edits::expect_nothing(&check(&hosts, 1)[0], &what);
        let state = hosts[0].1.state();
        let text = state.keepalived_conf.clone().unwrap();
        assert!(text.starts_with(FOREIGN.as_bytes()), "{}", String::from_utf8_lossy(&text));
        fs::write(folder.path().join(format!("{number:03}.conf")), text).unwrap();
        edit(&mut play, &mut weights, &mut dice);
        hosts[0].0 = router(&play, &weights);
    }
    let mut script = "ip link add eth0 type veth peer name eth1; ip link set eth0 up; ip link set eth1 up\n\
        ip addr add 192.0.2.2/24 dev eth0; ip addr add 10.1.1.2/24 dev eth1\n"
        .to_owned();
    // 6: scripts run, and enable_script_security is not set. That is its only complaint.
    write!(
        script,
        "for file in {}/*.conf; do says=$(keepalived -t -f \"$file\" 2>&1); status=$?\n\
         case $status in 0 | 6) ;; *) echo \"$file $status $says\" ;; esac\n\
         echo \"$says\" | grep -v -e 'SECURITY VIOLATION' -e '^$'; echo tried; done",
        folder.path().display()
    )
    .unwrap();
    let said = duct::cmd!("unshare", "--net", "sh", "-c", script).unchecked().read().unwrap();
    let complaints: Vec<&str> = said.lines().filter(|line| *line != "tried").collect();
    assert!(complaints.is_empty(), "{:#?}", &complaints[..complaints.len().min(9)]);
    assert_eq!(said.lines().count(), 200);
}
