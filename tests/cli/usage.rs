//! What is refused before any host is contacted, and what is only asked of the inputs.

use super::{
    control::{Control, is_there, playbook},
    whole::is_as_recorded,
};
use serde_json::json;

/// A control host whose hosts leave a file behind when they are contacted.
fn canary() -> Control {
    let control = Control::empty();
    let touch = format!("touch {}", control.path("contacted"));
    let (router, server) = (control.exec("lvs", &touch), control.exec("ftp", &touch));
    let mut servers = Vec::new();
    for (name, last) in [("ftp1", 11), ("ftp2", 12)] {
        let mut server = server.clone();
        server["lvs_real_ip"] = format!("10.1.1.{last}").into();
        servers.push((name, server));
    }
    control.inventory(&[("lvs1", router)], &servers);
    control.file("playbooks/site.json", playbook().to_string());
    control
}

#[test]
fn help_and_version_are_no_errors() {
    let control = Control::empty();
    for line in ["--help", "apply --help"] {
        let full = format!("{} {line} >/dev/full", env!("CARGO_BIN_EXE_lvs-ftp"));
        control.finish(&duct::cmd!("sh", "-c", full)).ended(2);
    }
    for arguments in [&["--help"][..], &["--version"], &["apply", "--help"], &["-h"], &["help", "apply"]] {
        let ran = control.run(arguments).ended(0);
        assert!(!ran.stdout.is_empty() && ran.stderr.is_empty(), "{arguments:?}");
    }
    let help = control.run(&["apply", "--help"]).stdout;
    for option in ["--check", "--diff", "--limit", "--forks", "--tags", "--skip-tags", "--output", "Exit status:"] {
        assert!(help.contains(option), "{option}");
    }
}

#[test]
fn bad_usage_is_status_1() {
    let control = canary();
    for arguments in [
        &[][..],
        &["aply"],
        &["apply", "--chek"],
        &["apply", "--forks", "0"],
        &["apply", "--forks", "many"],
        &["apply", "--timeout", "0"],
        &["apply", "--output", "xml"],
        &["apply", "nosuch.json"],
        &["apply", "-i", "nosuch.json"],
        &["apply", "-l", "nosuch"],
        &["apply", "-l", "lvs1:!lvs1"],
        &["apply", "-l", ""],
        &["apply", "-l", "nosuch*"],
        &["apply", "-t", "nosuch"],
        &["apply", "--skip-tags", "ftp"],
        &["apply", "-u", "-oProxyCommand=touch contacted"],
        &["apply", "-u", ""],
    ] {
        let ran = control.run(arguments).ended(1);
        assert!(ran.stdout.is_empty(), "{arguments:?}: {}", ran.stdout);
        assert!(!ran.stderr.trim().is_empty(), "{arguments:?}");
        assert!(!is_there(&control.path("contacted")), "{arguments:?}");
    }
}

#[test]
fn an_empty_inventory_is_never_a_quiet_0() {
    for inventory in ["", "{}", "[]", "{\"all\": {}}", "{\"all\": {\"hosts\": {}}}", "null", "all:\n"] {
        let control = canary();
        control.file("inventory/hosts.json", inventory);
        let ran = control.apply(&[]).ended(1);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{inventory:?}");
    }
    let control = canary();
    std::fs::remove_file(control.path("inventory/hosts.json")).unwrap();
    control.apply(&[]).ended(1);
    for playbook in ["", "[]", "{}", "null", "[{}]", "[[]]"] {
        let control = canary();
        control.file("playbooks/site.json", playbook);
        let ran = control.apply(&[]).ended(1);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{playbook:?}");
    }
}

#[test]
fn an_error_anywhere_keeps_every_host_alone() {
    let mut wrong = playbook();
    wrong[0]["ftp_cluster"]["passive_port"] = "1:2".into();
    let control = canary();
    control.file("playbooks/site.json", wrong.to_string());
    for arguments in [&[][..], &["--check"], &["--syntax-check"], &["--list-hosts"], &["-l", "ftp1"]] {
        let ran = control.apply(arguments).ended(1);
        assert!(ran.stderr.contains("playbooks/site.json:1:"), "{}", ran.stderr);
        assert!(ran.stderr.contains("did you mean `passive_ports`?") && ran.stderr.contains('^'), "{}", ran.stderr);
        assert!(!is_there(&control.path("contacted")));
    }
}

#[test]
fn listing_contacts_nobody() {
    let control = canary();
    let ran = control.apply(&["--syntax-check"]).ended(0);
    assert_eq!(ran.stdout, "\nplaybook: playbooks/site.json\n");
    let ran = control.apply(&["--list-hosts", "-l", "all:!ftp1"]).ended(0);
    is_as_recorded(&ran.stdout, "list-hosts.stdout");
    assert!(!is_there(&control.path("contacted")));
}

