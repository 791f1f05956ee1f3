//! One run an inventory, and one a host: who comes second waits or leaves with 5.

use super::{
    background::{Gate, Running, until, who_has},
    control::Control,
    host::Host,
};
use std::time::{Duration, Instant};

/// A router alone; `other/` is a second inventory that has it too.
fn one_router() -> (Control, Host) {
    let control = Control::new();
    let router = Host::new(&control, "lvs1");
    let server = serde_json::json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.11"});
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server)]);
    std::fs::create_dir(control.path("other")).unwrap();
    std::fs::copy(control.path("inventory/hosts.json"), control.path("other/hosts.json")).unwrap();
    (control, router)
}

const ROUTER: &[&str] = &["-l", "lvs1"];

#[test]
fn the_second_run_leaves_with_5() {
    let (control, router) = one_router();
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "-A*");
    let first = Running::start(&control, ROUTER);
    gate.reached();
    for (arguments, whose) in [
        (&[][..], "inventory; "),
        (&["--check"], "inventory; "),
        (&["--output", "json"], "inventory; "),
        (&["-i", "inventory", "-i", "other"], "inventory; "),
        (&["-i", "other"], "lvs1: process "),
        (&["-i", "inventory/hosts.json", "--output", "json"], "lvs1: process "),
    ] {
        let start = Instant::now();
        let ran = control.apply(&[ROUTER, arguments].concat()).ended(5);
        assert!(ran.stderr.starts_with(&format!("error: another run holds the lock of {whose}")), "{}", ran.stderr);
        assert!(ran.stderr.ends_with("try again later, or wait for it: --lock-wait SECONDS\n"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert!(start.elapsed() < crate::support::within(4), "{arguments:?}: {:?}", start.elapsed());
    }
    // What only reads the inputs, and what only looks by another inventory, is not in the way.
    control.apply(&["--syntax-check"]).ended(0);
    control.apply(&["--list-hosts"]).ended(0);
    control.apply(&["--check", "-i", "other", "-l", "lvs1"]).ended(3);
    gate.open();
    first.finish().ended(0);
    assert_eq!(router.sh("grep -c . /run/ipvsadm.log"), "2", "each command was given once");
    assert!(router.read("run/lvs-ftp/lock").starts_with(b"free lvs-ftp-"), "the lock names nobody any more");
}

#[test]
fn the_second_run_waits() {
    let (control, router) = one_router();
    for (inventory, waits) in [
        ("inventory", "waiting for another run that holds the lock of inventory, 30 s at most\n"),
        ("other", "lvs1: waiting for another run that holds the lock: process "),
    ] {
        router.sh("rm -f /run/ipvs /run/ipvsadm.log /run/reached");
        let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "-A*");
        let first = Running::start(&control, ROUTER);
        gate.reached();
        let second = Running::start(&control, &["-l", "lvs1", "--lock-wait", "30", "-i", inventory]);
        std::thread::sleep(Duration::from_millis(1500));
        gate.open();
        first.finish().ended(0);
        let second = second.finish().ended(0);
        assert!(second.stderr.starts_with(waits), "{}", second.stderr);
        assert_eq!(second.stderr.lines().count(), 1, "it is said once: {}", second.stderr);
        assert!(second.stdout.contains("changed=0"), "{}", second.stdout);
    }
    // The wait has an end.
    router.sh("rm -f /run/ipvs /run/reached");
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "-A*");
    let first = Running::start(&control, ROUTER);
    gate.reached();
    for inventory in ["inventory", "other"] {
        let start = Instant::now();
        control.apply(&["-l", "lvs1", "--lock-wait", "1", "-i", inventory]).ended(5);
        assert!(
            start.elapsed() >= Duration::from_secs(1) && start.elapsed() < crate::support::within(6),
            "{inventory}"
        );
    }
    gate.open();
    first.finish().ended(0);
}

/// How often a run asks for the IPVS table.
fn looks(control: &Control, router: &Host) -> usize {
    router.sh("rm -f /run/ipvs /run/ipvsadm.log /run/looks");
    control.apply(ROUTER).ended(0);
    router.read("run/looks").len()
}

/// What a run saw before it took the lock counts, if the last run gave the lock back properly, and not long ago.
#[test]
fn it_looks_again_only_where_it_must() {
    let (control, router) = one_router();
    let path = "hosts/lvs1/tools/ipvsadm";
    let own = std::fs::read_to_string(control.path(path)).unwrap();
    let own = own.strip_prefix("#!/bin/bash\n").unwrap();
    let counting = |wait: &str| {
        let text = format!("case \"$*\" in '-S -n') [ -e /run/looks ] || {wait}; printf x >>/run/looks ;; esac\n{own}");
        control.script(path, &text);
    };
    control.apply(ROUTER).ended(0);
    counting(":");
    let few = looks(&control, &router);
    assert_eq!(looks(&control, &router), few);
    // Whoever had it last did not give it back, or the file is one that nobody knows.
    for last in ["lvs-ftp-0 17 1 a run", "free", ""] {
        router.write("run/lvs-ftp/lock", last);
        assert_eq!(looks(&control, &router), few + 1, "{last}");
        assert_eq!(looks(&control, &router), few);
    }
    // What is no file keeps nobody waiting.
    router.sh("rm /run/lvs-ftp/lock && mkfifo /run/lvs-ftp/lock");
    control.apply(&["-l", "lvs1", "--check"]).ended(0);
    router.sh("rm /run/lvs-ftp/lock");
    // A host that answers slowly.
    counting("sleep 5");
    assert_eq!(looks(&control, &router), few + 1);
}

