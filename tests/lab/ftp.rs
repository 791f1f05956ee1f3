//! FTP clients use the converged cluster through the virtual IP: in every mode, with two programs.

use crate::{
    hosts::{SERVERS, on, path},
    product::Site,
    state::converged,
    trial,
};
use libtest_mimic::Trial;
use std::fs;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("ftp::every_mode_works", every_mode_works),
        trial("ftp::snat_shows_the_virtual_ip", snat_shows_the_virtual_ip),
        trial("ftp::a_passive_range_moves_on_both_sides", a_passive_range_moves_on_both_sides),
    ]
}

/// Every mode with every program; the answer is that of one of these servers.
pub fn expect_service(virtual_ip: &str, servers: &[&str], programs: &[&str]) {
    for program in programs {
        for mode in ["passive", "pasv", "active"] {
            let got = on("client", &format!("ftp-get {mode} {program} hello.txt {virtual_ip}"));
            let known = servers.iter().any(|server| got == format!("hello from {server}\n"));
            assert!(known, "{virtual_ip}, {program}, {mode}: {got:?}");
        }
    }
}

fn every_mode_works() {
    converged();
    expect_service("192.0.2.10", &SERVERS, &["curl", "lftp"]);
    for mode in ["passive", "active"] {
        on("client", &format!("ftp-get {mode} curl big.bin >/tmp/big"));
        let got = fs::read(path("client", "/tmp/big")).unwrap();
        assert!(got == fs::read("/run/lab/ftp/big.bin").unwrap(), "{mode}: {} bytes, not the file's", got.len());
    }
}

/// Where a client's data connection came from or went to, in lftp's own words.
fn data_connection(passive: bool) -> (String, u16) {
    let mode = if passive { "yes; set ftp:prefer-epsv no; set ftp:fix-pasv-address no" } else { "no" };
    let said = on(
        "client",
        &format!(
            "timeout 15 lftp -d -c 'set net:timeout 4; set net:max-retries 1; set ftp:ssl-allow no;
            set ftp:passive-mode {mode}; open ftp://192.0.2.10/; cat hello.txt' 2>&1"
        ),
    );
    let start = if passive { "---- Connecting data socket to (" } else { "---- Accepted data connection from (" };
    let (_, rest) = said.split_once(start).unwrap_or_else(|| panic!("no data connection: {said}"));
    let (address, rest) = rest.split_once(") port ").unwrap();
    (address.to_owned(), rest.split_whitespace().next().unwrap().parse().unwrap())
}

fn snat_shows_the_virtual_ip() {
    converged();
    assert_eq!(data_connection(false), ("192.0.2.2".to_owned(), 20), "MASQUERADE: the interface's primary address");
    let site = Site::playing("snat", |plays| plays[0]["ftp_cluster"]["active_nat"] = "snat".into());
    let run = site.converge();
    let tag = r#"-m comment --comment "lvs-ftp: Public FTP""#;
    let traffic = "-s 10.1.1.0/24 -p tcp -m tcp --sport 20";
    run.expect_changes(["lvs1", "lvs2"].into_iter().flat_map(|host| {
        [
            format!("{host} nat_rule add expand: nat POSTROUTING: {traffic} {tag} -j SNAT --to-source 192.0.2.10"),
            format!("{host} nat_rule remove contract: nat (stale): -A POSTROUTING {traffic} {tag} -j MASQUERADE"),
        ]
    }));
    assert_eq!(data_connection(false), ("192.0.2.10".to_owned(), 20), "SNAT: the address of the control connection");
    let back = Site::project().converge();
    back.expect_changes(["lvs1", "lvs2"].into_iter().flat_map(|host| {
        [
            format!("{host} nat_rule add expand: nat POSTROUTING: {traffic} {tag} -j MASQUERADE"),
            format!(
                "{host} nat_rule remove contract: nat (stale): -A POSTROUTING {traffic} {tag} -j SNAT --to-source 192.0.2.10"
            ),
        ]
    }));
}

fn a_passive_range_moves_on_both_sides() {
    converged();
    let site = Site::playing("range", |plays| plays[0]["ftp_cluster"]["passive_ports"] = "30000:30009".into());
    let run = site.converge();
    let rule = |range: &str| {
        format!("-d 192.0.2.10/32 -p tcp -m tcp --dport {range} -m comment --comment \"lvs-ftp: Public FTP\" -j MARK")
    };
    let routers = ["lvs1", "lvs2"].into_iter().flat_map(|host| {
        [
            format!("{host} mark_rules add expand: mangle PREROUTING: {} --set-mark 21", rule("30000:30009")),
            format!(
                "{host} mark_rules remove contract: mangle (stale): -A PREROUTING {} --set-xmark 0x15/0xffffffff",
                rule("10000:20000")
            ),
        ]
    });
    let servers = SERVERS.into_iter().flat_map(|host| {
        [
            format!("{host} vsftpd_conf edit serve: /etc/vsftpd.conf: pasv_min_port 10000 -> 30000, pasv_max_port 20000 -> 30009"),
            format!("{host} vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changes"),
        ]
    });
    run.expect_changes(routers.chain(servers));
    let (address, port) = data_connection(true);
    assert_eq!(address, "192.0.2.10");
    assert!((30000..=30009).contains(&port), "{port}");
    expect_service("192.0.2.10", &SERVERS, &["curl"]);
    Site::project().converge();
    assert!((10000..=20000).contains(&data_connection(true).1), "and back again");
}
