//! The main job: hosts where nothing is set up are converged by one run.

use crate::{
    check_writes_nothing::everything_stays,
    compare::same,
    hosts::{ROUTERS, SERVERS, text},
    machines::{Trial, trial},
    product::Site,
    state::{fresh, parts, same_parts},
};

pub fn trials() -> Vec<Trial> {
    vec![trial("converge::one_run_sets_up_everything", one_run_sets_up_everything)]
}

const FILTER: &str = r#"*mangle
:PREROUTING ACCEPT
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
-A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x15/0xffffffff
-A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x15/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
-A POSTROUTING -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE
COMMIT
"#;

const IPVS: &str = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n\
    -a -f 21 -r 10.1.1.13:0 -m -w 1\n";

const SETTINGS: &str = "pasv_min_port=10000\npasv_max_port=20000\npasv_address=192.0.2.10\nidle_session_timeout=300\n";

const ROUTER_CHANGES: [&str; 8] = [
    "ip_forward edit expand: net.ipv4.ip_forward: 0 -> 1",
    r#"nat_rule add expand: nat POSTROUTING: -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE"#,
    r#"mark_rules add expand: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21"#,
    r#"mark_rules add expand: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21"#,
    "virtual_service add steer: virtual service -f 21 -s wlc -p 300",
    "virtual_service add steer: destination 10.1.1.11:0 -m -w 1",
    "virtual_service add steer: destination 10.1.1.12:0 -m -w 1",
    "virtual_service add steer: destination 10.1.1.13:0 -m -w 1",
];

const SERVER_CHANGES: [&str; 2] = [
    "vsftpd_conf edit serve: /etc/vsftpd.conf: pasv_min_port (not set) -> 10000, pasv_max_port (not set) -> 20000, \
     pasv_address (not set) -> 192.0.2.10, idle_session_timeout (not set) -> 300",
    "vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changes",
];

/// What `--check` says is what `apply` does, it is the reference set-up, and a second run finds nothing to do.
fn one_run_sets_up_everything() {
    fresh();
    let site = Site::project();
    let before = SERVERS.map(parts);
    let of = |hosts: &[&str], changes: &[&str]| -> Vec<String> {
        hosts.iter().flat_map(|host| changes.iter().map(move |change| format!("{host} {change}"))).collect()
    };
    let expected = [of(&ROUTERS, &ROUTER_CHANGES), of(&SERVERS, &SERVER_CHANGES)].concat();
    let check = everything_stays(&site, "hosts as new", 3);
    check.expect_changes(&expected);
    let run = site.converge();
    run.expect_changes(&expected);
    for host in ROUTERS {
        let found = parts(host);
        same(&format!("{host}, packet filter"), FILTER, &found["packet filter"]);
        same(&format!("{host}, IPVS"), IPVS, &found["IPVS"]);
        same(&format!("{host}, ip_forward"), "1\n", &found["ip_forward"]);
    }
    for (host, mut expected) in SERVERS.into_iter().zip(before) {
        same("the copy", &expected["vsftpd.conf"], &text(host, "/etc/vsftpd.conf.lvs-ftp-old"));
        expected.get_mut("vsftpd.conf").unwrap().push_str(SETTINGS);
        same_parts(&format!("{host} after the run"), &expected, &parts(host));
    }
    site.expect_silence("");
    site.expect_silence("--check");
}
