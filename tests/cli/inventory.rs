//! `lvs-ftp inventory`, and the ways to an inventory that both verbs have: programs, lists of hosts, `-e`, `--limit @FILE`.

use super::control::{Control, is_there};
use serde_json::{Value, json};

const HOSTS: &str = "[lvs_routers]\nlvs1 ansible_host=192.0.2.1\n[ftp_servers]\nftp[1:2] v=\"[1, 'x']\"\n\
    [ftp_servers:vars]\nansible_group_priority=3\nnote=it's\n";

fn control() -> Control {
    let control = Control::new();
    control.file("inventory/hosts", HOSTS);
    for number in [1, 2] {
        control.file(&format!("host_vars/ftp{number}.yml"), format!("lvs_real_ip: 10.1.1.{number}\n"));
    }
    control
}

#[test]
fn the_inventory_is_listed_as_it_is_read() {
    let control = control();
    let list = control.run(&["inventory", "--list", "-l", "ftp1", "-e", "a=1"]).ended(0);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(
        list["_meta"]["hostvars"],
        json!({"ftp1": {"a": "1", "lvs_real_ip": "10.1.1.1", "note": "it's", "v": [1, "x"]}})
    );
    assert_eq!(list["ftp_servers"], json!({"hosts": ["ftp1"]}));
    assert_eq!(list["lvs_routers"], Value::Null);
    let host = control.run(&["inventory", "--host", "lvs1", "-l", "ftp1"]).ended(0);
    assert_eq!(host.stdout, "{\n    \"ansible_host\": \"192.0.2.1\"\n}\n");
    let graph = control.run(&["inventory", "--graph"]).ended(0);
    let expected =
        "@all:\n  |--@ungrouped:\n  |--@lvs_routers:\n  |  |--lvs1\n  |--@ftp_servers:\n  |  |--ftp1\n  |  |--ftp2\n";
    assert_eq!(graph.stdout, expected);
    let graph = control.run(&["inventory", "--graph", "ftp_servers", "--vars", "--playbook-dir", "playbooks"]).ended(0);
    // As ansible-inventory 2.19.14 prints it.
    let expected = "@ftp_servers:\n  |--ftp1\n  |  |--{note = it's}\n  |  |--{v = [1, 'x']}\n  |--ftp2\n  |  |--{note = it's}\n  \
        |  |--{v = [1, 'x']}\n  |--{ansible_group_priority = 3}\n  |--{note = it's}\n";
    assert_eq!(graph.stdout, expected);
}

#[test]
fn what_is_wrong_is_status_1() {
    let control = control();
    for arguments in [
        &["--list", "--graph"][..],
        &[],
        &["--host", "nosuch"],
        &["--host", "ftp*"],
        &["--graph", "nosuch"],
        &["--list", "--vars"],
        &["--list", "ftp_servers"],
        &["--list", "-l", "nosuch"],
        &["--list", "-l", "@nosuch"],
        &["--list", "-e", "stray"],
        &["--list", "-e", "@nosuch"],
        &["--list", "-e", "./vars.yml"],
        &["--list", "-e", "[1]"],
        &["--list", "-i", "nosuch"],
        &["--list", "-l", "~("],
    ] {
        let ran = control.run(&[&["inventory"], arguments].concat()).ended(1);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{arguments:?}");
    }
    let ran = control.run(&["inventory", "--list", "-l", "~^(a+)+$", "-i", &format!("{}!,", "a".repeat(40))]).ended(1);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("must not hold `!`"), "{}", ran.stderr);
}

/// A regular expression that would take for ever is given up.
#[test]
fn a_regular_expression_has_an_end() {
    let control = control();
    let hosts = format!("{}-,", "a".repeat(60));
    let ran = control.run(&["inventory", "--list", "-i", &hosts, "-l", "~^(a|a|aa)+(?=b)$"]).ended(1);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("fails on"), "{}", ran.stderr);
}

