//! A daemon that cannot be recognised by its arguments is told all the same: a SIGHUP more is harmless, a missed one is not.

use super::{
    control::{Control, playbook},
    daemon::Daemon,
    host::Host,
};
use serde_json::json;

/// With `setproctitle_enable` the daemon's arguments are gone from /proc.
#[test]
fn a_daemon_with_a_title_is_told() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    let mut banner = playbook();
    // The daemon runs, and shall.
    banner[0]["ftp_cluster"]["real_servers"]["services"] = json!({});
    banner[0]["ftp_cluster"]["real_servers"]["vsftpd"]["settings"] = json!({"ftpd_banner": "new words"});
    control.file("playbooks/site.json", banner.to_string());
    server.write("srv/vsftpd.conf", "listen=YES\nbackground=NO\nanonymous_enable=YES\nsetproctitle_enable=YES\n");
    let daemon = Daemon::start(&server);
    let ran = control.apply(&["-l", "ftp1"]).ended(0);
    assert!(ran.stdout.contains("reload: ") && ran.stderr.is_empty(), "{}{}", ran.stdout, ran.stderr);
    daemon.greets("new words");
    assert!(control.apply(&["-l", "ftp1"]).ended(0).stdout.contains("changed=0"));
}
