//! Hostile values in inventory and playbook: refused before any host is contacted, with file, line, column and caret.

use super::control::{Control, is_there, playbook};
use serde_json::{Value, json};

/// Values that would do something if they were ever taken for code.
const HOSTILE: [&str; 9] = [
    "a\nb",
    "a\rb",
    "a\u{0}b",
    "a\u{1b}[31mb",
    "-oProxyCommand=touch CANARY",
    "$(touch CANARY)",
    "`touch CANARY`",
    "a;touch CANARY",
    "a' && touch CANARY '",
];

/// A control host, and where its canary would sit.
struct Cage {
    control: Control,
    canary: camino::Utf8PathBuf,
}

impl Cage {
    fn new() -> Self {
        let control = Control::empty();
        let canary = control.path("CANARY");
        Self { control, canary }
    }

    /// Runs with these inputs and says how it ended; nothing was touched, whatever came of it.
    fn run(&self, variables: &Value, playbook: &Value, what: &str) -> super::control::Ran {
        let touch = self.control.script("touch", &format!("touch {}; exit 1", self.control.path("contacted")));
        let mut hosts = json!({"lvs_ftp_exec": [touch.as_str()], "lvs_real_ip": "10.1.1.11"});
        hosts.as_object_mut().unwrap().extend(variables.as_object().unwrap().clone());
        if hosts["ansible_connection"] == "ssh" {
            hosts.as_object_mut().unwrap().remove("lvs_ftp_exec");
        }
        self.control.inventory(&[("lvs1", json!({"lvs_ftp_exec": [touch.as_str()]}))], &[("ftp1", hosts)]);
        self.control.file("playbooks/site.json", playbook.to_string());
        let _ = std::fs::remove_file(self.control.path("contacted"));
        let ran = self.control.apply(&["--check", "-T", "1"]);
        assert!(!is_there(&self.canary), "{what}: a value was run");
        assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'), "{what}: {}", ran.stderr);
        ran
    }

