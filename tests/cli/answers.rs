//! Hosts that answer badly: each fails with a clear cause, nothing is planned for it, and the others go on.

use super::{
    control::{Control, Ran},
    host::Host,
};
use serde_json::Value;

/// A router that works, and a real server that this script is: it runs with the words of the product's shell.
fn beside_a_good_router(script: &str) -> (Control, Host) {
    let control = Control::new();
    let router = Host::new(&control, "lvs1");
    let mut server = control.exec("odd", script);
    server["lvs_real_ip"] = "10.1.1.11".into();
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server)]);
    (control, router)
}

/// The cause that is told of the bad host; the good one has nothing to complain about.
#[track_caller]
fn cause(ran: &Ran) -> String {
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(told["stats"]["lvs1"]["changed"].as_u64() > Some(0), "the others go on: {}", ran.stdout);
    let errors = told["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(told["changes"].as_array().unwrap().iter().all(|change| change["host"] == "lvs1"), "{}", ran.stdout);
    assert_eq!((&errors[0]["host"], &errors[0]["status"]), (&"ftp1".into(), &"failed".into()));
    errors[0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn hosts_without_an_answer_of_ours_fail() {
    for (script, says) in [
        ("exit 0", "failed to start a shell: /bin/sh ended with status 0: it said nothing"),
        ("exit 3", "failed to start a shell: /bin/sh ended with status 3: it said nothing"),
        ("exit 255", "failed to start a shell: /bin/sh ended with status 255: it said nothing"),
        ("exec <&- >&-; exit 1", "failed to start a shell: /bin/sh ended with status 1: it said nothing"),
        ("kill -9 $$", "the host's answer was cut off by a signal: it said nothing"),
        (
            "echo 'This account is not available.'; exit 1",
            "failed to start a shell: /bin/sh ended with status 1: This account is not available.",
        ),
        (
            "cat >/dev/null; printf 'gar\\000bage\\377\\n'",
            "failed to start a shell: /bin/sh ended with status 0: gar\\u{0}bage\u{fffd}",
        ),
        (
            "head -c 30000000 /dev/zero | tr '\\0' '\\n'; echo end",
            "failed to start a shell: /bin/sh ended with status 0: end",
        ),
        (
            "printf '\\033]0;owned\\007\\033[2J' >&2; exit 1",
            "failed to start a shell: /bin/sh ended with status 1: \\u{1b}]0;owned\\u{7}\\u{1b}[2J",
        ),
        (
            "printf '\\nlvs-ftp-00000000000000000000000000000000 begin\\nlvs-ftp-00000000000000000000000000000000 done\\n'",
            "failed to start a shell: /bin/sh ended with status 0: lvs-ftp-00000000000000000000000000000000 begin; lvs-ftp-00000000000000000000000000000000 done",
        ),
        (
            "nosuchshell",
            "failed to start a shell: /bin/sh ended with status 127: DIR/odd: line 2: nosuchshell: command not found",
        ),
    ] {
        let (control, _router) = beside_a_good_router(script);
        assert_eq!(cause(&control.apply(&["--check", "--output", "json"]).ended(2)), says, "{script}");
        let human = control.apply(&["--check"]).ended(2);
        assert!(!human.stdout.contains(['\x1b', '\x07', '\0']) && !human.stderr.contains('\x1b'), "{script}");
        assert!(human.stdout.contains("failed: [ftp1] => "), "{script}");
    }
}

/// What a log-in or log-out script prints around the answer is harmless, whatever it is.
#[test]
fn banners_are_harmless() {
    for script in [
        "echo 'Welcome to ftp1'; exec \"$@\"",
        "echo 'Last login: today' >&2; \"$@\"; status=$?; echo Bye; exit $status",
        "head -c 3000000 /dev/urandom; \"$@\"",
        "printf 'no end of line'; \"$@\"; printf '\\033[31mbye'",
    ] {
        let control = Control::new();
        let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
        control.script("banner", script);
        let mut variables = server.server(11);
        variables["lvs_ftp_exec"] = [vec![control.path("banner").to_string()], server.words()].concat().into();
        control.inventory(&[("lvs1", router.variables())], &[("ftp1", variables)]);
        let ran = control.apply(&[]).ended(0);
        assert!(ran.stdout.contains("changed: [ftp1]") && !ran.stdout.contains('\x1b'), "{script}: {}", ran.stdout);
    }
}

/// A real answer, cut at many places: it is never taken for a whole one. (Every byte: host/script_tests.rs.)
#[test]
fn a_cut_answer_is_unknown() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control
        .script("cut", &format!("exec 4<&0; head -c $(cat {0}/bytes) <(\"$@\" <&4 | tee {0}/whole)", control.path("")));
    let mut variables = server.server(11);
    variables["lvs_ftp_exec"] = [vec![control.path("cut").to_string()], server.words()].concat().into();
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", variables)]);
    control.file("bytes", "1000000");
    control.apply(&["--check"]).ended(3);
    let whole = std::fs::read(control.path("whole")).unwrap().len();
    // An answer may be some lines shorter than another one; so the last bytes are counted from its end.
    let places = (0..20).map(|part| (whole * part / 22).to_string()).chain(["-2".to_owned(), "-1".to_owned()]);
    for bytes in places {
        control.file("bytes", &bytes);
        let says = cause(&control.apply(&["--check", "--output", "json"]).ended(2));
        assert!(says.contains("was cut off (status") || says.starts_with("failed to start a shell"), "{bytes}: {says}");
    }
    let before = server.read("srv/vsftpd.conf");
    control.file("bytes", "20");
    control.apply(&[]).ended(2);
    assert_eq!(server.read("srv/vsftpd.conf"), before, "a host that did not answer in full is left alone");
}

/// The answer of an earlier run is not one of this run.
#[test]
fn an_old_answer_is_not_ours() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    let replay = "if [ -e \"$0.old\" ]; then cat >/dev/null; exec cat \"$0.old\"; fi; \"$@\" | tee \"$0.new\"; mv \"$0.new\" \"$0.old\"";
    control.script("replay", replay);
    let mut variables = server.server(11);
    variables["lvs_ftp_exec"] = [vec![control.path("replay").to_string()], server.words()].concat().into();
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", variables)]);
    control.apply(&["--check"]).ended(3);
    let says = cause(&control.apply(&["--check", "--output", "json"]).ended(2));
    assert!(says.starts_with("failed to start a shell: /bin/sh ended with status 0: "), "{says}");
}

/// Tools that print nonsense: what cannot be read is unknown, and the host is left alone.
#[test]
fn nonsense_of_a_tool_is_unknown() {
    for (tool, script, says) in [
        (
            "iptables-save",
            "echo '*mangle'",
            "failed to read the packet filter: iptables-save, line 1: this table has no COMMIT: the text was cut off: *mangle",
        ),
        ("iptables-save", "printf '*mangle\\n\\033[31mX\\n'", "failed to read"),
        ("iptables-save", "head -c 100000 /dev/urandom", "failed to read the packet filter: iptables-save, line 1: "),
        (
            "iptables-save",
            "echo 'Fatal: cannot open' >&2; exit 1",
            "failed to read the packet filter: iptables-save ended with status 1: Fatal: cannot open",
        ),
        (
            "iptables",
            "echo 'iptables vX'",
            "failed to read the packet filter: iptables -V says no version: iptables vX",
        ),
        (
            "ipvsadm",
            "printf -- '-A -f 21 -s wlc'",
            "failed to read the IPVS table: ipvsadm -S -n, line 1: the last line has no end: the text was cut off: -A -f 21 -s wlc",
        ),
        ("ipvsadm", "echo '-A -f 21 -s wlc -p \\033[31m'", "failed to read the IPVS table: "),
        (
            "ipvsadm",
            "printf '\\377\\000\\n'",
            "failed to read the IPVS table: ipvsadm -S -n, line 1: this is not a line of ipvsadm -S: \u{fffd}\\u{0}",
        ),
        (
            "ipvsadm",
            "echo '-A -f 21 -s wlc'; echo '-a -f 21 -r 10.1.1.11:0 -m -w 1'",
            "failed to read the IPVS table: ipvsadm -L, ",
        ),
        (
            "ipvsadm",
            "exit 127",
            "failed to read the IPVS table: ipvsadm is not there: install it, or mend the PATH (it said nothing)",
        ),
        (
            "cat",
            "case $1 in */ip_forward) echo 2;; *) exec /bin/cat \"$@\";; esac",
            "failed to read net.ipv4.ip_forward: /proc/sys/net/ipv4/ip_forward is neither 0 nor 1: 2",
        ),
    ] {
        let control = Control::new();
        let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
        control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
        control.script(&format!("hosts/lvs1/tools/{tool}"), script);
        let ran = control.apply(&["--output", "json"]).ended(2);
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(told["errors"][0]["text"].as_str().unwrap().starts_with(says), "{tool} {script}: {}", told["errors"]);
        assert!(told["changes"].as_array().unwrap().iter().all(|change| change["host"] == "ftp1"));
        let human = control.apply(&["--check"]).ended(2);
        assert!(!human.stdout.contains('\x1b'));
        std::fs::remove_file(control.path(&format!("hosts/lvs1/tools/{tool}"))).unwrap();
        assert_eq!(router.sh("iptables-save; cat /proc/sys/net/ipv4/ip_forward").lines().last(), Some("0"));
    }
}
