//! Every drift that somebody can make by hand, and what repairs it.

use crate::state::Parts;

/// One drift on one host.
pub struct Drift {
    pub name: &'static str,
    /// Made before, as part of the state that the repair must come back to.
    pub prepare: &'static str,
    /// What somebody types on the host.
    pub make: &'static str,
    /// What repairs it: `RESOURCE ACTION STAGE: SUMMARY`.
    pub changes: &'static [&'static str],
    /// What the host has then, from what it had before and with the drift.
    pub after: fn(before: Parts, drifted: Parts) -> Parts,
}

/// As before: every byte, every rule in its place.
fn same(before: Parts, _: Parts) -> Parts {
    before
}

/// Nothing of what was done by hand is undone.
fn as_drifted(_: Parts, drifted: Parts) -> Parts {
    drifted
}

/// Where a rule stood is not known once it is gone, so it comes back as the last; and of two rules with one text
/// iptables deletes the first. Order among mark rules of one mark means nothing.
fn first_mark_rule_last(mut before: Parts, _: Parts) -> Parts {
    let filter = before.get_mut("packet filter").unwrap();
    let mut lines: Vec<&str> = filter.split_inclusive('\n').collect();
    let first = lines.iter().position(|line| line.starts_with("-A PREROUTING")).unwrap();
    lines.swap(first, first + 1);
    *filter = lines.concat();
    before
}

/// A comment is somebody's own text: it stays, and the option comes back as a new line.
fn address_as_a_new_line(mut before: Parts, _: Parts) -> Parts {
    let conf = before.get_mut("vsftpd.conf").unwrap();
    *conf = conf.replace("\npasv_address=", "\n#pasv_address=") + "pasv_address=192.0.2.10\n";
    before
}

const DEFAULT: Drift = Drift { name: "", prepare: "", make: "", changes: &[], after: same };

const ADD_CONTROL: &str = r#"mark_rules add expand: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21"#;
const ADD_PASSIVE: &str = r#"mark_rules add expand: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21"#;
const ADD_CONTROL_LATE: &str = r#"mark_rules add contract: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21"#;
const ADD_PASSIVE_LATE: &str = r#"mark_rules add contract: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21"#;
const RELOAD: &str = "vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changes";

/// On routers, in the kernel and in nat POSTROUTING.
pub const KERNEL: &[Drift] = &[
    Drift {
        name: "ip_forward_off",
        make: "echo 0 >/proc/sys/net/ipv4/ip_forward",
        changes: &["ip_forward edit expand: net.ipv4.ip_forward: 0 -> 1"],
        ..DEFAULT
    },
    Drift {
        name: "network_of_the_nat_rule_changed_with_our_comment",
        make: "iptables -t nat -R POSTROUTING 1 -p tcp -s 10.9.0.0/24 --sport 20 -m comment --comment 'lvs-ftp: Public FTP' -j MASQUERADE",
        changes: &[
            r#"nat_rule add expand: nat POSTROUTING: -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE"#,
            r#"nat_rule remove contract: nat (stale): -A POSTROUTING -s 10.9.0.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE"#,
        ],
        ..DEFAULT
    },
];

