//! One folder of tests/compat/cases.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub struct Case {
    pub name: String,
    folder: Utf8PathBuf,
    pub arguments: Vec<String>,
    pub patterns: Vec<Question>,
    pub why: Option<String>,
}

/// A line of `patterns`.
pub struct Question {
    pub line: String,
    pub pattern: String,
    pub limit: Option<String>,
    /// We refuse it on purpose.
    pub refused: bool,
    /// Two levels below the group that is asked for, Ansible's own order is by chance: it goes through a set.
    any_order: bool,
}

/// What Ansible said.
#[derive(Debug)]
pub struct Recorded {
    pub version: String,
    pub list: String,
    pub graph: String,
    pub hosts: BTreeMap<String, Vec<String>>,
}

pub fn all() -> Vec<Case> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/cases");
    let mut folders: Vec<Utf8PathBuf> =
        folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().path().to_owned()).collect();
    folders.sort();
    folders.iter().map(|folder| Case::read(folder)).collect()
}

impl Case {
    fn read(folder: &Utf8Path) -> Self {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let arguments = shlex::split(&text("args").unwrap_or_else(|| panic!("{folder} has no args"))).unwrap();
        let patterns = text("patterns").unwrap_or_default();
        Self {
            name: folder.file_name().unwrap().to_owned(),
            folder: folder.to_owned(),
            arguments,
            patterns: patterns.lines().map(Question::read).collect(),
            why: text("why"),
        }
    }

    pub fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(name)
    }

    pub fn recorded(&self) -> Option<Recorded> {
        let text = std::fs::read_to_string(self.path("recorded.json")).ok()?;
        let value: Value = serde_json::from_str(&text).unwrap();
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        let lines = |key: &str| {
            let lines = value[key].as_array().unwrap().iter();
            lines.map(|line| line.as_str().unwrap().to_owned() + "\n").collect::<String>()
        };
        let hosts = value["hosts"].as_object().unwrap().iter().map(|(pattern, hosts)| {
            let hosts = hosts.as_array().unwrap().iter().map(|host| host.as_str().unwrap().to_owned());
            (pattern.clone(), hosts.collect())
        });
        Some(Recorded {
            version: text("ansible-core"),
            list: lines("list"),
            graph: lines("graph"),
            hosts: hosts.collect(),
        })
    }

    pub fn record(&self, said: &Recorded) {
        let value = json!({
            "ansible-core": said.version,
            "list": said.list.lines().collect::<Vec<_>>(),
            "graph": said.graph.lines().collect::<Vec<_>>(),
            "hosts": said.hosts,
        });
        std::fs::write(self.path("recorded.json"), format!("{value:#}\n")).unwrap();
    }
}

impl Question {
    fn read(line: &str) -> Self {
        let without = |rest, prefix| str::strip_prefix(rest, prefix).map_or((false, rest), |rest| (true, rest));
        let (refused, rest) = without(line, "refused: ");
        let (any_order, rest) = without(rest, "any order: ");
        let (pattern, limit) = rest.split_once(" -l ").map_or((rest, None), |(pattern, limit)| (pattern, Some(limit)));
        let limit = limit.map(|limit| limit.trim_matches('\'').to_owned());
        Self { line: line.to_owned(), pattern: pattern.to_owned(), limit, refused, any_order }
    }

    pub fn same_hosts(&self, one: &[String], other: &[String]) -> bool {
        let (mut one, mut other) = (one.to_vec(), other.to_vec());
        if self.any_order {
            one.sort();
            other.sort();
        }
        one == other
    }
}

/// The lines that only one of two texts has.
pub fn differing_lines(expected: &str, said: &str) -> String {
    similar::TextDiff::from_lines(expected, said)
        .unified_diff()
        .context_radius(1)
        .header("Ansible", "lvs-ftp")
        .to_string()
}
