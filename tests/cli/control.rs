//! A control host: a folder with an inventory and a playbook, in which the program runs.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use std::{os::unix::fs::PermissionsExt, sync::LazyLock};

/// The folder. It goes with the value.
pub struct Control {
    _folder: tempfile::TempDir,
    path: Utf8PathBuf,
}

/// Selects what the tests' hosts have of their own.
pub const RUNNING: &[&str] = &["--tags", "running"];

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A document, or one line, is as the schema of this name says.
#[track_caller]
pub fn fits(name: &str, document: &Value) {
    let text = std::fs::read_to_string(format!("schema/{name}.json")).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&text).unwrap()).unwrap();
    let faults: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}: {document}");
}

impl Control {
    /// An empty folder.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("cli-").tempdir_in("/tmp").unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        Self { _folder: folder, path }
    }

    /// A folder with the playbook of most tests in its default place.
    pub fn new() -> Self {
        let control = Self::empty();
        control.file("playbooks/site.json", playbook().to_string());
        control
    }

    /// Writes `inventory/hosts.json`.
    pub fn inventory(&self, routers: &[(&str, Value)], servers: &[(&str, Value)]) {
        let group = |hosts: &[(&str, Value)]| {
            let hosts = hosts.iter().map(|(name, variables)| ((*name).to_owned(), variables.clone()));
            json!({"hosts": hosts.collect::<serde_json::Map<_, _>>()})
        };
        let inventory = json!({"all": {"children": {"lvs_routers": group(routers), "ftp_servers": group(servers)}}});
        self.file("inventory/hosts.json", inventory.to_string());
    }

    /// A path below the folder.
    pub fn path(&self, name: &str) -> Utf8PathBuf {
        self.path.join(name)
    }

    /// Writes a file, and the folders above it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Utf8PathBuf {
        let path = self.path.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content.as_ref()).unwrap();
        path
    }

    /// Writes a shell script that can be run.
    pub fn script(&self, name: &str, text: &str) -> Utf8PathBuf {
        let path = self.file(name, format!("#!/bin/bash\n{text}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A host that this script is: it gets the product's script on its input, and its words as arguments.
    pub fn exec(&self, name: &str, text: &str) -> Value {
        json!({"lvs_ftp_exec": [self.script(name, text).as_str()]})
    }

    /// The program with these arguments, in this folder.
    pub fn command(&self, arguments: &[&str]) -> duct::Expression {
        let mut command = duct::cmd(env!("CARGO_BIN_EXE_lvs-ftp"), arguments).dir(&self.path).env("HOME", &self.path);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "SSH_AUTH_SOCK"] {
            command = command.env_remove(name);
        }
        command.env("TERM", "xterm")
    }

    /// Runs the program. No run may take longer than a minute and a half.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.finish(&self.command(arguments))
    }

    /// Runs `lvs-ftp apply` with more arguments. Boot files and services would be this machine's own, so it is for
    /// running state, unless the arguments are about tags or lists.
    pub fn apply(&self, arguments: &[&str]) -> Ran {
        let about = ["-t", "--tags", "--skip-tags", "--list-hosts", "--syntax-check"];
        let all = arguments.iter().any(|argument| about.contains(argument));
        let tags: &[&str] = if all { &[] } else { RUNNING };
        self.run(&[&["apply"], tags, arguments].concat())
    }

    /// Runs a command to its end.
    pub fn finish(&self, command: &duct::Expression) -> Ran {
        let child = command.stdin_null().stdout_capture().stderr_capture().unchecked().start().unwrap();
        let Some(output) = child.wait_timeout(crate::support::within(90)).unwrap().cloned() else {
            child.kill().unwrap();
            panic!("the program does not end");
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(self.path.as_str(), "DIR");
        Ran { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// The run ended with this status; else everything is shown.
    #[track_caller]
    pub fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}\n{}", self.stdout, self.stderr);
        self.fits_its_schema();
        self
    }

    /// Whatever report a test is told as JSON is as its schema says.
    #[track_caller]
    fn fits_its_schema(&self) {
        static SCHEMA: LazyLock<jsonschema::Validator> =
            LazyLock::new(|| jsonschema::validator_for(&lvs_ftp::schema::output()).unwrap());
        let Ok(told) = serde_json::from_str::<Value>(&self.stdout) else { return };
        if told.get("stats").is_some() {
            let faults: Vec<String> = SCHEMA.iter_errors(&told).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{faults:#?}\n{}", self.stdout);
        }
    }
}

/// The playbook of most tests: one cluster, and a vsftpd.conf that each host has below its own /srv.
pub fn playbook() -> Value {
    json!([{
        "name": "Public FTP",
        "tags": ["ftp"],
        "ftp_cluster": {
            "virtual_ip": "192.0.2.10",
            "routers": {"hosts": "lvs_routers"},
            "real_servers": {
                "hosts": "ftp_servers",
                "network": "10.1.1.0/24",
                "vsftpd": {"conf": "/srv/vsftpd.conf", "settings": {"idle_session_timeout": "300"}},
                "services": {"vsftpd": {"running": false}}
            }
        }
    }])
}

/// Whether anything is there under this name.
pub fn is_there(path: &Utf8Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}
