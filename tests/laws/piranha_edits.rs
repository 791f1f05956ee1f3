//! Two hundred edits of a playbook, one after the other, on an active router and on its backup, with somebody's own file:
//! each converges, pulse takes each file, and what is not ours stays as it is.

use crate::{
    model::{Model, State, lvs_cf, piranha::Role},
    support::{
        keepalived::router,
        piranha::play,
        run::{check, options},
    },
};
use lvs_ftp::{
    plan::Change,
    run::{Options, Progress},
};
use serde_json::{Value, json};

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    fn of(&mut self, values: &[Value]) -> Value {
        values[self.below(values.len())].clone()
    }
}

const HEAD: &str = "# by hand\nserial_no = 7\nprimary\t=  10.1.1.1\nbackup_active = 0\nheartbeat_port = 1050\n";
const BLOCK: &str = "\nvirtual web {\n\tactive = 1\n\taddress = 192.0.2.77 eth0:7\n\tsend = \"GET / HTTP/1.0\\r\\n\\r\\n\"\n\t# why not\n\t\
    server a {\n\t\taddress = 10.1.1.77\n\t\tactive = 1\n\t}\n} \n\nfailover f {\n   active = 0\n   start_cmd = 'a b'\n}\n";

fn edit(play: &mut Value, weights: &mut [u64; 4], dice: &mut Dice) {
    let cluster = &mut play["ftp_cluster"];
    match dice.below(13) {
        0 => cluster["scheduler"] = dice.of(&[json!("wlc"), json!("rr"), json!("sh"), json!("lblcr")]),
        1 => {
            cluster["persistence"] =
                dice.of(&[json!(300), json!(1), json!({"timeout": 77, "netmask": "255.255.255.0"})]);
        }
        2 => cluster["firewall_mark"] = dice.of(&[json!(21), json!(22), json!(2_147_483_647)]),
        3 => {
            let method = dice.of(&[json!("nat"), json!("direct"), json!("tunnel")]);
            let routers = cluster["routers"].as_object_mut().unwrap();
            routers.remove("nat_router");
            if method == "nat" {
                routers.insert("nat_router".to_owned(), json!({"address": "10.1.1.1", "device": "eth1:1"}));
            }
            cluster["forwarding"] = method;
        }
        4 | 5 => {
            let all = ["ftp", "ftp:!10.1.1.11", "ftp:!10.1.1.12", "10.1.1.13", "ftp:!10.1.1.14"];
            cluster["real_servers"]["hosts"] = json!(all[dice.below(all.len())]);
        }
        6 | 7 => weights[dice.below(4)] = [0, 1, 3, 65535][dice.below(4)],
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
        _ => cluster["control_port"] = dice.of(&[json!(21), json!(2121)]),
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

/// Rules that are no longer wanted wait for sessions on the real servers, which are not in these runs.
fn waits_for_servers(change: &Change) -> bool {
    change.summary.starts_with("mangle (stale)")
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
        for hosts in &routers {
            let options = Options { may_wait: false, ..options(1) };
            let outcome = lvs_ftp::run::apply(hosts, &options).unwrap().remove(0);
            assert_eq!(outcome.trouble, None, "{number}: {play:#}");
            let undone: Vec<String> = outcome
                .each()
                .filter(|(_, change, progress)| **progress != Progress::Made && !waits_for_servers(change))
                .map(|(_, change, progress)| format!("{}: {progress:?}", change.summary))
                .collect();
            assert!(undone.is_empty(), "{number}: {undone:#?} {play:#}");
            if !hosts[0].1.state().is_active() && number % 9 != 0 {
                continue;
            }
            let again = check(hosts, 1).remove(0);
            let left: Vec<&str> = again
                .changes()
                .filter(|change| !waits_for_servers(change))
                .map(|change| change.summary.as_str())
                .collect();
            assert!(left.is_empty(), "{number}: {left:?} {play:#}");
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