/// On routers, in mangle PREROUTING. Those that leave another order come last: the next drift shall find the known one.
pub const MARKS: &[Drift] = &[
    Drift {
        name: "range_of_a_rule_changed",
        make: "iptables -t mangle -R PREROUTING $(($(iptables -t mangle -S PREROUTING | grep -n 'dport 10000' | cut -d: -f1) - 1)) -p tcp -d 192.0.2.10 --dport 10000:19999 -j MARK --set-mark 21",
        changes: &[
            ADD_PASSIVE,
            "mark_rules remove contract: mangle (superfluous): -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:19999 -j MARK --set-xmark 0x15/0xffffffff",
        ],
        ..DEFAULT
    },
    Drift {
        name: "range_of_a_rule_changed_with_our_comment",
        make: "iptables -t mangle -R PREROUTING $(($(iptables -t mangle -S PREROUTING | grep -n 'dport 10000' | cut -d: -f1) - 1)) -p tcp -d 192.0.2.10 --dport 9000:20000 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 21",
        changes: &[
            ADD_PASSIVE,
            r#"mark_rules remove contract: mangle (stale): -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 9000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x15/0xffffffff"#,
        ],
        ..DEFAULT
    },
    Drift {
        name: "mark_of_the_rules_changed_with_our_comment",
        make: "iptables -t mangle -R PREROUTING $(($(iptables -t mangle -S PREROUTING | grep -n 'dport 21 ' | cut -d: -f1) - 1)) -p tcp -d 192.0.2.10 --dport 21 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 22
            iptables -t mangle -R PREROUTING $(($(iptables -t mangle -S PREROUTING | grep -n 'dport 10000' | cut -d: -f1) - 1)) -p tcp -d 192.0.2.10 --dport 10000:20000 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 22",
        changes: &[
            ADD_CONTROL_LATE,
            ADD_PASSIVE_LATE,
            r#"mark_rules remove contract: mangle (stale): -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x16/0xffffffff"#,
            r#"mark_rules remove contract: mangle (stale): -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x16/0xffffffff"#,
        ],
        ..DEFAULT
    },
    Drift {
        name: "service_of_an_older_mark",
        make: "iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 21 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 20
            ipvsadm -A -f 20 -s wlc -p 300; ipvsadm -a -f 20 -r 10.1.1.11:0 -m -w 1",
        changes: &[
            ADD_CONTROL_LATE,
            r#"mark_rules remove contract: mangle (stale): -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x14/0xffffffff"#,
            r#"mark_rules remove contract: mangle (superfluous): -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x15/0xffffffff"#,
            "virtual_service remove contract: virtual service of an older mark: -f 20 -s wlc -p 300",
        ],
        ..DEFAULT
    },
    Drift {
        name: "a_mark_rule_deleted",
        make: "iptables -t mangle -D PREROUTING $(($(iptables -t mangle -S PREROUTING | grep -n 'dport 21 ' | cut -d: -f1) - 1))",
        changes: &[ADD_CONTROL],
        after: first_mark_rule_last,
        ..DEFAULT
    },
    Drift {
        name: "a_mark_rule_doubled",
        make: "iptables -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 21 -m comment --comment 'lvs-ftp: Public FTP' -j MARK --set-mark 21",
        changes: &[
            r#"mark_rules remove contract: mangle (superfluous): -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-xmark 0x15/0xffffffff"#,
        ],
        after: first_mark_rule_last,
        ..DEFAULT
    },
];

/// On routers, in the virtual service.
pub const SERVICE: &[Drift] = &[
    Drift {
        name: "scheduler_changed",
        make: "ipvsadm -E -f 21 -s rr -p 300",
        changes: &["virtual_service edit steer: virtual service -f 21 -s rr -p 300 -> -f 21 -s wlc -p 300"],
        ..DEFAULT
    },
    Drift {
        name: "persistence_removed",
        make: "ipvsadm -E -f 21 -s wlc",
        changes: &["virtual_service edit steer: virtual service -f 21 -s wlc -> -f 21 -s wlc -p 300"],
        ..DEFAULT
    },
    Drift {
        name: "netmask_of_persistence_changed",
        make: "ipvsadm -E -f 21 -s wlc -p 300 -M 255.255.255.0",
        changes: &[
            "virtual_service edit steer: virtual service -f 21 -s wlc -p 300 -M 255.255.255.0 -> -f 21 -s wlc -p 300",
        ],
        ..DEFAULT
    },
];

