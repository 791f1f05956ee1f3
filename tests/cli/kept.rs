//! ssh connections that outlive a run: the next one need not log in, and whatever became of them meanwhile is no trouble.

use super::{
    control::{Control, Ran, is_there},
    host::Host,
    sshd::Sshd,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    os::unix::fs::{PermissionsExt, chown},
    time::{Duration, Instant},
};

/// A control host and a router with sshd. Connections that are kept end with the value.
struct Kept<'a> {
    host: &'a Host,
    sshd: Sshd<'a>,
    control: &'a Control,
}

impl<'a> Kept<'a> {
    fn new(control: &'a Control, host: &'a Host) -> Self {
        Self { host, sshd: Sshd::start(control, host, "/bin/sh", ""), control }
    }

    fn apply(&self, arguments: &[&str]) -> Ran {
        self.apply_with(&self.sshd.variables(), arguments)
    }

    fn apply_with(&self, variables: &Value, arguments: &[&str]) -> Ran {
        self.control.finish(&self.sshd.command(variables, arguments))
    }

    /// The names of the sockets.
    fn sockets(&self) -> Vec<String> {
        let folder = self.host.path("run/lvs-ftp-ssh").read_dir_utf8();
        folder.into_iter().flatten().map(|entry| entry.unwrap().file_name().to_owned()).collect()
    }

    /// The processes that listen on them.
    fn masters(&self) -> Vec<Pid> {
        let name = "ssh: /run/lvs-ftp-ssh/";
        let network = self.host.sh("readlink /proc/self/ns/net");
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let ours = processes.filter(|process| {
            std::fs::read(process.path().join("cmdline")).is_ok_and(|words| words.starts_with(name.as_bytes()))
                && std::fs::read_link(process.path().join("ns/net")).is_ok_and(|link| link.to_str() == Some(&network))
        });
        ours.filter_map(|process| Pid::from_raw(process.file_name().to_str()?.parse().ok()?)).collect()
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        for master in self.masters() {
            let _ = kill_process(master, Signal::KILL);
        }
    }
}

fn all(processes: &[Pid], signal: Signal) {
    for process in processes {
        kill_process(*process, signal).unwrap();
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < crate::support::within(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One log-in serves all runs, at most one connection and socket is left, and nothing of it holds the run's own output
/// open: a reader such as cron sees the end when the run ends.
#[test]
fn runs_share_one_connection() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let kept = Kept::new(&control, &host);
    kept.apply(&["--no-undo"]).ended(0);
    for _ in 0..3 {
        // Who waits for the run's end waits for the end of its output too.
        let ran = kept.apply(&["--check"]).ended(0);
        assert!(ran.stdout.contains("changed=0"), "{}", ran.stdout);
    }
    assert_eq!(kept.sshd.log_ins(), 1, "{}", kept.sshd.log());
    assert_eq!((kept.sockets().len(), kept.masters().len()), (1, 1));
    assert_eq!(kept.sockets()[0].len(), 16);
    // Several at once use it too.
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| kept.apply(&["--check"]).ended(0));
        }
    });
    assert_eq!(kept.sshd.log_ins(), 1, "{}", kept.sshd.log());
    // What the undo guard asks is whether somebody can log in: that is never asked over the kept connection.
    host.sh(": >/run/ipvs");
    kept.apply(&[]).ended(0);
    assert_eq!(kept.sshd.log_ins(), 2, "{}", kept.sshd.log());
    assert_eq!((kept.sockets().len(), kept.masters().len()), (1, 1));
}

/// A connection that died is noticed, its socket goes, and the run connects anew; also when its process was killed, or
/// its way to the host is cut without a word.
#[test]
fn a_dead_connection_is_replaced() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let kept = Kept::new(&control, &host);
    kept.apply(&["--no-undo"]).ended(0);
    // Killed: its socket stays.
    all(&kept.masters(), Signal::KILL);
    until("the connection is still there", || kept.masters().is_empty());
    assert_eq!(kept.sockets().len(), 1);
    kept.apply(&["--check"]).ended(0);
    assert_eq!((kept.sshd.log_ins(), kept.sockets().len(), kept.masters().len()), (2, 1, 1));
    // The host's side stands still, so that the run begins over a connection that is dead: it is found so after some seconds.
    let far = kept.sshd.sessions();
    all(&far, Signal::STOP);
    let ran = kept.apply(&["--check"]);
    all(&far, Signal::KILL);
    let ran = ran.ended(0);
    assert!(ran.stdout.contains("unreachable=0"), "{}", ran.stdout);
    assert_eq!((kept.sshd.log_ins(), kept.sockets().len()), (3, 1));
    until("the dead connection is still there", || kept.masters().len() == 1);
    // A host that is really gone is tried once more, and then unreachable.
    let mut elsewhere = kept.sshd.variables();
    elsewhere["ansible_port"] = 2223.into();
    kept.apply_with(&elsewhere, &["--check"]).ended(4);
}

#[test]
fn nothing_is_kept_where_that_is_not_wanted() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let kept = Kept::new(&control, &host);
    let mut unkept = kept.sshd.variables();
    unkept["lvs_ssh_keep"] = "no".into();
    for (variables, arguments) in [(kept.sshd.variables(), &["--no-keep"][..]), (unkept, &[])] {
        kept.apply_with(&variables, &[&["--no-undo"], arguments].concat()).ended(0);
        kept.apply_with(&variables, &[&["--check"], arguments].concat()).ended(0);
        assert!(!is_there(&host.path("run/lvs-ftp-ssh")));
        until("a connection is left", || kept.sshd.sessions().is_empty());
    }
    let mut wrong = kept.sshd.variables();
    wrong["lvs_ssh_keep"] = "an hour".into();
    let ran = kept.apply_with(&wrong, &[]).ended(1);
    assert!(ran.stderr.contains("`lvs_ssh_keep` must be true or false, not `an hour`"), "{}", ran.stderr);
}

/// A folder that may be another user's is not used: the run says so, and does without.
#[test]
fn a_folder_of_somebody_else_is_not_used() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let kept = Kept::new(&control, &host);
    let folder = host.path("run/lvs-ftp-ssh");
    std::fs::create_dir(&folder).unwrap();
    for (user, mode) in [(4242, 0o700), (0, 0o770)] {
        chown(&folder, Some(user), None).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = kept.apply(&["--no-undo"]).ended(0);
        let says = format!(
            "[WARNING]: ssh connections are not kept for the next run: /run/lvs-ftp-ssh must be a folder of user 0 with \
             mode 0700, and is of user {user} with mode {mode:04o}: remove it (--no-keep does without)"
        );
        assert!(ran.stderr.contains(&says), "{}", ran.stderr);
        assert!(kept.sockets().is_empty() && kept.masters().is_empty());
        let ran = kept.apply(&["--check", "--no-keep"]).ended(0);
        assert!(!ran.stderr.contains("WARNING"), "{}", ran.stderr);
    }
    let plain = json!({"ansible_connection": "local"});
    let ran = kept.apply_with(&plain, &["--check"]);
    assert!(!ran.stderr.contains("not kept"), "who needs no ssh is not told of it: {}", ran.stderr);
}
