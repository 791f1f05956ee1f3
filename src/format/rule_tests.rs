//! Rules in many spellings.

use super::{Protocol, Rule, Target};
use crate::format::port_set::PortSet;

fn rule(text: &str) -> Rule {
    Rule::parse(format!("-A PREROUTING {text}").as_bytes())
}

/// The reference rule, in every way to write it that the model must see through.
#[test]
fn one_meaning_many_spellings() {
    let reference = rule("-d 192.0.2.10/32 -p tcp -m tcp --dport 21 -j MARK --set-xmark 0x15/0xffffffff");
    assert!(reference.is_plain());
    assert_eq!(reference.target, Target::set_mark(21));
    assert_eq!(reference.protocol, Protocol::Tcp);
    assert_eq!(reference.destination_ports, PortSet::port(21));
    for same in [
        "-p tcp -d 192.0.2.10 --dport 21 -j MARK --set-mark 21",
        "-p 6 -m tcp -d 192.0.2.10/255.255.255.255 --dport 0x15 -j MARK --set-mark 0X15",
        "-j MARK --set-mark 025 --protocol TCP --dst 192.0.2.10 --destination-port ftp",
        "-p tcp -m multiport --dports 21 -d 192.0.2.10 -j MARK --set-xmark 21",
        "-i + -p tcp -s 0.0.0.0/0 -d 192.0.2.10 --dport 21:21 -j MARK --set-mark 0x15/0xffffffff",
        "-p tcp -d 192.0.2.10 ! --dport 22: --sport 0:65535 -m multiport --dports 21 -c 5 400 -j MARK --set-mark 21",
    ] {
        assert_eq!(rule(same), reference, "{same}");
    }
}

#[test]
fn what_the_model_does_not_express_is_opaque() {
    for opaque in [
        "-d ! 192.0.2.10 -p tcp -j MARK --set-mark 21",
        "! -d 192.0.2.10 -p tcp -j MARK --set-mark 21",
        "-p tcp -m state --state NEW -j ACCEPT",
        "-p tcp --syn -j ACCEPT",
        "-d localhost -j ACCEPT",
        "-p tcp --dport nosuchsvc -j ACCEPT",
        "-p tcp --dport 21",
        "-j MARK --set-mark twelve",
        "-m set --match-set bad src -j DROP",
        "-j MASQUERADE --random",
        "-j SNAT --to-source 192.0.2.1-192.0.2.9",
        "-p tcp -m comment --comment",
        "-d 192.0.2.10,192.0.2.11 -j ACCEPT",
        "-p udp -m udp --dport 025 -j ACCEPT",
        "-p udp --dport ftp -j ACCEPT",
        "-p tcp --dport 21 --dport 22 -j ACCEPT",
        "-p tcp -p udp --dport 21 -j ACCEPT",
        "-p tcp -c 5,400 --syn -j ACCEPT",
        "--dport 21 -p tcp -j ACCEPT",
        "--dport 21 -j ACCEPT",
        "-p tcp --dports 21 -j ACCEPT",
        "-p tcp -m multiport --dports 21: -j ACCEPT",
        "-p tcp --dpo 21 -j ACCEPT",
        "--protocol=tcp -j ACCEPT",
        "-ptcp -j ACCEPT",
        "-p udp -m tcp --dport 21 -j ACCEPT",
        "-j ACCEPT -j DROP",
        "-j MARK --set-mark 21 --or-mark 1",
        "--set-mark 21 -j MARK",
        "-p tcp -m comment \"a\"-j ACCEPT",
    ] {
        let rule = rule(opaque);
        assert!(rule.opaque || rule.target == Target::Other, "{opaque}: {rule:?}");
    }
    assert!(rule("-d ! 192.0.2.10 -p tcp -j MARK --set-mark 21").opaque);
    assert!(rule("-j MASQUERADE --random").opaque);
}

/// Each of these was once read as another rule than iptables makes of it.
#[test]
fn numbers_have_the_base_that_iptables_gives_them() {
    assert_eq!(rule("-s 10.1.255.255/024 -j ACCEPT"), rule("-s 10.1.240.0/20 -j ACCEPT"));
    assert_eq!(rule("-p tcp --dport 025 -j ACCEPT"), rule("-p tcp --dport 21 -j ACCEPT"));
    assert_eq!(rule("-p 0x6 --dport 21 -j ACCEPT"), rule("-p tcp --dport 21 -j ACCEPT"));
    assert_eq!(rule("-p tcp -c 5,400 -j ACCEPT"), rule("-p tcp -j ACCEPT"));
    assert_ne!(rule("-p tcp -m tcp -j ACCEPT"), rule("-p tcp -j ACCEPT"), "later fragments match the second alone");
    assert_eq!(rule("-p tcp -m tcp --dport 0:65535 -j ACCEPT"), rule("-p tcp -m tcp -j ACCEPT"));
    assert_eq!(rule("-j ACCEPT\r").target, Target::Other, "no target has such a name");
}

#[test]
fn an_interface_makes_a_rule_narrower() {
    for narrow in ["-i eth0 -j ACCEPT", "! -i lo -j ACCEPT"] {
        assert!(!rule(narrow).is_plain() && !rule(narrow).opaque, "{narrow}");
    }
    assert!(rule("-i + -j ACCEPT").is_plain());
    assert_ne!(rule("-i eth0 -j ACCEPT"), rule("-i eth1 -j ACCEPT"));
    assert_ne!(rule("-i eth0 -j ACCEPT"), rule("! -i eth0 -j ACCEPT"));
    let out = Rule::parse(b"-A FORWARD -o eth0 -j ACCEPT");
    assert!(!out.is_plain() && !out.opaque);
    assert_ne!(Rule::parse(b"-A FORWARD -i eth0 -j ACCEPT"), out);
    assert!(rule("-o eth0 -j ACCEPT").opaque, "no packet of this chain has one yet: iptables refuses it");
}

#[test]
fn marks_have_masks() {
    let target = |text: &str| rule(&format!("-j MARK {text}")).target;
    assert_eq!(target("--or-mark 0x15"), Target::Mark { value: 0x15, mask: 0x15 });
    assert_eq!(target("--and-mark 0xff"), Target::Mark { value: 0, mask: 0xffff_ff00 });
    assert_eq!(target("--xor-mark 1"), Target::Mark { value: 1, mask: 0 });
    assert_eq!(target("--set-mark 0x100/0xff"), Target::Mark { value: 0x100, mask: 0x1ff });
    assert_eq!(target("--set-xmark 0x100/0xff"), Target::Mark { value: 0x100, mask: 0xff });
}

#[test]
fn a_comment_is_no_part_of_the_meaning() {
    let commented = rule("-p tcp -m comment --comment \"it's \\\"ours\\\"\" -j ACCEPT");
    assert_eq!(commented.comment.as_deref(), Some(&b"it's \"ours\""[..]));
    assert_eq!(Rule { comment: None, ..commented }, rule("-p tcp -j ACCEPT"));
}
