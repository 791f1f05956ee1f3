//! Converged must mean served: what loses clients' packets on the way is told with its cause, and what looks alike and does
//! no harm is not. Each row is held against real clients.

use crate::{
    hosts::on,
    machines::{Trial, trial},
    state::converged,
};

pub fn trials() -> Vec<Trial> {
    vec![trial("served::what_is_told_is_what_clients_meet", what_is_told_is_what_clients_meet)]
}

/// Something on a converged cluster.
struct Row {
    name: &'static str,
    host: &'static str,
    make: &'static str,
    undo: &'static str,
    /// The exit status of a check, and words of each thing that it tells.
    status: i32,
    told: &'static [&'static str],
    /// A mode of ftp-get, and whether it works.
    mode: &'static str,
    works: bool,
}

const fn row(name: &'static str, make: &'static str, undo: &'static str) -> Row {
    Row { name, host: "lvs1", make, undo, status: 0, told: &[], mode: "pasv", works: true }
}

const ROWS: &[Row] = &[
    row("nothing", ":", ":"),
    Row {
        status: 6,
        told: &["lost in FORWARD (the policy DROP of filter FORWARD)"],
        works: false,
        ..row("forward-policy-drop", "iptables -P FORWARD DROP", "iptables -P FORWARD ACCEPT")
    },
    row(
        "forward-lets-through",
        "iptables -P FORWARD DROP; iptables -A FORWARD -s 10.1.1.0/24 -j ACCEPT; iptables -A FORWARD -d 10.1.1.0/24 -j ACCEPT",
        "iptables -P FORWARD ACCEPT; iptables -F FORWARD",
    ),
    Row {
        status: 6,
        told: &["while net.ipv4.vs.conntrack is 0"],
        works: false,
        ..row(
            "forward-invalid-drop",
            "iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP",
            "iptables -F FORWARD",
        )
    },
    row(
        "forward-invalid-drop-with-conntrack",
        "echo 1 >/proc/sys/net/ipv4/vs/conntrack; iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP",
        "iptables -F FORWARD; echo 0 >/proc/sys/net/ipv4/vs/conntrack",
    ),
    Row {
        status: 6,
        told: &["(ports 10000:20000) are lost in OUTPUT"],
        works: false,
        ..row("output-drop", "iptables -A OUTPUT -o eth1 -p tcp --dport 1024:65535 -j DROP", "iptables -F OUTPUT")
    },
    Row {
        status: 6,
        told: &["without the cluster's mark"],
        works: false,
        ..row(
            "mangle-accept-before",
            "iptables -t mangle -I PREROUTING -d 192.0.2.0/24 -p tcp -j ACCEPT",
            "iptables -t mangle -D PREROUTING -d 192.0.2.0/24 -p tcp -j ACCEPT",
        )
    },
    Row {
        status: 6,
        told: &["the real server's own address"],
        mode: "active",
        works: false,
        ..row(
            "nat-accept-before",
            "iptables -t nat -I POSTROUTING -s 10.1.1.0/24 -o eth0 -j ACCEPT",
            "iptables -t nat -D POSTROUTING -s 10.1.1.0/24 -o eth0 -j ACCEPT",
        )
    },
    Row {
        status: 6,
        told: &["net.ipv4.conf.eth1.forwarding is 0"],
        works: false,
        ..row(
            "interface-forwarding-off",
            "echo 0 >/proc/sys/net/ipv4/conf/eth1/forwarding",
            "echo 1 >/proc/sys/net/ipv4/conf/eth1/forwarding",
        )
    },
    row(
        "input-by-the-mark",
        "iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -m mark --mark 21 -j ACCEPT; iptables -A INPUT -i mgmt -j ACCEPT; \
         iptables -A INPUT -p tcp -j DROP",
        "iptables -F INPUT",
    ),
    Row {
        status: 6,
        told: &["no router holds the virtual IP 192.0.2.10"],
        works: false,
        ..row("nobody-holds-vip", "ip addr del 192.0.2.10/24 dev eth0", "ip addr add 192.0.2.10/24 dev eth0")
    },
    Row {
        host: "lvs2",
        status: 6,
        told: &["lvs1 and lvs2 hold the virtual IP 192.0.2.10 at once"],
        ..row("two-hold-vip", "ip addr add 192.0.2.10/32 dev lo", "ip addr del 192.0.2.10/32 dev lo")
    },
    Row {
        host: "ftp2",
        status: 6,
        told: &["the default gateway 10.1.1.3 is lvs2, which does not hold the virtual IP"],
        ..row("gateway-elsewhere", "ip route replace default via 10.1.1.3", "ip route replace default via 10.1.1.1")
    },
    Row {
        host: "ftp2",
        status: 6,
        told: &["port 10000:20000 are lost in this real server's own INPUT"],
        ..row(
            "server-filter-drops-range",
            "iptables -A INPUT -p tcp -m multiport --dports 21,22 -j ACCEPT; \
             iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT; iptables -A INPUT -p tcp -j REJECT",
            "iptables -F INPUT",
        )
    },
    row("cleaned-up", ":", ":"),
];

fn what_is_told_is_what_clients_meet() {
    let site = converged();
    let mut faults = Vec::new();
    for row in ROWS {
        on(row.host, row.make);
        let run = site.apply("--check --tags running");
        let got = on("client", &format!("ftp-get {} curl hello.txt 2>/dev/null || true", row.mode));
        on(row.host, row.undo);
        let all: Vec<&String> = run.errors.iter().chain(&run.warnings).collect();
        if run.status != row.status {
            faults
                .push(format!("{}: status {}, not {}: {all:#?} {:#?}", row.name, run.status, row.status, run.changes));
        }
        for words in row.told {
            if !run.errors.iter().any(|error| error.contains(words)) {
                faults.push(format!("{}: {words} is not told: {all:#?}", row.name));
            }
        }
        if row.told.is_empty() && !all.is_empty() {
            faults.push(format!("{}: a false alarm: {all:#?}", row.name));
        }
        if row.host == "lvs1" && got.starts_with("hello from ") != row.works {
            faults.push(format!("{}: a client got {got:?}", row.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
