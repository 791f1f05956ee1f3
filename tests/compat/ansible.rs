//! The real Ansible, asked by tests/compat/ask.py.

use super::case::{Case, Recorded};
use camino::Utf8Path;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

pub struct Ansible {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    version: String,
    /// Nothing of this machine's own configuration counts.
    _home: tempfile::TempDir,
}

impl Ansible {
    pub fn start(python: &OsStr) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("ansible.cfg"), "").unwrap();
        let mut child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compat/ask.py"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .env("LC_ALL", "C.UTF-8")
            .env("ANSIBLE_CONFIG", home.path().join("ansible.cfg"))
            .env("ANSIBLE_NOCOLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        let hello: Value = serde_json::from_str(&line).unwrap();
        let version = hello["version"].as_str().unwrap().to_owned();
        Self { child, questions, answers, version, _home: home }
    }

    /// What it says of a case, or of one that we refuse only that it does not.
    pub fn answers(&mut self, case: &Case) -> Result<Recorded, String> {
        let inventory = |action: &str| -> Vec<String> {
            [&["ansible-inventory".to_owned(), action.to_owned()], &case.arguments[..]].concat()
        };
        let list = self.ask(&case.path(""), &inventory("--list"))?;
        let mut recorded =
            Recorded { version: self.version.clone(), list, graph: String::new(), hosts: BTreeMap::new() };
        if case.why.is_some() {
            return Ok(recorded);
        }
        recorded.graph = self.ask(&case.path(""), &inventory("--graph"))?;
        for line in &case.patterns {
            let mut words = vec!["ansible".to_owned(), "--list-hosts".to_owned()];
            words.extend(case.arguments.iter().cloned());
            words.extend(line.limit.iter().flat_map(|limit| ["-l".to_owned(), limit.clone()]));
            words.extend(["--".to_owned(), line.pattern.clone()]);
            let listed = self.ask(&case.path(""), &words)?;
            let hosts = listed.lines().filter(|line| line.starts_with("    ")).map(|line| line.trim().to_owned());
            recorded.hosts.insert(line.line.clone(), hosts.collect());
        }
        Ok(recorded)
    }

    pub fn ask(&mut self, folder: &Utf8Path, words: &[String]) -> Result<String, String> {
        let question = json!({"cwd": folder.as_str(), "argv": words});
        writeln!(self.questions.as_mut().unwrap(), "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        if answer["status"] == 0 {
            return Ok(answer["stdout"].as_str().unwrap().to_owned());
        }
        Err(format!("{words:?}: {}", answer["stderr"].as_str().unwrap()))
    }
}

impl Drop for Ansible {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}
