//! The committed JSON Schemas are what the program prints; every playbook that is read fits, and those that are refused
//! for their shape do not. `UPDATE=1 cargo test --test schema` writes the schemas anew.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use camino::{Utf8Path, Utf8PathBuf};
use jsonschema::Validator;
use lvs_ftp::{
    inventory::{ConnectionOptions, Inventory},
    playbook, schema,
    source::{Node, Source, Value as Read, read_document},
};
use serde_json::{Map, Value};
use std::fs;

#[test]
fn committed_schemas_are_what_is_printed() {
    for (name, make) in schema::TABLE {
        let path = format!("schema/{name}.json");
        let text = format!("{:#}\n", make());
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        assert!(fs::read_to_string(&path).unwrap() == text, "{path} is old: UPDATE=1 cargo test --test schema");
        let printed = duct::cmd!(env!("CARGO_BIN_EXE_lvs-ftp"), "schema", name).read().unwrap();
        assert_eq!(printed, text.trim_end());
        assert!(jsonschema::meta::is_valid(&make()), "{path}");
    }
}

fn validator(name: &str) -> Validator {
    let (_, make) = schema::TABLE.into_iter().find(|(known, _)| *known == name).unwrap();
    jsonschema::options().should_validate_formats(true).build(&make()).unwrap()
}

/// A file as its reader sees it: YAML's words are Ansible's.
fn value(node: &Node) -> Value {
    match &node.value {
        Read::Null => Value::Null,
        Read::Bool(value) => (*value).into(),
        // A number that JSON cannot have, such as 010, is none to the schema either.
        Read::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        Read::Text(text) | Read::Time(text) | Read::Tagged(text, _) => text.as_str().into(),
        Read::List(items) => items.iter().map(value).collect(),
        Read::Map(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), value(&entry.value))).collect::<Map<_, _>>().into()
        }
    }
}

fn files(folder: &str) -> Vec<Utf8PathBuf> {
    let mut all = Vec::new();
    for entry in Utf8Path::new(folder).read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        if path.is_dir() {
            all.extend(files(path.as_str()));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// What only a reader can find in a playbook: how two values go together, values within a text, and what the inventory
/// has.
const BEYOND: &str = "control-port-in-range direct-with-snat keepalived-vrrp-without-vip nat-address-direct nat-address-outside nat-without-network network-host-bits pattern-unsupported \
    persistence-netmask piranha-keys-of-another-director piranha-lacks-keys range-low-above-high same-name tags virtual-ip-inside-network";

#[test]
fn playbooks_fit_as_the_reader_says() {
    let validator = validator("playbook");
    let is_playbook = |path: &Utf8PathBuf| path.file_stem() == Some("playbook") || path.starts_with("playbooks");
    let (mut good, mut refused, mut beyond) = (0, 0, Vec::new());
    for path in files("tests/input").into_iter().chain(files("playbooks")).filter(is_playbook) {
        let Ok(tree) = read_document(&path).map_err(drop).and_then(|source| source.tree().map_err(drop)) else {
            continue;
        };
        let tree = value(&tree);
        let fits = validator.is_valid(&tree);
        match playbook::load(std::slice::from_ref(&path)) {
            Ok(_) => {
                let faults: Vec<String> = validator.iter_errors(&tree).map(|error| error.to_string()).collect();
                assert!(fits, "{path}: {faults:?}");
                good += 1;
            }
            Err(_) if fits => beyond.push(path.parent().unwrap().file_name().unwrap().to_owned()),
            Err(_) => refused += 1,
        }
    }
    assert!(good > 10 && refused > 30, "{good} good ones, {refused} refused");
    assert_eq!(beyond.join(" "), BEYOND);
}

/// Every host of the worked example fits by what is ours, and what the reader refuses does not.
#[test]
fn host_variables_fit_as_the_reader_says() {
    let validator = validator("host-vars");
    let cases = [
        (
            r#"{"lvs_real_ip": "10.1.1.9", "lvs_weight": "3", "lvs_iptables": "iptables-legacy", "lvs_ssh_keep": "No"}"#,
            true,
        ),
        (r#"{"lvs_ftp_exec": ["ip", "netns", "exec", "x"], "lvs_weight": 0, "lvs_ssh_keep": false, "mine": {}}"#, true),
        (r#"{"lvs_real_ip": "10.1.1.09"}"#, false),
        (r#"{"lvs_weight": 65536}"#, false),
        (r#"{"lvs_weight": "many"}"#, false),
        (r#"{"lvs_iptables": {}}"#, false),
        (r#"{"lvs_ftp_exec": [], "ansible_connection": "lvs_ftp_exec"}"#, false),
        (r#"{"lvs_ssh_keep": "perhaps"}"#, false),
    ];
    for (text, fits) in cases {
        let variables: Value = serde_json::from_str(text).unwrap();
        assert_eq!(validator.is_valid(&variables), fits, "{text}");
        let hosts = serde_json::json!({"all": {"hosts": {"host": variables}}}).to_string();
        let inventory = Inventory::of(&[Source::new("hosts.json", hosts)]).unwrap();
        assert_eq!(inventory.host("host", &ConnectionOptions::default()).is_ok(), fits, "{text}");
    }
}
