//! Managers that keep links: Debian's update-rc.d, and OpenRC's rc-update.

use super::{Host, Root, init_script};

/// A Debian host without systemd, with these scripts: name, Default-Start, and sh text that makes it as it is found.
fn debian(scripts: &[(&str, &str, &str)]) -> Host {
    let root = Root::new();
    for level in ["0", "1", "2", "3", "4", "5", "6", "S"] {
        std::fs::create_dir_all(root.path(&format!("etc/rc{level}.d"))).unwrap();
    }
    for (name, start, prepare) in scripts {
        root.program(&format!("etc/init.d/{name}"), &init_script(name, start));
        root.sh(&format!("cd /etc; {prepare}"));
    }
    Host::new(root)
}

#[test]
fn debians_links_are_switched() {
    let host = debian(&[
        ("new", "2 3 4 5", ":"),
        ("on", "2 3 4 5", "update-rc.d on defaults"),
        ("off", "2 3 4 5", "update-rc.d off defaults-disabled"),
        ("half", "2 3 4 5", "update-rc.d half defaults; update-rc.d half disable 5"),
    ]);
    host.is_so("on", &[3, 5], true);
    for name in ["new", "off", "half"] {
        assert!(host.ask(name).exists);
        host.comes_true(name, &[3, 5], true);
    }
    for name in ["new", "on", "half"] {
        host.comes_true(name, &[3, 5], false);
        assert_eq!(host.root.sh(&format!("ls /etc/rc3.d | grep {name}")), format!("K01{name}"));
        assert_eq!(host.root.sh(&format!("ls /etc/rc0.d | grep {name}")), format!("K01{name}"));
        host.comes_true(name, &[3, 5], true);
    }
    host.comes_true("half", &[5], false);
    assert!(host.ask("half").runlevels.contains(&3), "only the runlevel that was named");
}

/// Debian's own netfilter-persistent has this header: it starts before any runlevel.
#[test]
fn what_starts_before_the_runlevels_starts_in_all() {
    let host = debian(&[
        ("netfilter-persistent", "S", "update-rc.d netfilter-persistent defaults"),
        ("new", "S", ":"),
        ("off", "S", "update-rc.d off defaults-disabled"),
    ]);
    host.is_so("netfilter-persistent", &[3, 5], true);
    host.comes_true("new", &[3, 5], true);
    assert_eq!(host.root.sh("ls /etc/rcS.d | grep new; ls /etc/rc3.d"), "S01new");
    host.comes_true("off", &[3, 5], true);
    host.comes_true("netfilter-persistent", &[3, 5], false);
}

/// The scripts that Debian's packages bring.
#[test]
fn debians_own_scripts_are_enabled() {
    let host = debian(&[]);
    for name in ["vsftpd", "ssh", "ipvsadm"] {
        let script = std::fs::read_to_string(format!("/etc/init.d/{name}")).unwrap();
        host.root.program(&format!("etc/init.d/{name}"), &script);
        host.comes_true(name, &[3, 5], true);
        host.comes_true(name, &[3, 5], false);
    }
}

/// Links in some runlevels only: update-rc.d switches links, it makes none where there are some already.
#[test]
fn a_missing_link_is_made() {
    let host = debian(&[
        (
            "some",
            "2 3 4 5",
            "ln -s ../init.d/some rc2.d/S20some; ln -s ../init.d/some rc3.d/S20some; ln -s ../init.d/some rc0.d/K20some",
        ),
        ("empty", "", ":"),
        ("only-two", "2", ":"),
    ]);
    for name in ["some", "empty", "only-two"] {
        host.comes_true(name, &[3, 5], true);
    }
    assert_eq!(
        host.root.sh("ls /etc/rc2.d | grep some; ls /etc/rc3.d | grep some"),
        "S20some\nS20some",
        "as they were"
    );
}

/// A name that is the end or the beginning of another's, and one with a dot.
#[test]
fn names_are_whole() {
    let host =
        debian(&[("ftpd", "2 3 4 5", ":"), ("vsftpd", "2 3 4 5", "update-rc.d vsftpd defaults"), ("a.b", "3 5", ":")]);
    assert_eq!(host.ask("ftpd").runlevels, [].into());
    assert!(!host.ask("vsftp").exists);
    host.comes_true("ftpd", &[3, 5], true);
    host.comes_true("ftpd", &[3, 5], false);
    host.is_so("vsftpd", &[3, 5], true);
    host.comes_true("a.b", &[3, 5], true);
    host.is_refused("nothing", true, "there is no service nothing");
}

/// A script that update-rc.d refuses: its own words come back.
#[test]
fn update_rc_d_says_why_not() {
    let host = debian(&[("off", "2 3 4 5", "update-rc.d off defaults-disabled")]);
    host.root
        .program("usr/local/sbin/update-rc.d", "#!/bin/sh\necho \"update-rc.d: error: no ($LC_ALL)\" >&2; exit 1\n");
    host.is_refused("off", true, "failed to enable off at boot: update-rc.d: error: no (C)");
}

/// OpenRC's programs and libraries, which the lab machine has there, only unpacked: installed they would make it an OpenRC
/// host.
const OPENRC: &str = "/opt/openrc";

fn openrc() -> Host {
    let mut root = Root::new();
    std::fs::create_dir_all(root.path("opt/openrc")).unwrap();
    root.mounts = format!("mount --bind {OPENRC} opt/openrc");
    for level in ["sysinit", "boot", "default", "off"] {
        std::fs::create_dir_all(root.path(&format!("etc/runlevels/{level}"))).unwrap();
    }
    for name in ["rc-update", "rc-service", "rc-status"] {
        let library = format!("/opt/openrc/lib/{}-linux-gnu", std::env::consts::ARCH);
        root.program(
            &format!("usr/local/sbin/{name}"),
            &format!("#!/bin/sh\nLD_LIBRARY_PATH={library} exec $(ls /opt/openrc/sbin/{name} /opt/openrc/bin/{name} 2>/dev/null) \"$@\"\n"),
        );
    }
    for name in ["vsftpd", "early", "net.eth0"] {
        root.program(&format!("etc/init.d/{name}"), "#!/sbin/openrc-run\ncommand=/bin/true\n");
    }
    Host::new(root)
}

#[test]
fn openrcs_runlevels_are_changed() {
    let host = openrc();
    assert!(host.ask("vsftpd").exists);
    assert_eq!(host.ask("vsftpd").runlevels, [].into());
    host.comes_true("vsftpd", &[3, 5], true);
    assert!(host.root.sh("rc-update show default").contains("vsftpd"), "rc-update sees it too");
    host.comes_true("vsftpd", &[3, 5], false);
    host.comes_true("net.eth0", &[3, 5], true);
    host.root.sh("rc-update add early boot");
    host.is_so("early", &[3, 5], true);
    host.is_refused("nothing", true, "there is no service nothing");
}

/// What starts at boot already is taken out of the runlevel in which it is.
#[test]
fn openrc_disables_where_it_is_enabled() {
    let host = openrc();
    host.root.sh("rc-update add early boot");
    host.comes_true("early", &[3, 5], false);
}
