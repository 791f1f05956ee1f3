//! Clusters with their hosts; refusals one by one are in `tests/input`.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use super::resolve;
use crate::inventory::{ConnectionOptions, Inventory};
use crate::playbook::plays;
use crate::source::{Faults, Source};
use serde_json::{Value, json};

fn play(name: &str, mark: u32, address: &str) -> Value {
    json!({"name": name, "ftp_cluster": {
        "virtual_ip": address,
        "firewall_mark": mark,
        "routers": {"hosts": "lvs"},
        "real_servers": {"hosts": "ftp", "network": "10.1.1.0/24"}
    }})
}

/// The names of a cluster's routers and real servers.
type Names = (Vec<String>, Vec<String>);

fn names(plays_json: &[Value]) -> Result<Vec<Names>, Faults> {
    let hosts = json!({
        "lvs": {"hosts": {"lvs1": {}, "lvs2": {}}},
        "ftp": {"hosts": {"10.1.1.[11:12]": {}}}
    });
    let inventory = Inventory::of(&[Source::new("hosts.json", hosts.to_string())])?;
    let plays = plays(&Source::new("playbook.json", json!(plays_json).to_string()))?;
    let clusters = resolve(&inventory, &plays, &ConnectionOptions::default())?;
    Ok(clusters
        .iter()
        .filter_map(super::ResolvedPlay::cluster)
        .map(|cluster| {
            let routers = cluster.routers.iter().map(|host| host.name.clone());
            let servers = cluster.real_servers.iter().map(|server| server.host.name.clone());
            (routers.collect(), servers.collect())
        })
        .collect())
}

#[test]
fn a_host_may_be_in_several_clusters() {
    let clusters = names(&[play("A", 21, "192.0.2.10"), play("B", 22, "192.0.2.11")]).unwrap();
    assert_eq!(clusters.len(), 2);
    assert_eq!(clusters[0], clusters[1]);
    assert_eq!(clusters[0].0, ["lvs1", "lvs2"]);
    assert_eq!(clusters[0].1, ["10.1.1.11", "10.1.1.12"]);
}

#[test]
fn clusters_may_share_a_virtual_ip_but_no_port_of_it() {
    let mut second = play("B", 22, "192.0.2.10");
    second["ftp_cluster"]["control_port"] = json!(2121);
    second["ftp_cluster"]["passive_ports"] = json!("20001:30000");
    assert!(names(&[play("A", 21, "192.0.2.10"), second.clone()]).is_ok());
    second["ftp_cluster"]["passive_ports"] = json!("20000:30000");
    let faults = names(&[play("A", 21, "192.0.2.10"), second]).unwrap_err();
    assert_eq!(faults.as_slice()[0].message(), "the clusters `A` and `B` share ports of one virtual IP, 192.0.2.10");
}

#[test]
fn a_mark_belongs_to_one_cluster() {
    let faults = names(&[play("A", 21, "192.0.2.10"), play("B", 21, "192.0.2.11")]).unwrap_err();
    assert_eq!(faults.as_slice()[0].message(), "the clusters `A` and `B` have one firewall mark, 21");
}
