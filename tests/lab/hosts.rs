//! The booted cluster's hosts: running things on them, and their files. A process costs about 14 ms in the lab.

use duct::cmd;
use std::{fs, path::PathBuf};

pub const ROUTERS: [&str; 2] = ["lvs1", "lvs2"];
pub const SERVERS: [&str; 3] = ["ftp1", "ftp2", "ftp3"];
/// The hosts that the product manages.
pub const MANAGED: [&str; 5] = ["lvs1", "lvs2", "ftp1", "ftp2", "ftp3"];

/// Runs a script of the shell on a host as root, and returns what it printed. Any command of it that fails is an error.
pub fn on(host: &str, script: &str) -> String {
    let output = cmd!("on", host, "sh", "-ec", script).stdout_capture().stderr_capture().unchecked().run().unwrap();
    let [said, complained] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "on {host}, {:?}:\n{script}\n{said}{complained}", output.status);
    said
}

/// Runs a script in a host's network only, with the lab machine's own tools: nobody on the host can have bent them.
pub fn in_network(host: &str, script: &str) -> String {
    let pid = pid(host);
    cmd!("nsenter", "--target", pid, "--net", "--", "sh", "-ec", script).read().unwrap() + "\n"
}

/// A file of a host, as the lab machine sees it.
pub fn path(host: &str, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root{file}", pid(host)))
}

/// A text file of a host.
pub fn text(host: &str, file: &str) -> String {
    let path = path(host, file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{host}: {file}: {error}"))
}

/// The number of a host's first process, seen from the lab machine.
pub fn pid(host: &str) -> String {
    fs::read_to_string(format!("/run/lab/hosts/{host}/pid")).unwrap().trim().to_owned()
}

/// Runs one of the lab's own commands: `cluster reset`, `off ftp2`.
pub fn lab(command: &str) {
    let words: Vec<&str> = command.split(' ').collect();
    let output = duct::cmd(words[0], &words[1..]).stderr_to_stdout().stdout_capture().unchecked().run().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stdout));
}
