//! A second multi-port service beside FTP, stated task by task: HTTP on two ports, on a firewall mark of its own.

use crate::{
    compare::{lines, same},
    ftp::expect_service,
    hosts::{ROUTERS, SERVERS, lab, on, text},
    machines::{Trial, trial},
    product::Site,
    state::{cluster, fresh, parts, same_parts},
};
use serde_json::{Value, json};

pub fn trials() -> Vec<Trial> {
    vec![trial("tasks::a_second_service_runs_beside_ftp_and_boots", second_service)]
}

/// The project's cluster, and its example of another service, with two things more.
fn beside(plays: &mut Value) {
    plays.as_array_mut().unwrap().push(json!({
        "name": "Web", "hosts": "lvs_routers", "serial": 1, "tags": ["web"],
        "tasks": [
            {"name": "One mark", "iptables_rule": {"table": "mangle", "chain": "PREROUTING", "protocol": "tcp",
                "destination": "192.0.2.20", "destination_ports": [80, 443], "jump": "MARK", "set_mark": 80}},
            {"name": "Nobody asks the routers", "iptables_rule": {"chain": "INPUT", "protocol": "tcp",
                "destination": "192.0.2.2", "destination_port": "8000:8100", "jump": "DROP", "action": "insert"}},
            {"name": "The mark is served", "ipvs_service": {"firewall_mark": 80, "scheduler": "rr", "persistence": 300,
                "drain_timeout": 1, "destinations": [{"address": "10.1.1.11"}, {"address": "10.1.1.12", "weight": 2}]}},
            {"name": "No redirects", "sysctl": {"name": "net.ipv4.conf.all.send_redirects", "value": 0}},
            {"name": "ssh", "service": {"name": "ssh", "enabled": true}},
            {"name": "The address has a name", "config_line": {"path": "/etc/hosts", "regexp": "\\swww$",
                "line": "192.0.2.20 www"}},
        ]
    }));
}

/// Two pages of one client come from one server: persistence joins the ports.
fn expect_pages(servers: &[&str]) {
    let got = on("client", "for port in 80 443; do curl -sS --max-time 5 http://192.0.2.20:$port/name; done");
    let from = servers.iter().any(|server| got == format!("{server}\n{server}\n"));
    assert!(from, "{got:?}");
}

fn serve() {
    on("lvs1", "ip address show dev eth0 | grep -q 192.0.2.20/ || ip address add 192.0.2.20/24 dev eth0");
    for server in ["ftp1", "ftp2"] {
        on(
            server,
            &format!(
                "mkdir -p /srv/www; echo {server} >/srv/www/name; for port in 80 443; do busybox httpd -p $port -h /srv/www; done"
            ),
        );
    }
}

fn second_service() {
    fresh();
    serve();
    for router in ROUTERS {
        on(
            router,
            "iptables-legacy -A INPUT -p tcp --dport 8000 -j DROP -m comment --comment 'lvs-ftp: Another'
            iptables-legacy -A INPUT -p tcp --dport 9 -j DROP -m comment --comment 'lvs-ftp: Web'",
        );
    }
    let site = Site::playing("tasks", beside);
    let run = site.run("");
    run.expect_status(0);
    assert!(run.made, "every change was made");
    site.run("--check").expect_changes::<&str>([]);
    for router in ROUTERS {
        same(
            &format!("{router}, IPVS"),
            "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n\
             -a -f 21 -r 10.1.1.13:0 -m -w 1\n-A -f 80 -s rr -p 300\n-a -f 80 -r 10.1.1.11:0 -m -w 1\n\
             -a -f 80 -r 10.1.1.12:0 -m -w 2\n",
            &parts(router)["IPVS"],
        );
        let input: Vec<String> = parts(router)["packet filter"]
            .lines()
            .filter(|line| line.starts_with("-A INPUT"))
            .map(str::to_owned)
            .collect();
        same(
            &format!("{router}, INPUT"),
            "-A INPUT -d 192.0.2.2/32 -p tcp -m tcp --dport 8000:8100 -m comment --comment \"lvs-ftp: Web\" -j DROP\n\
             -A INPUT -p tcp -m tcp --dport 8000 -m comment --comment \"lvs-ftp: Another\" -j DROP\n",
            &lines(input),
        );
        assert!(text(router, "/etc/hosts").ends_with("192.0.2.20 www\n"));
        assert_eq!(on(router, "cat /proc/sys/net/ipv4/conf/all/send_redirects"), "0\n");
    }
    expect_pages(&["ftp1", "ftp2"]);
    expect_service("192.0.2.10", &SERVERS, &["curl"]);
    // What one task asks for is repaired alone.
    let whole = cluster();
    on("lvs2", "ipvsadm -e -f 80 -r 10.1.1.12:0 -m -w 7; ipvsadm -E -f 21 -s rr -p 300; sed -i '/www$/d' /etc/hosts");
    let repaired = site.run("--tags web");
    repaired.expect_changes([
        "lvs2 virtual_service edit steer: destination 10.1.1.12:0 -m -w 7 -> 10.1.1.12:0 -m -w 2",
        "lvs2 config_line edit serve: /etc/hosts: has 192.0.2.20 www",
    ]);
    repaired.expect_status(0);
    site.run("")
        .expect_changes(["lvs2 virtual_service edit steer: virtual service -f 21 -s rr -p 300 -> -f 21 -s wlc -p 300"]);
    for router in ROUTERS {
        same_parts(router, &whole[router], &parts(router));
    }
    // The hosts lose all that runs; their boot files bring up both services.
    lab("cluster reboot");
    serve();
    expect_pages(&["ftp1", "ftp2"]);
    expect_service("192.0.2.10", &SERVERS, &["curl"]);
    let site = Site::playing("tasks", beside);
    site.run("--check").expect_changes::<&str>([]);
    // What the play states as absent goes, and nothing else.
    let gone = Site::playing("gone", |plays| {
        beside(plays);
        plays[1]["tasks"] = json!([
            {"iptables_rule": {"table": "mangle", "chain": "PREROUTING", "protocol": "tcp", "destination": "192.0.2.20",
                "destination_ports": [80, 443], "jump": "MARK", "set_mark": 80, "state": "absent"}},
            {"ipvs_service": {"firewall_mark": 80, "drain_timeout": 1, "state": "absent"}},
        ]);
    });
    gone.run("").expect_status(0);
    gone.run("--check").expect_changes::<&str>([]);
    for router in ROUTERS {
        assert!(!parts(router)["IPVS"].contains("-f 80"));
        assert!(!parts(router)["packet filter"].contains("lvs-ftp: Web"));
        for file in ["/etc/iptables/rules.v4", "/etc/ipvsadm.rules"] {
            let text = text(router, file);
            assert!(!text.contains("lvs-ftp: Web") && !text.contains("-f 80"), "{router} {file}: {text}");
        }
    }
    expect_service("192.0.2.10", &SERVERS, &["curl"]);
}
