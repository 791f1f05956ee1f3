//! The table against what ipvsadm printed (tests/format walks the recorded facts; here are the corners).
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{IpvsTable, ServiceKey, Timeout};
use crate::{format::ipvs_thresholds, lvs::ForwardingMethod};

const TABLE: &str = "-A -f 21 -s wlc -p 300 -M 255.255.255.0\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n\
    -a -f 21 -r 10.1.1.12:0 -i -w 0 --tun-type gue --tun-port 6080 --tun-nocsum\n-A -f 21 -6 -s rr\n\
    -a -f 21 -6 -r [fd00::11]:0 -g -w 1\n-A -t 192.0.2.1:21 -s sh -b sh-fallback,sh-port\n-A -u 192.0.2.1:5060 -s rr -p 60 --pe sip -o\n";

#[test]
fn what_ipvsadm_prints_is_read_and_rendered_alike() {
    let table = IpvsTable::parse(TABLE.as_bytes()).unwrap();
    assert_eq!(table.render(), TABLE);
    let service = table.service(&ServiceKey::mark(21)).unwrap();
    assert_eq!(service.persistence, Some(Timeout { seconds: 300, mask: Some("255.255.255.0".to_owned()) }));
    assert_eq!(service.destinations[1].forwarding, ForwardingMethod::Tunnel);
    assert_eq!(service.destinations[1].weight, 0);
    assert_eq!(table.services[1].destinations[0].address, "[fd00::11]:0");
}

#[test]
fn saved_files_may_use_any_form_that_ipvsadm_takes() {
    let typed = "--add-service --fwmark-service 21 -p\n-a -f21 -r 10.1.1.11\n-a -r [fd00::1] -6 -f 21 -m\n";
    let table = IpvsTable::parse(typed.replace("-a -r [", "-A -f 21 -6\n-a -r [").as_bytes()).unwrap();
    assert_eq!(
        table.render(),
        "-A -f 21 -s wlc -p 360\n-a -f 21 -r 10.1.1.11:0 -g -w 1\n-A -f 21 -6 -s wlc\n-a -f 21 -6 -r [fd00::1]:0 -m -w 1\n"
    );
}

/// Each of these was once read as another table than ipvsadm makes of it.
#[test]
fn numbers_are_decimal_and_ports_have_names() {
    let typed = "-A -f 025 -s wlc\n-a -f 25 -r 10.1.1.011:021 -m\n-a -f025 -r 10.1.1.12:ftp -m -w 02\n";
    let table = IpvsTable::parse(typed.as_bytes()).unwrap();
    assert_eq!(table.render(), "-A -f 25 -s wlc\n-a -f 25 -r 10.1.1.9:21 -m -w 1\n-a -f 25 -r 10.1.1.12:21 -m -w 2\n");
    for refused in
        ["-f 0x15", "-f 0", "-f ftp", "-f 4294967296", "-f 21 -f 21", "-f 21 -s wlc -s rr", "-f 21 -p -p 300"]
    {
        assert!(IpvsTable::parse(format!("-A {refused}\n").as_bytes()).is_err(), "{refused}");
    }
    assert!(IpvsTable::parse(b"-A -f 21\n-a -f 21 -r 10.1.1.11 -g -m\n").is_err());
}

#[test]
fn garbage_and_cut_off_text_are_refused() {
    for (text, says) in [
        ("-A -f 21 -s wlc", "line 1: the last line has no end: the text was cut off: -A -f 21 -s wlc"),
        (
            "-a -f 21 -r 10.1.1.11:0\n",
            "line 1: this destination belongs to no service above it: -a -f 21 -r 10.1.1.11:0",
        ),
        ("Can't initialize ipvs\n", "line 1: a word stands where an option was expected: Can't initialize ipvs"),
        ("-A -s wlc\n", "line 1: this service has no -f, -t, -u or --sctp-service: -A -s wlc"),
        ("-A -f 21\n-A -f 21\n", "line 2: this service is there twice: -A -f 21"),
        ("-A -f 21 -p x\n", "line 1: the persistence timeout is not a number: -A -f 21 -p x"),
        ("\n", "line 1: this line is empty: "),
    ] {
        assert_eq!(IpvsTable::parse(text.as_bytes()).unwrap_err().to_string(), says);
    }
}

#[test]
fn thresholds_join_their_destinations() {
    let mut table = IpvsTable::parse(b"-A -f 21 -s wlc\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n").unwrap();
    let listing = "IP Virtual Server version 1.2.1 (size=4096)\n\
        Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn\n\
        \x20 -> RemoteAddress:Port\nFWM  21 wlc\n  -> 10.1.1.11:0                  100        50         3          4\n";
    let connections = ipvs_thresholds::join(&mut table, listing.as_bytes()).unwrap();
    assert_eq!(table.services[0].destinations[0].thresholds, (100, 50));
    assert_eq!(connections.to(&ServiceKey::mark(21), "10.1.1.11:0"), 7);
    assert_eq!(connections.load(&ServiceKey::mark(21), "10.1.1.11:0"), (3, 4));
    assert_eq!(connections.to(&ServiceKey::mark(22), "10.1.1.11:0"), 0);
    assert_eq!(
        table.services[0].destinations[0].words().join(" "),
        "-r 10.1.1.11:0 -m -w 1 -x 100 -y 50",
        "an edit carries the thresholds"
    );
    let cut = listing.rsplit_once("  ->").unwrap().0;
    assert!(ipvs_thresholds::join(&mut table, cut.as_bytes()).unwrap_err().to_string().contains("lacks destinations"));
}
