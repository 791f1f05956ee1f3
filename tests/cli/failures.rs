//! Human output of runs that fail, compared whole.

use super::{human::cluster, whole::is_as_recorded};
use serde_json::json;

/// What a host could not read is told in one line, and nothing is planned for it; the others go on.
#[test]
fn failed_and_unreachable() {
    let second =
        json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_user": "nobody", "lvs_real_ip": "10.1.1.12"});
    let (control, router, _server) = cluster(Some(second));
    control.script("hosts/lvs1/tools/ipvsadm", "echo 'Can not initialize ipvs: Protocol not available' >&2; exit 2");
    let ran = control.apply(&[]).ended(2);
    is_as_recorded(&ran.stdout, "unread.stdout");
    assert!(!router.sh("iptables-save").contains("MARK"), "nothing is done on a host that was not read whole");
}

/// A step that fails: what was not done is not told as done.
#[test]
fn failed_while_changing() {
    let (control, router, _server) = cluster(None);
    let ipvsadm = String::from_utf8(router.read("tools/ipvsadm")).unwrap();
    let refuses = ipvsadm.replace(
        "case $verb in",
        "[ $verb != -a ] || { echo 'Memory allocation problem' >&2; exit 255; }\ncase $verb in",
    );
    router.write("tools/ipvsadm", refuses);
    let ran = control.apply(&[]).ended(2);
    is_as_recorded(&ran.stdout, "step-failed.stdout");
    // The next run does what is left, and only that.
    router.write("tools/ipvsadm", ipvsadm);
    let ran = control.apply(&["-l", "lvs1"]).ended(0);
    is_as_recorded(&ran.stdout, "step-failed-then-run-again.stdout");
}

/// A change that the host takes and does not keep is seen by the second look.
#[test]
fn did_not_converge() {
    let (control, router, _server) = cluster(None);
    let ipvsadm = String::from_utf8(router.read("tools/ipvsadm")).unwrap();
    router.write("tools/ipvsadm", ipvsadm.replace("case $verb in", "[ $verb != -a ] || exit 0\ncase $verb in"));
    let ran = control.apply(&["-l", "lvs1"]).ended(2);
    is_as_recorded(&ran.stdout, "not-converged.stdout");
}

/// A file system whose folders cannot be written out on demand: the file is in its place all the same.
#[test]
fn a_folder_that_does_not_sync() {
    let (control, router, server) = cluster(None);
    let refuses = "#!/bin/sh\n[ \"$1\" != --help ] || exec /bin/sync --help\necho x >>/srv/refused; exit 1\n";
    for host in [&router, &server] {
        host.write("tools/sync", refuses);
        host.sh("chmod +x /usr/local/sbin/sync");
    }
    control.apply(&[]).ended(0);
    assert!(!server.read("srv/refused").is_empty());
    control.apply(&["--check"]).ended(0);
}
