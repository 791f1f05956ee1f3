//! Rules between values: what each allows alone may still not fit together.

use super::{ClusterPlaces, Director, NatAddress, RealServers, Routers};
use crate::format::lvs_cf::SCHEDULERS;
use crate::lvs::{ActiveNat, Device, ForwardingMethod, Port, PortRange, Scheduler};
use crate::source::{Fault, Fields, Node, Reading, Value};
use std::net::Ipv4Addr;

/// The control port is outside the passive range: a data connection must not reach the control port.
pub(super) fn ports(control: Option<Port>, passive: Option<PortRange>, places: &ClusterPlaces, reading: &mut Reading) {
    let (Some(control), Some(passive)) = (control, passive) else {
        return;
    };
    if passive.contains(control.get()) {
        let message = format!("the control port {control} is inside the passive range {passive}");
        let fault = Fault::at(&places.control_port, message).related(&places.passive_ports, "the range");
        reading.note::<()>(fault.hint("FTP's control port is 21"));
    }
}

/// NAT needs the real network; the other methods need no NAT rule.
pub(super) fn forwarding(
    forwarding: Option<ForwardingMethod>,
    active_nat: Option<ActiveNat>,
    fields: Fields<'_>,
    real_servers: Option<&RealServers>,
    reading: &mut Reading,
) {
    let Some(forwarding) = forwarding else { return };
    let nat = forwarding == ForwardingMethod::Nat;
    if let (true, Some(RealServers { network: None, .. })) = (nat, real_servers)
        && let Some(node) = fields.get("real_servers")
    {
        reading.refuse_with::<()>(
            node.start(),
            "`real_servers` needs the key `network` when forwarding is nat",
            "it is the network of the routers' inner address, such as 10.1.1.0/24",
        );
    }
    if let (false, Some(ActiveNat::Masquerade | ActiveNat::Snat), Some(node)) =
        (nat, active_nat, fields.get("active_nat"))
    {
        let message = format!("forwarding `{}` has no use for `active_nat`", forwarding.word());
        reading.refuse_with::<()>(
            node.span,
            message,
            "its real servers answer from the virtual IP themselves; remove the key",
        );
    }
}

/// The virtual IP is the routers' outer address, never one of the real network.
pub(super) fn virtual_ip(
    address: Option<Ipv4Addr>,
    real_servers: Option<&RealServers>,
    places: &ClusterPlaces,
    reading: &mut Reading,
) {
    let network = real_servers.and_then(|servers| servers.network);
    if let (Some(address), Some(network)) = (address, network)
        && network.contains(&address)
    {
        let message = format!("`virtual_ip` {address} is inside the real servers' network {network}");
        reading.note::<()>(Fault::at(&places.virtual_ip, message).related(&places.network, "the network"));
    }
}

/// Only behind NAT do answers go back through the routers; their address is one of the real network then.
pub(super) fn nat_address(
    forwarding: Option<ForwardingMethod>,
    routers: Option<&Routers>,
    real_servers: Option<&RealServers>,
    places: &ClusterPlaces,
    reading: &mut Reading,
) {
    let (Some(forwarding), Some(routers)) = (forwarding, routers) else { return };
    let Some(address) = routers.gateway() else { return };
    let at = &places.nat_address;
    let key = if routers.director == Director::Piranha { "nat_router" } else { "nat_address" };
    if forwarding != ForwardingMethod::Nat {
        let message = format!("forwarding `{}` has no use for `{key}`", forwarding.word());
        reading.note::<()>(Fault::at(at, message).hint("its real servers answer past the routers; remove the key"));
    } else if let Some(network) = real_servers.and_then(|servers| servers.network)
        && !network.contains(&address)
    {
        let message = format!("`{key}` {address} is outside the real servers' network {network}");
        reading.note::<()>(Fault::at(at, message).related(&places.network, "the network"));
    }
}

