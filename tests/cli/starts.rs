//! What a run starts on a host.

use super::{control::Control, host::Host};
use serde_json::json;

/// A daemon gets the signals of its own will: what a shell runs in its background ignores some, and so would what is started
/// there, for ever.
#[test]
fn a_daemon_ignores_no_signal() {
    let control = Control::empty();
    let host = Host::new(&control, "one");
    let service = "#!/bin/sh\ncase $1 in\n\
                   status) [ -e /run/up ] || exit 3 ;;\n\
                   start) grep SigIgn /proc/self/status >/run/up ;;\nesac\n";
    host.write("etc/init.d/vsftpd", service);
    control.file("inventory/hosts.json", json!({"all": {"hosts": {"one": host.variables()}}}).to_string());
    let line = json!({"config_line": {"path": "/run/line", "line": "here", "create": true}});
    let start = json!({"service": {"name": "vsftpd", "state": "started"}});
    let play = json!({"name": "Service", "hosts": "all", "tasks": [line, start]});
    control.file("playbooks/site.json", json!([play]).to_string());
    let ran = control.apply(&[]).ended(0);
    assert!(ran.stdout.contains("start"), "{}", ran.stdout);
    let ignored = host.sh("cat /run/up");
    let mask = u64::from_str_radix(ignored.trim_start_matches("SigIgn:").trim(), 16).unwrap_or(u64::MAX);
    // SIGINT is 2, SIGQUIT 3, SIGHUP 1.
    assert_eq!(mask & 0b111, 0, "{ignored}");
}
