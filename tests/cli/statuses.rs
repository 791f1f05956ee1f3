//! The exit statuses of real runs, and which of them wins.

use super::{
    control::{Control, playbook},
    host::Host,
};
use serde_json::{Value, json};

/// A host that nobody can reach: ssh to a port of this machine where nothing listens.
fn unreachable() -> Value {
    json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_user": "nobody"})
}

/// A host whose shell ends at once.
fn failing() -> Value {
    json!({"lvs_ftp_exec": ["false"]})
}

#[test]
fn converged_is_0_and_drift_is_3() {
    let control = Control::empty();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    control.file("playbooks/site.json", playbook().to_string());
    let before = (router.sh("iptables-save"), server.read("srv/vsftpd.conf"));
    for arguments in [&["--check"][..], &["-C", "--diff"], &["-C", "--output", "json"]] {
        control.apply(arguments).ended(3);
        assert_eq!(before, (router.sh("iptables-save"), server.read("srv/vsftpd.conf")), "check mode changes nothing");
    }
    control.apply(&[]).ended(0);
    assert_eq!(router.sh("cat /run/ipvs"), "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1");
    control.apply(&["--check"]).ended(0);
    let ran = control.apply(&[]).ended(0);
    assert!(ran.stdout.contains("changed=0") && !ran.stdout.contains("changed: ["), "{}", ran.stdout);
}

/// 2 wins over 4, and 4 over 3.
#[test]
fn the_worst_host_gives_the_status() {
    let control = Control::empty();
    let router = Host::new(&control, "lvs1");
    control.file("playbooks/site.json", playbook().to_string());
    let server = |variables: Value, last: u8| {
        let mut variables = variables;
        variables["lvs_real_ip"] = format!("10.1.1.{last}").into();
        variables
    };
    let drifting = ("lvs1", router.variables());
    for (routers, servers, status) in [
        (vec![drifting.clone()], vec![("ftp1", server(unreachable(), 11))], 4),
        (vec![drifting.clone()], vec![("ftp1", server(failing(), 11))], 2),
        (vec![drifting.clone()], vec![("ftp1", server(unreachable(), 11)), ("ftp2", server(failing(), 12))], 2),
        (vec![("lvs2", unreachable())], vec![("ftp1", server(unreachable(), 11))], 4),
        (vec![("lvs2", failing())], vec![("ftp1", server(unreachable(), 11))], 2),
    ] {
        control.inventory(&routers, &servers);
        for arguments in [&["--check"][..], &["--check", "-f", "1"], &["--check", "--output", "json"]] {
            control.apply(arguments).ended(status);
        }
    }
}
