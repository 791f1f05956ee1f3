//! Human output of runs that fail, compared whole.

use super::human::cluster;
use serde_json::json;
use snapbox::{assert_data_eq, str};

/// What a host could not read is told in one line, and nothing is planned for it; the others go on.
#[test]
fn failed_and_unreachable() {
    let second =
        json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_user": "nobody", "lvs_real_ip": "10.1.1.12"});
    let (control, router, _server) = cluster(Some(second));
    control.script("hosts/lvs1/tools/ipvsadm", "echo 'Can not initialize ipvs: Protocol not available' >&2; exit 2");
    let ran = control.apply(&[]).ended(2);
    assert_data_eq!(
        ran.stdout,
        str![[r#"

PLAY [Public FTP] *************************************************************

TASK [Observe hosts] **********************************************************
failed: [lvs1] => failed to read the IPVS table: ipvsadm ended with status 2: Can not initialize ipvs: Protocol not available. Has its kernel ip_vs (modprobe ip_vs), and are we root there?
ok: [ftp1]
unreachable: [ftp2] => failed to connect: ssh: connect to host 127.0.0.1 port 1: Connection refused

TASK [vsftpd.conf names range and virtual IP] *********************************
changed: [ftp1]
    edit: /srv/vsftpd.conf: pasv_min_port 5000 -> 10000, pasv_max_port (not set) -> 20000, connect_from_port_20 (not set) -> YES, pasv_address (not set) -> 192.0.2.10, idle_session_timeout (not set) -> 300

TASK [vsftpd has read its configuration] **************************************
ok: [ftp1]

TASK [Verify] *****************************************************************
ok: [ftp1]

PLAY RECAP ********************************************************************
lvs1                       : ok=0    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0   
ftp1                       : ok=3    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   
ftp2                       : ok=0    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0   

"#]]
    );
    assert!(!router.sh("iptables-save").contains("MARK"), "nothing is done on a host that was not read whole");
}

/// A step that fails: what was not done is not told as done.
#[test]
fn failed_while_changing() {
    let (control, router, _server) = cluster(None);
    let ipvsadm = String::from_utf8(router.read("tools/ipvsadm")).unwrap();
    let refuses = ipvsadm.replace(
        "case $verb in",
        "[ $verb != -a ] || { echo 'Memory allocation problem' >&2; exit 255; }\ncase $verb in",
    );
    router.write("tools/ipvsadm", refuses);
    let ran = control.apply(&[]).ended(2);
    assert_data_eq!(
        ran.stdout,
        str![[r#"

PLAY [Public FTP] *************************************************************

TASK [Observe hosts] **********************************************************
ok: [lvs1]
ok: [ftp1]

TASK [Kernel forwards packets (net.ipv4.ip_forward)] **************************
changed: [lvs1]
    edit: net.ipv4.ip_forward: 0 -> 1

TASK [Active data connections are rewritten (nat POSTROUTING)] ****************
changed: [lvs1]
    add: nat POSTROUTING: -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE

TASK [Control port and passive range are marked (mangle PREROUTING)] **********
changed: [lvs1]
    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21

TASK [vsftpd.conf names range and virtual IP] *********************************
changed: [ftp1]
    edit: /srv/vsftpd.conf: pasv_min_port 5000 -> 10000, pasv_max_port (not set) -> 20000, connect_from_port_20 (not set) -> YES, pasv_address (not set) -> 192.0.2.10, idle_session_timeout (not set) -> 300

TASK [vsftpd has read its configuration] **************************************
ok: [ftp1]

TASK [Virtual service and destinations (IPVS)] ********************************
skipping: [lvs1]
    add: virtual service -f 21 -s wlc -p 300 (not known to be made)
    add: destination 10.1.1.11:0 -m -w 1 (not known to be made)

TASK [Verify] *****************************************************************
failed: [lvs1] => failed to run ipvsadm -a -f 21 -r 10.1.1.11:0 -m -w 1: Memory allocation problem
ok: [ftp1]

PLAY RECAP ********************************************************************
lvs1                       : ok=4    changed=3    unreachable=0    failed=1    skipped=1    rescued=0    ignored=0   
ftp1                       : ok=3    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   

"#]]
    );
    // The next run does what is left, and only that.
    router.write("tools/ipvsadm", ipvsadm);
    let ran = control.apply(&["-l", "lvs1"]).ended(0);
    assert_data_eq!(
        ran.stdout,
        str![[r#"

PLAY [Public FTP] *************************************************************

TASK [Observe hosts] **********************************************************
ok: [lvs1]

TASK [Kernel forwards packets (net.ipv4.ip_forward)] **************************
ok: [lvs1]

TASK [Active data connections are rewritten (nat POSTROUTING)] ****************
ok: [lvs1]

TASK [Control port and passive range are marked (mangle PREROUTING)] **********
ok: [lvs1]

TASK [Virtual service and destinations (IPVS)] ********************************
changed: [lvs1]
    add: destination 10.1.1.11:0 -m -w 1

TASK [Verify] *****************************************************************
ok: [lvs1]

PLAY RECAP ********************************************************************
lvs1                       : ok=5    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   

"#]]
    );
}

/// A change that the host takes and does not keep is seen by the second look.
#[test]
fn did_not_converge() {
    let (control, router, _server) = cluster(None);
    let ipvsadm = String::from_utf8(router.read("tools/ipvsadm")).unwrap();
    router.write("tools/ipvsadm", ipvsadm.replace("case $verb in", "[ $verb != -a ] || exit 0\ncase $verb in"));
    let ran = control.apply(&["-l", "lvs1"]).ended(2);
    assert_data_eq!(
        ran.stdout,
        str![[r#"

PLAY [Public FTP] *************************************************************

TASK [Observe hosts] **********************************************************
ok: [lvs1]

TASK [Kernel forwards packets (net.ipv4.ip_forward)] **************************
changed: [lvs1]
    edit: net.ipv4.ip_forward: 0 -> 1

TASK [Active data connections are rewritten (nat POSTROUTING)] ****************
changed: [lvs1]
    add: nat POSTROUTING: -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE

TASK [Control port and passive range are marked (mangle PREROUTING)] **********
changed: [lvs1]
    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21

TASK [Virtual service and destinations (IPVS)] ********************************
changed: [lvs1]
    add: virtual service -f 21 -s wlc -p 300
    add: destination 10.1.1.11:0 -m -w 1

TASK [Verify] *****************************************************************
failed: [lvs1] => did not converge; what still differs: add destination 10.1.1.11:0 -m -w 1

PLAY RECAP ********************************************************************
lvs1                       : ok=5    changed=4    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0   

"#]]
    );
}
