//! What pulse takes of a new file when it is told to read it, and what only when it is restarted. From the source of
//! Piranha 0.8.6: pulse itself reads its file once, and lvsd compares the new file with the one before.

use super::block::port_of;
use crate::format::lvs_cf::{self, LvsCf, Statement, servers};

/// Globals that lvsd takes at once, or that mean nothing to the daemons.
const TAKEN: [&str; 4] = ["serial_no", "tcp_timeout", "tcpfin_timeout", "udp_timeout"];

/// What differs between two files and does not count before a restart, in words.
pub(super) fn by_restart(old: &LvsCf, new: &LvsCf) -> Vec<String> {
    let mut all = Vec::new();
    let globals = |conf: &LvsCf| -> Vec<String> {
        let lines = conf.statements.iter().filter(|one| one.block.is_none() && !TAKEN.contains(&one.name()));
        lines.map(|one| one.name().to_owned()).collect()
    };
    let (before, after) = (globals(old), globals(new));
    let mut keys: Vec<&String> = before.iter().chain(&after).collect();
    keys.sort_unstable();
    keys.dedup();
    all.extend(keys.into_iter().filter(|key| old.global(key) != new.global(key)).cloned());
    let addresses: Vec<_> = old.virtuals().filter(|one| lvs_cf::is_active(one)).map(brought_up).collect();
    for block in new.virtuals().filter(|one| lvs_cf::is_active(one)) {
        let name = block.words.get(1).cloned().unwrap_or_default();
        // Pulse brings addresses up, not lvsd.
        if !addresses.contains(&brought_up(block)) {
            all.push(format!("address of {name}"));
        }
        let is_same = |one: &&Statement| place(one) == place(block) && lvs_cf::is_active(one);
        let Some(before) = old.virtuals().find(is_same) else { continue };
        all.extend(settings(before, block).into_iter().map(|key| format!("{key} of {name}")));
        for server in servers(block).filter(|one| lvs_cf::is_active(one)) {
            let address = lvs_cf::address(server);
            let known = servers(before).find(|one| lvs_cf::address(one) == address && lvs_cf::is_active(one));
            let weight = |one: &Statement| lvs_cf::number_of(one, "weight").unwrap_or(1);
            if known.is_some_and(|known| weight(known) != weight(server)) {
                all.push(format!("weight of {}", server.value("address").unwrap_or_default()));
            }
        }
    }
    all
}

/// Servers that are gone from a virtual server which is still there. When lvsd reads such a file it takes the whole virtual
/// server away, and does not bring it back.
pub(super) fn harm(old: &LvsCf, new: &LvsCf) -> Vec<String> {
    let mut all = Vec::new();
    for block in new.virtuals().filter(|one| lvs_cf::is_active(one) && servers(one).next().is_some()) {
        let is_same = |one: &&Statement| place(one) == place(block) && lvs_cf::is_active(one);
        let before = old.virtuals().find(is_same).into_iter().flat_map(servers);
        let is_gone = |one: &&Statement| !servers(block).any(|other| server_place(other) == server_place(one));
        all.extend(
            before
                .filter(is_gone)
                .map(|one| format!("the block of server {} is gone", one.value("address").unwrap_or_default())),
        );
    }
    all
}

/// By what lvsd knows a server in its virtual server.
fn server_place(server: &Statement) -> (Option<std::net::Ipv4Addr>, Option<i64>) {
    (lvs_cf::address(server), lvs_cf::number_of(server, "port"))
}

/// By what lvsd knows a virtual server.
fn place(block: &Statement) -> (Option<&str>, Option<u16>, &str) {
    (block.value("address"), port_of(block), block.value("protocol").unwrap_or("tcp"))
}

fn brought_up(block: &Statement) -> (Option<&[String]>, Option<&str>) {
    (block.setting(&["address"]), block.value("vip_nmask"))
}

/// Keys of a virtual server that differ, and that lvsd gives only to what it starts.
fn settings(before: &Statement, after: &Statement) -> Vec<&'static str> {
    const KEYS: [&str; 13] = [
        "fwmark",
        "scheduler",
        "persistent",
        "pmask",
        "send",
        "send_program",
        "expect",
        "use_regex",
        "timeout",
        "reentry",
        "load_monitor",
        "quiesce_server",
        "sorry_server",
    ];
    KEYS.into_iter().filter(|key| before.value(key) != after.value(key)).collect()
}
