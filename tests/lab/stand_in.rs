//! An ipvsadm for hosts whose kernel has no IPVS: the model's table (tests/model), kept in a file of the host. The lab
//! holds that model against the real one.

use crate::model::State;
use lvs_ftp::format::ipvs::IpvsTable;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    io::Read,
    path::Path,
    process::ExitCode,
};

/// Where the table is: one that goes with a reboot, as the kernel's does.
const TABLE: &str = "/run/ipvs-table";
const LOCK: &str = "/run/ipvs-table.lock";

/// Whether this program was called as ipvsadm.
pub fn is_called() -> bool {
    std::env::args_os().next().is_some_and(|name| Path::new(&name).file_name().is_some_and(|name| name == "ipvsadm"))
}

/// Does what the words say, and tells as ipvsadm would.
pub fn run() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match act(&words) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::from(255)
        }
    }
}

fn act(words: &[String]) -> Result<String, String> {
    // One after the other, as the kernel has it; the lock goes with this process.
    let lock = File::create(LOCK).map_err(|error| error.to_string())?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| error.to_string())?;
    let mut state = load();
    match words.first().map_or("-L", String::as_str) {
        verb if verb.starts_with("-S") => return Ok(state.ipvs.render()),
        verb if verb.starts_with("-L") || verb.starts_with("-l") => return Ok(state.listing()),
        "-C" => state.ipvs = IpvsTable::default(),
        "-R" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                state.ipvsadm(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())?;
            }
        }
        _ => state.ipvsadm(words)?,
    }
    save(&state).map(|()| String::new()).map_err(|error| error.to_string())
}

/// The table is a list of commands: that holds thresholds too.
fn load() -> State {
    let mut state = State::default();
    for line in fs::read_to_string(TABLE).unwrap_or_default().lines() {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        state.ipvsadm(&words).unwrap();
    }
    state
}

/// Replaced in one act: whoever is killed leaves no half a table.
fn save(state: &State) -> std::io::Result<()> {
    let mut text = String::new();
    for service in &state.ipvs.services {
        text.push_str(&format!("-A {}\n", service.words().join(" ")));
        for one in &service.destinations {
            text.push_str(&format!("-a {} {}\n", service.key, one.words().join(" ")));
        }
    }
    let new = format!("{TABLE}.{}", std::process::id());
    fs::write(&new, text)?;
    fs::rename(new, TABLE)
}
