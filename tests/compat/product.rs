//! What lvs-ftp says of a case.

use super::case::{Case, Question};
use camino::{Utf8Path, Utf8PathBuf};
use lvs_ftp::{
    host::run_inventory_program,
    inventory::{Inputs, Inventory, Pattern},
    source::Faults,
};

/// What `lvs-ftp inventory` prints on standard output, or on standard error when it refuses.
pub fn inventory(case: &Case, action: &[&str]) -> Result<String, String> {
    listed(&case.path(""), action, &case.arguments)
}

/// The same in any folder.
pub fn listed(folder: &Utf8Path, action: &[&str], arguments: &[String]) -> Result<String, String> {
    let words = ["inventory"].iter().chain(action).copied().chain(arguments.iter().map(String::as_str));
    let ran = duct::cmd(env!("CARGO_BIN_EXE_lvs-ftp"), words.collect::<Vec<_>>())
        .dir(folder)
        .stdin_null()
        .stdout_capture()
        .stderr_capture()
        .unchecked()
        .run()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    match ran.status.code() {
        Some(0) => Ok(stdout),
        Some(1) if stdout.is_empty() => Err(stderr),
        status => panic!("{folder}: status {status:?}\n{stdout}\n{stderr}"),
    }
}

/// The hosts that a pattern selects, within its limit.
pub fn hosts(case: &Case, line: &Question) -> Result<Vec<String>, String> {
    selected(case, line).map_err(|faults| faults.to_string())
}

fn selected(case: &Case, line: &Question) -> Result<Vec<String>, Faults> {
    let mut sources: Vec<Utf8PathBuf> = Vec::new();
    let mut limit = None;
    let mut words = case.arguments.iter();
    while let (Some(option), Some(value)) = (words.next(), words.next()) {
        match option.as_str() {
            "-i" if value.contains(',') => sources.push(value.into()),
            "-i" => sources.push(case.path(value)),
            "-l" => limit = Some(value.clone()),
            _ => {}
        }
    }
    let inventory = Inventory::load(&Inputs {
        sources: &sources,
        playbook_folders: &[case.path("")],
        extra_vars: &[],
        programs: &|program: &Utf8Path, arguments| run_inventory_program(program, arguments, &|| false),
    })?;
    let hosts = inventory.select(&Pattern::of_option("pattern", &line.pattern)?)?;
    // Of several limits the last counts in Ansible.
    let Some(limit) = line.limit.clone().or(limit) else { return Ok(hosts.into_iter().map(str::to_owned).collect()) };
    let limit = limit.replace('@', &format!("@{}", case.path("")));
    let limited = inventory.select(&Pattern::of_limit(&[limit])?)?;
    Ok(hosts.into_iter().filter(|host| limited.contains(host)).map(str::to_owned).collect())
}
