//! Two hundred edits of a playbook, one after the other, on an active router and on its backup, with somebody's own file:
//! each converges, pulse takes each file, and what is not ours stays as it is.

use crate::{
    model::{Model, State, lvs_cf, piranha::Role},
    support::{
        edits::{self, Dice, Own},
        keepalived::router,
        piranha::play,
        run::{check, options},
    },
};
use lvs_ftp::run::Options;
use serde_json::{Value, json};

const HEAD: &str = "# by hand\nserial_no = 7\nprimary\t=  10.1.1.1\nbackup_active = 0\nheartbeat_port = 1050\n";
const BLOCK: &str = "\nvirtual web {\n\tactive = 1\n\taddress = 192.0.2.77 eth0:7\n\tsend = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n\t# why not\n\t\
    server a {\n\t\taddress = 10.1.1.77\n\t\tactive = 1\n\t}\n} \n\nfailover f {\n   active = 0\n   start_cmd = 'a b'\n}\n";

fn edit(play: &mut Value, weights: &mut [u64; 4], dice: &mut Dice) {
    let cluster = &mut play["ftp_cluster"];
    match dice.below(edits::KINDS + 5) {
        8 => {
            cluster["routers"]["monitor"] = dice.of(&[
                json!({}),
                json!({"send": "QUIT\\r\\n", "expect": "220"}),
                json!({"send": "it's", "timeout": 3600}),
                json!({"expect": "*", "reentry": 1, "timeout": 1}),
            ]);
        }
        9 => drop(cluster["routers"].as_object_mut().unwrap().remove("monitor")),
        10 => cluster["routers"]["vip_device"] = dice.of(&[json!("eth0:1"), json!("bond0.12:9")]),
        11 => cluster["routers"]["vip_netmask"] = dice.of(&[json!("255.255.255.0"), json!("255.255.255.255")]),
        12 => cluster["control_port"] = dice.of(&[json!(21), json!(2121)]),
        kind => {
            let nat = ("nat_router", json!({"address": "10.1.1.1", "device": "eth1:1"}));
            edits::edit(kind, cluster, weights, Own { scheduler: "lblcr", nat }, dice);
        }
    }
}

/// What somebody does to our part of the file.
fn damage(text: &str, dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => text.replace("weight = 1\n", "weight = 0x9\n"),
        1 => text.replace("address = 10.1.1.12\n", "address = 10.1.1.99\n"),
        2 => text.replace("     scheduler = ", "     quiesce_server = 1\n     # mine\n     scheduler =   "),
        3 => text.replace("     persistent = ", "     persistent = 9\n     persistent = "),
        4 => text.replace("network = ", "debug_level = NONE\nnetwork = "),
        _ => text.replace("nat_router = 10.1.1.1", "nat_router = 10.1.1.9"),
    }
}

#[test]
fn two_hundred_edits_converge() {
    let names = ["netfilter-persistent", "pulse"];
    let host = |role| {
        Model::new(State {
            lvs_cf: Some((HEAD.to_owned() + BLOCK).into()),
            services: names.map(|name| (name.to_owned(), [].into())).into(),
            saved_filter: Some(String::new()),
            role,
            ..State::default()
        })
    };
    let (mut dice, mut play, mut weights) = (Dice(11), play(), [1_u64; 4]);
    play["ftp_cluster"]["routers"]["director_restart"] = json!("on_drift");
    play["ftp_cluster"]["drain_timeout"] = json!(0);
    let mut routers = [Role::Active, Role::Backup].map(|role| [(router(&play, &weights), host(role))]);
    for number in 0..200 {
        if number % 7 == 3 {
            let text = String::from_utf8(routers[0][0].1.state().lvs_cf.unwrap()).unwrap();
            let new = damage(&text, &mut dice);
            for hosts in &routers {
                hosts[0].1.0.lock().unwrap().lvs_cf = Some(new.clone().into());
            }
        }
        let what = format!("edit {number}: {play:#}");
        for hosts in &routers {
            let options = Options { may_wait: false, ..options(1) };
            let outcome = lvs_ftp::run::apply(hosts, &options).unwrap().remove(0);
            edits::expect_made(&outcome, &what);
            if !hosts[0].1.state().is_active() && number % 9 != 0 {
                continue;
            }
            edits::expect_nothing(&check(hosts, 1)[0], &what);
        }
        let files: Vec<String> =
            routers.iter().map(|hosts| String::from_utf8(hosts[0].1.state().lvs_cf.unwrap()).unwrap()).collect();
        assert_eq!(files[0], files[1], "{number}");
        let config = lvs_cf::read(files[0].as_bytes()).unwrap_or_else(|why| panic!("{number}: {why}\n{}", files[0]));
        assert!(config.virtuals.len() == 3 && files[0].contains(BLOCK), "{number}: {}", files[0]);
        assert!(files[0].starts_with("# by hand\nserial_no = ") && files[0].contains("primary\t=  10.1.1.1\n"));
        edit(&mut play, &mut weights, &mut dice);
        for hosts in &mut routers {
            hosts[0].0 = router(&play, &weights);
        }
    }
}
