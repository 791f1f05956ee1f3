//! Which mark rules are ours, and which of the others collide.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::MarkRules;
use crate::{
    format::{iptables_save::PlacedRule, rule::Rule},
    probe::IptablesCommand,
};

fn rules() -> MarkRules {
    MarkRules {
        play: "Public FTP".to_owned(),
        command: IptablesCommand::default(),
        virtual_ip: [192, 0, 2, 10].into(),
        mark: 21.try_into().unwrap(),
        control_port: 21.try_into().unwrap(),
        passive_ports: "10000:20000".parse().unwrap(),
        marks_data: false,
        other_marks: Vec::new(),
        real_servers: Vec::new(),
        drain_timeout: 300,
    }
}

/// Whether a rule is deleted, and whether it is reported.
fn fate(rule: &str) -> (bool, bool) {
    let text = format!("-A PREROUTING {rule}").into_bytes();
    let placed = PlacedRule { number: 1, rule: Rule::parse(&text), text };
    let edits = rules().edits(&[placed]);
    (!edits.deletes.is_empty(), !edits.warnings.is_empty())
}

const CONTROL: &str = "-d 192.0.2.10/32 -p tcp -m tcp --dport 21";

#[test]
fn a_rule_that_gives_another_mark_is_not_ours() {
    for (jump, reported) in [
        ("--set-xmark 0x100/0x100", true),
        ("--set-xmark 0x16/0xffffffff", true),
        ("--set-mark 0x115/0xff", true),
        ("--or-mark 0x100", true),
        ("--and-mark 0x14", true),
        ("--xor-mark 0x1", true),
        ("--xor-mark 0x15", true),
        ("--set-xmark 0x0/0x0", false),
        ("--and-mark 0xff", false),
        ("--or-mark 0x5", false),
        ("--xor-mark 0", false),
    ] {
        let comment = "-m comment --comment \"QoS: control\"";
        assert_eq!(fate(&format!("{CONTROL} {comment} -j MARK {jump}")), (false, reported), "{jump}");
        assert_eq!(fate(&format!("-j MARK {jump} -p tcp -d 192.0.2.10")), (false, reported), "{jump}");
        let others = ["-d 192.0.2.10/32 -p tcp -m tcp --dport 80", "-d 192.0.2.10/32 -p udp -m udp --dport 21"];
        for other in others.iter().filter(|_| jump != "--xor-mark 0x15") {
            assert_eq!(fate(&format!("{other} -j MARK {jump}")), (false, false), "{other} {jump}");
        }
        let tagged = "-m comment --comment \"lvs-ftp: Public FTP\"";
        assert!(fate(&format!("{CONTROL} {tagged} -j MARK {jump}")).0, "{jump}");
    }
}

#[test]
fn a_rule_that_gives_our_mark_to_the_virtual_ip_is_ours() {
    for jump in ["--set-mark 21/0xff", "--set-xmark 0x15/0xff", "--or-mark 0x15"] {
        assert_eq!(fate(&format!("{CONTROL} -j MARK {jump}")), (true, false), "{jump}");
    }
    assert_eq!(fate(&format!("{CONTROL} -j MARK --set-mark 025")), (false, false), "it is as it shall be");
    assert_eq!(fate("-d 192.0.2.99/32 -p tcp -j MARK --set-mark 21"), (false, true), "another address");
    assert_eq!(fate("! -d 192.0.2.10/32 -p tcp -j MARK --set-mark 21"), (false, true), "a negation is opaque");
}