/// What lvs.cf cannot say is refused, and what it cannot do without is asked for.
pub(super) fn piranha(
    forwarding: Option<ForwardingMethod>,
    scheduler: Option<&Scheduler>,
    routers: Option<&Routers>,
    fields: Fields<'_>,
    reading: &mut Reading,
) {
    let Some(keys) = routers.and_then(|routers| routers.piranha.as_ref()) else { return };
    if let (Some(scheduler), Some(node)) = (scheduler, fields.get("scheduler"))
        && !SCHEDULERS.contains(&scheduler.as_str())
    {
        let message = format!("Piranha has no scheduler `{scheduler}`");
        reading.refuse_with::<()>(node.span, message, format!("it has {}", SCHEDULERS.join(", ")));
    }
    if let (Some(ForwardingMethod::Nat), None, Some(node)) = (forwarding, &keys.nat_router, fields.get("routers")) {
        reading.refuse_with::<()>(
            node.start(),
            "the director piranha needs the key `nat_router` when forwarding is nat",
            "it says where pulse brings up the real servers' gateway: {\"address\": \"10.1.1.1\", \"device\": \"eth1:1\"}",
        );
    }
}

/// What only one director does is asked of that one; and VRRP moves what the play says where to put.
pub(super) fn director(
    director: Option<Director>,
    vip: Option<&Option<Device>>,
    nat_address: Option<&Option<NatAddress>>,
    fields: Fields<'_>,
    reading: &mut Reading,
) {
    let Some(director) = director else { return };
    for (key, of, words) in KEYS {
        if let (false, Some(node)) = (of.contains(&director), fields.get(key)) {
            let message = format!("`{key}` is for the director {words}");
            let first = words.split(' ').next().unwrap_or_default();
            let hint = format!("write \"director\": \"{first}\", or remove the key");
            reading.refuse_with::<()>(node.span, message, hint);
        }
    }
    for (key, instead) in [("vip", "vip_device"), ("nat_address", "nat_router")] {
        if let (Director::Piranha, Some(node)) = (director, fields.get(key)) {
            let message = format!("pulse itself brings addresses up, so `{key}` is not for the director piranha");
            reading.refuse_with::<()>(node.span, message, format!("write `{instead}`"));
        }
    }
    if let (Some(node), Some(None)) = (fields.get("vrrp"), vip) {
        reading.refuse_with::<()>(
            node.span,
            "`vrrp` needs the key `vip` beside it",
            "it says where the virtual IP comes up: {\"device\": \"eth0\", \"prefix\": 24}",
        );
    }
    if let (None, Some(Some(NatAddress { on: Some(_), .. })), Some(node)) =
        (fields.get("vrrp"), nat_address, fields.get("nat_address"))
    {
        reading.refuse_with::<()>(
            node.span,
            "a device for `nat_address` is for VRRP, which moves it with the virtual IP",
            "add `vrrp`, or write the address alone",
        );
    }
}

/// Keys of one director or of two, and these in words.
const KEYS: [(&str, &[Director], &str); 8] = [
    ("monitor", &[Director::Keepalived, Director::Piranha], "keepalived or piranha"),
    ("director_restart", &[Director::Keepalived, Director::Piranha], "keepalived or piranha"),
    ("vrrp", &[Director::Keepalived], "keepalived"),
    ("vip_device", &[Director::Piranha], "piranha"),
    ("vip_netmask", &[Director::Piranha], "piranha"),
    ("nat_router", &[Director::Piranha], "piranha"),
    ("primary", &[Director::Piranha], "piranha"),
    ("backup", &[Director::Piranha], "piranha"),
];

/// IPVS hands a marked packet on to the port that it came for, so vsftpd must listen there.
pub(super) fn listen_port(control: Option<Port>, fields: Fields<'_>, reading: &mut Reading) {
    let setting =
        fields.get("real_servers").and_then(|node| node.entry("vsftpd")?.entry("settings")?.entry("listen_port"));
    if let (Some(control), Some(node)) = (control, setting)
        && !says(node, &control.to_string())
    {
        let message = format!("`listen_port` must be the control port, {control}");
        reading.refuse_with::<()>(node.span, message, "clients reach the real server at the port they came for");
    }
}

fn says(node: &Node, wanted: &str) -> bool {
    matches!(&node.value, Value::Text(text) | Value::Number(text) if text == wanted)
}
