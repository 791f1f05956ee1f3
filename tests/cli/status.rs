//! `lvs-ftp status`: what is, at a glance, and nothing is touched.

use super::{
    control::{Control, Ran, fits},
    host::Host,
};
use serde_json::{Value, json};
use std::{io::Read, time::Duration};

/// What a look must leave as it was, the stand-in for ipvsadm touches its own table, so not its time.
const LOOK: &str =
    "iptables-save | sed /^#/d; cat /run/ipvs /srv/vsftpd.conf; ls -R /run; ls -lR --time-style=full-iso /srv";

/// Running state alone: boot state and services would be this machine's.
fn status(control: &Control, arguments: &[&str]) -> Ran {
    control.run(&[&["status", "--tags", "running"], arguments].concat())
}

/// A router and two real servers, of which one is not there.
fn cluster(control: &Control) -> (Host, Host) {
    let (router, server) = (Host::new(control, "lvs1"), Host::new(control, "ftp1"));
    let gone = json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "lvs_real_ip": "10.1.1.12"});
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11)), ("ftp2", gone)]);
    (router, server)
}

#[test]
fn a_cluster_with_drift_and_a_host_that_is_not_there() {
    let control = Control::new();
    let (router, server) = cluster(&control);
    router.write(
        "run/ipvs",
        "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 3\n-a -f 21 -r 10.1.1.99:0 -m -w 5\n",
    );
    let _ = server.sh("touch /run/ipvs");
    router.sh("ip addr add 192.0.2.10/32 dev lo");
    let before = [router.sh(LOOK), server.sh(LOOK)];
    let ran = status(&control, &[]).ended(4);
    let has = |words: &str| {
        let line = words.split(' ').collect::<Vec<_>>();
        ran.stdout.lines().any(|one| one.split_whitespace().collect::<Vec<_>>().starts_with(&line))
    };
    for words in [
        "Public FTP: 192.0.2.10, mark 21, ports 21 and 10000:20000, nat",
        "lvs1 here wlc, persistent 300 s",
        "lvs1 10.1.1.11:0 ftp1 3, wanted 1 0 0",
        "lvs1 10.1.1.12:0 ftp2 absent - -",
        "lvs1 10.1.1.99:0 - 5, not wanted 0 0",
        "ftp1 10.1.1.11 no daemon",
        "ftp2 10.1.1.12 unknown unreachable",
        "unreachable: ftp2",
        "ftp2: failed to connect:",
        "drift: lvs1, ftp1",
    ] {
        assert!(has(words), "{words}\n{}", ran.stdout);
    }
    let after = [router.sh(LOOK), server.sh(LOOK)];
    assert_eq!(before, after, "status only looks");
    status(&control, &["-l", "ftp1"]).ended(3);

    let ran = status(&control, &["--output", "json"]).ended(4);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    fits("status", &document);
    let cluster = &document["clusters"][0];
    assert_eq!(cluster["routers"][0]["holds_virtual_ip"], true);
    assert_eq!(cluster["routers"][0]["service"], "present");
    let gone = json!({"router": "lvs1", "address": "10.1.1.12:0", "host": "ftp2", "weight": null, "wanted_weight": 1,
        "active": null, "inactive": null});
    assert!(cluster["destinations"].as_array().unwrap().contains(&gone), "{}", ran.stdout);
    let states: Vec<&str> =
        document["hosts"].as_array().unwrap().iter().map(|host| host["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["drift", "drift", "unreachable"]);
}

#[test]
fn a_converged_cluster_without_its_virtual_ip() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    control.apply(&[]).ended(0);
    let ran = status(&control, &[]).ended(0);
    assert!(ran.stdout.contains("converged: lvs1, ftp1\n") && !ran.stdout.contains("drift:"), "{}", ran.stdout);
    assert!(ran.stdout.contains("no router holds the virtual IP"), "{}", ran.stdout);
    router.sh("rm /usr/local/sbin/ipvsadm; printf 'exit 2' >/usr/local/sbin/ipvsadm; chmod +x /usr/local/sbin/ipvsadm");
    let ran = status(&control, &[]).ended(2);
    assert!(ran.stdout.contains("failed: lvs1\n") && ran.stdout.contains("unknown"), "{}", ran.stdout);
}

#[test]
fn looks_again_until_it_is_told_to_end() {
    let control = Control::new();
    let _hosts = cluster(&control);
    let ran = status(&control, &["--watch=1", "--count", "2", "-l", "ftp1", "--output", "json"]).ended(3);
    let looks: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(looks.len(), 2, "{}", ran.stdout);
    let ran = status(&control, &["--watch=1", "--count", "2", "-l", "ftp1"]).ended(3);
    assert_eq!(ran.stdout.matches("Public FTP: ").count(), 2);
    assert!(!ran.stdout.contains('\x1b'), "no terminal, no escapes: {:?}", ran.stdout);
    status(&control, &["--count", "2"]).ended(1);
    status(&control, &["--watch=0"]).ended(1);

    let watch = control.command(&["status", "--tags", "running", "-l", "ftp1", "--watch"]).stdin_null().unchecked();
    let mut reader = watch.stderr_to_stdout().reader().unwrap();
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains("shows what differs") {
        let mut chunk = [0; 4096];
        let count = reader.read(&mut chunk).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&chunk[..count]);
    }
    std::thread::sleep(Duration::from_millis(300));
    let id = i32::try_from(reader.pids()[0]).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::INT).unwrap();
    reader.read_to_end(&mut text).unwrap();
    let output = reader.try_wait().unwrap().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&text));
}
