//! Human output, compared whole. `SNAPSHOTS=overwrite cargo test` writes what is printed now.

use super::{control::Control, host::Host};
use snapbox::{assert_data_eq, str};

/// A router and two real servers, the second of them as given.
pub fn cluster(second: Option<serde_json::Value>) -> (Control, Host, Host) {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    let mut servers = vec![("ftp1", server.server(11))];
    servers.extend(second.map(|second| ("ftp2", second)));
    control.inventory(&[("lvs1", router.variables())], &servers);
    (control, router, server)
}

#[test]
fn drift_with_check_and_diff() {
    let (control, _router, _server) = cluster(None);
    let ran = control.apply(&["--check", "--diff"]).ended(3);
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
--- before: ip_forward on lvs1
+++ after: ip_forward on lvs1
@@ -1 +1 @@
-net.ipv4.ip_forward = 0
+net.ipv4.ip_forward = 1

TASK [Active data connections are rewritten (nat POSTROUTING)] ****************
changed: [lvs1]
    add: nat POSTROUTING: -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE
--- before: nat_rule on lvs1
+++ after: nat_rule on lvs1
@@ -0,0 +1 @@
+-A POSTROUTING -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE

TASK [Control port and passive range are marked (mangle PREROUTING)] **********
changed: [lvs1]
    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
--- before: mark_rules on lvs1
+++ after: mark_rules on lvs1
@@ -0,0 +1,2 @@
+-A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
+-A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21

TASK [vsftpd.conf names range and virtual IP] *********************************
changed: [ftp1]
    edit: /srv/vsftpd.conf: pasv_min_port 5000 -> 10000, pasv_max_port (not set) -> 20000, connect_from_port_20 (not set) -> YES, pasv_address (not set) -> 192.0.2.10, idle_session_timeout (not set) -> 300
--- before: vsftpd_conf on ftp1
+++ after: vsftpd_conf on ftp1
@@ -1,4 +1,8 @@
 # Example
 listen=YES
 anonymous_enable=YES
-pasv_min_port=5000
+pasv_min_port=10000
+pasv_max_port=20000
+connect_from_port_20=YES
+pasv_address=192.0.2.10
+idle_session_timeout=300

TASK [vsftpd has read its configuration] **************************************
ok: [ftp1]

TASK [Virtual service and destinations (IPVS)] ********************************
changed: [lvs1]
    add: virtual service -f 21 -s wlc -p 300
    add: destination 10.1.1.11:0 -m -w 1
--- before: virtual_service on lvs1
+++ after: virtual_service on lvs1
@@ -0,0 +1,2 @@
+-f 21 -s wlc -p 300
+-a -f 21 -r 10.1.1.11:0 -m -w 1

PLAY RECAP ********************************************************************
lvs1                       : ok=5    changed=4    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   
ftp1                       : ok=3    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   

"#]]
    );
    assert_data_eq!(
        ran.stderr,
        str![[r#"
[WARNING]: ftp1: no standalone vsftpd runs with /srv/vsftpd.conf: start it, unless inetd does

"#]]
    );
}

#[test]
fn changed_and_then_converged() {
    let (control, _router, _server) = cluster(None);
    let ran = control.apply(&["-v"]).ended(0);
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
        $ echo 1 >/proc/sys/net/ipv4/ip_forward

TASK [Active data connections are rewritten (nat POSTROUTING)] ****************
changed: [lvs1]
    add: nat POSTROUTING: -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE
        $ iptables-restore --noflush <<END
        $ *nat
        $ -A POSTROUTING -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -m comment --comment "lvs-ftp: Public FTP" -j MASQUERADE
        $ COMMIT
        $ END

TASK [Control port and passive range are marked (mangle PREROUTING)] **********
changed: [lvs1]
    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
        $ iptables-restore --noflush <<END
        $ *mangle
        $ -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
        $ COMMIT
        $ END
    add: mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
        $ iptables-restore --noflush <<END
        $ *mangle
        $ -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 10000:20000 -m comment --comment "lvs-ftp: Public FTP" -j MARK --set-mark 21
        $ COMMIT
        $ END

TASK [vsftpd.conf names range and virtual IP] *********************************
changed: [ftp1]
    edit: /srv/vsftpd.conf: pasv_min_port 5000 -> 10000, pasv_max_port (not set) -> 20000, connect_from_port_20 (not set) -> YES, pasv_address (not set) -> 192.0.2.10, idle_session_timeout (not set) -> 300
        $ replace /srv/vsftpd.conf (156 bytes)

TASK [vsftpd has read its configuration] **************************************
ok: [ftp1]

TASK [Virtual service and destinations (IPVS)] ********************************
changed: [lvs1]
    add: virtual service -f 21 -s wlc -p 300
        $ ipvsadm -A -f 21 -s wlc -p 300
    add: destination 10.1.1.11:0 -m -w 1
        $ ipvsadm -a -f 21 -r 10.1.1.11:0 -m -w 1

TASK [Verify] *****************************************************************
ok: [lvs1]
ok: [ftp1]

PLAY RECAP ********************************************************************
lvs1                       : ok=5    changed=4    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   
ftp1                       : ok=3    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   

"#]]
    );
    let ran = control.apply(&["--diff", "-v"]).ended(0);
    assert_data_eq!(
        ran.stdout,
        str![[r#"

PLAY [Public FTP] *************************************************************

TASK [Observe hosts] **********************************************************
ok: [lvs1]
ok: [ftp1]

TASK [Kernel forwards packets (net.ipv4.ip_forward)] **************************
ok: [lvs1]

TASK [Active data connections are rewritten (nat POSTROUTING)] ****************
ok: [lvs1]

TASK [Control port and passive range are marked (mangle PREROUTING)] **********
ok: [lvs1]

TASK [vsftpd.conf names range and virtual IP] *********************************
ok: [ftp1]

TASK [vsftpd has read its configuration] **************************************
ok: [ftp1]

TASK [Virtual service and destinations (IPVS)] ********************************
ok: [lvs1]

PLAY RECAP ********************************************************************
lvs1                       : ok=5    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   
ftp1                       : ok=3    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   

"#]]
    );
    assert_data_eq!(
        ran.stderr,
        str![[r#"
[WARNING]: ftp1: no standalone vsftpd runs with /srv/vsftpd.conf: start it, unless inetd does

"#]]
    );
}
