//! ssh for real: one shared connection, no prompt, clear words, nothing left behind.

use super::{
    control::{Control, is_there},
    host::Host,
    sshd::Sshd,
};
use std::time::Instant;

/// A run observes, changes in two stages and observes again, all through one log-in; each change is confirmed by another.
#[test]
fn one_log_in_serves_a_whole_run() {
    for (arguments, log_ins) in [(&[][..], 3), (&["--no-undo"][..], 1)] {
        let control = Control::new();
        let host = Host::new(&control, "lvs1");
        let sshd = Sshd::start(&control, &host, "/bin/sh", "");
        let ran = sshd.apply(&sshd.variables(), arguments).ended(0);
        assert!(ran.stdout.contains("changed=4    unreachable=0"), "{}", ran.stdout);
        assert_eq!(sshd.log_ins(), log_ins, "{}", sshd.log());
        let ran = sshd.apply(&sshd.variables(), &["--check"]).ended(0);
        assert!(ran.stdout.contains("changed=0"), "{}", ran.stdout);
        assert_eq!(sshd.log_ins(), log_ins + 1);
    }
}

/// Nobody is asked anything: what cannot log in by itself is unreachable at once, in ssh's own words.
#[test]
fn what_cannot_log_in_is_unreachable_at_once() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let sshd = Sshd::start(&control, &host, "/bin/sh", "");
    let key = |name: &str| control.path(&format!("ssh/{name}")).to_string();
    for (variable, value, says) in [
        ("ansible_ssh_private_key_file", key("locked_key"), "Permission denied (publickey,password"),
        ("ansible_ssh_private_key_file", key("nosuch_key"), "Permission denied (publickey,password"),
        ("ansible_user", "nosuchuser".to_owned(), "Permission denied (publickey,password"),
        ("ansible_port", "2223".to_owned(), "ssh: connect to host 127.0.0.1 port 2223: Connection refused"),
        ("ansible_host", "host.invalid".to_owned(), "Could not resolve hostname host.invalid"),
        ("ansible_ssh_common_args", "-F /nosuch/config".to_owned(), "Can't open user config file /nosuch/config"),
        ("ansible_ssh_extra_args", "-o NoSuchOption=1".to_owned(), "Bad configuration option: nosuchoption"),
    ] {
        let start = Instant::now();
        let mut variables = sshd.variables();
        variables[variable] = value.into();
        let ran = sshd.apply(&variables, &["--check"]).ended(4);
        let line = ran.stdout.lines().find(|line| line.starts_with("unreachable: [lvs1] => failed to connect: "));
        assert!(line.is_some_and(|line| line.contains(says)), "{says}: {}", ran.stdout);
        assert!(start.elapsed() < crate::support::within(20), "{says}");
    }
    assert_eq!(sshd.log_ins(), 0);
}

#[test]
fn a_wrong_host_key_is_refused() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let sshd = Sshd::start(&control, &host, "/bin/sh", "");
    let known = std::fs::read_to_string(control.path("ssh/known_hosts")).unwrap();
    let other = std::fs::read_to_string(control.path("ssh/key.pub")).unwrap();
    for known_hosts in [String::new(), format!("[127.0.0.1]:2222 {other}")] {
        control.file("ssh/known_hosts", known_hosts);
        let ran = sshd.apply(&sshd.variables(), &[]).ended(4);
        assert!(ran.stdout.contains("Host key verification failed."), "{}", ran.stdout);
        assert_eq!(sshd.log_ins(), 0);
    }
    control.file("ssh/known_hosts", known);
    sshd.apply(&sshd.variables(), &["--check"]).ended(3);
}

