//! Hostile values that are allowed reach the host byte for byte, and are never run there.

use super::{
    control::{Control, is_there, playbook},
    host::Host,
};
use serde_json::json;

/// Texts without control characters that a shell, printf, sed, iptables-restore or ipvsadm might take for code. They
/// touch a file in the folder that they are run in, or in /srv of their host.
const TEXTS: [&str; 12] = [
    "$(touch CANARY)",
    "`touch CANARY`",
    "a'; touch CANARY; '",
    "a\"; touch CANARY; \"",
    "a && touch CANARY",
    "| touch CANARY #",
    "%s%n%d%%",
    "back\\slash \\n \\000 \\",
    "-j DROP",
    "\"COMMIT",
    "*nat",
    "ünïcödé 漢字 ~ ! * ? [a-z] {b,c} <x >y",
];

/// Whether a canary was made anywhere on the host or here.
fn nothing_was_run(control: &Control) {
    for place in ["CANARY", "hosts/lvs1/srv/CANARY", "hosts/ftp1/srv/CANARY", "hosts/ftp1/run/CANARY"] {
        assert!(!is_there(&control.path(place)), "a value was run: {place}");
    }
    assert!(!is_there("/CANARY".into()) && !is_there("CANARY".into()) && !is_there("/root/CANARY".into()));
}

/// A play's name becomes the comment of real rules, in both backends.
#[test]
fn a_plays_name_becomes_a_comment() {
    for backend in crate::support::backends() {
        for text in TEXTS {
            let control = Control::new();
            let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
            let mut variables = router.variables();
            variables["lvs_iptables"] = backend.into();
            control.inventory(&[("lvs1", variables)], &[("ftp1", server.server(11))]);
            let mut named = playbook();
            named[0]["name"] = text.into();
            control.file("playbooks/site.json", named.to_string());
            control.apply(&["-l", "lvs1"]).ended(0);
            let ran = control.apply(&["-l", "lvs1"]).ended(0);
            assert!(ran.stdout.contains("changed=0"), "{text}: {}", ran.stdout);
            let quoted = format!("lvs-ftp: {text}").replace('\\', "\\\\").replace('"', "\\\"").replace('\'', "\\'");
            let saved = router.sh(&format!("{backend}-save"));
            let comments = saved.matches(&format!("--comment \"{quoted}\" ")).count();
            assert_eq!(comments, 3, "{text}: {saved}");
            nothing_was_run(&control);
        }
    }
}

/// A setting's value stands in vsftpd.conf as it was written.
#[test]
fn a_setting_is_carried_byte_for_byte() {
    for text in TEXTS {
        let control = Control::new();
        let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
        control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
        let mut set = playbook();
        set[0]["ftp_cluster"]["real_servers"]["vsftpd"]["settings"] = json!({"ftpd_banner": text});
        control.file("playbooks/site.json", set.to_string());
        control.apply(&["-l", "ftp1", "--diff"]).ended(0);
        let conf = String::from_utf8(server.read("srv/vsftpd.conf")).unwrap();
        assert!(conf.ends_with(&format!("\nftpd_banner={text}\n")), "{conf}");
        assert!(control.apply(&["-l", "ftp1"]).ended(0).stdout.contains("changed=0"), "{text}");
        nothing_was_run(&control);
    }
}

/// A path that is full of blanks, quotes and dollars is one path.
#[test]
fn a_path_is_one_word() {
    for name in ["$(touch CANARY).conf", "a'b\"c.conf", " a  b.conf", "-rf.conf", "%s\\n.conf", "a;touch CANARY"] {
        let control = Control::new();
        let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
        control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
        let mut set = playbook();
        set[0]["ftp_cluster"]["real_servers"]["vsftpd"]["conf"] = format!("/srv/{name}").into();
        control.file("playbooks/site.json", set.to_string());
        server.write(&format!("srv/{name}"), "# of its own\n");
        control.apply(&["-l", "ftp1"]).ended(0);
        let conf = String::from_utf8(server.read(&format!("srv/{name}"))).unwrap();
        assert!(conf.contains("pasv_address=192.0.2.10\n"), "{name}: {conf}");
        assert!(control.apply(&["-l", "ftp1"]).ended(0).stdout.contains("changed=0"), "{name}");
        nothing_was_run(&control);
    }
}

