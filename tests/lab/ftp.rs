//! FTP clients use the converged cluster through the virtual IP: in every mode, with two programs.

use crate::{
    hosts::{ROUTERS, SERVERS, on, path},
    machines::{Trial, trial},
    product::Site,
    state::converged,
};
use std::fs;

pub fn trials() -> Vec<Trial> {
    vec![trial("ftp::every_mode_works", every_mode_works), trial("ftp::snat_and_another_range", snat_and_another_range)]
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

fn snat_and_another_range() {
    converged();
    let masqueraded = data_connection(false);
    assert_eq!(masqueraded, ("192.0.2.2".to_owned(), 20), "MASQUERADE: the interface's primary address");
    let passive = data_connection(true);
    assert!(passive.0 == "192.0.2.10" && (10000..=20000).contains(&passive.1), "{passive:?}");
    let site = Site::playing("changed", |plays| {
        plays[0]["ftp_cluster"]["active_nat"] = "snat".into();
        plays[0]["ftp_cluster"]["passive_ports"] = "30000:30009".into();
    });
    let (old, new) = (("10000", "20000", "MASQUERADE"), ("30000", "30009", "SNAT --to-source 192.0.2.10"));
    site.converge().expect_changes(changes(old, new));
    let active = data_connection(false);
    assert_eq!(active, ("192.0.2.10".to_owned(), 20), "SNAT: the address of the control connection");
    let passive = data_connection(true);
    assert!(passive.0 == "192.0.2.10" && (30000..=30009).contains(&passive.1), "{passive:?}");
    expect_service("192.0.2.10", &SERVERS, &["curl"]);
    Site::project().converge().expect_changes(changes(new, old));
}

/// All that moves when range and NAT target change, on both sides.
fn changes(old: (&str, &str, &str), new: (&str, &str, &str)) -> Vec<String> {
    let tag = r#"-m comment --comment "lvs-ftp: Public FTP" -j"#;
    let nat = format!("-s 10.1.1.0/24 -p tcp -m tcp --sport 20 {tag}");
    let mark = |range: (&str, &str, &str)| {
        format!("-d 192.0.2.10/32 -p tcp -m tcp --dport {}:{} {tag} MARK", range.0, range.1)
    };
    let router = [
        format!("nat_rule add expand: nat POSTROUTING: {nat} {}", new.2),
        format!("nat_rule remove contract: nat (stale): -A POSTROUTING {nat} {}", old.2),
        format!("mark_rules add expand: mangle PREROUTING: {} --set-mark 21", mark(new)),
        format!("mark_rules remove contract: mangle (stale): -A PREROUTING {} --set-xmark 0x15/0xffffffff", mark(old)),
    ];
    let server = [
        format!(
            "vsftpd_conf edit serve: /etc/vsftpd.conf: pasv_min_port {} -> {}, pasv_max_port {} -> {}",
            old.0, new.0, old.1, new.1
        ),
        "vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changes".to_owned(),
    ];
    let of = |hosts: &[&str], all: &[String]| -> Vec<String> {
        hosts.iter().flat_map(|host| all.iter().map(move |change| format!("{host} {change}"))).collect()
    };
    [of(&ROUTERS, &router), of(&SERVERS, &server)].concat()
}
