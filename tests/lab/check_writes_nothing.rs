//! `--check` writes nothing on any host, whatever it finds there.

use crate::{
    compare::{lines, same},
    hosts::{MANAGED, ROUTERS, SERVERS, on},
    listing,
    machines::{Trial, trial},
    product::{Run, Site},
    state::converged,
};

pub fn trials() -> Vec<Trial> {
    vec![trial("check_writes_nothing::on_hosts_with_drift", check_writes_nothing)]
}

fn check_writes_nothing() {
    // Hosts of which a part is right, so that a check has rules to compare, stamps to read, and much to plan.
    let site = converged();
    for host in ROUTERS {
        on(
            host,
            "iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 21 -j MARK --set-mark 7 -c 3 300
            iptables -A INPUT -s 203.0.113.9 -j DROP -c 5 500
            iptables -t nat -R POSTROUTING 1 -s 10.1.1.0/24 -p tcp --sport 20 -j SNAT --to-source 192.0.2.99 -c 1 60
            ipvsadm -E -f 21 -s rr; ipvsadm -d -f 21 -r 10.1.1.11:0; ipvsadm -A -t 192.0.2.10:80 -s rr
            echo 0 >/proc/sys/net/ipv4/ip_forward",
        );
    }
    for host in SERVERS {
        on(host, "sed -i s/^pasv_address=.*/pasv_address=192.0.2.99/ /etc/vsftpd.conf");
    }
    // The other mark takes clients' packets from the cluster: that is worse than drift.
    everything_stays(&site, "hosts with drift", 6);
}

/// Checks hosts all of which have drift, which ends with this status; they stay as they are. Hosts as new are checked by
/// `converge`.
pub fn everything_stays(site: &Site, what: &str, status: i32) -> Run {
    let all = || MANAGED.map(|host| (listing::lines(&listing::files(host)), listing::tables(host)));
    let before = all();
    let check = site.apply("--check --diff -vv");
    let after = all();
    check.expect_status(status);
    for ((host, before), after) in MANAGED.iter().zip(before).zip(after) {
        let changes = check.changes.iter().filter(|line| line.starts_with(*host));
        assert!(changes.count() > 0, "{what}: {host} has drift: {}", lines(&check.changes));
        same(&format!("{what}: files of {host}"), &before.0, &after.0);
        same(&format!("{what}: tables of {host}"), &before.1, &after.1);
    }
    check
}
