//! A host that does not answer costs its time-out, and nobody else anything.

use crate::{
    hosts::{lab, on},
    machines::{Trial, trial},
    state::{cluster, converged, same_cluster, same_parts},
};
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    vec![trial("dead::a_pulled_cable_a_hanging_sshd_and_no_sshd", dead_hosts)]
}

const SSHD: &str = "/usr/sbin/sshd -r -E /var/log/sshd.log";

/// Drift on every host, three of which are dead in three ways: the other two converge.
fn dead_hosts() {
    let site = converged();
    let healthy = cluster();
    for host in ["lvs1", "lvs2"] {
        on(host, "ipvsadm -E -f 21 -s rr -p 300");
    }
    for host in ["ftp1", "ftp2", "ftp3"] {
        on(host, "sed -i s/^pasv_max_port=.*/pasv_max_port=15000/ /etc/vsftpd.conf");
    }
    let drifted = cluster();
    lab("off ftp2");
    on("ftp1", "kill -STOP $(pidof sshd)");
    on("lvs2", "kill $(pidof sshd)");
    let run = site.apply("-T 3");
    // Revived before anything is judged: a failure here must not be the next trial's.
    let after = cluster();
    lab("back ftp2");
    on("ftp1", "kill -CONT $(pidof sshd)");
    on("lvs2", SSHD);
    run.expect_status(4);
    run.expect_changes([
        "lvs1 virtual_service edit steer: virtual service -f 21 -s rr -p 300 -> -f 21 -s wlc -p 300",
        "ftp3 vsftpd_conf edit serve: /etc/vsftpd.conf: pasv_max_port 15000 -> 20000",
        "ftp3 vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changes",
    ]);
    assert!(run.made);
    run.expect_errors([
        "lvs2 unreachable: failed to connect: ssh: connect to host 198.51.100.3 port 22: Connection refused",
        "ftp1 unreachable: failed to connect: Connection timed out during banner exchange; \
         Connection to 198.51.100.11 port 22 timed out",
        "ftp2 unreachable: failed to connect: ssh: connect to host 198.51.100.12 port 22: Connection timed out",
    ]);
    // The time-out that was asked for counts. That hosts wait side by side is shown in tests/cli/forks.rs.
    assert!(run.took < Duration::from_secs(60), "{:?}", run.took);
    for host in healthy.keys() {
        let expected = if ["lvs1", "ftp3"].contains(host) { &healthy } else { &drifted };
        same_parts(host, &expected[host], &after[host]);
    }
    let healed = site.converge();
    assert_eq!(["lvs1", "lvs2", "ftp1", "ftp2", "ftp3"].map(|host| healed.changes_of(host).len()), [0, 1, 2, 2, 0]);
    same_cluster("after the next run", &healthy, &cluster());
}
