//! Small inventories, many in one file: what the real Ansible lists of each, and whether we list the same or refuse it.
//!
//! `small.json` has for each its files and options, what Ansible printed (`null` where it failed), and the first line of
//! our refusal. Where none is recorded, we must print what Ansible printed, byte for byte.

use super::{ansible::Ansible, product};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compat/small.json");

pub struct Small {
    pub value: Map<String, Value>,
}

pub fn all() -> Vec<Small> {
    let cases: Vec<Map<String, Value>> = serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap();
    cases.into_iter().map(|value| Small { value }).collect()
}

pub fn record(cases: &[Small]) {
    let lines: Vec<String> = cases.iter().map(|case| json!(case.value).to_string()).collect();
    fs::write(FILE, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
}

impl Small {
    pub fn name(&self) -> &str {
        self.value["name"].as_str().unwrap()
    }

    fn arguments(&self) -> Vec<String> {
        self.value["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// Its files in a folder of their own; a script is executable, and `{"bytes": …}` are bytes in hexadecimal.
    fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in self.value["files"].as_object().unwrap() {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let bytes = match content {
                Value::String(text) => text.clone().into_bytes(),
                other => unhex(other["bytes"].as_str().unwrap()),
            };
            fs::write(&path, &bytes).unwrap();
            if bytes.starts_with(b"#!") {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        folder
    }

    /// What we list, or the first line of our refusal.
    pub fn ours(&self) -> Result<String, String> {
        let folder = self.folder();
        let said = product::listed(Utf8Path::from_path(folder.path()).unwrap(), &["--list"], &self.arguments());
        said.map_err(|said| said.lines().next().unwrap_or_default().to_owned())
    }

    /// What Ansible lists; nothing where it fails.
    pub fn ansibles(&self, ansible: &mut Ansible) -> Option<String> {
        let folder = self.folder();
        let words = [vec!["ansible-inventory".to_owned(), "--list".to_owned()], self.arguments()].concat();
        ansible.ask(&Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap(), &words).ok()
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}
