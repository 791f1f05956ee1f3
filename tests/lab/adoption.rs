//! What an administrator typed is adopted: it means the same, so it stays, and its counters run on.

use crate::{
    compare::{lines, same},
    hosts::{ROUTERS, SERVERS, in_network, on},
    machines::{Trial, trial},
    product::Site,
    state::{cluster, fresh, same_parts},
};

pub fn trials() -> Vec<Trial> {
    vec![trial("adoption::what_was_typed_by_hand_stays", typed_by_hand)]
}

/// The reference set-up as people type it, each for one router; `-c 3 333` makes a counter that is not zero.
const WAYS: [[&str; 2]; 2] = [
    [
        "iptables -t nat    -A POSTROUTING -p tcp -s 10.1.1.0/24 --sport 20 -j MASQUERADE -c 3 333
        iptables -t mangle -A PREROUTING  -p tcp -d 192.0.2.10/32 --dport 21 -j MARK --set-mark 21 -c 3 333
        iptables -t mangle -A PREROUTING  -p tcp -d 192.0.2.10/32 --dport 10000:20000 -j MARK --set-mark 21 -c 3 333
        ipvsadm -A -f 21 -s wlc -p 300
        for last in 11 12 13; do ipvsadm -a -f 21 -r 10.1.1.$last:0 -m -w 1; done",
        "iptables -t nat    -A POSTROUTING -s 10.1.1.7/255.255.255.0 -p tcp -m multiport --sports ftp-data -m comment --comment 'active ftp' -j MASQUERADE -c 3 333
        iptables -t mangle -A PREROUTING  -d 192.0.2.10 -p 6 -m multiport --dports 21,10000:20000 -j MARK --set-mark 0x15 -c 3 333
        ipvsadm -A -f 21 -p 300 -M 255.255.255.255
        for last in 13 12 11; do ipvsadm -a -f 21 -r 10.1.1.$last -m; done",
    ],
    [
        "iptables -t mangle -A PREROUTING  -p tcp -d 192.0.2.10 --dport 15001:20000 -j MARK --set-xmark 21/0xffffffff -c 3 333
        iptables -t mangle -A PREROUTING  -p tcp -d 192.0.2.10 --dport 10000:15000 -m comment --comment \"it's \\\"half\\\"\" -j MARK --set-mark 21 -c 3 333
        iptables -t mangle -A PREROUTING  -p tcp -d 192.0.2.10 --dport ftp -j MARK --set-mark 21 -c 3 333
        iptables -t nat    -A POSTROUTING -p tcp -s 10.1.1.0/24 --sport 20:20 -j MASQUERADE -c 3 333
        ipvsadm --add-service --fwmark-service 21 --scheduler wlc --persistent 300
        ipvsadm --add-server --fwmark-service 21 --real-server 10.1.1.13 --masquerading --weight 1
        ipvsadm -a -f 21 -r 10.1.1.11 -m -x 300 -y 200; ipvsadm -a -f 21 -r 10.1.1.12 -m",
        "iptables -t mangle -A PREROUTING  -p tcp -d 192.0.2.10 -m tcp --dport 10000:20000 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 21 -c 3 333
        iptables -t mangle -A PREROUTING  -p tcp -d 192.0.2.10 -m multiport --dports 21 -j MARK --set-mark 21 -c 3 333
        iptables -t nat    -A POSTROUTING -p tcp -s 10.1.1.0/24 --sport 20 -m comment --comment '$(touch /tmp/x)' -j MASQUERADE -c 3 333
        printf '%s\\n' '-A -f 21 -s wlc -p 300' '-a -f 21 -r 10.1.1.11:0 -m -w 1' '-a -f 21 -r 10.1.1.12:0 -m -w 1' '-a -f 21 -r 10.1.1.13:0 -m -w 1' | ipvsadm -R",
    ],
];

/// vsftpd.conf as people write it, the daemon started anew with it.
const CONFS: [&str; 3] = [
    "pasv_min_port=10000\npasv_max_port=20000\npasv_address=192.0.2.10\nidle_session_timeout=300\n",
    "pasv_address=192.0.2.10\nidle_session_timeout=300\nconnect_from_port_20=true\npasv_enable=1\n# range\npasv_max_port=20000\npasv_min_port=10000\n",
    "pasv_min_port=023420\npasv_max_port=20000\npasv_address=192.0.2.10\nidle_session_timeout=300\nport_enable=yes\n",
];

const RESTART: &str = "sleep 0.2
    start-stop-daemon --stop --retry 5 --pidfile /run/vsftpd/vsftpd.pid --exec /usr/sbin/vsftpd >/dev/null
    start-stop-daemon --start --background --make-pidfile --pidfile /run/vsftpd/vsftpd.pid --exec /usr/sbin/vsftpd
    sleep 0.3";

fn typed_by_hand() {
    fresh();
    let site = Site::project();
    for (host, conf) in SERVERS.into_iter().zip(CONFS) {
        // A second line for a key would be drift: the sample's own goes.
        on(
            host,
            &format!(
                "sed -i /^connect_from_port_20/d /etc/vsftpd.conf; printf %s '{conf}' >>/etc/vsftpd.conf
                grep -q ^connect_from_port_20 /etc/vsftpd.conf || echo connect_from_port_20=YES >>/etc/vsftpd.conf
                {RESTART}"
            ),
        );
    }
    for (number, ways) in WAYS.iter().enumerate() {
        for (host, way) in ROUTERS.iter().zip(ways) {
            on(
                host,
                &format!(
                    "iptables -t nat -F; iptables -t mangle -F; ipvsadm -C; echo 1 >/proc/sys/net/ipv4/ip_forward\n{way}"
                ),
            );
        }
        let (before, counted) = (cluster(), ROUTERS.map(rules));
        assert!(counted.iter().all(|rules| rules.contains("[3:333] -A")), "{counted:?}");
        let run = site.apply("");
        run.expect_changes::<&str>([]);
        run.expect_status(0);
        same("warnings", "", &lines(&run.warnings));
        let after = cluster();
        for host in before.keys() {
            same_parts(&format!("way {number}, {host}"), &before[host], &after[host]);
        }
        for (host, counted) in ROUTERS.iter().zip(counted) {
            same(&format!("way {number}, counted rules of {host}"), &counted, &rules(host));
        }
    }
    a_reload_by_hand_leaves_no_trace(&site);
}

/// Linux does not tell when vsftpd was last sent SIGHUP: after one by hand the file stays, and the daemon is told again.
fn a_reload_by_hand_leaves_no_trace(site: &Site) {
    on("ftp2", "echo '# by hand' >>/etc/vsftpd.conf; kill -HUP $(cat /run/vsftpd/vsftpd.pid)");
    let before = cluster();
    let run = site.converge();
    run.expect_changes([
        "ftp2 vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changed after the daemon last read it",
    ]);
    same_parts("ftp2", &before["ftp2"], &cluster()["ftp2"]);
}

/// The rules of both chains with their counters.
fn rules(host: &str) -> String {
    in_network(host, "iptables-legacy-save -c | grep -e '-A '")
}
