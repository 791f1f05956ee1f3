//! What is converged survives a reboot, and boot state is kept apart from running state.

use crate::{
    compare::same,
    ftp::expect_service,
    hosts::{ROUTERS, SERVERS, lab, on, path},
    machines::{Trial, trial},
    product::Site,
    state::{cluster, fresh, same_cluster},
};
use std::fs;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("reboot::boot_files_and_services_bring_everything_up", boot_files_and_services_bring_everything_up),
        trial("reboot::boot_drift_is_told_apart_and_repaired", boot_drift_is_told_apart_and_repaired),
        trial("reboot::a_daemon_that_is_gone_is_started", a_daemon_that_is_gone_is_started),
    ]
}

/// Everything is converged, boot state too; a second run finds nothing to do.
fn all_converged() -> Site {
    fresh();
    let site = Site::project();
    let run = site.run("");
    run.expect_status(0);
    assert!(run.made, "every change was made");
    let again = site.run("--check");
    again.expect_changes::<&str>([]);
    again.expect_status(0);
    site
}

/// Hosts lose all that runs; the distribution's own scripts bring up what boot files and links say, and nothing else.
fn boot_files_and_services_bring_everything_up() {
    all_converged();
    lab("cluster reboot");
    expect_service("192.0.2.10", &SERVERS, &["curl", "lftp"]);
    // The control host has lost its copy of inventory and playbook, too.
    let run = Site::project().run("--check");
    run.expect_changes::<&str>([]);
    run.expect_status(0);
}

/// A drift by hand: host, what is typed there, and what a check then says.
const DRIFTS: [(&str, &str, &str); 9] = [
    (
        "lvs1",
        "sed -i '/--dport 21 /d' /etc/iptables/rules.v4",
        "saved_filter edit persist: /etc/iptables/rules.v4: 1 rules added, 0 removed",
    ),
    (
        "lvs2",
        "sed -i 's/10000:20000/10000:15000/' /etc/iptables/rules.v4",
        "saved_filter edit persist: /etc/iptables/rules.v4: 1 rules added, 1 removed",
    ),
    ("lvs1", "rm /etc/iptables/rules.v4", "saved_filter add persist: /etc/iptables/rules.v4: 3 rules added, 0 removed"),
    (
        "lvs1",
        "sed -i 's/10.1.1.12:0 -m -w 1/10.1.1.12:0 -m -w 0/' /etc/ipvsadm.rules",
        "saved_ipvs edit persist: /etc/ipvsadm.rules: services and destinations as wanted",
    ),
    (
        "lvs2",
        "sed -i 's/AUTO=.*/AUTO=\"false\"/' /etc/default/ipvsadm",
        "saved_ipvs edit persist: /etc/default/ipvsadm: AUTO -> true",
    ),
    (
        "lvs1",
        "sed -i 's/^net.ipv4.ip_forward = 1/net.ipv4.ip_forward = 0/' /etc/sysctl.conf",
        "boot_sysctl edit persist: /etc/sysctl.conf: net.ipv4.ip_forward = 1 at boot",
    ),
    (
        "lvs2",
        "update-rc.d ipvsadm disable 3 5",
        "service_at_boot enable persist: ipvsadm starts at boot in runlevels 3 and 5",
    ),
    (
        "lvs2",
        "update-rc.d netfilter-persistent remove",
        "service_at_boot enable persist: netfilter-persistent starts at boot in runlevels 3 and 5",
    ),
    (
        "ftp2",
        "rm /etc/rc[2-5].d/S*vsftpd",
        "service_at_boot enable persist: vsftpd starts at boot in runlevels 3 and 5",
    ),
];

fn boot_drift_is_told_apart_and_repaired() {
    let site = all_converged();
    let foreign = "# by hand\n*filter\n:INPUT ACCEPT [0:0]\n[7:99] -A INPUT -p tcp --dport 21 -j ACCEPT\nCOMMIT\n";
    for router in ROUTERS {
        let saved = path(router, "/etc/iptables/rules.v4");
        let ours = fs::read_to_string(&saved).unwrap();
        fs::write(&saved, format!("{foreign}{ours}")).unwrap();
    }
    let kernel = cluster();
    for (host, typed, says) in DRIFTS {
        on(host, typed);
        let expected = [format!("{host} {says}")];
        let check = site.run("--check");
        check.expect_changes(&expected);
        check.expect_status(3);
        let run = site.run("--tags boot");
        run.expect_changes(&expected);
        run.expect_status(0);
    }
    on("lvs1", "rm /etc/ipvsadm.rules");
    site.run("--check --tags running").expect_changes::<&str>([]);
    site.run("").expect_status(0);
    same_cluster("after repairs of boot state", &kernel, &cluster());
    site.run("--check").expect_changes::<&str>([]);
    let kept = fs::read_to_string(path("lvs2", "/etc/iptables/rules.v4")).unwrap();
    same("foreign lines", foreign, &kept[..foreign.len()]);
    lab("cluster reboot");
    expect_service("192.0.2.10", &SERVERS, &["curl"]);
}

/// A vsftpd that is not there is started by the host's own script; nobody else's is touched.
fn a_daemon_that_is_gone_is_started() {
    let site = all_converged();
    on("ftp2", "kill $(pidof vsftpd); while pidof vsftpd >/dev/null; do sleep 0.1; done");
    let before = cluster();
    let expected = ["ftp2 service start serve: vsftpd runs"];
    let check = site.run("--check");
    check.expect_changes(expected);
    check.expect_status(3);
    same_cluster("after a check", &before, &cluster());
    let run = site.run("");
    run.expect_changes(expected);
    run.expect_status(0);
    site.run("").expect_changes::<&str>([]);
    for host in ["ftp1", "ftp3"] {
        same(host, &before[host]["daemon"], &cluster()[host]["daemon"]);
    }
    expect_service("192.0.2.10", &SERVERS, &["curl"]);
}
