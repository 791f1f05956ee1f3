//! A host that does not answer costs its time-out, and nobody else anything.

use crate::{
    compare::same,
    hosts::{lab, on},
    product::Run,
    state::{cluster, converged, same_parts},
    trial,
};
use libtest_mimic::Trial;
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("dead::a_pulled_cable", || dead_host(|| lab("off ftp2"), || lab("back ftp2"))),
        trial("dead::an_sshd_that_hangs", || {
            let signal = |name| on("ftp2", &format!("kill -{name} $(pidof sshd)"));
            dead_host(|| drop(signal("STOP")), || drop(signal("CONT")));
        }),
        trial("dead::an_sshd_that_is_not_there", || {
            dead_host(
                || drop(on("ftp2", "kill $(pidof sshd)")),
                || drop(on("ftp2", "/usr/sbin/sshd -r -E /var/log/sshd.log")),
            );
        }),
    ]
}

/// Drift on three hosts, one of which is dead: the other two converge.
fn dead_host(die: impl FnOnce(), revive: impl FnOnce()) {
    let site = converged();
    let healthy = cluster();
    on("lvs1", "ipvsadm -E -f 21 -s rr -p 300");
    for host in ["ftp2", "ftp3"] {
        on(host, "sed -i s/^pasv_max_port=.*/pasv_max_port=15000/ /etc/vsftpd.conf");
    }
    let drifted = cluster();
    die();
    let run = site.apply("-T 3");
    // Revived before anything is judged: a failure here must not be the next trial's.
    let after = cluster();
    revive();
    run.expect_status(4);
    run.expect_changes([
        "lvs1 virtual_service edit steer: virtual service -f 21 -s rr -p 300 -> -f 21 -s wlc -p 300",
        "ftp3 vsftpd_conf edit serve: /etc/vsftpd.conf: pasv_max_port 15000 -> 20000",
        "ftp3 vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changes",
    ]);
    assert!(run.made);
    unreachable(&run);
    assert!(run.took < Duration::from_secs(15), "{:?}", run.took);
    for host in healthy.keys() {
        let expected = if *host == "ftp2" { &drifted } else { &healthy };
        same_parts(host, &expected[host], &after[host]);
    }
    let healed = site.converge();
    assert_eq!(healed.changes_of("ftp2").len(), 2, "{:?}", healed.changes);
    for (host, parts) in cluster() {
        same_parts(host, &healthy[host], &parts);
    }
}

fn unreachable(run: &Run) {
    assert_eq!(run.errors.len(), 1, "{:?}", run.errors);
    let known = [
        "Connection timed out",
        "Connection timed out during banner exchange; Connection to 198.51.100.12 port 22 timed out",
        "Connection refused",
        "No route to host",
    ];
    let expected: Vec<String> =
        known.iter().map(|words| format!("ftp2 unreachable: failed to connect: {words}")).collect();
    let short = run.errors[0].replace("ssh: connect to host 198.51.100.12 port 22: ", "");
    assert!(expected.contains(&short), "{short}");
    same("the host", "ftp2", &short[..4]);
}
