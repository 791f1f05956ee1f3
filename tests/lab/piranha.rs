//! The director piranha, by a stand-in for its daemons (pulse.rs) on both routers: from a playbook to a download.

use crate::{
    ftp::expect_service,
    hosts::{ROUTERS, SERVERS, lab, on, path, text},
    keepalived::eventually,
    machines::{Trial, trial},
    model::lvs_cf,
    product::Site,
    state::fresh,
};
use serde_json::json;
use std::fs;

pub fn trials() -> Vec<Trial> {
    vec![trial("piranha::from_a_playbook_to_a_download", from_a_playbook_to_a_download)]
}

const CONF: &str = "/etc/sysconfig/ha/lvs.cf";
const FOREIGN: &str = "# by hand\nkeepalive\t= 1\ndeadtime\t= 4\n";
const INIT: &str = include_str!("pulse-init");

const TABLE: &str = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:21 -m -w 1\n-a -f 21 -r 10.1.1.12:21 -m -w 1\n\
    -a -f 21 -r 10.1.1.13:21 -m -w 1\n";

fn site(name: &str, hosts: &str) -> Site {
    Site::playing(name, |plays| {
        plays[0]["ftp_cluster"]["real_servers"]["hosts"] = json!(hosts);
        plays[0]["ftp_cluster"]["routers"] = json!({
            "hosts": "lvs_routers", "director": "piranha", "director_restart": "on_drift",
            "vip_device": "eth0:1", "vip_netmask": "255.255.255.0",
            "nat_router": {"address": "10.1.1.1", "device": "eth1:1"},
            "primary": "192.0.2.2", "backup": "192.0.2.3",
            "monitor": {"send": "QUIT\\r\\n", "expect": "220", "timeout": 2, "reentry": 4}
        });
    })
}

fn table(host: &str) -> String {
    on(host, "ipvsadm -S -n").replace(" \n", "\n")
}

fn has(host: &str, address: &str) -> bool {
    on(host, "ip -4 -o addr show").contains(&format!(" {address}/"))
}

fn set_up() -> Site {
    fresh();
    on("lvs1", "ip addr del 192.0.2.10/24 dev eth0; ip addr del 10.1.1.1/24 dev eth1");
    let program = std::env::current_exe().unwrap();
    for router in ROUTERS {
        on(router, "mkdir -p /etc/sysconfig/ha");
        for name in ["pulse", "lvsd", "nanny"] {
            on(router, &format!("ln -s '{}' /usr/sbin/{name}", program.display()));
        }
        fs::write(path(router, "/etc/init.d/pulse"), INIT).unwrap();
        on(router, "chmod +x /etc/init.d/pulse");
        fs::write(path(router, CONF), FOREIGN).unwrap();
    }
    let site = site("piranha", "ftp_servers");
    site.converge();
    eventually("lvs1 has both", || has("lvs1", "192.0.2.10") && has("lvs1", "10.1.1.1") && !has("lvs2", "192.0.2.10"));
    site
}

/// Both routers have one file, which a strict reader takes.
fn expect_one_file() -> String {
    let [one, two] = ROUTERS.map(|router| text(router, CONF));
    assert_eq!(one, two);
    assert!(one.contains(FOREIGN), "{one}");
    lvs_cf::read(one.as_bytes()).unwrap();
    one
}

fn from_a_playbook_to_a_download() {
    let site = set_up();
    eventually("the table is full", || table("lvs1") == TABLE);
    assert_eq!(table("lvs2"), "");
    expect_one_file();
    site.expect_silence("--check");
    expect_service("192.0.2.10", &SERVERS, &["curl", "lftp"]);
    a_dead_server_is_health(&site);
    drift_is_cured(&site);
    a_server_leaves(&site);
    the_backup_takes_over(&site);
}

fn a_dead_server_is_health(site: &Site) {
    on("ftp2", "/etc/init.d/vsftpd stop");
    eventually("ftp2 is out", || !table("lvs1").contains("10.1.1.12"));
    let run = site.apply("--check --limit lvs_routers");
    run.expect_status(0);
    let told = "lvs1: health: 10.1.1.12:21 (ftp2) is out: its check failed, ";
    assert!(run.warnings.iter().any(|line| line.starts_with(told)), "{:?}", run.warnings);
    expect_service("192.0.2.10", &["ftp1", "ftp3"], &["curl"]);
    on("ftp2", "/etc/init.d/vsftpd start");
    eventually("ftp2 is back", || table("lvs1") == TABLE);
}

fn drift_is_cured(site: &Site) {
    // In the file, on both.
    for router in ROUTERS {
        on(router, &format!("sed -i -e 's/weight = 1/weight = 7/' -e 's/persistent = 300/persistent = 5/' {CONF}"));
    }
    site.converge();
    eventually("the table is full", || table("lvs1") == TABLE);
    let file = expect_one_file();
    assert!(file.contains("persistent = 300\n") && !file.contains("weight = 7"), "{file}");
    // In the kernel alone. tests/laws/piranha.rs has every kind of it.
    on("lvs1", "ipvsadm -d -f 21 -r 10.1.1.11:21; ipvsadm -E -f 21 -s rr -p 300");
    let check = site.apply("--check");
    check.expect_status(3);
    assert_eq!(check.changes.len(), 1, "{:?}", check.changes);
    site.converge();
    eventually("the table is full", || table("lvs1") == TABLE);
    site.expect_silence("--check");
}

fn a_server_leaves(site_with_all: &Site) {
    site("left", "ftp_servers:!ftp2").converge();
    assert!(!table("lvs1").contains("10.1.1.12") && table("lvs1").contains("10.1.1.13"), "{}", table("lvs1"));
    assert!(expect_one_file().contains("10.1.1.12\n         active = 0\n"));
    site_with_all.converge();
    eventually("ftp2 is back", || table("lvs1") == TABLE);
    expect_one_file();
}

fn the_backup_takes_over(site: &Site) {
    lab("ip link set lvs1-eth0 down");
    lab("ip link set lvs1-eth1 down");
    eventually("lvs2 has both", || has("lvs2", "192.0.2.10") && has("lvs2", "10.1.1.1"));
    eventually("its table is full", || table("lvs2") == TABLE);
    // The stand-in tells nobody that the addresses have moved.
    for host in ["client", "ftp1", "ftp2", "ftp3"] {
        on(host, "ip neigh flush all");
    }
    expect_service("192.0.2.10", &SERVERS, &["curl"]);
    site.apply("--check --limit lvs2").expect_status(0);
    lab("ip link set lvs1-eth0 up");
    lab("ip link set lvs1-eth1 up");
}
