//! The undo guard, with a real sshd and the real iptables of both backends.

use super::{
    control::{Control, Ran, is_there},
    host::Host,
    sshd::Sshd,
};
use serde_json::Value;
use std::time::{Duration, Instant};

const BACKENDS: [&str; 2] = ["iptables-legacy", "iptables-nft"];

/// Rules of other people, with counters, in three tables, and two of ours that are stale.
const BEFORE: &str = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:other - [0:0]\n\
    [3:180] -A INPUT -s 192.0.2.9/32 -j DROP\n[0:0] -A other -j RETURN\nCOMMIT\n\
    *nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n\
    [7:99] -A POSTROUTING -s 10.9.0.0/16 -o eth9 -j MASQUERADE\nCOMMIT\n\
    *mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\
    :POSTROUTING ACCEPT [0:0]\n[1:50] -A PREROUTING -i eth9 -j RETURN\n\
    [5:400] -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 5000:6000 -m comment --comment \"lvs-ftp: Public FTP\" \
    -j MARK --set-xmark 0x15/0xffffffff\n[2:60] -A PREROUTING -i eth8 -j RETURN\nCOMMIT\n";

/// ssh that cannot connect anew.
const NOT_ANEW: &str = "case \"$*\" in *ControlMaster=no*) echo 'no way' >&2; exit 255 ;; esac; exec /usr/bin/ssh \"$@\"";

/// A router with an sshd, its packet filter as above.
struct Router<'a> {
    host: &'a Host,
    sshd: Sshd<'a>,
    control: &'a Control,
    variables: Value,
    backend: &'a str,
}

impl<'a> Router<'a> {
    fn new(control: &'a Control, host: &'a Host, backend: &'a str) -> Self {
        let sshd = Sshd::start(control, host, "/bin/sh", "");
        let mut variables = sshd.variables();
        variables["lvs_iptables"] = backend.into();
        let router = Self { host, sshd, control, variables, backend };
        host.write("srv/before", BEFORE);
        host.sh(&format!("{backend}-restore -c </srv/before"));
        router
    }

    fn apply(&self, arguments: &[&str]) -> Ran {
        self.sshd.apply(&self.variables, arguments)
    }

    /// What ssh is on the control host, which is this machine as the host sees it.
    fn tool(&self, name: &str, script: &str) {
        let path = self.host.path(&format!("tools/{name}"));
        self.control.script(path.strip_prefix(self.control.path("")).unwrap().as_str(), script);
    }

    fn no_tool(&self, name: &str) {
        std::fs::remove_file(self.host.path(&format!("tools/{name}"))).unwrap();
    }

    /// The packet filter with counters; those of chains move by themselves.
    fn rules(&self) -> String {
        self.host.sh(&format!("{}-save -c | sed -e '/^#/d' -e '/^:/s/ \\[.*//'", self.backend))
    }

    /// The names of the host's guards with what is in them.
    fn guards(&self) -> String {
        self.host.sh("cd /run/lvs-ftp/undo 2>/dev/null || exit 0; for one in */*; do echo \"$one\"; done | grep -v '[*]' || :")
    }

    /// Waits until a guard has fired, and returns its report.
    fn report(&self) -> String {
        let start = Instant::now();
        while !self.guards().contains("/report\n") {
            assert!(start.elapsed() < Duration::from_secs(20), "no guard fires: {}", self.guards());
            std::thread::sleep(Duration::from_millis(100));
        }
        self.host.sh("cat /run/lvs-ftp/undo/*/report")
    }

    /// The next run tells of the guard that fired, converges, and the one after is silent.
    fn converges(&self) {
        let ran = self.apply(&[]).ended(0);
        assert!(ran.stderr.contains("[WARNING]: lvs1: the undo guard fired at 20"), "{}", ran.stderr);
        assert!(ran.stdout.contains("remove: record of an undo guard that fired"), "{}", ran.stdout);
        let ran = self.apply(&[]).ended(0);
        assert!(!ran.stderr.contains("WARNING") && ran.stdout.contains("changed=0"), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(self.guards(), "");
    }
}

/// A change that is not confirmed is undone exactly; one that is confirmed stays, and nothing is left of its guard.
#[test]
fn what_is_not_confirmed_is_undone() {
    for backend in BACKENDS {
        let control = Control::new();
        let host = Host::new(&control, "lvs1");
        let router = Router::new(&control, &host, backend);
        let before = router.rules();
        router.tool("ssh", NOT_ANEW);
        let ran = router.apply(&["--confirm-timeout", "5"]).ended(2);
        let says = "failed: [lvs1] => the host cannot be reached anew after the change: no way; the host undoes the change within 5 s";
        assert!(ran.stdout.contains(says), "{}", ran.stdout);
        assert_ne!(router.rules(), before);
        let report = router.report();
        assert!(report.contains("table mangle: is as it was") && report.contains("table nat: is as it was"), "{report}");
        assert_eq!(router.rules(), before);
        router.no_tool("ssh");
        router.converges();
    }
}
