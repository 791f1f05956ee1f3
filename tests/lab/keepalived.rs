//! The director keepalived: Debian's own on both routers, with VRRP between them.

use crate::{
    ftp::expect_service,
    hosts::{ROUTERS, SERVERS, lab, on, path, text},
    machines::{Trial, trial},
    product::Site,
    state::fresh,
};
use serde_json::{Value, json};
use std::{fs, thread::sleep, time::Duration};

pub fn trials() -> Vec<Trial> {
    vec![trial("keepalived::health_and_drift", health_and_drift), trial("keepalived::clients_move", clients_move)]
}

const CONF: &str = "/etc/keepalived/keepalived.conf";
const FOREIGN: &str = "! by hand\nglobal_defs {\n   router_id  lab # ours\n}\n";

fn by_keepalived(plays: &mut Value) {
    let routers = &mut plays[0]["ftp_cluster"]["routers"];
    routers["director"] = json!("keepalived");
    routers["director_restart"] = json!("on_drift");
    routers["vip"] = json!({"device": "eth0", "prefix": 24});
    routers["nat_address"] = json!({"address": "10.1.1.1", "device": "eth1", "prefix": 24});
    routers["vrrp"] = json!({"router_id": 51});
    routers["monitor"] = json!({"interval": 2, "timeout": 5, "retries": 1});
}

fn site(name: &str, more: fn(&mut Value)) -> Site {
    Site::with(
        name,
        |all| all["children"]["lvs_routers"]["hosts"]["lvs1"]["lvs_vrrp_priority"] = json!(150),
        |plays| {
            by_keepalived(plays);
            more(plays);
        },
    )
}

/// Waits for at most half a minute.
pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..60 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(500));
    }
    panic!("never: {what}");
}

fn has(host: &str, address: &str) -> bool {
    on(host, "ip -4 -o addr show").contains(&format!(" {address}/"))
}

fn table(host: &str) -> String {
    on(host, "ipvsadm -S -n")
}

const TABLE: &str = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n\
    -a -f 21 -r 10.1.1.13:0 -m -w 1\n";

/// Both routers from nothing: nobody has the virtual IP but by VRRP.
fn set_up() -> Site {
    fresh();
    on("lvs1", "ip addr del 192.0.2.10/24 dev eth0; ip addr del 10.1.1.1/24 dev eth1");
    fs::write(path("lvs1", CONF), FOREIGN).unwrap();
    let site = site("keepalived", |_| {});
    site.converge();
    eventually("lvs1 has both", || has("lvs1", "192.0.2.10") && has("lvs1", "10.1.1.1"));
    site
}

fn health_and_drift() {
    let site = set_up();
    site.expect_silence("--check");
    assert!(!has("lvs2", "192.0.2.10"));
    for router in ROUTERS {
        assert_eq!(table(router).replace(" \n", "\n"), TABLE, "{router}");
        on(router, &format!("keepalived -t -f {CONF} || [ $? = 6 ]"));
    }
    assert!(text("lvs1", CONF).starts_with(FOREIGN));
    expect_service("192.0.2.10", &SERVERS, &["curl", "lftp"]);
    a_dead_server_is_health(&site);
    drift_is_cured(&site);
}

fn clients_move() {
    let site = set_up();
    a_server_leaves();
    the_backup_takes_over(&site);
    a_login_is_a_check();
}

/// curl costs much in the lab, so it looks seldom; the first look comes within the first interval.
fn a_login_is_a_check() {
    let login = site("login", |plays| {
        plays[0]["ftp_cluster"]["routers"]["monitor"] =
            json!({"check": "login", "interval": 10, "timeout": 9, "retries": 2});
    });
    login.converge();
    assert!(text("lvs2", CONF).contains("MISC_CHECK") && !text("lvs2", CONF).contains("TCP_CHECK"));
    sleep(Duration::from_secs(15));
    login.expect_silence("--check");
    on("ftp3", "/etc/init.d/vsftpd stop");
    eventually("ftp3 is out", || ROUTERS.iter().all(|router| !table(router).contains("10.1.1.13")));
    login.apply("--check --limit lvs_routers").expect_status(0);
    let refused = site("refused", |plays| {
        plays[0]["ftp_cluster"]["routers"]["monitor"] = json!({"check": "login", "netrc": "/nowhere"});
    });
    on(
        "ftp1",
        "sed -i 's/^anonymous_enable=.*/anonymous_enable=NO/' /etc/vsftpd.conf; kill -HUP $(cat /run/vsftpd/vsftpd.pid)",
    );
    on(
        "ftp2",
        "sed -i 's/^anonymous_enable=.*/anonymous_enable=NO/' /etc/vsftpd.conf; kill -HUP $(cat /run/vsftpd/vsftpd.pid)",
    );
    let run = refused.apply("--limit lvs2");
    run.expect_status(2);
    assert!(run.errors[0].contains("no real server lets the new check log in"), "{:?}", run.errors);
}

