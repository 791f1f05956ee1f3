//! JSON output: one document, whatever happened.

use super::{
    control::{Control, Ran, playbook},
    host::Host,
};
use serde_json::{Value, json};

/// Standard output is one document with the documented fields and a line end.
fn document(ran: &Ran) -> Value {
    assert!(ran.stdout.ends_with("}\n"), "{}", ran.stdout);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["version", "check", "interrupted", "plays", "changes", "warnings", "errors", "stats"]);
    document
}

fn strings<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|element| element[key].as_str().unwrap()).collect()
}

#[test]
fn one_document_tells_all() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    let dead = json!({"lvs_ftp_exec": ["false"], "lvs_real_ip": "10.1.1.12"});
    let far = json!({"ansible_host": "127.0.0.1", "ansible_port": 1, "lvs_real_ip": "10.1.1.13"});
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11)), ("ftp2", dead), ("ftp3", far)]);
    let ran = control.apply(&["--check", "--output", "json"]).ended(2);
    let told = document(&ran);
    assert_eq!((&told["version"], &told["check"]), (&json!(1), &json!(true)));
    assert_eq!(
        told["plays"],
        json!([{
            "name": "Public FTP",
            "hosts": ["lvs1", "ftp1", "ftp2", "ftp3"],
            "virtual_ip": "192.0.2.10",
            "held_by": []
        }])
    );
    assert_eq!(
        strings(&told["changes"], "resource"),
        [
            "ip_forward",
            "nat_rule",
            "mark_rules",
            "mark_rules",
            "virtual_service",
            "virtual_service",
            "virtual_service",
            "virtual_service",
            "vsftpd_conf"
        ]
    );
    for change in told["changes"].as_array().unwrap() {
        let keys: Vec<&String> = change.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "host",
                "play",
                "task",
                "resource",
                "state",
                "stage",
                "action",
                "summary",
                "before",
                "after",
                "diff",
                "made",
                "held",
                "held_because",
                "draining",
                "draining_left"
            ]
        );
        assert_eq!((&change["play"], &change["made"]), (&json!("Public FTP"), &json!(false)));
        assert!(change["diff"].as_str().unwrap().starts_with("--- before: "), "{change}");
    }
    let conf = &told["changes"].as_array().unwrap().last().unwrap();
    assert!(conf["diff"].as_str().unwrap().contains("\n-pasv_min_port=5000\n+pasv_min_port=10000\n"), "{conf}");
    assert!(conf["before"].as_str().unwrap().starts_with("# Example\n"));
    assert_eq!((&conf["host"], &conf["action"], &conf["stage"]), (&json!("ftp1"), &json!("edit"), &json!("serve")));
    assert_eq!(told["warnings"], json!([]));
    assert_eq!(strings(&told["errors"], "host"), ["ftp2", "ftp3"]);
    assert_eq!(strings(&told["errors"], "status"), ["failed", "unreachable"]);
    let stats = told["stats"].as_object().unwrap();
    assert_eq!(stats.keys().collect::<Vec<_>>(), ["lvs1", "ftp1", "ftp2", "ftp3"]);
    for name in ["ok", "changed", "unreachable", "failures", "skipped", "rescued", "ignored"] {
        assert!(stats.values().all(|host| host[name].is_u64()), "{name}");
    }
    assert_eq!((&stats["lvs1"]["changed"], &stats["ftp2"]["failures"]), (&json!(4), &json!(1)));
    assert_eq!(stats["ftp3"]["unreachable"], json!(1));
}

#[test]
fn made_says_what_was_done() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    let told = document(&control.apply(&["--output", "json"]).ended(0));
    assert!(told["changes"].as_array().unwrap().iter().all(|change| change["made"] == true));
    assert_eq!((&told["errors"], &told["check"]), (&json!([]), &json!(false)));
    let told = document(&control.apply(&["--output", "json"]).ended(0));
    assert_eq!(told["changes"], json!([]));
    assert!(told["stats"].as_object().unwrap().values().all(|host| host["changed"] == 0));
}

/// A step that fails: what came before it is made, and the rest is not said to be.
#[test]
fn made_does_not_say_what_was_not_done() {
    let control = Control::new();
    let (router, server) = (Host::new(&control, "lvs1"), Host::new(&control, "ftp1"));
    control.inventory(&[("lvs1", router.variables())], &[("ftp1", server.server(11))]);
    router.write("tools/ipvsadm", "#!/bin/sh\n[ \"$1\" = -S ] || [ \"$1\" = -L ] || { echo no >&2; exit 255; }\n");
    let told = document(&control.apply(&["--output", "json"]).ended(2));
    let not_made: Vec<&Value> = told["changes"].as_array().unwrap().iter().filter(|one| one["made"] == false).collect();
    assert_eq!(not_made.iter().map(|one| &one["resource"]).collect::<Vec<_>>(), ["virtual_service", "virtual_service"]);
    assert_eq!((&told["stats"]["lvs1"]["changed"], &told["stats"]["lvs1"]["skipped"]), (&json!(3), &json!(1)));
}

/// What is wrong with the inputs is not a document: standard output stays empty.
#[test]
fn no_document_when_nothing_ran() {
    let control = Control::new();
    let mut wrong = playbook();
    wrong[0]["ftp_cluster"]["virtual_ip"] = "192.0.2.256".into();
    control.file("playbooks/site.json", wrong.to_string());
    let ran = control.apply(&["--output", "json"]).ended(1);
    assert_eq!(ran.stdout, "");
}
