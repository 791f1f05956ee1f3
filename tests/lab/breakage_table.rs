//! Every way in which a host can be broken though it answers, and what the report says of it.

/// One way. The drift that waits to be repaired is made before.
pub struct Breakage {
    pub name: &'static str,
    pub host: &'static str,
    /// What breaks it, as a script on the host; and what mends it.
    pub make: &'static str,
    pub undo: &'static str,
    /// Whether ops of this host does not become root in this round's inventory.
    pub without_become: bool,
    /// What the report says, whole; the shell's line numbers as N.
    pub error: &'static str,
}

const DEFAULT: Breakage = Breakage { name: "", host: "", make: "", undo: "", without_become: false, error: "" };

/// The rounds: what is broken in one at the same time.
pub const ROUNDS: &[&[Breakage]] = &[
    &[
        Breakage {
            name: "no_ipvsadm",
            host: "lvs1",
            make: "mv /usr/sbin/ipvsadm /usr/sbin/ipvsadm.away",
            undo: "mv /usr/sbin/ipvsadm.away /usr/sbin/ipvsadm",
            error: "failed to read the IPVS table: ipvsadm is not there: install it, or mend the PATH (/bin/sh: N: exec: ipvsadm: not found)",
            ..DEFAULT
        },
        Breakage {
            name: "no_iptables",
            host: "lvs2",
            make: "mv /usr/sbin/iptables /usr/sbin/iptables.away",
            undo: "mv /usr/sbin/iptables.away /usr/sbin/iptables",
            error: "failed to read the packet filter: iptables is not there: install it, or mend the PATH (/bin/sh: N: iptables: not found)",
            ..DEFAULT
        },
        Breakage {
            name: "no_vsftpd",
            host: "ftp1",
            make: "mv /usr/sbin/vsftpd /usr/sbin/vsftpd.away",
            undo: "mv /usr/sbin/vsftpd.away /usr/sbin/vsftpd",
            error: "failed to replace /etc/vsftpd.conf: vsftpd is not there: install it, or mend the PATH",
            ..DEFAULT
        },
    ],
    &[
        Breakage {
            name: "a_kernel_without_ip_vs",
            host: "lvs2",
            make: "printf '#!/bin/sh\necho \"Can'\\''t initialize ipvs: Protocol not available\" >&2\nexit 2\n' >/usr/local/sbin/ipvsadm; chmod +x /usr/local/sbin/ipvsadm",
            undo: "rm /usr/local/sbin/ipvsadm",
            error: "failed to read the IPVS table: ipvsadm ended with status 2: Can't initialize ipvs: Protocol not available; has its kernel ip_vs (modprobe ip_vs), and are we root there?",
            ..DEFAULT
        },
        Breakage {
            name: "no_vsftpd_conf",
            host: "ftp2",
            make: "mv /etc/vsftpd.conf /root",
            undo: "mv /root/vsftpd.conf /etc",
            error: "failed to read vsftpd's configuration: there is no vsftpd.conf: install vsftpd, or say where it is (vsftpd.conf in the playbook)",
            ..DEFAULT
        },
        Breakage {
            name: "sudo_refuses",
            host: "ftp3",
            make: "sed -i.away '/^ops /d' /etc/sudoers",
            undo: "mv /etc/sudoers.away /etc/sudoers",
            error: "failed to start a shell: sudo -n -u root -- /bin/sh ended with status 1: sudo: a password is required",
            ..DEFAULT
        },
    ],
    &[
        Breakage {
            name: "iptables_save_prints_garbage",
            host: "lvs1",
            make: "printf '#!/bin/sh\necho \"Segmentation fault (core dumped)\"\n' >/usr/local/sbin/iptables-save; chmod +x /usr/local/sbin/iptables-save",
            undo: "rm /usr/local/sbin/iptables-save",
            error: "failed to read the packet filter: iptables-save, line 1: this is not a line of iptables-save: Segmentation fault (core dumped)",
            ..DEFAULT
        },
        Breakage {
            name: "iptables_save_is_cut_off",
            host: "lvs2",
            make: "printf '#!/bin/sh\n/usr/sbin/iptables-save | head -c 300\n' >/usr/local/sbin/iptables-save; chmod +x /usr/local/sbin/iptables-save",
            undo: "rm /usr/local/sbin/iptables-save",
            error: "failed to read the packet filter: iptables-save, line 2: this table has no COMMIT: the text was cut off: *mangle",
            ..DEFAULT
        },
        Breakage {
            name: "vsftpd_conf_is_a_folder",
            host: "ftp1",
            make: "mv /etc/vsftpd.conf /root; mkdir /etc/vsftpd.conf",
            undo: "rmdir /etc/vsftpd.conf; mv /root/vsftpd.conf /etc",
            error: "failed to read vsftpd's configuration: /etc/vsftpd.conf is not a regular file: remove it, or put one there",
            ..DEFAULT
        },
        Breakage {
            name: "vsftpd_conf_is_unreadable",
            host: "ftp3",
            make: "chmod 600 /etc/vsftpd.conf",
            undo: "chmod 644 /etc/vsftpd.conf",
            without_become: true,
            error: "failed to read vsftpd's configuration: cat ended with status 1: cat: /etc/vsftpd.conf: Permission denied",
        },
    ],
];
