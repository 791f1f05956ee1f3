//! `--metrics`: what Prometheus is told, checked with its own promtool.

use super::{
    control::{Control, RUNNING, is_there},
    human::cluster,
};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

/// The metrics, after promtool has found nothing to say about them.
#[track_caller]
fn metrics(control: &Control) -> String {
    let path = control.path("collected/lvs-ftp.prom");
    let text = std::fs::read_to_string(&path).unwrap();
    let check = duct::cmd!("promtool", "check", "metrics").stdin_bytes(text.clone());
    let output = check.stderr_to_stdout().stdout_capture().unchecked().run().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{}\n{text}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
    assert_eq!(control.path("collected").read_dir_utf8().unwrap().count(), 1, "nothing else is left in the folder");
    text
}

/// The value of a series.
#[track_caller]
fn value(text: &str, series: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
}

#[test]
fn promtool_takes_what_is_true() {
    let (control, router, server) = cluster(None);
    std::fs::create_dir(control.path("collected")).unwrap();
    let run = |arguments: &[&str]| control.apply(&[&["-q", "--metrics", "collected/lvs-ftp.prom"], arguments].concat());
    run(&[]).ended(0);
    let first = metrics(&control);
    for (series, wanted) in [
        ("lvs_ftp_last_run_status", 0.0),
        ("lvs_ftp_last_run_check", 0.0),
        ("lvs_ftp_changed{host=\"ftp1\",resource=\"vsftpd_conf\"}", 1.0),
        ("lvs_ftp_changed{host=\"lvs1\",resource=\"mark_rules\"}", 2.0),
        ("lvs_ftp_left{host=\"lvs1\",resource=\"mark_rules\"}", 0.0),
        ("lvs_ftp_host_failed{host=\"lvs1\"}", 0.0),
        ("lvs_ftp_draining{host=\"lvs1\",resource=\"virtual_service\"}", 0.0),
    ] {
        assert!((value(&first, series) - wanted).abs() < f64::EPSILON, "{series}: {first}");
    }
    let success = value(&first, "lvs_ftp_last_success_timestamp_seconds");
    assert!((success - value(&first, "lvs_ftp_last_run_timestamp_seconds")).abs() < f64::EPSILON);
    assert!(value(&first, "lvs_ftp_last_run_duration_seconds") > 0.0);

    // Drift that is only looked at; then a host that fails; then a run that never begins: the success is kept.
    server.sh("sed -i 's/^pasv_max_port=.*/pasv_max_port=15000/' /srv/vsftpd.conf");
    run(&["--check"]).ended(3);
    let seen = metrics(&control);
    for (series, wanted) in [
        ("lvs_ftp_last_run_status", 3.0),
        ("lvs_ftp_last_run_check", 1.0),
        ("lvs_ftp_drift{host=\"ftp1\",resource=\"vsftpd_conf\"}", 1.0),
        ("lvs_ftp_changed{host=\"ftp1\",resource=\"vsftpd_conf\"}", 0.0),
        ("lvs_ftp_left{host=\"ftp1\",resource=\"vsftpd_conf\"}", 1.0),
        ("lvs_ftp_drift{host=\"lvs1\",resource=\"mark_rules\"}", 0.0),
        ("lvs_ftp_last_success_timestamp_seconds", success),
    ] {
        assert!((value(&seen, series) - wanted).abs() < f64::EPSILON, "{series}: {seen}");
    }
    let far =
        json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_user": "nobody", "lvs_real_ip": "10.1.1.11"});
    let dead = json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.12"});
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", far), ("ftp2", dead)]);
    run(&["--check"]).ended(2);
    let failed = metrics(&control);
    for (series, wanted) in [
        ("lvs_ftp_host_unreachable{host=\"ftp1\"}", 1.0),
        ("lvs_ftp_host_failed{host=\"ftp1\"}", 0.0),
        ("lvs_ftp_host_failed{host=\"ftp2\"}", 1.0),
        ("lvs_ftp_last_success_timestamp_seconds", success),
    ] {
        assert!((value(&failed, series) - wanted).abs() < f64::EPSILON, "{series}: {failed}");
    }
    control.file("playbooks/site.json", "[]");
    run(&[]).ended(1);
    let refused = metrics(&control);
    assert!((value(&refused, "lvs_ftp_last_success_timestamp_seconds") - success).abs() < f64::EPSILON);
    assert!(!refused.contains("host="), "{refused}");
}

/// The old file stays, and nothing stops the run.
#[test]
fn a_full_disk_is_a_warning() {
    let (control, router, _server) = cluster(None);
    std::fs::create_dir(control.path("full")).unwrap();
    let program = [&[env!("CARGO_BIN_EXE_lvs-ftp"), "apply"], RUNNING].concat().join(" ");
    let script = format!(
        "umask 077; mount -t tmpfs -o size=8k none full && {program} -q --metrics full/m >/dev/null && stat -c %a full/m && \
         cp full/m before && head -c 9000 /dev/zero >full/zero; {program} -q --metrics full/m; echo status $?; \
         cmp full/m before && ls -A full"
    );
    let ran = control.finish(&duct::cmd!("unshare", "-m", "sh", "-c", script).dir(control.path("")));
    assert!(ran.stderr.contains("[WARNING]: the metrics are not written to full/m: "), "{}", ran.stderr);
    assert_eq!(ran.stdout, "644\nstatus 0\nm\nzero\n", "{}", ran.stderr);
    assert_eq!(router.sh("grep -c . /run/ipvs"), "2", "it converged");
    let ran = control.apply(&["-q", "--metrics", "nosuch/m"]).ended(0);
    assert!(ran.stderr.starts_with("[WARNING]: the metrics are not written to nosuch/m: "), "{}", ran.stderr);
    assert!(!is_there(&control.path("nosuch")));
}

/// A pipe that nobody reads keeps no run, and a device stays one.
#[test]
fn what_is_no_file_is_written_or_refused() {
    use std::os::unix::fs::FileTypeExt;
    let (control, _router, _server) = cluster(None);
    duct::cmd!("mkfifo", control.path("pipe")).run().unwrap();
    let ran = control.apply(&["--check", "--metrics", "pipe"]).ended(3);
    assert!(ran.stderr.contains("nobody reads it"), "{}", ran.stderr);
    let ran = control.apply(&["--check", "--out", "pipe"]).ended(2);
    assert!(ran.stderr.contains("nobody reads it"), "{}", ran.stderr);
    control.apply(&["--check", "--metrics", "/dev/null", "--out", "/dev/null"]).ended(3);
    assert!(std::fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());
}