#[test]
fn apply_reads_what_inventory_reads() {
    let control = control();
    let listed = |arguments: &[&str]| {
        let ran = control.apply(&[&["--list-hosts"], arguments].concat()).ended(0);
        let hosts = ran.stdout.lines().filter(|line| line.starts_with("      ")).map(str::trim);
        hosts.collect::<Vec<_>>().join(" ")
    };
    std::fs::rename(control.path("host_vars"), control.path("inventory/host_vars")).unwrap();
    assert_eq!(listed(&[]), "lvs1 ftp1 ftp2");
    control.file("retry", "ftp2\nlvs*\n");
    assert_eq!(listed(&["-l", "@retry"]), "lvs1 ftp2");
    assert_eq!(listed(&["-l", "~.*[12]$:!ftp1"]), "lvs1 ftp2");
    assert_eq!(listed(&["-l", "ftp_servers[-1]"]), "ftp2");
    control.script("dyn", "echo '{\"ftp_servers\": {\"hosts\": [\"ftp3\"]}, \"_meta\": {\"hostvars\": {\"ftp3\": {\"lvs_real_ip\": \"10.1.1.3\"}}}}'");
    assert_eq!(listed(&["-i", "inventory", "-i", "dyn", "-i", "other,"]), "lvs1 ftp1 ftp2 ftp3");
    // An extra variable wins over all others: here over each real server's own address.
    let ran = control.apply(&["--syntax-check", "-e", "lvs_real_ip=10.1.1.9"]).ended(1);
    assert!(
        ran.stderr.contains("have one address, 10.1.1.9") && ran.stderr.contains("--extra-vars:1:1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_inventory_program_is_no_shell_command_and_its_trouble_is_told() {
    let control = control();
    let program = control.script(
        "it's $(touch made).sh",
        "[ \"$1\" = --list ] || exit 7\necho '{\"g\": [\"h\"], \"_meta\": {\"hostvars\": {}}}'",
    );
    let name = "it's $(touch made).sh";
    control.run(&["inventory", "--list", "-i", name]).ended(0);
    assert!(!is_there(&control.path("made")));
    control.file(name, "#!/bin/sh\necho \"no $1 today\" >&2\nexit 3\n");
    let ran = control.apply(&["--list-hosts", "-i", name]).ended(1);
    assert!(ran.stderr.contains("ended with status 3: no --list today"), "{}", ran.stderr);
    // By its bare name it is still the file here, not a command of PATH.
    control.script("true", "echo '{\"g\": [\"here\"], \"_meta\": {\"hostvars\": {}}}'");
    assert!(control.run(&["inventory", "--list", "-i", "true"]).ended(0).stdout.contains("\"here\""));
    drop(program);
}

/// Somebody waits for a program that does not end: a signal ends both.
#[test]
fn a_signal_ends_the_wait_for_a_program() {
    let control = control();
    control.script("dyn", "echo $$ > pid\nexec sleep 1000");
    let script = format!(
        "{} inventory --list -i dyn & until [ -s pid ]; do sleep 0.1; done; kill -TERM $!; wait $!",
        env!("CARGO_BIN_EXE_lvs-ftp")
    );
    let ran = control.finish(&duct::cmd!("bash", "-c", script).dir(control.path(""))).ended(99);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("interrupted"), "{}", ran.stderr);
    let pid = std::fs::read_to_string(control.path("pid")).unwrap();
    // Dead, whether somebody has asked for its status yet or not.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

/// Ansible warns of such a term, and goes on; so do we, and say where it is written. A plain name is an error.
#[test]
fn a_glob_that_matches_nothing_is_warned_of() {
    let control = control();
    std::fs::rename(control.path("host_vars"), control.path("inventory/host_vars")).unwrap();
    let warnings = |ran: &super::control::Ran| -> Vec<String> {
        ran.stderr.lines().filter(|line| line.starts_with("[WARNING]")).map(str::to_owned).collect()
    };
    let limited = control.apply(&["--list-hosts", "-l", "nope*:ftp1:!~x.*"]).ended(0);
    assert_eq!(
        warnings(&limited),
        [
            "[WARNING]: the host pattern `nope*` matches no host or group (--limit:1:1)",
            "[WARNING]: the host pattern `~x.*` matches no host or group (--limit:1:1)",
        ]
    );
    assert!(warnings(&control.apply(&["--list-hosts", "-l", "ftp*:!ftp2"]).ended(0)).is_empty());
    assert!(warnings(&control.run(&["inventory", "--list", "-l", "n*:all"]).ended(0)).len() == 1);
    let playbook = std::fs::read_to_string(control.path("playbooks/site.json")).unwrap();
    control.file("playbooks/site.json", playbook.replace("\"ftp_servers\"", "\"ftp_servers,web?\""));
    let [warning] = &warnings(&control.apply(&["--list-hosts"]).ended(0))[..] else { panic!("one warning") };
    assert!(warning.contains("`web?` matches no host or group (playbooks/site.json:"), "{warning}");
}
