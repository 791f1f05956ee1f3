//! What is not ours survives a whole converge byte for byte, counters included.

use crate::{
    compare::same,
    hosts::{ROUTERS, SERVERS, in_network, on, path, text},
    machines::{Trial, trial},
    product::Site,
    state::{fresh, owner_and_mode},
};
use std::fs;

pub fn trials() -> Vec<Trial> {
    vec![trial("foreign::rules_services_and_settings_survive", survive)]
}

/// Rules that a careless program would take for its own, break at, or run.
const RULES: &str = r#"
    iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.77 --dport 21 -m comment --comment 'lvs-ftp: Another play' -j MARK --set-mark 77 -c 7 700
    iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.77 --dport 10000:20000 -j MARK --set-mark 0x77 -c 8 800
    iptables -t mangle -A PREROUTING -d 203.0.113.1 -m comment --comment "it's \"odd\" \\ \$(touch /tmp/x) \`id\`; -j DROP" -j ACCEPT -c 9 900
    iptables -t mangle -A PREROUTING -d 203.0.113.2 -m comment --comment 'first
-A PREROUTING -j DROP' -j ACCEPT -c 1 100
    iptables -t mangle -A PREROUTING -d 203.0.113.3 -m state --state NEW -m limit --limit 5/min -j CONNMARK --save-mark -c 2 200
    iptables -t mangle -N OWN
    iptables -t mangle -A OWN -p udp -m multiport --dports 21,69 -j MARK --set-mark 21 -c 3 300
    iptables -t mangle -P FORWARD ACCEPT
    iptables -t nat -A POSTROUTING -p tcp -s 10.2.2.0/24 --sport 20 -j MASQUERADE -c 4 400
    iptables -t nat -A POSTROUTING -s 10.3.3.0/24 -o eth0 -m comment --comment '*nat' -j SNAT --to-source 192.0.2.2 -c 5 500
    iptables -t nat -A PREROUTING -p tcp -d 203.0.113.4 --dport 80 -j REDIRECT --to-ports 8080 -c 6 600
    iptables -A INPUT -s 203.0.113.9 -m comment --comment 'COMMIT' -j DROP -c 7 700
    iptables -A FORWARD -m iprange --src-range 203.0.113.10-203.0.113.20 -j REJECT -c 8 800
    iptables -P FORWARD ACCEPT
    ip6tables -t mangle -A PREROUTING -d fd00::1 -p tcp --dport 21 -j MARK --set-mark 21 -c 9 900
    ipvsadm -A -t 192.0.2.10:80 -s rr -p 60 -M 255.255.255.0
    ipvsadm -a -t 192.0.2.10:80 -r 10.1.1.11:8080 -m -w 3 -x 100 -y 50
    ipvsadm -A -u 192.0.2.10:69 -s sh -b sh-port
    ipvsadm -a -u 192.0.2.10:69 -r 10.1.1.12:69 -g -w 0
    ipvsadm -A -f 77 -s lc
    ipvsadm -a -f 77 -r 10.1.1.13:0 -i -w 2
    ipvsadm -A -f 21 -6 -s rr -p 90
    ipvsadm -a -f 21 -6 -r [fd00::11]:0 -g -w 5
"#;

/// Before and behind Debian's own lines.
const CONF_HEAD: &str = "# Kept by hand: do not touch! caf\u{e9} $(touch /tmp/x) `id`\n\n#pasv_min_port=1\n";
const CONF_TAIL: &str = "\n# tail\nftpd_banner=Welcome to $(hostname), \"friend\" \\o/\nmax_clients=77\nlocal_umask=022\n\
    ls_recurse_enable=yes\n";

fn survive() {
    fresh();
    for host in ROUTERS {
        on(host, RULES);
    }
    for host in SERVERS {
        // The real file is elsewhere, with a mode and a group of its own.
        on(
            host,
            "mkdir /etc/vsftpd.d; mv /etc/vsftpd.conf /etc/vsftpd.d/site.conf; ln -s vsftpd.d/site.conf /etc/vsftpd.conf",
        );
        let file = path(host, "/etc/vsftpd.d/site.conf");
        let conf = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{CONF_HEAD}{conf}{CONF_TAIL}")).unwrap();
        on(host, "chmod 640 /etc/vsftpd.d/site.conf; chown 0:2002 /etc/vsftpd.d/site.conf");
    }
    let rules = ROUTERS.map(foreign_rules);
    let services = ROUTERS.map(foreign_services);
    let confs = SERVERS.map(|host| text(host, "/etc/vsftpd.d/site.conf"));
    for rules in &rules {
        assert!(rules.contains("\n[7:700] -A INPUT") && rules.contains("first\n-A PREROUTING -j DROP"), "{rules}");
    }
    let site = Site::project();
    site.converge();
    for (number, host) in ROUTERS.into_iter().enumerate() {
        same(&format!("foreign rules of {host}"), &rules[number], &foreign_rules(host));
        same(&format!("foreign services of {host}"), &services[number], &foreign_services(host));
    }
    for (host, conf) in SERVERS.into_iter().zip(confs) {
        let added = "pasv_min_port=10000\npasv_max_port=20000\npasv_address=192.0.2.10\nidle_session_timeout=300\n";
        same(&format!("{host}: vsftpd.conf"), &(conf + added), &text(host, "/etc/vsftpd.d/site.conf"));
        let meta = fs::symlink_metadata(path(host, "/etc/vsftpd.d/site.conf")).unwrap();
        assert_eq!(owner_and_mode(&meta), "100640 0 2002\n");
        assert_eq!(fs::read_link(path(host, "/etc/vsftpd.conf")).unwrap().to_str(), Some("vsftpd.d/site.conf"));
        assert!(!path(host, "/tmp/x").exists(), "{host}: a comment was run");
    }
    site.expect_silence("");
}

/// All rules with their counters, but ours, and but the policies' counters.
fn foreign_rules(host: &str) -> String {
    in_network(
        host,
        "for save in iptables-legacy-save ip6tables-legacy-save; do
            $save -c | sed '/^# /d; s/^\\(:.*\\) \\[.*/\\1/; /--comment \"lvs-ftp: Public FTP\"/d'
        done",
    )
}

/// All services with destinations and thresholds, but ours.
fn foreign_services(host: &str) -> String {
    let ours = "-f 21 ";
    let text = in_network(host, "ipvsadm -S -n; ipvsadm -L -n --thresholds");
    let (saved, listed) = text.split_at(text.find("IP Virtual").unwrap());
    let saved: String =
        saved.split_inclusive('\n').filter(|line| line.contains("-f 21 -6") || !line.contains(ours)).collect();
    let mut mine = false;
    let listed = listed.split_inclusive('\n').filter(|line| {
        if !line.starts_with(' ') {
            mine = line.starts_with("FWM  21 wlc");
        }
        !mine
    });
    saved + &listed.collect::<String>()
}
