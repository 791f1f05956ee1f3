//! Locks that end before their run does, and runs that end before their change.

use super::{
    background::{Gate, Running, until, who_has},
    control::Control,
    host::Host,
    sshd::Sshd,
};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

fn one_router(control: &Control, variables: Value) {
    let server = json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.11"});
    control.inventory(&[("lvs1", variables)], &[("ftp1", server)]);
}

/// kill -9 in the middle of a change: the host's shell makes that change all the same. Until it has, nobody else begins.
#[test]
fn a_killed_run() {
    let control = Control::new();
    let router = Host::new(&control, "lvs1");
    one_router(&control, router.variables());
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "-A*");
    let killed = Running::start(&control, &["-l", "lvs1"]);
    gate.reached();
    killed.signal(Signal::KILL);
    assert_eq!(killed.finish().status, None);
    let ran = control.apply(&["-l", "lvs1"]).ended(5);
    let says =
        "error: another run holds the lock of lvs1: a change of a run that has ended is still being made there; ";
    assert!(ran.stderr.starts_with(says), "{}", ran.stderr);
    let second = Running::start(&control, &["-l", "lvs1", "--lock-wait", "20"]);
    gate.open();
    second.finish().ended(0);
    assert_eq!(router.sh("cat /run/ipvs"), "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1");
    until("nothing is left", || {
        ["lock", "changing"].iter().all(|name| who_has(&router.path(&format!("run/lvs-ftp/{name}"))).is_empty())
    });
}

/// Somebody ends the holder on the host, or takes its file away: the run changes nothing any more.
#[test]
fn a_lost_holder() {
    for removed in [false, true] {
        let control = Control::new();
        let router = Host::new(&control, "lvs1");
        one_router(&control, router.variables());
        let gate = Gate::shut_while_locked(&control, &router, "lvs1", "ipvsadm", "\"-S -n\"");
        let run = Running::start(&control, &["-l", "lvs1"]);
        gate.reached();
        let lock = router.path("run/lvs-ftp/lock");
        if removed {
            std::fs::remove_file(&lock).unwrap();
        } else {
            let holders = who_has(&lock);
            assert_eq!(holders.len(), 1, "one process holds it, and nothing else of the run has it open");
            kill_process(holders[0], Signal::KILL).unwrap();
        }
        gate.open();
        let ran = run.finish().ended(2);
        assert!(
            ran.stdout.contains("failed: [lvs1] => this run has lost the lock of the host, for "),
            "{}",
            ran.stdout
        );
        assert!(router.sh("iptables-save; cat /run/ipvs").lines().all(|line| !line.contains("21")));
        control.apply(&["-l", "lvs1"]).ended(0);
    }
}

/// Whoever can open the file could lock it, and so keep every run away: it is root's alone, also when a change makes it.
#[test]
fn a_file_that_is_made_again() {
    let control = Control::new();
    let router = Host::new(&control, "lvs1");
    one_router(&control, router.variables());
    let gate = Gate::shut_while_locked(&control, &router, "lvs1", "ipvsadm", "\"-S -n\"");
    let run = Running::start(&control, &["-l", "lvs1"]);
    gate.reached();
    std::fs::remove_file(router.path("run/lvs-ftp/changing")).unwrap();
    gate.open();
    run.finish().ended(0);
    assert_eq!(router.sh("stat -c %a /run/lvs-ftp/changing /run/lvs-ftp/lock /run/lvs-ftp"), "600\n600\n755");
}

/// Over ssh: one log-in still, and the lock ends with the link.
#[test]
fn a_cut_link() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let sshd = Sshd::start(&control, &host, "/bin/sh", "");
    one_router(&control, sshd.variables());
    let gate = Gate::shut_while_locked(&control, &host, "lvs1", "ipvsadm", "\"-S -n\"");
    let words = host.words();
    let enter = format!("exec setsid {} \"$@\"", words.join(" "));
    let run = Running::start_by(&control, &enter, &["-l", "lvs1"]);
    gate.reached();
    assert_eq!((sshd.log_ins(), who_has(&host.path("run/lvs-ftp/lock")).len()), (1, 1));
    for session in sshd.sessions() {
        // A session may end with its child.
        let _ = kill_process(session, Signal::KILL);
    }
    until("the lock ends with the link", || who_has(&host.path("run/lvs-ftp/lock")).is_empty());
    gate.open();
    let ran = run.finish().ended(2);
    assert!(ran.stdout.contains("failed: [lvs1] => the connection was lost"), "{}", ran.stdout);
    sshd.apply(&sshd.variables(), &[]).ended(0);
}

/// kill -9 where ssh's shared connection lives on: the lock ends all the same.
#[test]
fn a_killed_run_over_ssh() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let sshd = Sshd::start(&control, &host, "/bin/sh", "");
    one_router(&control, sshd.variables());
    let gate = Gate::shut_while_locked(&control, &host, "lvs1", "ipvsadm", "\"-S -n\"");
    let enter = format!("exec setsid {} \"$@\"", host.words().join(" "));
    let run = Running::start_by(&control, &enter, &["-l", "lvs1"]);
    gate.reached();
    run.signal(Signal::KILL);
    until("the lock ends with the run", || who_has(&host.path("run/lvs-ftp/lock")).is_empty());
    gate.open();
    sshd.apply(&sshd.variables(), &[]).ended(0);
}

/// A link that is cut without a word: the host waits on. A run that is not heard of for minutes has no lock any more.
#[test]
fn a_silent_run() {
    let control = Control::new();
    let router = Host::new(&control, "lvs1");
    one_router(&control, router.variables());
    std::fs::create_dir(control.path("other")).unwrap();
    std::fs::copy(control.path("inventory/hosts.json"), control.path("other/hosts.json")).unwrap();
    let gate = Gate::shut_while_locked(&control, &router, "lvs1", "ipvsadm", "\"-S -n\"");
    let silent = Running::start(&control, &["-l", "lvs1"]);
    gate.reached();
    silent.signal(Signal::STOP);
    gate.open();
    control.apply(&["-l", "lvs1", "-i", "other"]).ended(5);
    router.sh("touch -d '5 minutes ago' /run/lvs-ftp/lock");
    control.apply(&["-l", "lvs1", "-i", "other"]).ended(0);
    silent.signal(Signal::CONT);
    // What it would have changed is refused; another look shows that nothing is left to be done.
    let ran = silent.finish().ended(0);
    assert!(!ran.stdout.contains("changed: [lvs1]"), "{}", ran.stdout);
    assert_eq!(router.sh("grep -c . /run/ipvsadm.log"), "2", "each command was given once");
}

/// What is said of a host that cannot be locked, whatever it is.
#[test]
fn a_folder_that_cannot_be_written() {
    let control = Control::new();
    let router = Host::new(&control, "lvs1");
    one_router(&control, router.variables());
    router.write("run/lvs-ftp", "a file");
    let ran = control.apply(&["-l", "lvs1"]).ended(2);
    assert!(ran.stdout.contains("failed: [lvs1] => failed to take the host's lock: mkdir: "), "{}", ran.stdout);
}
