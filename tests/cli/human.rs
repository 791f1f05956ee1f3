//! Human output, compared whole.

use super::{control::Control, host::Host, whole::is_as_recorded};

/// A router and two real servers, the second of them as given.
pub fn cluster(second: Option<serde_json::Value>) -> (Control, Host, Host) {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    let mut servers = vec![("ftp1", server.server(11))];
    servers.extend(second.map(|second| ("ftp2", second)));
    control.inventory(&[("lvs1", router.variables())], &servers);
    (control, router, server)
}

#[test]
fn drift_with_check_and_diff() {
    let (control, _router, _server) = cluster(None);
    let ran = control.apply(&["--check", "--diff"]).ended(3);
    is_as_recorded(&ran.stdout, "drift.stdout");
    is_as_recorded(&ran.stderr, "drift.stderr");
}

#[test]
fn changed_and_then_converged() {
    let (control, _router, _server) = cluster(None);
    let ran = control.apply(&["-v"]).ended(0);
    is_as_recorded(&ran.stdout, "changed.stdout");
    let ran = control.apply(&["--diff"]).ended(0);
    is_as_recorded(&ran.stdout, "converged.stdout");
    is_as_recorded(&ran.stderr, "converged.stderr");
}
