//! `--syslog`, to a socket that stands where /dev/log is.

use super::{
    control::{Control, RUNNING, Ran},
    human::cluster,
};
use std::{os::unix::net::UnixDatagram, time::Duration};

/// A run in a mount namespace whose /dev has nothing but the usual devices and this log.
fn run(control: &Control, log: &str, arguments: &[&str]) -> Ran {
    std::fs::create_dir_all(control.path("dev")).unwrap();
    let script = format!(
        "mount -t tmpfs none dev && for one in null zero full random urandom; do \
         touch dev/$one && mount --bind /dev/$one dev/$one || exit; done; \
         ln -s /proc/self/fd dev/fd && ln -s {} dev/log && mount --rbind dev /dev && exec \"$@\"",
        control.path(log)
    );
    let program = [env!("CARGO_BIN_EXE_lvs-ftp"), "apply", "--syslog", "-q"];
    let words = [&["-m", "sh", "-c", &script, "sh"][..], &program, RUNNING, arguments].concat();
    control.finish(&duct::cmd("unshare", words).dir(control.path("")))
}

/// What a daemon gets of a run, without the time and the process id.
fn told(control: &Control, arguments: &[&str], status: i32) -> Vec<String> {
    let _ = std::fs::remove_file(control.path("log"));
    let socket = UnixDatagram::bind(control.path("log")).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let mut messages = Vec::new();
    let ran = std::thread::scope(|scope| {
        let daemon = scope.spawn(|| {
            let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
            loop {
                match socket.recv(&mut buffer) {
                    Ok(length) => all.push(String::from_utf8(buffer[..length].to_vec()).unwrap()),
                    Err(_) if done.load(std::sync::atomic::Ordering::Relaxed) => return all,
                    Err(_) => {}
                }
            }
        });
        let ran = run(control, "log", arguments);
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        messages = daemon.join().unwrap();
        ran
    });
    assert_eq!(ran.ended(status).stderr, "");
    let plain = |message: &String| {
        let (priority, rest) = message.split_once('>').unwrap();
        let (time, rest) = rest.split_at(15);
        assert_eq!((&time[3..4], &time[6..7], &time[9..10]), (" ", " ", ":"), "{message}");
        let text = rest.strip_prefix(" lvs-ftp[").unwrap().split_once("]: ").unwrap().1;
        assert!(!message.contains(char::is_control) && message.len() <= 1024, "{message:?}");
        format!("{priority}> {text}")
    };
    messages.iter().map(plain).collect()
}

/// The figures taken out of the line about the run.
fn timeless(line: &str) -> String {
    let (before, rest) = line.split_once("), ").unwrap();
    format!("{before}): {}", rest.split_once(" s: ").unwrap().1)
}

#[test]
fn each_change_and_the_run_are_told() {
    let (control, router, server) = cluster(None);
    let first = told(&control, &[], 0);
    assert_eq!(first.len(), 8, "{first:#?}");
    assert!(
        first.contains(&"<29> lvs1: changed: ip_forward: edit net.ipv4.ip_forward: 0 -> 1".to_owned()),
        "{first:#?}"
    );
    assert!(first[7].starts_with("<29> run ended: changed (status 0), "), "{first:#?}");
    let quiet = told(&control, &[], 0);
    assert_eq!(
        quiet.iter().map(|line| timeless(line)).collect::<Vec<_>>(),
        ["<30> run ended: converged (status 0): 2 hosts"]
    );
    server.sh("sed -i 's/^pasv_max_port=.*/pasv_max_port=15000/' /srv/vsftpd.conf");
    let seen = told(&control, &["--check"], 3);
    assert_eq!(
        [seen[0].clone(), timeless(&seen[1])],
        [
            "<28> ftp1: differs: vsftpd_conf: edit /srv/vsftpd.conf: pasv_max_port 15000 -> 20000",
            "<28> check ended: drift (status 3): ftp1: pasv_max_port"
        ]
    );
    // A host's own words cannot put a line of their own there.
    router.sh("printf '#!/bin/bash\\nprintf \"no\\\\nJan  1 00:00:00 sshd[1]: \\\\033[31mhello\\\\n\" >&2; exit 2\\n' >/usr/local/sbin/ipvsadm");
    let failed = told(&control, &["-l", "lvs1"], 2);
    assert!(failed.len() == 2 && failed[0].starts_with("<27> lvs1: failed: "), "{failed:#?}");
    assert!(failed[0].contains("\\u{1b}[31mhello"), "{failed:#?}");
    assert!(failed[1].starts_with("<27> run ended: failed (status 2), "), "{failed:#?}");
}

/// No daemon, and one that does not read: one warning, and the hosts converge.
#[test]
fn no_log_is_one_warning() {
    let (control, router, _server) = cluster(None);
    let ran = run(&control, "nosuch", &[]).ended(0);
    assert_eq!(ran.stderr.matches("[WARNING]: ").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("[WARNING]: the system's log is not told: "), "{}", ran.stderr);
    assert_eq!(router.sh("grep -c . /run/ipvs"), "2");
    let _deaf = UnixDatagram::bind(control.path("log")).unwrap();
    let fill = UnixDatagram::unbound().unwrap();
    fill.set_nonblocking(true).unwrap();
    while fill.send_to(b"x", control.path("log")).is_ok() {}
    let ran = run(&control, "log", &[]).ended(0);
    assert_eq!(ran.stderr.matches("[WARNING]: the system's log is not told: ").count(), 1, "{}", ran.stderr);
}
