//! The product, run on the control host as its user would, and what it reported.

use crate::{
    compare::{lines, same},
    hosts::{on, path},
};
use duct::cmd;
use serde_json::Value;
use std::{
    fs,
    time::{Duration, Instant},
};

/// A folder on the control host with inventory/ and playbooks/site.json.
pub struct Site(String);

/// What one run did.
pub struct Run {
    pub status: i32,
    /// `HOST RESOURCE ACTION STAGE: SUMMARY`, in the order of the report.
    pub changes: Vec<String>,
    /// Whether every change was made.
    pub made: bool,
    /// `HOST STATUS: TEXT`.
    pub errors: Vec<String>,
    /// `HOST: TEXT`.
    pub warnings: Vec<String>,
    pub took: Duration,
    stderr: String,
}

impl Site {
    /// The project's own inventory and playbook.
    pub fn project() -> Self {
        Self::with("project", |_| {}, |_| {})
    }

    /// The project's own with a changed list of plays.
    pub fn playing(name: &str, change: impl FnOnce(&mut Value)) -> Self {
        Self::with(name, |_| {}, change)
    }

    /// The project's own with a changed inventory (the part under `all`) and list of plays.
    pub fn with(name: &str, inventory: impl FnOnce(&mut Value), plays: impl FnOnce(&mut Value)) -> Self {
        let folder = format!("/root/{name}");
        let project = std::env::var("LAB_PROJECT").unwrap();
        on("control", &format!("mkdir -p {folder} && cp -R '{project}/inventory' '{project}/playbooks' {folder}"));
        change(&folder, "inventory/cluster.json", |tree| inventory(&mut tree["all"]));
        change(&folder, "playbooks/site.json", plays);
        Self(folder)
    }

    /// `lvs-ftp apply` with these arguments, for running state; [`crate::reboot`] is about the rest.
    pub fn apply(&self, arguments: &str) -> Run {
        self.run(&format!("--tags running {arguments}"))
    }

    /// `lvs-ftp apply` with these arguments.
    pub fn run(&self, arguments: &str) -> Run {
        let start = Instant::now();
        let output = cmd!("on", "control", "sh", "-c", self.script(arguments))
            .stdout_capture()
            .stderr_capture()
            .unchecked()
            .run()
            .unwrap();
        let took = start.elapsed();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("no report: {error}\n{}\n{stderr}", String::from_utf8_lossy(&output.stdout));
        });
        let all = |key: &str| report[key].as_array().unwrap().clone();
        let word = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
        let change = |one: &Value| {
            let [host, resource, action, stage, summary] =
                ["host", "resource", "action", "stage", "summary"].map(|key| word(one, key));
            format!("{host} {resource} {action} {stage}: {summary}")
        };
        Run {
            status: output.status.code().unwrap(),
            changes: all("changes").iter().map(change).collect(),
            made: all("changes").iter().all(|one| one["made"] == true),
            errors: all("errors")
                .iter()
                .map(|one| format!("{} {}: {}", word(one, "host"), word(one, "status"), word(one, "text")))
                .collect(),
            warnings: all("warnings")
                .iter()
                .map(|one| format!("{}: {}", word(one, "host"), word(one, "text")))
                .collect(),
            took,
            stderr,
        }
    }

    /// The shell's text for a run, in which the product takes the place of the shell. It leaves no connection to hosts that
    /// trials cut off and reboot; tests/cli/kept.rs is about those.
    pub fn script(&self, arguments: &str) -> String {
        self.script_of("apply", &format!("--no-keep --output json {arguments}"))
    }

    /// The same for another command of the product.
    pub fn script_of(&self, command: &str, arguments: &str) -> String {
        let folder = std::env::var("LAB_BIN").unwrap();
        format!("cd {} && exec '{folder}/lvs-ftp' {command} {arguments}", self.0)
    }

    /// Converges, and panics unless that went well.
    pub fn converge(&self) -> Run {
        let run = self.apply("");
        run.expect_status(0);
        assert!(run.made, "every change was made");
        run
    }

    /// Panics unless a run finds nothing to do.
    pub fn expect_silence(&self, arguments: &str) {
        let run = self.apply(arguments);
        same(&format!("changes of apply {arguments}"), "", &lines(&run.changes));
        run.expect_status(0);
    }
}

impl Run {
    pub fn expect_status(&self, status: i32) {
        let Self { changes, errors, warnings, stderr, .. } = self;
        assert_eq!(self.status, status, "{errors:#?}\n{changes:#?}\n{warnings:#?}\n{stderr}");
    }

    pub fn expect_changes<T: AsRef<str>>(&self, expected: impl IntoIterator<Item = T>) {
        same("changes", &lines(expected), &lines(&self.changes));
    }

    pub fn expect_errors<T: AsRef<str>>(&self, expected: impl IntoIterator<Item = T>) {
        same("errors", &lines(expected), &lines(&self.errors));
    }

    /// The changes on one host, without its name.
    pub fn changes_of(&self, host: &str) -> Vec<&str> {
        let mine = |line: &'_ String| line.split_once(' ').is_some_and(|(name, _)| name == host);
        self.changes.iter().filter(|line| mine(line)).map(|line| &line[host.len() + 1..]).collect()
    }
}

fn change(folder: &str, file: &str, change: impl FnOnce(&mut Value)) {
    let path = path("control", &format!("{folder}/{file}"));
    let mut tree: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut tree);
    fs::write(&path, tree.to_string()).unwrap();
}
