//! Inventories and playbooks from files, good and bad: each folder of `tests/input` with all that is said about it.
//!
//! A folder holds a playbook or an inventory or both; for what it lacks, the worked example stands in. `expected.txt`
//! holds the whole output; `UPDATE=1 cargo test --test input` writes it anew.

use camino::{Utf8Path, Utf8PathBuf};
use lvs_ftp::desired::{ResolvedCluster, ResolvedPlay, ResolvedTasks, resolve, targets};
use lvs_ftp::host::run_inventory_program;
use lvs_ftp::inventory::{ConnectionOptions, HostVars, Inputs, Inventory};
use lvs_ftp::playbook;
use lvs_ftp::source::Faults;
use std::fs;

const CASES: &str = "tests/input";
/// So many folders at least: a test that finds none of them must not pass.
const AT_LEAST: usize = 100;

#[test]
fn every_folder_says_what_it_should() {
    let mut cases = entries(Utf8Path::new(CASES));
    cases.retain(|path| path.is_dir());
    assert!(cases.len() >= AT_LEAST, "only {} cases in {CASES}", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn entries(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut paths: Vec<Utf8PathBuf> = folder
        .read_dir_utf8()
        .map(|entries| entries.flatten().map(|entry| entry.path().to_owned()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

/// What differs from the expected output, if anything does.
fn check(case: &Utf8Path) -> Option<String> {
    let said = match run(case) {
        Ok(plays) => plays.iter().map(summary).collect::<Vec<_>>().join("\n"),
        Err(faults) => format!("{faults}\n"),
    };
    let path = case.join("expected.txt");
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(&path, said).err().map(|error| format!("{path}: {error}"));
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    (expected != said).then(|| format!("{case} says:\n{said}\nbut {path} says:\n{expected}"))
}

fn run(case: &Utf8Path) -> Result<Vec<ResolvedPlay>, Faults> {
    let named = |stem: &str, otherwise: &str| {
        let found = entries(case).into_iter().find(|path| path.file_stem() == Some(stem));
        found.unwrap_or_else(|| otherwise.into())
    };
    let playbook = named("playbook", "playbooks/site.json");
    let inventory = named("inventory", "inventory");
    let plays = playbook::load(&[playbook])?;
    let inventory = Inventory::load(&Inputs {
        sources: &[inventory],
        playbook_folders: &[case.to_owned()],
        extra_vars: &[],
        programs: &|program, arguments| run_inventory_program(program, arguments, &|| false),
    })?;
    let plays = resolve(&inventory, &plays, &ConnectionOptions::default())?;
    targets(&plays, &plays, &|_| true).map(|_| plays)
}

/// All that was understood, a value a line.
fn summary(play: &ResolvedPlay) -> String {
    match play {
        ResolvedPlay::Cluster(cluster) => of_cluster(cluster),
        ResolvedPlay::Tasks(tasks) => of_tasks(tasks),
    }
}

fn of_tasks(ResolvedTasks { play, hosts }: &ResolvedTasks) -> String {
    let mut lines = vec![
        format!("play {:?} {:?}", play.name, play.tags),
        format!("hosts {} {:?} {:?}", play.hosts, play.serial, play.limits),
    ];
    for task in &play.tasks {
        lines.push(format!("task {:?} {:?} {:?}", task.name, task.tags, task.thing));
    }
    lines.extend(hosts.iter().map(|one| format!("host {}", host(one))));
    lines.join("\n") + "\n"
}

fn of_cluster(cluster: &ResolvedCluster) -> String {
    let (play, stated) = (&cluster.play, &cluster.play.cluster);
    let (routers, servers) = (&stated.routers, &stated.real_servers);
    let persistence = stated.persistence;
    let mut lines = vec![
        format!("play {:?} {:?}", play.name, play.tags),
        format!(
            "virtual service {} mark {} port {} range {} scheduler {} persistence {}/{} {:?} {:?} drain {}",
            stated.virtual_ip,
            stated.firewall_mark,
            stated.control_port,
            stated.passive_ports,
            stated.scheduler,
            persistence.timeout(),
            persistence.netmask(),
            stated.forwarding,
            stated.active_nat,
            stated.drain_timeout
        ),
        format!("routers {} {:?} {:?}", routers.hosts, routers.serial, routers.director),
        format!("real servers {} {:?} in {:?}", servers.hosts, servers.serial, servers.network),
        format!("vsftpd {:?} {:?}", servers.vsftpd.conf, servers.vsftpd.settings),
    ];
    for (name, service) in routers.services.iter().chain(&servers.services) {
        lines.push(format!("service {name} {service:?}"));
    }
    for router in &cluster.routers {
        lines.push(format!("router {} {:?}", host(router), router.iptables));
    }
    for server in &cluster.real_servers {
        let (address, weight) = (server.real_ip, server.weight);
        lines.push(format!("real server {} at {address} weight {weight}", host(&server.host)));
    }
    lines.join("\n") + "\n"
}

fn host(host: &HostVars) -> String {
    format!("{} {:?} {:?}", host.name, host.connection, host.become_)
}