/// Another run comes between this one's look and its lock.
#[test]
fn another_run_meanwhile() {
    for last in [None, Some("free lvs-ftp-1\n")] {
        let (control, router) = one_router();
        router.sh("mkdir -p /run/lvs-ftp");
        if let Some(last) = last {
            router.write("run/lvs-ftp/lock", last);
        }
        let gate = Gate::shut(&control, &router, "lvs1", "ip", "\"-4 -o addr show\"");
        let run = Running::start(&control, ROUTER);
        gate.reached();
        router.write("run/ipvs", "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n");
        router.write("run/lvs-ftp/lock", "free lvs-ftp-2\n");
        gate.open();
        let ran = run.finish().ended(0);
        assert!(!ran.stdout.contains("virtual service"), "{}", ran.stdout);
        assert_eq!(router.sh("cat /run/ipvsadm.log 2>/dev/null || :"), "", "{last:?}");
    }
}

/// Several may look at once; nobody changes meanwhile, and nobody looks at half a change.
#[test]
fn checks_share() {
    let (control, router) = one_router();
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "\"-S -n\"");
    let checks = [(); 2].map(|()| Running::start(&control, &["-l", "lvs1", "--check"]));
    gate.reached();
    std::thread::sleep(Duration::from_millis(300));
    control.apply(ROUTER).ended(5);
    gate.open();
    for check in checks {
        check.finish().ended(3);
    }
    assert!(who_has(&router.path("run/lvs-ftp/lock")).is_empty(), "a check takes no lock on a host");
}

/// Twenty runs at once, by two inventories that share their hosts: one works, and each thing is there once.
#[test]
fn twenty_at_once() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    std::fs::create_dir(control.path("other")).unwrap();
    std::fs::copy(control.path("inventory/hosts.json"), control.path("other/hosts.json")).unwrap();
    let start = |number: usize| Running::start(&control, &["-i", ["inventory", "other"][number % 2]]);
    let runs: Vec<Running> = (0..20).map(start).collect();
    let statuses: Vec<i32> = runs.into_iter().map(|run| run.finish().status.unwrap()).collect();
    assert!(statuses.contains(&0) && statuses.iter().all(|status| [0, 5].contains(status)), "{statuses:?}");
    assert_eq!(router.sh("cat /run/ipvs"), "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1");
    assert_eq!(router.sh("iptables-save | grep -c -e 'MARK --set' -e MASQUERADE"), "3");
    assert_eq!(router.sh("grep -c . /run/ipvsadm.log"), "2");
    control.apply(&["--check"]).ended(0);
    for host in [&router, &server] {
        until("no holder is left", || who_has(&host.path("run/lvs-ftp/lock")).is_empty());
    }
}

/// One machine under two names is one lock, and no run stands in its own way.
#[test]
fn one_host_by_two_names() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    control.inventory(&[("lvs1", host.variables())], &[("ftp1", host.server(11))]);
    control.apply(&[]).ended(0);
    control.apply(&["--check"]).ended(0);
}

/// Old hosts have no flock(1): that is told once, and the run goes on.
#[test]
fn a_host_without_locks() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    let mut variables = router.variables();
    let hide = ["bash", "-c", "mount --bind /dev/null /usr/bin/flock; exec \"$@\"", "bash"].map(str::to_owned);
    variables["lvs_ftp_exec"] = [router.words(), hide.to_vec()].concat().into();
    control.inventory(&[("lvs1", variables)], &[("ftp1", server.server(11))]);
    let warning =
        "[WARNING]: lvs1: flock is not there, so a run from another control host is not kept out: install util-linux\n";
    let ran = control.apply(&[]).ended(0);
    assert_eq!(ran.stderr, warning);
    assert_eq!(control.apply(&[]).ended(0).stderr, "", "nor does a run that finds nothing to do");
    assert_eq!(control.apply(&["--check"]).ended(0).stderr, "", "a check takes no locks");
}

/// Somebody else has the packet filter's lock: it is waited for, and not for ever.
#[test]
fn the_packet_filters_own_lock() {
    let (control, router) = one_router();
    let mut variables = router.variables();
    variables["lvs_iptables"] = "iptables-legacy".into();
    control.inventory(
        &[("lvs1", variables)],
        &[("ftp1", serde_json::json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.11"}))],
    );
    let start = Instant::now();
    let hold = |seconds: &str| {
        let script = format!("exec flock /run/xtables.lock sh -c 'touch /run/reached; sleep {seconds}'");
        let holder = router.command(&["sh", "-c", &script]).unchecked().start().unwrap();
        until("the lock is held", || router.path("run/reached").exists());
        holder
    };
    let _holder = hold("3");
    control.apply(ROUTER).ended(0);
    assert!(start.elapsed() > Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(router.sh("iptables-legacy-save | grep -c -e 'MARK --set' -e MASQUERADE"), "3");
}
