//! What runs on a host runs in every shell that a host may have, and with the tools of 2007.

use super::{
    control::{Control, playbook},
    daemon::Daemon,
    host::Host,
    old_bash::refuses,
};
use serde_json::{Value, json};
use std::time::Duration;

/// Tools as they were, as far as they differ: no fractions of seconds, `%N` and `sync FILE` unknown, no getconf,
/// iptables 1.3.5 with its own spelling and without `-w`, and no second backend.
const TOOLS_OF_2007: [(&str, &str); 10] = [
    ("stat", "/usr/bin/stat \"$@\" | sed 's/\\.[0-9]*//'"),
    ("date", "exec /bin/date \"$(echo \"$1\" | sed 's/%N/N/')\""),
    ("sync", "[ \"$1\" != --help ] || { echo 'Usage: sync [OPTION]'; exit; }; echo \"$@\" >>/srv/written-out-whole"),
    ("dd", "echo \"$@\" >>/srv/written-out; exec /bin/dd \"$@\""),
    ("getconf", "exit 127"),
    ("iptables", "[ \"$1\" != -V ] || { echo 'iptables v1.3.5'; exit; }; exec /usr/sbin/iptables-legacy \"$@\""),
    (
        "iptables-save",
        "/usr/sbin/iptables-legacy-save \"$@\" | sed 's|--set-xmark \\(0x[0-9a-f]*\\)/0xffffffff|--set-mark \\1|; s|/32 | |; s|/24 |/255.255.255.0 |'",
    ),
    (
        "iptables-restore",
        "for word; do [ \"$word\" != -w ] || { echo \"iptables-restore: invalid option -- w\" >&2; exit 2; }; done; exec /usr/sbin/iptables-legacy-restore \"$@\"",
    ),
    ("iptables-nft-save", "echo 'Protocol not supported' >&2; exit 1"),
    ("iptables-legacy-save", "exit 127"),
];

/// Converges a router and a real server that have this shell, then finds nothing to do.
fn converge(shell: &str, backend: &str, tools: &[(&str, &str)]) {
    let what = format!("{shell} {backend}");
    let control = Control::empty();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    for host in [&router, &server] {
        std::fs::copy(shell, host.path("sh")).unwrap();
        host.sh(&format!("cmp {shell} /bin/sh"));
        for (name, script) in tools {
            let path = host.path(&format!("tools/{name}"));
            control.script(path.strip_prefix(control.path("")).unwrap().as_str(), script);
        }
    }
    let keeper = control.script("keeper/keeps", KEEPS);
    let kept = |mut variables: Value| {
        variables["lvs_ftp_exec"].as_array_mut().unwrap().insert(0, keeper.as_str().into());
        variables
    };
    let mut variables = router.variables();
    variables["lvs_iptables"] = backend.into();
    control.inventory(&[("lvs1", kept(variables))], &[("ftp1", kept(server.server(11)))]);
    let mut banner = playbook();
    // The daemon runs, and shall.
    banner[0]["ftp_cluster"]["real_servers"]["services"] = json!({});
    banner[0]["ftp_cluster"]["real_servers"]["vsftpd"]["settings"] = json!({"ftpd_banner": "it's 100% \\new"});
    control.file("playbooks/site.json", banner.to_string());
    // A rule of an older range is there, and a daemon that must be told.
    let legacy = if backend == "iptables" { "/usr/sbin/iptables-legacy" } else { backend };
    router
        .sh(&format!("{legacy} -t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 5000:6000 -j MARK --set-mark 21"));
    server.write("srv/vsftpd.conf", "listen=YES\nbackground=NO\nanonymous_enable=YES\npasv_max_port=07\n");
    let daemon = Daemon::start(&server);

    let ran = control.apply(&[]).ended(0);
    assert!(ran.stderr.is_empty(), "{what}: {}", ran.stderr);
    daemon.greets("it's 100% \\new");
    let rules = router.sh(&format!("{legacy}-save -t mangle | grep -c 'lvs-ftp: Public FTP'"));
    assert_eq!(rules, "2", "{what}");
    assert_eq!(router.sh(&format!("{legacy}-save -t mangle | grep -c 5000:6000 || true")), "0", "{what}");
    assert_eq!(router.sh("cat /proc/sys/net/ipv4/ip_forward"), "1", "{what}");
    let ran = control.apply(&["--check"]).ended(0);
    assert!(!ran.stdout.contains("changed: ["), "{what}: {}", ran.stdout);

    // A hand edit that nobody told the daemon of is seen, and told.
    let conf = String::from_utf8(server.read("srv/vsftpd.conf")).unwrap();
    std::thread::sleep(Duration::from_millis(if tools.is_empty() { 50 } else { 1100 }));
    server.write("srv/vsftpd.conf", format!("{conf}# edited\n"));
    let ran = control.apply(&[]).ended(0);
    assert!(ran.stdout.contains("reload: vsftpd reads /srv/vsftpd.conf again (SIGHUP)"), "{what}: {}", ran.stdout);
    control.apply(&["--check"]).ended(0);
    drop(daemon);
    if !tools.is_empty() {
        let file = "if=/dev/null of=/srv/vsftpd.conf conv=notrunc,fsync";
        assert!(server.sh("cat /srv/written-out").lines().any(|line| line == file));
        assert_eq!(server.sh("ls /srv/written-out-whole 2>/dev/null || true"), "", "a whole system takes minutes");
    }
    let scripts = std::fs::read_dir(control.path("keeper")).unwrap().map(|file| file.unwrap().path());
    let scripts: Vec<_> = scripts.filter(|path| !path.ends_with("keeps")).collect();
    assert!(scripts.len() > 10, "{scripts:?}");
    for script in scripts {
        assert_eq!(refuses(&std::fs::read_to_string(script).unwrap()), "", "{what}");
    }
}

#[test]
fn with_dash() {
    for backend in crate::support::backends() {
        converge("/bin/dash", backend, &[]);
    }
}

/// As /bin/sh, bash is in its POSIX mode.
#[test]
fn with_bash() {
    for backend in crate::support::backends() {
        converge("/bin/bash", backend, &[]);
    }
}

#[test]
fn with_busybox() {
    for backend in crate::support::backends() {
        converge("/bin/busybox", backend, &[]);
    }
}

/// Keeps what a shell of the host is given to read.
const KEEPS: &str = "kept=$(mktemp $(dirname $0)/kept.XXXXXX); tee $kept | \"$@\"";

#[test]
fn with_the_tools_of_2007() {
    for shell in ["/bin/dash", "/bin/bash"] {
        converge(shell, "iptables", &TOOLS_OF_2007);
    }
}
