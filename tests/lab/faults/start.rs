//! The state that every case starts from: everything that the product looks after is wrong, and much is not ours.

use super::{
    processes::{self, kill, signal},
    snapshot::{self, Files, HOSTS},
};
use crate::{
    hosts::{on, path},
    product::Site,
};
use rustix::process::Signal;
use std::{collections::BTreeMap, fs};

/// The files of each host, as they are to be found by each run.
pub struct Start(BTreeMap<&'static str, Files>);

/// One router, two real servers.
pub fn site() -> Site {
    Site::with(
        "faults",
        |all| {
            all["children"]["lvs_routers"]["hosts"].as_object_mut().unwrap().remove("lvs2");
            all["children"]["ftp_servers"]["hosts"].as_object_mut().unwrap().remove("ftp3");
        },
        |_| {},
    )
}

/// Other people's rules; then ours with another mark, another range and another network.
const RULES: &str = r#"
    iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.77 --dport 21 -m comment --comment 'lvs-ftp: Another play' -j MARK --set-mark 77 -c 7 700
    iptables -t mangle -A PREROUTING -d 203.0.113.1 -m comment --comment "it's \"odd\" \\ \$(touch /tmp/x) \`id\`; -j DROP" -j ACCEPT -c 9 900
    iptables -t mangle -N OWN
    iptables -t mangle -A OWN -p udp -m multiport --dports 21,69 -j MARK --set-mark 21 -c 3 300
    iptables -t nat -A POSTROUTING -p tcp -s 10.2.2.0/24 --sport 20 -j MASQUERADE -c 4 400
    iptables -t nat -A PREROUTING -p tcp -d 203.0.113.4 --dport 80 -j REDIRECT --to-ports 8080 -c 6 600
    iptables -A INPUT -s 203.0.113.9 -m comment --comment 'COMMIT' -j DROP -c 7 700
    ip6tables -t mangle -A PREROUTING -d fd00::1 -p tcp --dport 21 -j MARK --set-mark 21 -c 9 900
    iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 21 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 20
    iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 9000:9999 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 20
    iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 9000:9999 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 21
    iptables -t nat -A POSTROUTING -p tcp -s 10.9.0.0/24 --sport 20 -m comment --comment 'lvs-ftp: Public FTP' -j MASQUERADE
    for table in filter mangle nat; do iptables-save -c -t $table; done | sed '/^#/d'
"#;

/// Other people's services; ours with another scheduler and no persistence, a destination with another weight, one
/// missing and one too many; and that of the older mark.
const IPVS: &str = "-A -t 192.0.2.10:80 -s rr -p 60 -M 255.255.255.0
-a -t 192.0.2.10:80 -r 10.1.1.11:8080 -m -w 3 -x 100 -y 50
-A -u 192.0.2.10:69 -s sh -b sh-port
-a -u 192.0.2.10:69 -r 10.1.1.12:69 -g -w 0
-A -f 77 -s lc
-a -f 77 -r 10.1.1.13:0 -i -w 2
-A -f 21 -6 -s rr -p 90
-A -f 21 -s rr
-a -f 21 -r 10.1.1.11:0 -m -w 7
-a -f 21 -r 10.1.1.99:0 -m -w 1
-A -f 20 -s wlc -p 300
-a -f 20 -r 10.1.1.11:0 -m -w 1
";

const SAVED_RULES: &str = r#"# by hand
*filter
:INPUT ACCEPT [0:0]
[7:99] -A INPUT -p tcp --dport 21 -j ACCEPT
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 9000:9999 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x15/0xffffffff
-A PREROUTING -d 203.0.113.1/32 -j ACCEPT
COMMIT
"#;

const SAVED_IPVS: &str = "-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 10.1.1.11:8080 -m -w 3\n\
    -A -f 21 -s rr\n-a -f 21 -r 10.1.1.99:0 -m -w 1\n";

/// Behind Debian's own lines.
const CONF: &str = "\n# Kept by hand: do not touch! caf\u{e9} $(touch /tmp/x) `id`\nftpd_banner=Welcome to $(hostname)\n\
    pasv_min_port=9000\npasv_max_port=9999\npasv_address=192.0.2.99\nconnect_from_port_20=NO\n# tail\n";

impl Start {
    /// Makes it on hosts as new.
    pub fn make() -> Self {
        fs::write(path("lvs1", "/run/start.filter"), on("lvs1", RULES)).unwrap();
        fs::write(path("lvs1", "/run/start.ipvs"), IPVS).unwrap();
        fs::write(path("lvs1", "/etc/iptables/rules.v4"), SAVED_RULES).unwrap();
        fs::write(path("lvs1", "/etc/ipvsadm.rules"), SAVED_IPVS).unwrap();
        on(
            "lvs1",
            "chmod 640 /etc/iptables/rules.v4; echo 'net.ipv4.ip_forward = 0 # by hand' >>/etc/sysctl.conf
            sed -i 's/^AUTO=.*/AUTO=\"false\"/' /etc/default/ipvsadm",
        );
        for server in ["ftp1", "ftp2"] {
            let conf = path(server, "/etc/vsftpd.conf");
            fs::write(&conf, fs::read_to_string(&conf).unwrap() + CONF).unwrap();
        }
        on("ftp1", "chmod 640 /etc/vsftpd.conf; chown 0:2002 /etc/vsftpd.conf");
        let start = Self(HOSTS.map(|host| (host, snapshot::files(host))).into());
        start.restore();
        start
    }

    /// Comes back to it from anywhere.
    pub fn restore(&self) {
        for process in processes::of("control").iter().filter(|process| !process.is_the_host()) {
            kill(process);
        }
        for host in HOSTS {
            let all = processes::of(host);
            // The daemon of one server goes on, with what it has read; that of the other is not there.
            let goes = |name: &str| host == "ftp2" || name != "vsftpd";
            all.iter().filter(|process| !process.is_the_host() && goes(&process.name)).for_each(kill);
            snapshot::restore(host, &self.0[host]);
        }
        on(
            "lvs1",
            "iptables-restore -c </run/start.filter; ipvsadm -C; ipvsadm -R </run/start.ipvs
            echo 0 >/proc/sys/net/ipv4/ip_forward",
        );
        let daemons = processes::of("ftp1").into_iter().filter(|process| process.name == "vsftpd");
        assert!(daemons.inspect(|daemon| signal(daemon, Signal::HUP)).count() > 0, "ftp1: its vsftpd has died");
        for entry in fs::read_dir(path("control", "/tmp")).unwrap() {
            let _ = fs::remove_dir_all(entry.unwrap().path());
        }
    }
}
