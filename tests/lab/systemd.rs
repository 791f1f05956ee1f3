//! Hosts whose first process is a real systemd: what is converged through it is what it brings up by itself.

use crate::{
    compare::{lines, same},
    ftp::expect_service,
    hosts::{lab, on, text},
    machines::{Trial, trial},
    product::{Run, Site},
    state::{Parts, booted_by_systemd, parts, same_parts},
};
use serde_json::{Value, json};

pub fn trials() -> Vec<Trial> {
    vec![trial("systemd::brings_up_what_was_converged", brings_up_what_was_converged)]
}

/// The project's cluster with one host of each kind. sshd, an alias there, is on and is to run.
fn site() -> Site {
    let inventory = |all: &mut Value| {
        for (group, host) in [("lvs_routers", "lvs1"), ("ftp_servers", "ftp1")] {
            all["children"][group]["hosts"].as_object_mut().unwrap().retain(|name, _| name == host);
        }
    };
    Site::with("systemd", inventory, |plays| {
        for hosts in ["routers", "real_servers"] {
            plays[0]["ftp_cluster"][hosts]["services"]["sshd"]["running"] = json!(true);
        }
    })
}

/// What a router starts at boot.
const ROUTER: &str = "netfilter-persistent ipvsadm";

/// Panics unless systemd says this of services of a host: whether they start at boot, and whether they run.
fn expect_words(expected: &str, host: &str, services: &str) {
    let script = format!("systemctl is-enabled {services} || :; systemctl is-active {services} || :");
    same(&format!("{services} of {host}"), expected, &on(host, &script).trim_end().replace('\n', " "));
}

fn expect_change(run: &Run, host: &str, change: &str) {
    assert!(run.changes_of(host).contains(&change), "{host} {change}: {:#?}", run.changes);
}

/// What changes when somebody enables, starts or reloads ssh.
fn ssh(host: &str) -> String {
    let link = "/etc/systemd/system/multi-user.target.wants/ssh.service";
    on(host, &format!("stat -c %z {link}; systemctl show -p MainPID,InvocationID,StateChangeTimestampMonotonic ssh"))
}

/// The kernel lists its tables in the order of their first use.
fn any_order(mut parts: Parts) -> Parts {
    if let Some(text) = parts.get_mut("packet filter") {
        let mut all: Vec<&str> = text.lines().collect();
        all.sort_unstable();
        *text = lines(all);
    }
    parts
}

fn brings_up_what_was_converged() {
    booted_by_systemd(&["control", "lvs1", "ftp1"]);
    let fresh = parts("lvs1");
    let running = site().run("--tags running");
    running.expect_status(0);
    expect_change(&running, "ftp1", "service start serve: vsftpd runs");
    expect_words("disabled active", "ftp1", "vsftpd");
    let router = any_order(parts("lvs1"));

    // What only runs is gone after a reboot.
    lab("cluster reboot");
    same_parts("lvs1, not converged for boot", &fresh, &parts("lvs1"));
    expect_words("disabled disabled inactive inactive", "lvs1", ROUTER);
    expect_words("disabled inactive", "ftp1", "vsftpd");

    let untouched = ["lvs1", "ftp1"].map(ssh);
    let all = site().run("");
    all.expect_status(0);
    for service in ["netfilter-persistent", "ipvsadm"] {
        let change = format!("service_at_boot enable persist: {service} starts at boot in runlevels 3 and 5");
        expect_change(&all, "lvs1", &change);
    }
    let enable = "service_at_boot enable persist: vsftpd starts at boot in runlevels 3 and 5";
    expect_change(&all, "ftp1", enable);
    expect_change(&all, "ftp1", "service start serve: vsftpd runs");
    expect_words("enabled active", "ftp1", "vsftpd");

    // Off by hand, which is undone; masked, which only a person undoes.
    on("lvs1", &format!("systemctl disable {ROUTER}"));
    on("ftp1", "systemctl mask vsftpd");
    let run = site().run("");
    let masked = format!("{enable}, but it is masked: somebody wants it off; systemctl unmask it first");
    run.expect_changes([
        "lvs1 service_at_boot enable persist: netfilter-persistent starts at boot in runlevels 3 and 5",
        "lvs1 service_at_boot enable persist: ipvsadm starts at boot in runlevels 3 and 5",
        &format!("ftp1 {masked}"),
    ]);
    run.expect_status(2);
    expect_words("masked active", "ftp1", "vsftpd");

    // Off and dead.
    on(
        "ftp1",
        "systemctl unmask vsftpd; systemctl disable vsftpd; systemctl kill -s KILL vsftpd
        while systemctl --quiet is-active vsftpd; do sleep 0.1; done",
    );
    expect_words("disabled failed", "ftp1", "vsftpd");
    let run = site().run("");
    run.expect_changes([&format!("ftp1 {enable}"), "ftp1 service start serve: vsftpd runs"]);
    run.expect_status(0);
    for (host, before) in ["lvs1", "ftp1"].into_iter().zip(untouched) {
        same(&format!("ssh of {host}"), &before, &ssh(host));
    }

    lab("cluster reboot");
    same_parts("lvs1, converged for boot", &router, &any_order(parts("lvs1")));
    expect_words("enabled enabled active active", "lvs1", ROUTER);
    expect_words("enabled active", "ftp1", "vsftpd");
    expect_service("192.0.2.10", &["ftp1"], &["curl"]);
    let check = site().run("--check");
    check.expect_changes::<&str>([]);
    check.expect_status(0);
    a_timers_service_converges();
}

/// As it is installed, with all that its unit denies it: it repairs, and keeps its records.
fn a_timers_service_converges() {
    let product = std::env::var("LAB_BIN").unwrap() + "/lvs-ftp";
    let before = parts("lvs1");
    on("lvs1", "ipvsadm -e -f 21 -r 10.1.1.11:0 -m -w 7");
    let records = "--log /var/log/lvs-ftp/runs.jsonl --metrics /var/lib/node_exporter/lvs-ftp.prom --syslog";
    let said = on(
        "control",
        &format!(
            "mkdir -p /var/log/lvs-ftp /var/lib/node_exporter
            cd /root/systemd
            '{product}' schedule systemd --every 1440 --install -- --quiet {records} >/dev/null
            '{product}' schedule systemd --every 1440 --check -- --quiet {records} >/dev/null
            systemctl start lvs-ftp.service || :
            journalctl -o cat -b"
        ),
    );
    expect_words("enabled active", "control", "lvs-ftp.timer");
    same_parts("lvs1, after the service", &before, &parts("lvs1"));
    let change = "destination 10.1.1.11:0 -m -w 7 -> 10.1.1.11:0 -m -w 1";
    assert!(
        said.contains("\nCHANGED on lvs1\n")
            && said.contains(&format!("lvs1: changed: virtual_service: edit {change}")),
        "{said}"
    );
    let log = text("control", "/var/log/lvs-ftp/runs.jsonl");
    let record: Value = serde_json::from_str(&log).unwrap();
    assert!(record["status"] == 0 && log.contains(change), "{log}");
    let metrics = text("control", "/var/lib/node_exporter/lvs-ftp.prom");
    assert!(metrics.contains("\nlvs_ftp_last_run_status 0\n"), "{metrics}");
    // Its own /tmp is in a folder there; deeper is whatever else somebody keeps, such as a clone of the project.
    same("what is left in /tmp", "", &on("control", "find /tmp -maxdepth 3 -name 'lvs-ftp-*'"));
}
