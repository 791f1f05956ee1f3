//! A router that is reached over ssh and has a packet filter and an IPVS table with a past.

use super::{
    control::{Control, Ran},
    host::Host,
    sshd::Sshd,
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Rules of other people, with counters, in three tables, and a stale one of ours.
const RULES: &str = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:other - [0:0]\n\
    [3:180] -A INPUT -s 192.0.2.9/32 -j DROP\n[0:0] -A other -j RETURN\nCOMMIT\n\
    *nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n\
    [7:99] -A POSTROUTING -s 10.9.0.0/16 -o eth9 -j MASQUERADE\nCOMMIT\n\
    *mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\
    :POSTROUTING ACCEPT [0:0]\n[1:50] -A PREROUTING -i eth9 -j RETURN\n\
    [5:400] -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 5000:6000 -m comment --comment \"lvs-ftp: Public FTP\" \
    -j RETURN\n[2:60] -A PREROUTING -i eth8 -j RETURN\nCOMMIT\n";

/// Two destinations that shall go, and one that is lacking.
const IPVS: &str = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.98:0 -m -w 5\n-a -f 21 -r 10.1.1.99:0 -m -w 5\n";

/// ssh on the control host, which is this machine as the host sees it: the Nth connection for a confirmation is refused.
/// What the tables were before each stage's change is kept.
const REFUSE: &str = r#"case "$*" in
*ControlMaster=no*)
  echo . >>/run/confirmations
  [ "$(wc -l </run/confirmations)" != NTH ] || { echo 'no way' >&2; exit 255; }
  SAVE >/srv/rules; cat /run/ipvs >/srv/ipvs ;;
esac
exec /usr/bin/ssh "$@""#;

/// The router.
pub struct Router<'a> {
    control: &'a Control,
    host: &'a Host,
    sshd: Sshd<'a>,
    variables: Value,
    save: String,
}

impl<'a> Router<'a> {
    /// A router with this iptables and this shell.
    pub fn new(control: &'a Control, host: &'a Host, backend: &str, shell: &str) -> Self {
        std::fs::copy(shell, host.path("sh")).unwrap();
        let sshd = Sshd::start(control, host, "/bin/sh", "");
        let mut variables = sshd.variables();
        variables["lvs_iptables"] = backend.into();
        // Counters of chains move by themselves.
        let save = format!("{backend}-save -c | sed -e '/^#/d' -e '/^:/s/ \\[.*//'");
        host.write("srv/before", RULES);
        host.write("run/ipvs", IPVS);
        host.sh(&format!("{backend}-restore -c </srv/before; {save} >/srv/rules; cat /run/ipvs >/srv/ipvs"));
        Self { control, host, sshd, variables, save }
    }

    /// Runs `lvs-ftp apply` for it.
    pub fn apply(&self, arguments: &[&str]) -> Ran {
        self.sshd.apply(&self.variables, arguments)
    }

    /// The same, for a run that is killed: how it ended.
    pub fn dies(&self, arguments: &[&str]) -> Option<i32> {
        self.sshd
            .command(&self.variables, arguments)
            .stdout_null()
            .stderr_null()
            .unchecked()
            .run()
            .unwrap()
            .status
            .code()
    }

    /// Puts a program before the machine's own.
    pub fn tool(&self, name: &str, script: &str) {
        let path = self.host.path(&format!("tools/{name}"));
        self.control.script(path.strip_prefix(self.control.path("")).unwrap().as_str(), script);
    }

    /// The Nth confirmation of the next run fails.
    pub fn refuse(&self, nth: u32) {
        self.tool("ssh", &REFUSE.replace("NTH", &nth.to_string()).replace("SAVE", &self.save));
    }

    /// Every connection is as it should be again.
    pub fn allow(&self) {
        std::fs::remove_file(self.host.path("tools/ssh")).unwrap();
    }

    /// The packet filter with the counters of rules.
    pub fn rules(&self) -> String {
        self.host.sh(&self.save) + "\n"
    }

    /// The IPVS table.
    pub fn ipvs(&self) -> String {
        self.host.sh("sort /run/ipvs")
    }

    /// Both as they were before the change whose confirmation was refused.
    pub fn before_the_last_change(&self) -> (String, String) {
        (self.host.sh("cat /srv/rules") + "\n", self.host.sh("sort /srv/ipvs"))
    }

    /// What is in the folders of the host's guards.
    pub fn guards(&self) -> String {
        self.host.sh("ls -d /run/lvs-ftp/undo/*/* 2>/dev/null || :")
    }

    /// Waits until a guard has fired, and returns its report.
    pub fn report(&self) -> String {
        let start = Instant::now();
        while !self.guards().lines().any(|path| path.ends_with("/report")) {
            assert!(start.elapsed() < crate::support::within(30), "no guard fires: {}", self.guards());
            std::thread::sleep(Duration::from_millis(100));
        }
        self.host.sh("cat /run/lvs-ftp/undo/*/report")
    }

    /// The next run tells of the guard that fired and converges, and the one after it is silent.
    #[track_caller]
    pub fn converges(&self) {
        let ran = self.apply(&[]).ended(0);
        assert!(ran.stderr.contains("[WARNING]: lvs1: the undo guard fired at 20"), "{}", ran.stderr);
        assert!(ran.stdout.contains("remove: record of an undo guard that fired"), "{}", ran.stdout);
        let ran = self.apply(&[]).ended(0);
        assert!(!ran.stderr.contains("WARNING") && ran.stdout.contains("changed=0"), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(self.guards(), "");
    }
}
