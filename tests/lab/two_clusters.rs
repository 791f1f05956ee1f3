//! Two clusters on the same routers, and parts of a run: what one asks for does not touch the other.

use crate::{
    compare::{lines, same},
    ftp::expect_service,
    hosts::{MANAGED, on, text},
    machines::{Trial, trial},
    product::Site,
    state::{cluster, converged, parts, same_parts},
};
use serde_json::{Value, json};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("two_clusters::converge_in_one_run", converge_in_one_run),
        trial("limit::contacts_only_what_it_selects", limit_contacts_only_what_it_selects),
    ]
}

/// The project's cluster without ftp2 and ftp3, and a second one of those.
fn split(plays: &mut Value) {
    let mut second = plays[0].clone();
    plays[0]["ftp_cluster"]["real_servers"]["hosts"] = json!("ftp1");
    second["name"] = json!("Second");
    second["tags"] = json!(["second"]);
    let cluster = &mut second["ftp_cluster"];
    cluster["virtual_ip"] = json!("192.0.2.20");
    cluster["firewall_mark"] = json!(22);
    cluster["passive_ports"] = json!("30000:30100");
    cluster["real_servers"]["hosts"] = json!("ftp_servers:!ftp1");
    plays.as_array_mut().unwrap().push(second);
}

fn converge_in_one_run() {
    converged();
    on("lvs1", "ip address add 192.0.2.20/24 dev eth0");
    let site = Site::playing("two", split);
    site.converge();
    site.expect_silence("");
    for host in ["lvs1", "lvs2"] {
        same(
            &format!("{host}, IPVS"),
            "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-A -f 22 -s wlc -p 300\n\
             -a -f 22 -r 10.1.1.12:0 -m -w 1\n-a -f 22 -r 10.1.1.13:0 -m -w 1\n",
            &parts(host)["IPVS"],
        );
    }
    expect_service("192.0.2.10", &["ftp1"], &["curl"]);
    expect_service("192.0.2.20", &["ftp2", "ftp3"], &["curl"]);
    site.run("").expect_status(0);
    // One cluster is repaired: the other one's drift stays when it is not asked for, and its things always.
    let whole = cluster();
    for host in ["lvs1", "lvs2"] {
        on(host, "ipvsadm -D -f 22; ipvsadm -e -f 21 -r 10.1.1.11:0 -m -w 9; iptables -t mangle -D PREROUTING 3");
    }
    let drifted = cluster();
    let second = site.run("--tags second");
    second.expect_status(0);
    assert!(
        second.changes.iter().all(|line| line.contains("lvs-ftp: Second")
            || line.contains("-f 22")
            || line.contains("10.1.1.12:0")
            || line.contains("10.1.1.13:0")),
        "{:#?}",
        second.changes
    );
    let repaired = cluster();
    for host in ["lvs1", "lvs2"] {
        let of = |cluster: &crate::state::Cluster, mark: &str| {
            let all = cluster[host]["IPVS"].clone();
            lines(all.lines().filter(|line| line.contains(mark)))
        };
        same("the second's service", &of(&whole, "-f 22"), &of(&repaired, "-f 22"));
        same("the first's service", &of(&drifted, "-f 21"), &of(&repaired, "-f 21"));
    }
    site.converge();
    for (host, parts) in cluster() {
        same_parts(host, &reordered(&whole[host]), &reordered(&parts));
    }
}

/// A rule that was deleted comes back as the last of its chain: compared in the order of the alphabet.
fn reordered(parts: &crate::state::Parts) -> crate::state::Parts {
    let mut parts = parts.clone();
    if let Some(filter) = parts.get_mut("packet filter") {
        let mut all: Vec<&str> = filter.lines().collect();
        all.sort_unstable();
        *filter = lines(all);
    }
    parts
}

fn limit_contacts_only_what_it_selects() {
    let site = converged();
    for host in MANAGED {
        if host.starts_with("lvs") {
            on(host, "ipvsadm -E -f 21 -s rr -p 300");
        }
    }
    let logs = || MANAGED.map(|host| (host, text(host, "/var/log/sshd.log")));
    let before = (logs(), cluster());
    let run = site.apply("-l lvs1");
    let after = (logs(), cluster());
    run.expect_status(0);
    run.expect_changes(["lvs1 virtual_service edit steer: virtual service -f 21 -s rr -p 300 -> -f 21 -s wlc -p 300"]);
    for ((host, before_log), (_, after_log)) in before.0.iter().zip(&after.0) {
        assert_eq!(before_log != after_log, *host == "lvs1", "sshd of {host} was asked:\n{after_log}");
        if *host != "lvs1" {
            same_parts(host, &before.1[host], &after.1[host]);
        }
    }
    site.converge()
        .expect_changes(["lvs2 virtual_service edit steer: virtual service -f 21 -s rr -p 300 -> -f 21 -s wlc -p 300"]);
}