#[test]
fn sudo_with_and_without_rights() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let sshd = Sshd::start(&control, &host, "/bin/sh", "");
    let ran = sshd.apply(&sshd.sudo_variables(), &[]).ended(2);
    assert!(
        ran.stdout
            .contains("failed: [lvs1] => failed to start a shell: sudo -n -u root -- /bin/sh ended with status 1: "),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("sudo: a password is required"), "{}", ran.stdout);
    drop(sshd);

    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let sshd = Sshd::start(&control, &host, "/bin/sh", "ftpadm ALL=(root) NOPASSWD: /bin/sh");
    sshd.apply(&sshd.sudo_variables(), &["--no-undo"]).ended(0);
    assert_eq!(sshd.log_ins(), 1);
    assert_eq!(host.sh("cat /run/ipvs"), "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1");
    // Without sudo the account can read little, and says so.
    let mut plain = sshd.sudo_variables();
    plain["ansible_become"] = false.into();
    let ran = sshd.apply(&plain, &["--check"]).ended(2);
    assert!(ran.stdout.contains("failed: [lvs1] => failed to read the packet filter"), "{}", ran.stdout);
}

/// Log-in shells that talk, that are no sh, or that let nobody in.
#[test]
fn odd_log_in_shells() {
    for (shell, works) in [
        ("echo 'Welcome!'; echo 'to stderr' >&2; /bin/sh \"$@\"; status=$?; echo 'Bye'; exit $status", true),
        (
            "[ $# = 2 ] && [ \"$1\" = -c ] && case $2 in *[\\'\\\"\\;\\&\\|\\$\\`]*) echo 'Badly placed ()s.'; exit 1;; esac; exec $2",
            true,
        ),
        ("echo 'This account is currently not available.'; exit 1", false),
    ] {
        let control = Control::new();
        let host = Host::new(&control, "lvs1");
        let shell = control.script("shell", shell);
        let sshd = Sshd::start(&control, &host, shell.as_str(), "ftpadm ALL=(root) NOPASSWD: ALL");
        if works {
            sshd.apply(&sshd.sudo_variables(), &[]).ended(0);
            sshd.apply(&sshd.sudo_variables(), &["--check"]).ended(0);
        } else {
            let ran = sshd.apply(&sshd.sudo_variables(), &[]).ended(2);
            assert!(
                ran.stdout.contains("ended with status 1: This account is currently not available."),
                "{}",
                ran.stdout
            );
        }
    }
}

/// Somebody's own configuration that would break a script is overruled, and their own master lives on.
#[test]
fn the_users_own_configuration_is_not_in_the_way() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let sshd = Sshd::start(&control, &host, "/bin/sh", "");
    let config = std::fs::read_to_string(control.path("ssh/config")).unwrap();
    let own = format!(
        "{config}RemoteCommand touch {0}/CANARY\nRequestTTY force\nControlMaster auto\nControlPath {0}/ssh/mine\nControlPersist yes\n\
         LocalForward 2299 127.0.0.1:2222\nExitOnForwardFailure yes\nForwardX11 yes\nBatchMode no\nLogLevel INFO\n",
        control.path("")
    );
    let mine = format!(
        "ssh -F {0}/ssh/config -i {0}/ssh/key -p 2222 -M -S {0}/ssh/mine -fN root@127.0.0.1 </dev/null >/dev/null 2>&1",
        control.path("")
    );
    host.sh(&mine);
    assert_eq!(sshd.log_ins(), 1);
    control.file("ssh/config", own);
    let ran = sshd.apply(&sshd.variables(), &["--no-undo"]);
    let ask = |what: &str| host.sh(&format!("ssh -S {}/ssh/mine -O {what} 127.0.0.1 2>&1 || true", control.path("")));
    let lives = ask("check");
    ask("exit");
    ran.ended(0);
    assert_eq!(sshd.log_ins(), 2, "the run has a connection of its own");
    assert!(!is_there(&control.path("CANARY")));
    assert!(lives.contains("Master running"), "the user's own master lives on: {lives}");
}

#[test]
fn no_ssh_here() {
    let control = Control::new();
    control.inventory(&[("lvs1", serde_json::json!({}))], &[("ftp1", serde_json::json!({"lvs_real_ip": "10.1.1.11"}))]);
    control.script("ssh", "touch CANARY");
    let ran = control
        .finish(&duct::cmd!("env", "PATH=/nosuch", env!("CARGO_BIN_EXE_lvs-ftp"), "apply").dir(control.path("")))
        .ended(4);
    let says = "unreachable: [lvs1] => failed to connect: ssh cannot be run here: ";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
    assert!(!is_there(&control.path("CANARY")), "what is in the current folder is no program of ours");
}
