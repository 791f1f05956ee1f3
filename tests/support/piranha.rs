//! A cluster whose director is piranha.
#![allow(dead_code, reason = "each suite uses a part")]

use serde_json::{Value, json};

/// The playbook's play; [`super::keepalived::router`] has its hosts.
pub fn play() -> Value {
    json!({"name": "Public FTP", "ftp_cluster": {
        "virtual_ip": "192.0.2.10",
        "routers": {"hosts": "lvs", "director": "piranha", "vip_device": "eth0:1", "primary": "10.1.1.1",
                    "nat_router": {"address": "10.1.1.1", "device": "eth1:1"}},
        "real_servers": {"hosts": "ftp", "network": "10.1.1.0/24"}
    }})
}
