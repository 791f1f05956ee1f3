//! The changes that no client notices.
//!
//! Not among them: another netmask of persistence. IPVS then finds no session's real server any more (its templates are
//! kept by masked address), so the next passive data connection of a session in progress may go to another one.

use serde_json::{Value, json};

/// One change of the cluster. What was changed before it stays changed.
pub struct Change {
    pub name: &'static str,
    /// Of the inventory, the part under `all`.
    pub inventory: fn(&mut Value),
    /// Of `ftp_cluster` in the playbook.
    pub cluster: fn(&mut Value),
    /// The real servers that have clients meanwhile.
    pub busy: &'static [&'static str],
    pub part: Part,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    Whole,
    /// A run that does not wait for the drain of ftp3.
    Begin,
    /// The run that waits for it.
    End,
}

const BASE: Change =
    Change { name: "nothing", inventory: keep, cluster: keep, busy: &["ftp1", "ftp2", "ftp3"], part: Part::Whole };

pub const CHANGES: [Change; 11] = [
    BASE,
    Change {
        name: "settings_of_vsftpd",
        cluster: |cluster| {
            let settings = &mut cluster["real_servers"]["vsftpd"]["settings"];
            settings["idle_session_timeout"] = json!(240);
            settings["ftpd_banner"] = json!("Another greeting");
        },
        ..BASE
    },
    Change {
        name: "weights",
        inventory: |all| {
            host(all, "ftp1")["lvs_weight"] = json!(3);
            host(all, "ftp2")["lvs_weight"] = json!(0);
        },
        ..BASE
    },
    Change {
        name: "scheduler_and_weights",
        inventory: |all| {
            host(all, "ftp1")["lvs_weight"] = json!(1);
            host(all, "ftp2")["lvs_weight"] = json!(1);
        },
        cluster: |cluster| cluster["scheduler"] = json!("rr"),
        // Those that ftp2 gets again may not have fetched anything yet.
        busy: &["ftp1", "ftp3"],
        ..BASE
    },
    Change { name: "longer_persistence", cluster: |cluster| cluster["persistence"] = json!(600), ..BASE },
    Change {
        name: "a_server_drains",
        cluster: |cluster| cluster["real_servers"]["hosts"] = json!("ftp_servers:!ftp3"),
        part: Part::Begin,
        ..BASE
    },
    Change { name: "a_server_goes", busy: &["ftp1", "ftp2"], part: Part::End, ..BASE },
    Change {
        name: "the_range_moves",
        cluster: |cluster| cluster["passive_ports"] = json!("30000:40000"),
        busy: &["ftp1", "ftp2"],
        ..BASE
    },
    Change {
        name: "a_server_comes",
        cluster: |cluster| cluster["real_servers"]["hosts"] = json!("ftp_servers"),
        busy: &["ftp1", "ftp2"],
        ..BASE
    },
    Change { name: "the_range_is_widened", cluster: |cluster| cluster["passive_ports"] = json!("25000:45000"), ..BASE },
    Change {
        name: "the_range_is_narrowed",
        cluster: |cluster| cluster["passive_ports"] = json!("41000:42000"),
        ..BASE
    },
];

fn keep(_: &mut Value) {}

fn host<'a>(all: &'a mut Value, name: &str) -> &'a mut Value {
    &mut all["children"]["ftp_servers"]["hosts"][name]
}