    #[track_caller]
    fn refused(&self, variables: &Value, playbook: &Value, what: &str) {
        let ran = self.run(variables, playbook, what);
        assert_eq!(ran.status, Some(1), "{what}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(".json:1:") && ran.stderr.contains('^'), "{what}: {}", ran.stderr);
        assert!(!is_there(&self.control.path("contacted")), "{what}: a host was contacted");
    }
}

fn hostile(value: &str, cage: &Cage) -> String {
    value.replace("CANARY", cage.canary.as_str())
}

/// Values with a small alphabet: none of these may hold anything hostile.
#[test]
fn typed_values_refuse_every_hostile_text() {
    let cage = Cage::new();
    for value in HOSTILE {
        let value = hostile(value, &cage);
        for path in [
            "/0/ftp_cluster/virtual_ip",
            "/0/ftp_cluster/firewall_mark",
            "/0/ftp_cluster/control_port",
            "/0/ftp_cluster/passive_ports",
            "/0/ftp_cluster/active_nat",
            "/0/ftp_cluster/scheduler",
            "/0/ftp_cluster/persistence",
            "/0/ftp_cluster/forwarding",
            "/0/ftp_cluster/drain_timeout",
            "/0/ftp_cluster/routers/serial",
            "/0/ftp_cluster/routers/director",
            "/0/ftp_cluster/routers/hosts",
            "/0/ftp_cluster/real_servers/network",
            "/0/ftp_cluster/real_servers/vsftpd/conf",
            "/0/tags",
        ] {
            let mut playbook = playbook();
            let (parent, key) = path.rsplit_once('/').unwrap();
            playbook.pointer_mut(parent).unwrap()[key] = value.clone().into();
            cage.refused(&json!({}), &playbook, &format!("{path} = {value:?}"));
        }
        for variable in [
            "lvs_real_ip",
            "lvs_weight",
            "ansible_host",
            "ansible_port",
            "ansible_user",
            "ansible_connection",
            "ansible_become",
            "ansible_become_method",
            "ansible_become_user",
        ] {
            let mut variables = json!({"ansible_connection": "ssh", "ansible_become": true});
            variables[variable] = value.clone().into();
            cage.refused(&variables, &playbook(), &format!("{variable} = {value:?}"));
        }
        let mut settings = playbook();
        settings[0]["ftp_cluster"]["real_servers"]["vsftpd"]["settings"] = json!({value.clone(): "x"});
        cage.refused(&json!({}), &settings, &format!("a setting's name {value:?}"));
        let mut services = playbook();
        services[0]["ftp_cluster"]["routers"]["services"] = json!({value.clone(): {}});
        cage.refused(&json!({}), &services, &format!("a service's name {value:?}"));
        cage.control.inventory(&[(&value, json!({}))], &[]);
    }
}

/// Free texts: control characters are refused; the rest is carried, which `hostile_values` looks at.
#[test]
fn free_texts_refuse_control_characters() {
    let cage = Cage::new();
    for value in &HOSTILE[..4] {
        let mut name = playbook();
        name[0]["name"] = (*value).into();
        cage.refused(&json!({}), &name, &format!("name {value:?}"));
        let mut setting = playbook();
        setting[0]["ftp_cluster"]["real_servers"]["vsftpd"]["settings"]["ftpd_banner"] = (*value).into();
        cage.refused(&json!({}), &setting, &format!("a setting {value:?}"));
        for (variable, listed) in [
            ("ansible_ssh_private_key_file", false),
            ("ansible_ssh_common_args", false),
            ("ansible_ssh_extra_args", true),
            ("lvs_iptables", true),
            ("lvs_iptables", false),
        ] {
            let mut variables = json!({"ansible_connection": "ssh"});
            variables[variable] = if listed { json!(["a", value]) } else { json!(value) };
            cage.refused(&variables, &playbook(), &format!("{variable} = {value:?}"));
        }
        cage.refused(&json!({"lvs_ftp_exec": ["env", value]}), &playbook(), &format!("a word {value:?}"));
    }
}

/// Host and group names.
#[test]
fn names_refuse_what_a_shell_or_a_terminal_would_take() {
    let cage = Cage::new();
    for value in HOSTILE {
        let value = hostile(value, &cage);
        for inventory in [
            json!({"all": {"children": {"lvs_routers": {"hosts": {&value: {}}}, "ftp_servers": {"hosts": {"f": {"lvs_real_ip": "10.1.1.11"}}}}}}),
            json!({"all": {"children": {"lvs_routers": {"hosts": {"r": {}}}, &value: {"hosts": {"f": {}}}}}}),
        ] {
            cage.control.file("inventory/hosts.json", inventory.to_string());
            cage.control.file("playbooks/site.json", playbook().to_string());
            let ran = cage.control.apply(&["--check", "-T", "1"]).ended(1);
            assert!(!is_there(&cage.canary) && !ran.stderr.contains('\x1b'), "{value:?}");
        }
    }
}

/// Files that are not UTF-8, or full of NUL, are refused as such.
#[test]
fn files_that_are_no_text_are_refused() {
    for bytes in [&b"[{\"name\": \"\xff\xfe\"}]"[..], b"\xff\xfe[\0]\0", b"\0\0\0", b"[{\"name\": \"a\0b\"}]"] {
        for file in ["playbooks/site.json", "inventory/hosts.json"] {
            let cage = Cage::new();
            cage.run(&json!({}), &playbook(), "good inputs");
            cage.control.file(file, bytes);
            let ran = cage.control.apply(&["--check"]).ended(1);
            assert!(ran.stderr.contains(file), "{}", ran.stderr);
        }
    }
}

/// A file with a hostile name: the name is printed, never run.
#[test]
fn names_of_files_are_only_names() {
    let cage = Cage::new();
    let name = "plays/$(touch CANARY) \x1b[31m.json";
    cage.control.inventory(&[("lvs1", json!({}))], &[]);
    for content in ["[", "[]", "\u{0}"] {
        cage.control.file(name, content);
        let ran = cage.control.apply(&[name]).ended(1);
        assert!(!is_there(&cage.canary) && !ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    }
}
