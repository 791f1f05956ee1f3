//! `lvs-ftp schedule`: what cron and systemd are given is what they run.

use super::control::Control;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

/// Hosts that nothing reaches, by ssh.
fn control() -> Control {
    let control = Control::new();
    let away = json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "lvs_real_ip": "10.1.1.11"});
    control.inventory(&[("lvs1", away.clone())], &[("ftp1", away)]);
    control
}

const ODD: &str = "50% of $HOME's \"runs\".jsonl";

#[test]
fn cron_runs_just_what_was_asked_for() {
    let control = control();
    let ran = control.run(&["schedule", "cron", "--mailto", "root", "--", "--check", "--quiet", "--log", ODD]).ended(0);
    let line = ran.stdout.lines().find(|line| line.starts_with("*/15 * * * * root ")).unwrap();
    assert!(ran.stdout.contains("\nMAILTO=root\n") && ran.stdout.ends_with('\n'), "{}", ran.stdout);
    // What cron(8) makes of it, and the shell then.
    let command = line.strip_prefix("*/15 * * * * root ").unwrap();
    assert!(!command.replace("\\%", "").contains('%'), "{command}");
    let command = command.replace("\\%", "%").replace("DIR", control.path("").as_str().trim_end_matches('/'));
    control.finish(&duct::cmd!("env", "-i", "/bin/sh", "-c", command)).ended(4);
    assert!(control.path(ODD).is_file());

    let ran = control.run(&["schedule", "cron", "--", "--log", "a\\b"]).ended(1);
    assert!(ran.stderr.contains("backslash"), "{}", ran.stderr);
    let long = "x".repeat(1000);
    let ran = control.run(&["schedule", "cron", "--", "--log", &long]).ended(1);
    assert!(ran.stderr.contains("cron takes a command of 999 bytes"), "{}", ran.stderr);
}

#[test]
fn what_could_not_run_is_refused_at_once() {
    let control = control();
    for arguments in [
        &["cron", "--every", "7"][..],
        &["cron", "--every", "15", "--offset", "15"],
        &["cron", "--name", "a.b"],
        &["cron", "--user", "a b"],
        &["systemd", "--mailto", "root"],
        &["cron", "--", "--chek"],
        &["cron", "--", "--log", "a\nb"],
        &["cron", "--", "nosuch.json"],
        &["cron", "--install", "--check"],
        &["cron", "--chdir", "/nosuch"],
        &["anacron"],
    ] {
        let ran = control.run(&[&["schedule"], arguments].concat()).ended(1);
        assert!(ran.stdout.is_empty() && !ran.stderr.trim().is_empty(), "{arguments:?}: {}", ran.stdout);
    }
}

#[test]
fn installed_once_and_kept() {
    let control = control();
    let schedule = |kind: &str, action: &str, every: &str| {
        control.run(&["schedule", kind, action, "--root", "image", "--every", every, "--", "--quiet"])
    };
    for (kind, file) in [("cron", "etc/cron.d/lvs-ftp"), ("systemd", "etc/systemd/system/lvs-ftp.timer")] {
        let path = control.path("image").join(file);
        let ran = schedule(kind, "--check", "15").ended(3);
        assert!(ran.stdout.contains(&format!("differs: image/{file}\n")), "{}", ran.stdout);
        assert!(!path.exists(), "--check writes nothing");
        let ran = schedule(kind, "--install", "15").ended(0);
        assert!(ran.stdout.contains(&format!("changed: image/{file}\n")), "{}", ran.stdout);
        let first = std::fs::metadata(&path).unwrap();
        assert_eq!(first.permissions().mode() & 0o7777, 0o644);
        let ran = schedule(kind, "--install", "15").ended(0);
        assert!(!ran.stdout.contains("changed"), "{}", ran.stdout);
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), first.modified().unwrap());
        let ran = schedule(kind, "--check", "15").ended(0);
        assert!(!ran.stdout.contains("differs"), "{}", ran.stdout);
        let ran = schedule(kind, "--check", "30").ended(3);
        assert!(ran.stdout.contains("\n-") && ran.stdout.contains("\n+"), "{}", ran.stdout);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        let ran = schedule(kind, "--check", "15").ended(3);
        assert!(ran.stdout.contains("its mode is not 0644"), "{}", ran.stdout);
        schedule(kind, "--install", "15").ended(0);
        schedule(kind, "--check", "15").ended(0);
        let left = path.parent().unwrap().read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned());
        assert!(left.into_iter().all(|name| !name.starts_with('.')), "no file is left beside it");
    }
    std::fs::remove_file(control.path("image/etc/systemd/system/timers.target.wants/lvs-ftp.timer")).unwrap();
    let ran = schedule("systemd", "--check", "15").ended(3);
    assert!(ran.stdout.contains("differs: lvs-ftp.timer is not enabled"), "{}", ran.stdout);
}

#[test]
fn systemd_understands_and_hems_in() {
    let control = control();
    let units = |arguments: &[&str]| {
        control.run(&[&["schedule", "systemd", "--install", "--root", "image", "--"], arguments].concat()).ended(0);
        let folder = control.path("image/etc/systemd/system");
        let verify = duct::cmd!(
            "systemd-analyze",
            "verify",
            "--man=no",
            folder.join("lvs-ftp.service"),
            folder.join("lvs-ftp.timer")
        );
        let ran = control.finish(&verify).ended(0);
        assert!(!ran.stderr.contains("lvs-ftp"), "{}", ran.stderr);
        std::fs::read_to_string(folder.join("lvs-ftp.service")).unwrap()
    };
    let service = units(&["--quiet", "--log", ODD]);
    assert!(service.contains(r#"--log "50%% of $$HOME's \"runs\".jsonl" --no-keep"#), "{service}");
    assert!(service.contains("ProtectSystem=strict") && service.contains("ReadWritePaths=\"-"), "{service}");
    let service = units(&["--local", "--quiet"]);
    assert!(service.contains("It changes this machine itself") && !service.contains("ProtectSystem"), "{service}");
}
