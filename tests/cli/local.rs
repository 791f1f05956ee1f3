//! `--local`: a machine works on itself.

use super::{
    control::{Control, Ran},
    daemon::Daemon,
    host::Host,
};
use serde_json::json;

/// Runs the program on the host itself, which has this name and this address.
fn apply(control: &Control, host: &Host, name: &str, arguments: &[&str]) -> Ran {
    let script = format!(
        "ip addr replace 10.1.1.77/32 dev lo; hostname {name} && cd {} && exec {} apply --tags running \"$@\"",
        control.path(""),
        env!("CARGO_BIN_EXE_lvs-ftp")
    );
    let words = ["unshare", "--uts", "--", "bash", "-c", &script, "bash"];
    control.finish(&host.command(&[&words[..], arguments].concat()).env("NO_COLOR", "1"))
}

/// Two routers and a real server that can only be reached by themselves, since ssh has no way to them.
fn control() -> Control {
    let control = Control::new();
    let away = |port: u16| json!({"ansible_host": "127.0.0.1", "ansible_port": port});
    let mut server = away(3);
    server["lvs_real_ip"] = "10.1.1.77".into();
    control.inventory(&[("lvs1", away(1)), ("lvs2", away(2))], &[("ftp1", server)]);
    control
}

#[test]
fn by_name_address_or_word() {
    let control = control();
    let host = Host::new(&control, "host");
    // Its address is a real server's.
    let ran = apply(&control, &host, "other", &["--local"]).ended(0);
    assert!(ran.stdout.contains("changed: [ftp1]") && !ran.stdout.contains("[lvs1]"), "{}", ran.stdout);
    assert!(String::from_utf8(host.read("srv/vsftpd.conf")).unwrap().contains("pasv_max_port=20000"));
    let ran = apply(&control, &host, "other", &["--local", "--check"]).ended(0);
    assert!(ran.stdout.contains("ok: [ftp1]") && ran.stdout.contains("changed=0"), "{}", ran.stdout);

    // By name and by address it would be two.
    let ran = apply(&control, &host, "lvs1.example.org", &["--local", "--check"]).ended(1);
    assert!(ran.stderr.contains("several of the playbook's hosts are this machine: lvs1, ftp1"), "{}", ran.stderr);
    let ran = apply(&control, &host, "lvs1.example.org", &["--local=ftp1", "--check"]).ended(0);
    assert!(ran.stdout.contains("ok: [ftp1]"), "{}", ran.stdout);
    let ran = apply(&control, &host, "lvs1", &["--local=nosuch"]).ended(1);
    assert!(ran.stderr.contains("nothing for a host of this name") && ran.stdout.is_empty(), "{}", ran.stderr);
    apply(&control, &host, "lvs1", &["--local", "--limit", "ftp1"]).ended(1);

    control.inventory(&[("lvs1", json!({}))], &[("ftp1", json!({"lvs_real_ip": "10.1.1.78"}))]);
    let ran = apply(&control, &host, "other", &["--local"]).ended(1);
    let told = "none of the playbook's hosts is this machine (other, 10.1.1.77); say which one it is: --local=NAME";
    assert!(ran.stderr.contains(told) && ran.stdout.is_empty(), "{}", ran.stderr);
}

#[test]
fn a_router_sends_nobody_to_a_server_that_takes_no_connections() {
    let control = control();
    let host = Host::new(&control, "host");
    host.write("run/ipvs", "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.99:0 -m -w 1\n");
    let ran = apply(&control, &host, "other", &["--local=lvs1"]).ended(2);
    let held = "(held back: the real server ftp1: 10.1.1.77:21 does not answer: Connection refused";
    assert!(ran.stdout.contains(held), "{}", ran.stdout);
    let table = String::from_utf8(host.read("run/ipvs")).unwrap();
    assert!(table.contains("10.1.1.99:0") && !table.contains("10.1.1.77:0"), "what still serves stays: {table}");
    assert!(host.sh("iptables-save -t mangle").contains("--dport 10000:20000"), "the rest is done");

    // With a daemon at the control port it gets clients, and what goes is drained.
    host.write("srv/vsftpd.conf", "listen=YES\nbackground=NO\n");
    let _daemon = Daemon::start(&host);
    let ran = apply(&control, &host, "other", &["--local=lvs1"]).ended(0);
    let table = String::from_utf8(host.read("run/ipvs")).unwrap();
    assert!(table.contains("10.1.1.77:0") && !table.contains("10.1.1.99:0"), "{table}{}", ran.stdout);
    assert!(!ran.stdout.contains("held back"), "{}", ran.stdout);

    // A range that sessions elsewhere may still use stays marked: only a run that sees them can tell.
    host.sh("iptables -t mangle -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 5000:6000 \
         -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-xmark 21");
    let ran = apply(&control, &host, "other", &["--local=lvs1"]).ended(0);
    assert!(ran.stdout.contains("(draining: the sessions on ftp1 are not known in this run)"), "{}", ran.stdout);
    assert!(host.sh("iptables-save -t mangle").contains("--dport 5000:6000"));
}
