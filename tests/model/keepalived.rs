//! keepalived in memory: it fills the IPVS table from what it has read, and compares file with file.

use super::{State, said};
use lvs_ftp::{
    format::{
        cksum::cksum,
        ipvs::{Destination, IpvsTable, Service},
        keepalived_conf::{KeepalivedConf, Statement},
    },
    plan::DaemonAct,
    probe::Answer,
};

pub fn answers(state: &State) -> Vec<Answer> {
    let there = if state.keepalived_conf.is_some() { "there\n" } else { "" };
    let changed = "1000 2026-01-01 00:00:00.5 +0000";
    let running = state.keepalived_read.as_ref().map_or(String::new(), |read| {
        format!(
            "stamp 88 600 180000 {} {changed}\nprocess 88 (keepalived) S 1 88 88 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 600 1 \
             | /usr/sbin/keepalived \nprocess 89 (keepalived) S 88 88 88 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 601 1 \
             | /usr/sbin/keepalived \n",
            cksum(read)
        )
    });
    let down: String = state.failed.iter().map(|last| format!("down 21-10.1.1.{last} 1990\n")).collect();
    let facts = format!("{there}changed {changed}\nnow 2000.5 1900.00 100\nticks 190000\n{down}{running}");
    let text = state.keepalived_conf.clone().unwrap_or_default();
    let lines: String = String::from_utf8_lossy(&text).lines().map(|line| format!("| {line}\n")).collect();
    let shell = if state.shell.is_empty() { "/bin/sh" } else { &state.shell };
    let linked: String = state.linked_scripts.iter().map(|path| format!("linked {path}\n")).collect();
    let all = format!(
        "shell {shell}\nfile /etc/keepalived/keepalived.conf\n{lines}\n{linked}version Keepalived v2.3.3 (03/30,2025)\n"
    );
    vec![said(facts), said(text), said(all)]
}

pub fn act(state: &mut State, act: &DaemonAct, shows: &[String]) -> Result<(), String> {
    let text = state.keepalived_conf.clone().ok_or("there is no file")?;
    let before = match act {
        DaemonAct::Reload { pid: 88, start_ticks: 600, .. } => {
            state.keepalived_read.clone().ok_or("it does not run")?
        }
        DaemonAct::Reload { .. } => return Err("keepalived is gone".to_owned()),
        // What it ends with it takes away.
        DaemonAct::Restart { .. } => {
            let read = state.keepalived_read.clone().ok_or("it does not run")?;
            for service in services(&read) {
                state.ipvs.services.retain(|one| one.key != service.key);
            }
            Vec::new()
        }
        DaemonAct::Start(_) => Vec::new(),
    };
    let (before, after) = (services(&before), services(&text));
    let table = &mut state.ipvs.services;
    for old in &before {
        if !after.iter().any(|new| new.key == old.key) {
            table.retain(|one| one.key != old.key);
        }
    }
    for new in &after {
        let old = before.iter().find(|old| old.key == new.key);
        let known = table.iter().position(|one| one.key == new.key).unwrap_or_else(|| {
            table.push(Service { destinations: Vec::new(), ..new.clone() });
            table.len() - 1
        });
        if old.is_none_or(|old| old.words() != new.words()) {
            table[known] = Service { destinations: table[known].destinations.clone(), ..new.clone() };
        }
        let destinations = &mut table[known].destinations;
        for gone in old.into_iter().flat_map(|old| &old.destinations) {
            if !new.destinations.iter().any(|one| one.address == gone.address) {
                destinations.retain(|one| one.address != gone.address);
            }
        }
        for one in &new.destinations {
            let same = old.into_iter().flat_map(|old| &old.destinations).any(|known| known == one);
            let is_out = state.failed.iter().any(|last| one.address == format!("10.1.1.{last}:0"));
            if !same && !is_out {
                destinations.retain(|known| known.address != one.address);
                destinations.push(one.clone());
            }
        }
        destinations.sort_by_key(|one| one.address.parse::<std::net::SocketAddr>().unwrap());
    }
    table.sort_by_key(super::mark);
    state.keepalived_read = Some(text);
    assert!(!shows.is_empty(), "the kernel is waited for");
    Ok(())
}

/// The services of a file, in the kernel's words.
fn services(text: &[u8]) -> Vec<Service> {
    let conf = KeepalivedConf::parse(text).unwrap();
    let ours =
        conf.statements.iter().filter(|one| one.words.starts_with(&["virtual_server".to_owned(), "fwmark".to_owned()]));
    ours.map(service).collect()
}

fn service(block: &Statement) -> Service {
    let word = |names: &[&str]| block.setting(names).map(|words| words[0].clone());
    let mask = word(&["persistence_granularity"]).map_or(String::new(), |mask| format!(" -M {mask}"));
    let line = format!(
        "-A -f {} -s {} -p {}{mask}\n",
        block.words[2],
        word(&["lvs_sched", "lb_algo"]).unwrap_or("wlc".to_owned()),
        word(&["persistence_timeout"]).unwrap()
    );
    let flag = match word(&["lvs_method", "lb_kind"]).as_deref() {
        Some("DR") => "-g",
        Some("TUN") => "-i",
        _ => "-m",
    };
    let mut text = line;
    for server in block.inner().iter().filter(|one| one.name() == "real_server") {
        let weight = server.setting(&["weight"]).map_or("1", |words| &words[0]);
        let port = server.words.get(2).map_or("0", String::as_str);
        text.push_str(&format!("-a -f {} -r {}:{port} {flag} -w {weight}\n", block.words[2], server.words[1]));
    }
    let mut service = IpvsTable::parse(text.as_bytes()).unwrap().services.remove(0);
    service.destinations.dedup_by(|later: &mut Destination, first| later.address == first.address);
    service
}
