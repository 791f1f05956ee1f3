//! systemd's systemctl. In a root that PID 1 does not have it works on the unit files alone, as it does in an image.

use super::{Host, Root, at_boot, init_script};

fn unit(install: &str) -> String {
    let install = if install.is_empty() { String::new() } else { format!("[Install]\n{install}\n") };
    format!("[Unit]\nDescription=A test\n[Service]\nExecStart=/bin/true\n{install}")
}

/// A host on which systemd runs, as far as a probe can see, with these units.
fn host(units: &[(&str, &str)]) -> Host {
    let root = Root::new();
    std::fs::create_dir_all(root.path("run/systemd/system")).unwrap();
    for target in ["multi-user", "graphical", "sysinit", "basic", "rescue"] {
        root.write(&format!("usr/lib/systemd/system/{target}.target"), "[Unit]\nDescription=A target\n");
    }
    for (name, install) in units {
        root.write(&format!("usr/lib/systemd/system/{name}.service"), unit(install));
    }
    Host::new(root)
}

const MULTI_USER: &str = "WantedBy=multi-user.target";

#[test]
fn a_disabled_unit_is_enabled_once() {
    let host = host(&[("vsftpd", MULTI_USER)]);
    assert!(host.ask("vsftpd").exists);
    assert_eq!(host.ask("vsftpd").runlevels, [].into());
    host.is_so("vsftpd", &[3, 5], false);
    host.comes_true("vsftpd", &[3, 5], true);
    assert_eq!(host.root.sh("systemctl is-enabled vsftpd"), "enabled");
    // Graphical comes on top of multi-user.
    assert_eq!(host.ask("vsftpd").runlevels, [3, 5].into());
    host.is_so("vsftpd", &[3], true);
    host.is_so("vsftpd", &[5], true);
    host.comes_true("vsftpd", &[3, 5], false);
    assert_eq!(host.root.sh("systemctl is-enabled vsftpd || :"), "disabled");
}