fn a_dead_server_is_health(site: &Site) {
    on("ftp2", "/etc/init.d/vsftpd stop");
    eventually("ftp2 is out", || ROUTERS.iter().all(|router| !table(router).contains("10.1.1.12")));
    let run = site.apply("--check --limit lvs_routers");
    run.expect_status(0);
    for router in ROUTERS {
        let told = format!("{router}: health: 10.1.1.12:0 (ftp2) is out: its check has failed since 2");
        assert!(run.warnings.iter().any(|line| line.starts_with(&told)), "{:?}", run.warnings);
    }
    expect_service("192.0.2.10", &["ftp1", "ftp3"], &["curl"]);
    site.converge();
    eventually("ftp2 is back", || ROUTERS.iter().all(|router| table(router).contains("10.1.1.12")));
    site.expect_silence("--check");
}

fn drift_is_cured(site: &Site) {
    // In the file, not read yet; then in the kernel alone.
    on("lvs2", &format!("sed -i -e 's/weight 1/weight 7/' -e 's/lvs_sched wlc/lvs_sched rr/' {CONF}"));
    let run = site.converge();
    assert_eq!(run.changes_of("lvs2").len(), 2, "{:?}", run.changes);
    for damage in ["ipvsadm -d -f 21 -r 10.1.1.11:0", "ipvsadm -C"] {
        on("lvs2", damage);
        let check = site.apply("--check");
        check.expect_status(3);
        assert_eq!(check.changes_of("lvs2").len(), 1, "{damage}: {:?}", check.changes);
        site.converge();
        assert_eq!(table("lvs2").replace(" \n", "\n"), TABLE, "{damage}");
    }
    site.expect_silence("--check");
}

fn a_server_leaves() {
    on("client", "setsid sh -c '(sleep 300) | curl -s --max-time 300 telnet://192.0.2.10:21' >/tmp/held 2>&1 &");
    let holder = || {
        let lines = on("lvs1", "ipvsadm -L -n");
        SERVERS.into_iter().zip(["10.1.1.11", "10.1.1.12", "10.1.1.13"]).find(|(_, address)| {
            lines.lines().any(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                words.len() == 6 && words[1] == format!("{address}:0") && words[4] != "0"
            })
        })
    };
    eventually("somebody serves the session", || holder().is_some());
    let (server, address) = holder().unwrap();
    let left = match server {
        "ftp1" => site("left", |plays| plays[0]["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp_servers:!ftp1")),
        "ftp2" => site("left", |plays| plays[0]["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp_servers:!ftp2")),
        _ => site("left", |plays| plays[0]["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp_servers:!ftp3")),
    };
    left.apply("--no-wait").expect_status(0);
    assert!(table("lvs1").contains(&format!("-r {address}:0 -m -w 0")), "{}", table("lvs1"));
    assert!(text("lvs1", CONF).contains(&format!("real_server {address} 0")));
    left.apply("--check").expect_status(0);
    on("client", "pkill -x curl");
    left.converge();
    assert!(!table("lvs1").contains(address), "{}", table("lvs1"));
    site("keepalived", |_| {}).converge();
}

fn the_backup_takes_over(site: &Site) {
    lab("ip link set lvs1-eth0 down");
    lab("ip link set lvs1-eth1 down");
    eventually("lvs2 has both", || has("lvs2", "192.0.2.10") && has("lvs2", "10.1.1.1"));
    expect_service("192.0.2.10", &SERVERS, &["curl", "lftp"]);
    let run = site.apply("--check --limit lvs2");
    run.expect_status(0);
    lab("ip link set lvs1-eth0 up");
    lab("ip link set lvs1-eth1 up");
}
