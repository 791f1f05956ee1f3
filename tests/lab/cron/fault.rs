//! What goes wrong between two runs of cron, and what each of the next run's words is to say about it.

use crate::hosts::{lab, on};

/// Something that goes wrong, and what the next run tells of it.
#[derive(Clone, Copy)]
pub struct Fault {
    /// What happens before the run.
    pub strike: fn(),
    /// What ends it after the run, where that cannot do it.
    pub end: fn(),
    /// The lines of the mail that stand out: the warnings, and who is told of.
    pub heads: &'static [&'static str],
    /// Other words of the mail.
    pub words: &'static [&'static str],
    /// Host and resource that are repaired, and how many differences there are.
    pub repaired: &'static [(&'static str, &'static str, u32)],
    /// Who is not reached.
    pub unreachable: &'static [&'static str],
    /// The run cannot even begin: its drift stays, and it tells of no host.
    pub keeps_out: bool,
}

const NOTHING: Fault =
    Fault { strike: || {}, end: || {}, heads: &[], words: &[], repaired: &[], unreachable: &[], keeps_out: false };

/// Of the router's rules two are deleted by hand.
pub const RULES: Fault = Fault {
    strike: || {
        on(
            "lvs1",
            "iptables -t nat -F POSTROUTING
            iptables -t mangle -D PREROUTING $(iptables -t mangle -S PREROUTING | grep -c dport)",
        );
    },
    heads: &["CHANGED on lvs1"],
    words: &[
        r#"    add: nat POSTROUTING: -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE"#,
        r#"    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21"#,
    ],
    repaired: &[("lvs1", "nat_rule", 1), ("lvs1", "mark_rules", 1)],
    ..NOTHING
};

/// Somebody gives a server more clients, and the service another scheduler.
pub const WEIGHT: Fault = Fault {
    strike: || {
        on("lvs2", "ipvsadm -e -f 21 -r 10.1.1.12:0 -m -w 7; ipvsadm -E -f 21 -s rr -p 300");
    },
    heads: &["CHANGED on lvs2"],
    words: &[
        "    edit: destination 10.1.1.12:0 -m -w 7 -> 10.1.1.12:0 -m -w 1",
        "    edit: virtual service -f 21 -s rr -p 300 -> -f 21 -s wlc -p 300",
    ],
    repaired: &[("lvs2", "virtual_service", 2)],
    ..NOTHING
};

/// Somebody edits vsftpd.conf, and has it read.
pub const CONF: Fault = Fault {
    strike: || {
        on(
            "ftp1",
            "sed -i s/^pasv_max_port=.*/pasv_max_port=15000/ /etc/vsftpd.conf; kill -HUP $(cat /run/vsftpd/vsftpd.pid)",
        );
    },
    heads: &["CHANGED on ftp1"],
    words: &[
        "    edit: /etc/vsftpd.conf: pasv_max_port 15000 -> 20000",
        "        -pasv_max_port=15000\n        +pasv_max_port=20000\n",
        "    reload: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changes",
    ],
    repaired: &[("ftp1", "vsftpd_conf", 1), ("ftp1", "vsftpd_reload", 1)],
    ..NOTHING
};

/// Somebody edits what a router loads at boot.
pub const SAVED: Fault = Fault {
    strike: || {
        on(
            "lvs2",
            "sed -i s/10000:20000/10000:15000/ /etc/iptables/rules.v4
            sed -i '/10.1.1.13/s/-w 1/-w 9/' /etc/ipvsadm.rules",
        );
    },
    heads: &["CHANGED on lvs2"],
    words: &[
        "    edit: /etc/iptables/rules.v4: 1 rules added, 1 removed",
        "    edit: /etc/ipvsadm.rules: services and destinations as wanted",
        "        --a -f 21 -r 10.1.1.13:0 -m -w 9\n        +-a -f 21 -r 10.1.1.13:0 -m -w 1\n",
    ],
    repaired: &[("lvs2", "saved_filter", 1), ("lvs2", "saved_ipvs", 1)],
    ..NOTHING
};

/// The host whose cable is pulled.
pub const CUT_OFF: &str = "ftp3";

/// It is.
pub const DOWN: Fault = Fault {
    strike: || lab("off ftp3"),
    end: || lab("back ftp3"),
    heads: &["UNREACHABLE: ftp3"],
    words: &["    failed to connect: "],
    unreachable: &[CUT_OFF],
    ..NOTHING
};

/// The disks of log and metrics are full, just after logrotate has put the log aside.
pub const FULL: Fault = Fault {
    strike: || {
        on(
            "control",
            "mv /var/log/lvs-ftp/runs.jsonl /var/log/lvs-ftp/runs.jsonl.1
            for folder in /var/log/lvs-ftp /var/lib/node_exporter; do cat /dev/zero >$folder/full 2>/dev/null || :; done",
        );
    },
    end: || {
        on("control", "rm /var/log/lvs-ftp/full /var/lib/node_exporter/full");
    },
    heads: &[
        "[WARNING]: the run is not recorded in /var/log/lvs-ftp/runs.jsonl: No space left on device (os error 28)",
        "[WARNING]: the metrics are not written to /var/lib/node_exporter/lvs-ftp.prom: No space left on device (os error 28)",
    ],
    ..NOTHING
};

/// The lock of ftp2 as a run of another control host has it.
const OTHERS_LOCK: &str = "sed -i s/^pasv_min_port=.*/pasv_min_port=9000/ /etc/vsftpd.conf
    setsid flock /var/run/lvs-ftp/lock timeout 300 sh -c";

/// A drift on a host whose lock another one has, until some seconds after the run asks for it, too: it waits.
pub const LOCK: Fault = Fault {
    strike: || {
        // A shell that waits for its child may have its files under other numbers than it gave them.
        let until_asked =
            "until ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q lvs-ftp/changing; do sleep 0.5; done; sleep 3";
        on("ftp2", &format!("{OTHERS_LOCK} '{until_asked}' >/dev/null 2>&1 </dev/null &"));
    },
    heads: &["CHANGED on ftp2"],
    words: &["    edit: /etc/vsftpd.conf: pasv_min_port 9000 -> 10000"],
    repaired: &[("ftp2", "vsftpd_conf", 1), ("ftp2", "vsftpd_reload", 1)],
    ..NOTHING
};

/// The same, but that lock is held longer than the run waits.
pub const HELD: Fault = Fault {
    strike: || {
        let until_gone = "while [ ! -e /run/go ]; do sleep 0.5; done; rm /run/go";
        on("ftp2", &format!("{OTHERS_LOCK} '{until_gone}' >/dev/null 2>&1 </dev/null &"));
    },
    end: || {
        on("ftp2", "touch /run/go; timeout 30 sh -c 'while [ -e /run/go ]; do sleep 0.1; done'");
    },
    heads: &[
        "error: another run holds the lock of ftp2: it does not say who it is; try again later, or wait for it: --lock-wait SECONDS",
    ],
    keeps_out: true,
    ..NOTHING
};

/// What [`HELD`] left is repaired as soon as the lock is free.
pub const AFTER_HELD: Fault = Fault { strike: || {}, ..LOCK };