/// Anybody on a host may start a process that calls itself vsftpd, with any arguments: none of them becomes a fact.
#[test]
fn a_process_cannot_tell_facts() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    std::fs::copy("/bin/sleep", server.path("srv/vsftpd")).unwrap();
    for name in [
        "x\\nconf /etc/passwd",
        "x\nconf /etc/passwd",
        "x\\012now 1 2 3",
        "$(touch /srv/CANARY)`touch /srv/CANARY`",
        "%s%n | | |",
    ] {
        let process = server.command(&["bash", "-c", "exec -a \"$1\" /srv/vsftpd 60", "sh", name]);
        let process = process.stdin_null().stdout_null().stderr_null().start().unwrap();
        while !server
            .sh("cat /proc/[0-9]*/stat 2>/dev/null || true")
            .contains(&format!("{} (vsftpd) ", process.pids()[0]))
        {}
        let ran = control.apply(&["-l", "ftp1"]);
        process.kill().unwrap();
        ran.ended(0);
        nothing_was_run(&control);
        server.write("srv/vsftpd.conf", "anonymous_enable=YES\n");
    }
}

/// What stands in a host's own vsftpd.conf is kept byte for byte, and is never run.
#[test]
fn a_hosts_own_file_is_only_text() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    let mut own = b"# $(touch /srv/CANARY) `touch /srv/CANARY` %s \\n ' \"\x1b[31m\xff\xfe\n".to_vec();
    own.extend(b"ftpd_banner=$(touch /srv/CANARY)';touch /srv/CANARY;'%s\\\n");
    server.write("srv/vsftpd.conf", &own);
    let ran = control.apply(&["-l", "ftp1", "--diff"]).ended(0);
    assert!(!ran.stdout.contains('\x1b') && ran.stdout.contains("\\u{1b}[31m"), "{}", ran.stdout);
    assert!(server.read("srv/vsftpd.conf").starts_with(&own));
    assert!(server.read("srv/vsftpd.conf.lvs-ftp-old") == own);
    nothing_was_run(&control);
}

/// A comment of somebody's rule that we remove or print is only text.
#[test]
fn a_rules_comment_is_only_text() {
    for backend in crate::support::backends() {
        let control = Control::new();
        let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
        let mut variables = router.variables();
        variables["lvs_iptables"] = backend.into();
        control.inventory(&[("lvs1", variables)], &[("ftp1", server.server(11))]);
        let stale =
            "-t mangle -A PREROUTING -d 192.0.2.10 -p tcp --dport 5000:6000 -j MARK --set-mark 21 -m comment --comment";
        for comment in [
            "'$(touch /srv/CANARY)`touch /srv/CANARY`'",
            "$'\\'; touch /srv/CANARY; \\' %s \\\\n'",
            "$'\\033[31m\\\\'",
            "$'\\xff \"quoted\"'",
        ] {
            router.sh(&format!("{backend} {stale} {comment}"));
        }
        let foreign = "-t mangle -A PREROUTING -d 192.0.2.99 -p tcp --dport 21 -j MARK --set-mark 21 -m comment --comment $'\\033[2J'";
        router.sh(&format!("{backend} {foreign}"));
        let ran = control.apply(&["--diff"]).ended(0);
        assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'), "{}", ran.stdout);
        assert!(ran.stderr.contains("a foreign rule of mangle PREROUTING collides"), "{}", ran.stderr);
        let saved = router.sh(&format!(
            "{backend}-save -t mangle | grep -c 5000:6000 || true; {backend}-save -t mangle | grep -c 192.0.2.99"
        ));
        assert_eq!(saved, "0\n1", "the stale rules went, the foreign one stays");
        nothing_was_run(&control);
    }
}
