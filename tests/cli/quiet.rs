//! `--quiet`: what a mail from cron says, compared whole; and that it says nothing when there is nothing to say.

use super::{
    control::{Control, RUNNING, Ran},
    human::cluster,
    whole::is_as_recorded,
};
use serde_json::json;

/// The program with nothing but what cron gives: no locale, a short PATH, a home that is not its own.
fn by_cron(control: &Control, arguments: &[&str]) -> Ran {
    let environment = ["-i", "PATH=/usr/bin:/bin", "HOME=/", env!("CARGO_BIN_EXE_lvs-ftp"), "apply"];
    let words = [&environment[..], RUNNING, arguments].concat();
    control.finish(&duct::cmd("env", words).dir(control.path("")))
}

#[test]
fn drift_is_told_and_repaired_and_then_nothing_is_said() {
    let (control, router, server) = cluster(None);
    by_cron(&control, &["-q"]).ended(0);
    for arguments in [&["--quiet"][..], &["-q", "-C"], &["-q", "--diff", "-v"], &["-q", "--output", "json"]] {
        let ran = by_cron(&control, arguments).ended(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "{arguments:?}");
    }
    server.sh(
        "sed -i 's/^pasv_max_port=.*/pasv_max_port=15000/' /srv/vsftpd.conf; sed -i 's/$/ /;s/ $//' /srv/vsftpd.conf",
    );
    router.sh("iptables -t mangle -D PREROUTING 2");
    let ran = by_cron(&control, &["-q", "--check"]).ended(3);
    is_as_recorded(&ran.stdout, "quiet-check.stdout");
    let ran = by_cron(&control, &["-q"]).ended(0);
    is_as_recorded(&ran.stdout, "quiet-changed.stdout");
    assert_eq!(ran.stderr, "");
    assert_eq!(by_cron(&control, &["-q"]).ended(0).stdout, "");
}

/// Failures, what they hold back, and a warning: all in the one report, and JSON is printed whole.
#[test]
fn trouble_is_told() {
    let second =
        json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_user": "nobody", "lvs_real_ip": "10.1.1.12"});
    let (control, router, server) = cluster(Some(second));
    router.sh("iptables -t mangle -A PREROUTING -d 192.0.2.99 -p tcp --dport 80 -j MARK --set-mark 21");
    let ran = by_cron(&control, &["-q"]).ended(4);
    is_as_recorded(&ran.stdout, "quiet-trouble.stdout");
    assert_eq!(ran.stderr, "", "warnings are in the report");
    let ran = by_cron(&control, &["-q", "--output", "json"]).ended(4);
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["errors"][0]["host"], "ftp2");
    server.sh("rm /srv/vsftpd.conf");
    let ran = by_cron(&control, &["-q", "-l", "ftp1"]).ended(2);
    assert!(ran.stdout.contains("\nFAILED on ftp1\n    ") && ran.stdout.contains("    To do: "), "{}", ran.stdout);
    // What keeps a run from beginning is told as ever.
    control.file("playbooks/site.json", "[]");
    let ran = by_cron(&control, &["-q"]).ended(1);
    assert!(ran.stdout.is_empty() && ran.stderr.starts_with("error: "), "{}", ran.stderr);
}

/// The wait is before the lock, and a signal ends it.
#[test]
fn a_splay_holds_nothing_up() {
    use super::background::{Running, until};
    use rustix::process::Signal;
    let (control, _router, _server) = cluster(None);
    let waits = Running::start_by(
        &control,
        "exec env --default-signal=INT,TERM,HUP \"$@\" 2>told",
        &["-v", "--splay", "86400"],
    );
    until("it waits", || std::fs::read_to_string(control.path("told")).is_ok_and(|text| text.contains("--splay")));
    control.apply(&["--splay", "0"]).ended(0);
    let start = std::time::Instant::now();
    waits.signal(Signal::TERM);
    waits.finish().ended(99);
    assert!(start.elapsed() < crate::support::within(20), "{:?}", start.elapsed());
    let told = std::fs::read_to_string(control.path("told")).unwrap();
    assert!(told.ends_with("error: interrupted before any host was changed\n"), "{told}");
    for arguments in
        [["--splay", "86401"], ["--splay", "-1"], ["--quiet", "--list-hosts"], ["--splay=1", "--syntax-check"]]
    {
        control.apply(&arguments).ended(1);
    }
}