/// Whatever wants it: what starts on the way to multi-user starts in both runlevels.
#[test]
fn what_is_enabled_in_another_way_is_not_touched() {
    let units = [
        ("early", "WantedBy=sysinit.target"),
        ("needed", "RequiredBy=multi-user.target"),
        ("both", "WantedBy=multi-user.target graphical.target"),
        ("default", "WantedBy=default.target"),
        ("static", ""),
        ("static-early", ""),
        ("also", "Also=vsftpd.service"),
        ("vsftpd", MULTI_USER),
    ];
    let host = host(&units);
    host.root.sh("systemctl enable early needed both default vsftpd");
    host.root.sh("cd /usr/lib/systemd/system; mkdir -p multi-user.target.wants sysinit.target.wants
         ln -s ../static.service multi-user.target.wants/; ln -s ../static-early.service sysinit.target.wants/");
    for (name, _) in units.iter().filter(|(name, _)| *name != "also") {
        assert_eq!(host.ask(name).runlevels, [3, 5].into(), "{name}");
        host.is_so(name, &[3, 5], true);
    }
}

/// A unit that only the graphical target wants does not start in runlevel 3, enabled or not.
#[test]
fn graphical_alone_is_not_runlevel_3() {
    let host = host(&[("gui", "WantedBy=graphical.target"), ("enabled", "WantedBy=graphical.target")]);
    host.root.sh("systemctl enable enabled");
    assert_eq!(host.ask("enabled").runlevels, [5].into());
    host.is_so("enabled", &[5], true);
    host.is_refused(
        "enabled",
        true,
        "multi-user.target does not want it: systemctl add-wants multi-user.target enabled",
    );
    host.comes_true("gui", &[5], true);
    host.is_refused("gui", true, "systemctl add-wants multi-user.target gui");
    host.root.sh("systemctl add-wants multi-user.target gui");
    host.is_so("gui", &[3, 5], true);
    host.comes_true("gui", &[3, 5], false);
}

/// A unit that is enabled for something else than a boot does not start at boot.
#[test]
fn enabled_elsewhere_is_not_at_boot() {
    let host = host(&[("repair", "WantedBy=rescue.target"), ("named", "Alias=other.service")]);
    host.root.sh("systemctl enable repair named");
    for name in ["repair", "named"] {
        assert_eq!(host.ask(name).runlevels, [].into(), "{name}");
        host.is_refused(name, true, "multi-user.target does not want it");
        host.root.sh(&format!("systemctl add-wants multi-user.target {name}"));
        host.is_so(name, &[3, 5], true);
    }
}

#[test]
fn an_alias_stands_for_its_unit() {
    let host = host(&[("ssh", "WantedBy=multi-user.target\nAlias=sshd.service")]);
    host.root.sh("systemctl enable ssh");
    assert_eq!(host.ask("sshd").name, "ssh");
    host.is_so("sshd", &[3, 5], true);
    // A disabled unit loses its aliases; what is off needs none.
    host.converge(&at_boot("sshd", &[3, 5], false)).unwrap();
    assert_eq!(host.root.sh("systemctl is-enabled ssh || :"), "disabled");
    host.is_so("sshd", &[3, 5], false);
}

#[test]
fn what_only_a_person_can_do_is_refused_with_the_cure() {
    let host = host(&[("masked", MULTI_USER), ("static", ""), ("masked-on", MULTI_USER), ("masked-now", MULTI_USER)]);
    host.root.sh("systemctl enable masked-on; systemctl mask masked; systemctl mask --runtime masked-on masked-now");
    // A mask that goes at reboot does not count there.
    host.is_so("masked-on", &[3, 5], true);
    for name in ["masked", "masked-now"] {
        host.is_refused(name, true, "it is masked: somebody wants it off; systemctl unmask it first");
    }
    host.is_so("masked", &[3, 5], false);
    host.is_refused("static", true, "systemctl add-wants multi-user.target static");
    host.is_so("static", &[3, 5], false);
    host.root.sh("systemctl add-wants multi-user.target static");
    host.is_so("static", &[3, 5], true);
    host.comes_true("static", &[3, 5], false);
    host.root.sh(
        "cd /usr/lib/systemd/system; mkdir multi-user.target.wants; ln -s ../static.service multi-user.target.wants/",
    );
    host.is_refused("static", false, "systemctl mask static");
    host.is_refused("nothing", true, "there is no service nothing: install the package of nothing");
    host.is_so("nothing", &[3, 5], false);
    // Enabled for this boot only, or a link to a unit that lies elsewhere.
    host.root.write("opt/linked.service", super::systemd::unit(MULTI_USER));
    host.root.sh("systemctl unmask --runtime masked-on; systemctl disable masked-on; systemctl enable --runtime masked-on; systemctl link /opt/linked.service");
    host.comes_true("masked-on", &[3, 5], true);
    host.comes_true("linked", &[3, 5], true);
}

/// A unit file that systemd cannot read, or a systemctl that fails: that is not "there is no such service".
#[test]
fn a_failing_systemctl_is_unknown() {
    let host = host(&[("vsftpd", MULTI_USER)]);
    host.root
        .program("usr/local/bin/systemctl", "#!/bin/sh\necho 'Failed to connect to bus: No such file' >&2; exit 1\n");
    let service = at_boot("vsftpd", &[3, 5], true);
    let facts =
        lvs_ftp::host::Observe::observe(&host.connection, &lvs_ftp::resource::Resource::probes(&service)).unwrap();
    let unknown = lvs_ftp::resource::Resource::diff(&service, &facts).unwrap_err().to_string();
    assert!(unknown.contains("vsftpd") && unknown.contains("Failed to connect to bus"), "{unknown}");
}

/// A SysV script without a unit: systemctl hands it on to update-rc.d. The links tell where it starts.
#[test]
fn a_script_without_a_unit_is_known_by_its_links() {
    let host = host(&[]);
    for name in ["old", "half", "early"] {
        host.root
            .program(&format!("etc/init.d/{name}"), &init_script(name, if name == "early" { "S" } else { "2 3 4 5" }));
        host.root.sh(&format!("update-rc.d {name} defaults-disabled"));
    }
    assert!(host.ask("old").exists);
    assert_eq!(host.ask("old").runlevels, [].into());
    host.comes_true("old", &[3, 5], true);
    host.comes_true("old", &[3, 5], false);
    host.root.sh("update-rc.d half enable 3");
    assert_eq!(host.ask("half").runlevels, [3, 5].into(), "systemd lets multi-user want it");
    host.root.sh("update-rc.d half disable 3; update-rc.d half enable 5");
    assert_eq!(host.ask("half").runlevels, [5].into());
    host.comes_true("half", &[3, 5], true);
    host.comes_true("half", &[3, 5], false);
    host.root.sh("update-rc.d early enable S");
    host.is_so("early", &[3, 5], true);
}

/// The units and scripts that Debian's packages bring: ipvsadm has a script only, ssh an alias.
#[test]
fn debians_own_services_are_enabled() {
    let host = host(&[]);
    for name in ["vsftpd", "ssh"] {
        let unit = std::fs::read(format!("/usr/lib/systemd/system/{name}.service")).unwrap();
        host.root.write(&format!("usr/lib/systemd/system/{name}.service"), unit);
    }
    for name in ["vsftpd", "ssh", "ipvsadm"] {
        let script = std::fs::read_to_string(format!("/etc/init.d/{name}")).unwrap();
        host.root.program(&format!("etc/init.d/{name}"), &script);
        host.comes_true(name, &[3, 5], true);
    }
    host.is_so("sshd", &[3, 5], true);
    for name in ["vsftpd", "sshd", "ipvsadm"] {
        host.converge(&at_boot(name, &[3, 5], false)).unwrap();
        host.is_so(name, &[3, 5], false);
    }
}