/// On routers, in its destinations.
pub const DESTINATIONS: &[Drift] = &[
    Drift {
        name: "destination_missing",
        make: "ipvsadm -d -f 21 -r 10.1.1.12:0",
        changes: &["virtual_service add steer: destination 10.1.1.12:0 -m -w 1"],
        ..DEFAULT
    },
    Drift {
        name: "destination_too_many",
        make: "ipvsadm -a -f 21 -r 10.1.1.99:0 -m -w 3",
        changes: &[
            "virtual_service drain contract: destination 10.1.1.99:0: weight 3 -> 0",
            "virtual_service remove contract: destination 10.1.1.99:0",
        ],
        ..DEFAULT
    },
    Drift {
        name: "destination_with_weight_0",
        make: "ipvsadm -e -f 21 -r 10.1.1.12:0 -m -w 0",
        changes: &["virtual_service edit steer: destination 10.1.1.12:0 -m -w 0 -> 10.1.1.12:0 -m -w 1"],
        ..DEFAULT
    },
    Drift {
        name: "destination_with_direct_routing",
        make: "ipvsadm -e -f 21 -r 10.1.1.12:0 -g -w 1",
        changes: &["virtual_service edit steer: destination 10.1.1.12:0 -g -w 1 -> 10.1.1.12:0 -m -w 1"],
        ..DEFAULT
    },
    Drift {
        name: "destination_with_port_21",
        make: "ipvsadm -d -f 21 -r 10.1.1.12:0; ipvsadm -a -f 21 -r 10.1.1.12:21 -m -w 1",
        changes: &[
            "virtual_service add steer: destination 10.1.1.12:0 -m -w 1",
            "virtual_service drain contract: destination 10.1.1.12:21: weight 1 -> 0",
            "virtual_service remove contract: destination 10.1.1.12:21",
        ],
        ..DEFAULT
    },
    Drift {
        name: "thresholds_outlive_a_repair_of_the_weight",
        prepare: "ipvsadm -e -f 21 -r 10.1.1.12:0 -m -w 1 -x 200 -y 100",
        make: "ipvsadm -e -f 21 -r 10.1.1.12:0 -m -w 7 -x 200 -y 100",
        changes: &["virtual_service edit steer: destination 10.1.1.12:0 -m -w 7 -> 10.1.1.12:0 -m -w 1"],
        ..DEFAULT
    },
];

/// On real servers. What leaves other bytes comes last.
pub const SERVER: &[Drift] = &[
    Drift {
        name: "passive_range_changed",
        make: "sed -i s/^pasv_max_port=.*/pasv_max_port=15000/ /etc/vsftpd.conf",
        changes: &["vsftpd_conf edit serve: /etc/vsftpd.conf: pasv_max_port 15000 -> 20000", RELOAD],
        ..DEFAULT
    },
    Drift {
        name: "data_connections_not_from_port_20",
        make: "sed -i s/^connect_from_port_20=.*/connect_from_port_20=NO/ /etc/vsftpd.conf",
        changes: &["vsftpd_conf edit serve: /etc/vsftpd.conf: connect_from_port_20 NO -> YES", RELOAD],
        ..DEFAULT
    },
    Drift {
        name: "a_key_twice",
        make: "sed -i 1ipasv_max_port=15000 /etc/vsftpd.conf",
        changes: &["vsftpd_conf edit serve: /etc/vsftpd.conf: pasv_max_port is set 2 times", RELOAD],
        ..DEFAULT
    },
    Drift {
        name: "own_setting_removed",
        make: "sed -i /^idle_session_timeout=/d /etc/vsftpd.conf",
        changes: &["vsftpd_conf edit serve: /etc/vsftpd.conf: idle_session_timeout (not set) -> 300", RELOAD],
        ..DEFAULT
    },
    Drift {
        name: "vsftpd_not_told_of_an_edit",
        make: "echo '# an edit by hand' >>/etc/vsftpd.conf",
        changes: &[
            "vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changed after the daemon last read it",
        ],
        after: as_drifted,
        ..DEFAULT
    },
    Drift {
        name: "vsftpd_restarted_after_an_edit",
        make: "echo '# an edit by hand' >>/etc/vsftpd.conf
            sleep 0.2
            start-stop-daemon --stop --retry 5 --pidfile /run/vsftpd/vsftpd.pid --exec /usr/sbin/vsftpd >/dev/null
            start-stop-daemon --start --background --make-pidfile --pidfile /run/vsftpd/vsftpd.pid --exec /usr/sbin/vsftpd
            sleep 0.3",
        after: as_drifted,
        ..DEFAULT
    },
    Drift {
        name: "passive_address_commented_out",
        make: "sed -i s/^pasv_address=/#pasv_address=/ /etc/vsftpd.conf",
        changes: &["vsftpd_conf edit serve: /etc/vsftpd.conf: pasv_address (not set) -> 192.0.2.10", RELOAD],
        after: address_as_a_new_line,
        ..DEFAULT
    },
];
