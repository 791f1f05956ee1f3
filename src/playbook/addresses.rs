//! `vip` and `nat_address`: where routers have the virtual IP, and their address on the real network.

use super::{NatAddress, cluster::optional};
use crate::{
    lvs::{self, Device},
    source::{Field, Node, Reading, Shape, Value},
};
use std::net::Ipv4Addr;

pub(super) const VIP: &[Field] = &[
    Field::required("device", Shape::Matching(DEVICE), "The network interface"),
    Field::optional("prefix", Shape::Number(1, 32), "The length of its network; 32 if not given"),
];
pub(super) const NAT_ADDRESS: &[Field] = &[
    Field::required("address", Shape::Text, "The address"),
    Field::required("device", Shape::Matching(DEVICE), "The network interface on which VRRP brings it up"),
    Field::optional("prefix", Shape::Number(1, 32), "The length of its network; 32 if not given"),
];
/// A network interface's name, as the kernel takes it: `IFNAMSIZ` is 16.
pub(super) const DEVICE: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$";

/// `{"device": "eth0", "prefix": 24}`.
pub(super) fn vip(node: &Node, reading: &mut Reading) -> Option<Device> {
    let fields = reading.fields_of(node, "`vip`", VIP)?;
    let device = fields.require(reading, "device").and_then(|node| device(node, reading));
    let prefix = optional(fields, "prefix", 32, reading, prefix);
    Some(Device { name: device?, prefix: prefix? })
}

/// An address, or `{"address": "10.1.1.1", "device": "eth1", "prefix": 24}`.
pub(super) fn nat_address(node: &Node, reading: &mut Reading) -> Option<NatAddress> {
    let Value::Map(_) = &node.value else {
        return host_address(node, "nat_address", reading).map(|address| NatAddress { address, on: None });
    };
    let fields = reading.fields_of(node, "`nat_address`", NAT_ADDRESS)?;
    let address = fields.require(reading, "address").and_then(|node| host_address(node, "nat_address", reading));
    let device = fields.require(reading, "device").and_then(|node| device(node, reading));
    let prefix = optional(fields, "prefix", 32, reading, prefix);
    Some(NatAddress { address: address?, on: Some(Device { name: device?, prefix: prefix? }) })
}

/// An address that a host can have.
pub(super) fn host_address(node: &Node, key: &str, reading: &mut Reading) -> Option<Ipv4Addr> {
    let text = reading.text(node, &format!("`{key}`"))?;
    let made = lvs::host_address(text).map_err(|why| format!("`{key}`: {why}"));
    reading.fit(node.span, made)
}

pub(super) fn device(node: &Node, reading: &mut Reading) -> Option<String> {
    let text = reading.text(node, "`device`")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if text.is_empty() || text.len() > 15 || text.starts_with(['-', '.']) || !text.chars().all(allowed) {
        return reading.refuse_with(
            node.span,
            format!("{} is not the name of a network interface", crate::source::shown(text)),
            "1 to 15 letters, digits and `_.-`, such as eth0 or bond0.12",
        );
    }
    Some(text.to_owned())
}

fn prefix(node: &Node, reading: &mut Reading) -> Option<u8> {
    let number = reading.number(node, "`prefix`")?;
    match u8::try_from(number) {
        Ok(prefix @ 1..=32) => Some(prefix),
        _ => reading.refuse(node.span, format!("`prefix` is the length of the network, 1 to 32, not {number}")),
    }
}