#[test]
fn inputs_are_found_in_the_current_folder_or_named() {
    let control = canary();
    assert!(control.apply(&["--list-hosts"]).ended(0).stdout.contains("hosts (3)"));
    std::fs::rename(control.path("playbooks/site.json"), control.path("playbooks/site.yml")).unwrap();
    assert!(control.apply(&["--list-hosts"]).ended(0).stdout.contains("playbook: playbooks/site.yml"));
    std::fs::rename(control.path("playbooks"), control.path("plays")).unwrap();
    std::fs::rename(control.path("inventory"), control.path("hosts")).unwrap();
    let ran = control.apply(&["--list-hosts"]).ended(1);
    assert!(ran.stderr.contains("/etc/lvs-ftp"), "{}", ran.stderr);
    let ran = control.apply(&["-i", "hosts", "plays/site.yml", "--list-hosts"]).ended(0);
    assert!(ran.stdout.contains("hosts (3)"), "{}", ran.stdout);
    assert!(control.apply(&["-i", "hosts/hosts.json", "plays/site.yml", "--list-hosts"]).ended(0).stderr.is_empty());
}

/// In a mount namespace with an /etc/lvs-ftp: it is read when there is nothing in the current folder.
#[test]
fn inputs_are_found_in_etc() {
    let control = canary();
    std::fs::rename(control.path("playbooks"), control.path("etc-playbooks")).unwrap();
    let script = format!(
        "mount -t tmpfs -o mode=755 none /etc && mkdir -p /etc/lvs-ftp/playbooks /etc/lvs-ftp/inventory && \
         cp {0}/etc-playbooks/site.json /etc/lvs-ftp/playbooks/ && cp {0}/inventory/hosts.json /etc/lvs-ftp/inventory/ && \
         cd / && exec {1} apply --list-hosts",
        control.path(""),
        env!("CARGO_BIN_EXE_lvs-ftp")
    );
    let ran = control.finish(&duct::cmd!("unshare", "-m", "bash", "-c", script)).ended(0);
    assert!(ran.stdout.contains("playbook: /etc/lvs-ftp/playbooks/site.json"), "{}", ran.stdout);
    assert!(ran.stdout.contains("hosts (3)"), "{}", ran.stdout);
}

#[test]
fn tags_select_plays_as_ansible_does() {
    let control = canary();
    let play = |name: &str, tags: serde_json::Value, mark: u32| {
        let mut play = playbook()[0].clone();
        play["name"] = name.into();
        play["tags"] = tags;
        play["ftp_cluster"]["firewall_mark"] = mark.into();
        play["ftp_cluster"]["virtual_ip"] = format!("192.0.2.{mark}").into();
        play["ftp_cluster"]["real_servers"]["vsftpd"]["conf"] = format!("/srv/{mark}.conf").into();
        play
    };
    let plays = json!([
        play("one", json!(["a"]), 21),
        play("two", json!(["b", "c"]), 22),
        play("every", json!(["always"]), 23),
        play("hidden", json!(["never", "d"]), 24),
    ]);
    control.file("playbooks/site.json", plays.to_string());
    for (arguments, names) in [
        (&[][..], "one two every"),
        (&["-t", "a"], "one every"),
        (&["-t", "a,b"], "one two every"),
        (&["-t", "a", "-t", "d"], "one every hidden"),
        (&["--skip-tags", "a,always"], "two"),
        (&["-t", "all"], "one two every"),
        (&["-t", "nosuch"], "every"),
    ] {
        let ran = control.apply(&[&["--list-hosts"], arguments].concat()).ended(0);
        let listed: Vec<&str> =
            ran.stdout.lines().filter_map(|line| line.split_once("): ")?.1.split('\t').next()).collect();
        assert_eq!(listed.join(" "), names, "{arguments:?}");
    }
}

/// A reader that leaves early is no error; the run itself goes on to its end.
#[test]
fn a_closed_pipe_is_no_error() {
    let control = canary();
    let program = env!("CARGO_BIN_EXE_lvs-ftp");
    for verb in ["apply --help", "--help", "--version", "apply --list-hosts"] {
        let script = format!("{program} {verb} | head -c1 >/dev/null; echo ${{PIPESTATUS[0]}}");
        let command = duct::cmd!("bash", "-c", script).dir(control.path(""));
        let ran = control.finish(&command).ended(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("0\n", ""), "{verb}");
    }
}

/// Inputs that nobody named are not taken from other users; named by hand they are.
#[test]
fn inputs_that_others_may_write_are_not_found() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let control = canary();
    let mode = |path: &str, mode| {
        std::fs::set_permissions(control.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    control.apply(&["--list-hosts"]).ended(0);
    for path in ["", "inventory", "inventory/hosts.json", "playbooks", "playbooks/site.json"] {
        let before = std::fs::metadata(control.path(path)).unwrap().permissions().mode();
        mode(path, 0o777);
        let ran = control.apply(&["--list-hosts"]).ended(1);
        assert!(ran.stderr.contains("other users may write"), "{path}: {}", ran.stderr);
        control.apply(&["-i", "inventory", "playbooks/site.json", "--list-hosts"]).ended(0);
        mode(path, before);
    }
    if rustix::process::geteuid().is_root() {
        chown(control.path("inventory/hosts.json"), Some(65534), None).unwrap();
        let ran = control.apply(&["--list-hosts"]).ended(1);
        assert!(ran.stderr.contains("other users may write inventory/hosts.json"), "{}", ran.stderr);
        chown(control.path("inventory/hosts.json"), Some(0), None).unwrap();
    }
    control.apply(&["--list-hosts"]).ended(0);
}
