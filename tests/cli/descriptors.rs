//! Many hosts at once, and the limit of open files.

use super::control::{Control, Ran};
use serde_json::json;

const HOSTS: usize = 30;
/// Fewer than their locks take.
const FEW: usize = 70;

/// Hosts with a /run of their own, where a line is to come.
fn hosts() -> Control {
    let control = Control::empty();
    let enter = "mkdir -p \"$1\" && mount --bind \"$1\" /run && shift && exec \"$@\"";
    let host = |number: usize| {
        let run = control.path(&format!("run/{number}"));
        let words = ["unshare", "-m", "--", "sh", "-c", enter, "sh", run.as_str()];
        (format!("host{number}"), json!({ "lvs_ftp_exec": words }))
    };
    let hosts: serde_json::Map<_, _> = (1..=HOSTS).map(host).collect();
    control.file("inventory/hosts.json", json!({"all": {"hosts": hosts}}).to_string());
    let task = json!({"config_line": {"path": "/run/line", "line": "here", "create": true}});
    let play = json!({"name": "Lines", "hosts": "all", "serial": 10, "tasks": [task]});
    control.file("playbooks/site.json", json!([play]).to_string());
    control
}

/// A run under a limit: of `ulimit` these words.
fn run(control: &Control, limit: &str) -> Ran {
    let script = format!("ulimit {limit} && exec \"$@\"");
    let words = ["-c", &script, "sh", env!("CARGO_BIN_EXE_lvs-ftp"), "apply", "--forks", "3"];
    control.finish(&duct::cmd("sh", words).dir(control.path("")).env("HOME", control.path("").as_str()))
}

#[test]
fn more_locks_than_files_may_be_open() {
    let control = hosts();
    let ran = run(&control, &format!("-S -n {FEW}")).ended(0);
    assert_eq!(ran.stdout.matches("changed: [").count(), HOSTS, "{}", ran.stdout);
    assert_eq!(std::fs::read_to_string(control.path("run/30/line")).unwrap(), "here\n");
}

#[test]
fn a_limit_that_cannot_be_raised_is_named() {
    let ran = run(&hosts(), &format!("-n {FEW}"));
    let says = "Too many open files (os error 24); each changed host takes some: raise the limit (ulimit -n)";
    assert!(ran.stdout.contains(says) && ran.status != Some(0), "{}\n{}", ran.stdout, ran.stderr);
}
