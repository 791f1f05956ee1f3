//! A cluster whose director is keepalived, and a router of any cluster.
#![allow(dead_code, reason = "each suite uses a part")]

use lvs_ftp::{
    desired::{Target, resolve, targets},
    inventory::{ConnectionOptions, Inventory},
    playbook::plays,
    source::Source,
};
use serde_json::{Value, json};

/// One router, and the real servers that a playbook may name, each with a weight.
pub fn router(play: &Value, weights: &[u64; 4]) -> Target {
    router_of(play, "10.1.1", [11, 12, 13, 14], weights)
}

/// The same with real servers in another network.
pub fn router_of(play: &Value, network: &str, last: [u8; 4], weights: &[u64; 4]) -> Target {
    let servers = last.into_iter().zip(weights);
    let servers: serde_json::Map<String, Value> =
        servers.map(|(last, weight)| (format!("{network}.{last}"), json!({"lvs_weight": weight}))).collect();
    let hosts = json!({"lvs": {"hosts": {"lvs1": {"lvs_vrrp_priority": 120}}}, "ftp": {"hosts": servers}});
    let inventory = Inventory::of(&[Source::new("hosts.json", hosts.to_string())]).unwrap();
    let plays = plays(&Source::new("playbook.json", json!([play]).to_string())).unwrap_or_else(|why| panic!("{why}"));
    let plays: Vec<_> = plays.into_iter().collect();
    let clusters = resolve(&inventory, &plays, &ConnectionOptions::default()).unwrap_or_else(|why| panic!("{why}"));
    targets(&clusters, &clusters, &|_| true).unwrap().remove(0)
}

/// The playbook's play.
pub fn play() -> Value {
    json!({"name": "Public FTP", "ftp_cluster": {
        "virtual_ip": "192.0.2.10",
        "routers": {"hosts": "lvs", "director": "keepalived", "vip": {"device": "eth0", "prefix": 24},
                    "nat_address": "10.1.1.1", "vrrp": {"router_id": 51}},
        "real_servers": {"hosts": "ftp", "network": "10.1.1.0/24"}
    }})
}
