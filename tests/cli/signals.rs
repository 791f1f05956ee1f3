//! SIGINT, SIGTERM and SIGHUP: what is in hand is finished, nothing else is begun, and the run says what is left.

use super::{
    background::{Gate, Running, until, who_has},
    control::Control,
    host::Host,
};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn cluster() -> (Control, Host, Host) {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    (control, router, server)
}

const SIGNALS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];

/// In the first stage: it is made to its end, though the whole process group is told; the later ones are not begun.
#[test]
fn while_changing() {
    for signal in SIGNALS {
        let (control, router, server) = cluster();
        let before = server.read("srv/vsftpd.conf");
        let gate = Gate::shut(&control, &router, "lvs1", "iptables-restore", "*");
        let run = Running::start(&control, &["--output", "json"]);
        gate.reached();
        run.signal_group(signal);
        std::thread::sleep(Duration::from_millis(200));
        gate.open();
        let ran = run.finish().ended(99);
        assert_eq!(ran.stderr, "error: interrupted; what is not told as made is left to the next run\n");
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&told["interrupted"], &told["errors"]), (&json!(true), &json!([])));
        for change in told["changes"].as_array().unwrap() {
            assert_eq!(change["made"], change["stage"] == "expand", "{change}");
        }
        assert_eq!(router.sh("cat /run/ipvs; iptables-save | grep -c MARK"), "2");
        assert_eq!(server.read("srv/vsftpd.conf"), before);
        for host in [&router, &server] {
            until("the locks are given back", || who_has(&host.path("run/lvs-ftp/lock")).is_empty());
        }
        let ran = control.apply(&["--output", "json"]).ended(0);
        assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap()["interrupted"], false);
    }
}

/// While hosts are looked at, by `apply` and by `--check`: nothing is changed, and who was not looked at is told.
#[test]
fn while_observing() {
    let (control, router, server) = cluster();
    let before = server.read("srv/vsftpd.conf");
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "\"-S -n\"");
    for (signal, arguments) in
        [(Signal::INT, &["-f", "1"][..]), (Signal::TERM, &["-f", "1", "--check", "--out", "plan"])]
    {
        router.sh("touch /run/gate /run/ipvs; rm -f /run/reached");
        let run = Running::start(&control, arguments);
        gate.reached();
        run.signal(signal);
        gate.open();
        let ran = run.finish().ended(99);
        assert!(ran.stdout.contains("failed: [ftp1] => interrupted before it was looked at\n"), "{}", ran.stdout);
        assert_eq!(router.sh("cat /run/ipvs; iptables-save"), "");
        assert_eq!(server.read("srv/vsftpd.conf"), before);
        assert!(!control.path("plan").exists(), "no plan is written");
    }
}

/// While a host that does not answer is connected to.
#[test]
fn while_connecting() {
    let control = Control::new();
    let silent = control.exec("silent", &format!("touch {}; exec sleep 1000", control.path("reached")));
    let server = json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.11"});
    control.inventory(&[("lvs1", silent)], &[("ftp1", server)]);
    let run = Running::start(&control, &[]);
    until("it is connected to", || control.path("reached").exists());
    let start = Instant::now();
    run.signal(Signal::INT);
    let ran = run.finish().ended(99);
    assert_eq!(ran.stderr, "error: interrupted; what is not told as made is left to the next run\n");
    assert!(ran.stdout.contains("failed: [lvs1] => interrupted before it answered\n"), "{}", ran.stdout);
    assert!(start.elapsed() < crate::support::within(10), "{:?}", start.elapsed());
}

/// A wait for a lock ends at once, whoever's lock it is.
#[test]
fn while_waiting() {
    let (control, router, _server) = cluster();
    std::fs::create_dir(control.path("other")).unwrap();
    std::fs::copy(control.path("inventory/hosts.json"), control.path("other/hosts.json")).unwrap();
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "-A*");
    let first = Running::start(&control, &[]);
    gate.reached();
    for (signal, inventory) in SIGNALS.into_iter().zip(["inventory", "other", "inventory"]) {
        let second = Running::start(&control, &["--lock-wait", "60", "-i", inventory]);
        std::thread::sleep(crate::support::within(1) * 4 / 5);
        let start = Instant::now();
        second.signal(signal);
        let ran = second.finish().ended(99);
        assert!(ran.stderr.ends_with("error: interrupted before any host was changed\n"), "{}", ran.stderr);
        assert!(ran.stdout.is_empty() && start.elapsed() < crate::support::within(3), "{:?}", start.elapsed());
    }
    gate.open();
    first.finish().ended(0);
}

/// A second signal of a kind ends the program, and with it its locks; the host ends what it has begun.
#[test]
fn twice() {
    let (control, router, _server) = cluster();
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "-A*");
    let run = Running::start(&control, &[]);
    gate.reached();
    run.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(200));
    run.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    run.signal(Signal::INT);
    assert_eq!(run.finish().status, None, "it ended by the signal");
    assert!(start.elapsed() < crate::support::within(3));
    gate.open();
    control.apply(&["--lock-wait", "20"]).ended(0);
    assert_eq!(router.sh("grep -c . /run/ipvs"), "2");
}

/// nohup(1) and background jobs ignore a signal: so does the program.
#[test]
fn an_ignored_signal_stays_ignored() {
    let (control, router, _server) = cluster();
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "\"-S -n\"");
    let run = Running::start_by(&control, "trap '' HUP INT; exec setsid \"$@\"", &[]);
    gate.reached();
    run.signal(Signal::HUP);
    run.signal(Signal::INT);
    gate.open();
    run.finish().ended(0);
}
