//! The play's `ftp_cluster`: the values that both sides share.

use super::{Cluster, ClusterPlaces, Director, network, rules, sides};
use crate::lvs::{ActiveNat, FirewallMark, ForwardingMethod, Netmask, Persistence, Port, PortRange, Scheduler};
use crate::source::{Field, Fields, Node, Reading, Shape, Value, nearest};

pub(super) const FIELDS: &[Field] = &[
    Field::required("virtual_ip", ADDRESS, "The address that clients connect to"),
    Field::optional("firewall_mark", MARK, "Joins control port and passive range; 21 if not given"),
    Field::optional("control_port", Shape::Number(1, 65535), "Where clients connect; 21 if not given"),
    Field::optional("passive_ports", RANGE, "Ports for passive clients, 1024 or higher; 10000:20000 if not given"),
    Field::optional(
        "active_nat",
        Shape::Word(&["masquerade", "snat", "none"]),
        "What routers do to active data connections; masquerade if not given, none unless forwarding is nat",
    ),
    Field::optional("scheduler", SCHEDULER, "How new clients are given to real servers; wlc if not given"),
    Field::optional(
        "persistence",
        PERSISTENCE,
        "How long a client stays with its real server; 300 seconds if not given",
    ),
    Field::optional("forwarding", FORWARDING, "How packets reach real servers; nat if not given"),
    Field::optional("drain_timeout", DRAIN, "Seconds that what goes keeps its connections; 300 if not given"),
    Field::required("routers", Shape::Map(sides::ROUTERS), "The LVS routers"),
    Field::required("real_servers", Shape::Map(sides::REAL_SERVERS), "The FTP servers"),
];

/// An IPv4 address that a host can have, without leading zeros.
pub(super) const ADDRESS: Shape = Shape::Matching(
    r"^([1-9][0-9]?|1[01][0-9]|12[0-689]|1[3-9][0-9]|2[01][0-9]|22[0-3])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}$",
);
pub(super) const NETMASK: Shape =
    Shape::Matching(r"^(0|128|192|224|240|248|252|254|255)(\.(0|128|192|224|240|248|252|254|255)){3}$");
/// Two ports of 1024 or higher.
const RANGE: Shape = Shape::Matching(
    r"^(102[4-9]|10[3-9][0-9]|1[1-9][0-9]{2}|[2-9][0-9]{3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])[:-](102[4-9]|10[3-9][0-9]|1[1-9][0-9]{2}|[2-9][0-9]{3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
);
pub(super) const MARK: Shape = Shape::Number(1, 2_147_483_647);
pub(super) const SCHEDULER: Shape = Shape::Word(&Scheduler::KNOWN);
pub(super) const FORWARDING: Shape = Shape::Word(&["nat", "direct", "tunnel"]);
pub(super) const DRAIN: Shape = Shape::Number(0, LONGEST_DRAIN as u64);
pub(super) const PERSISTENCE: Shape = Shape::OneOf(&[TIMEOUT, Shape::Map(PERSISTENCE_FIELDS)]);
const TIMEOUT: Shape = Shape::Number(1, Persistence::MAX as u64);
const PERSISTENCE_FIELDS: &[Field] = &[
    Field::required("timeout", TIMEOUT, "Seconds"),
    Field::optional("netmask", NETMASK, "Clients of one network stay together"),
];

/// Seconds.
pub(super) const DEFAULT_DRAIN: u32 = 300;
/// Seconds: a day.
const LONGEST_DRAIN: u32 = 86_400;

pub(super) fn read(node: &Node, reading: &mut Reading) -> Option<(Cluster, ClusterPlaces)> {
    let fields = reading.fields_of(node, "`ftp_cluster`", FIELDS)?;
    let virtual_ip = fields.require(reading, "virtual_ip").and_then(|node| network::virtual_ip(node, reading));
    let firewall_mark = optional(fields, "firewall_mark", FirewallMark::DEFAULT, reading, mark);
    let control_port = optional(fields, "control_port", Port::FTP, reading, port);
    let passive_ports = optional(fields, "passive_ports", PortRange::DEFAULT, reading, range);
    let scheduler = optional(fields, "scheduler", Scheduler::wlc(), reading, scheduler);
    let persistence = optional(fields, "persistence", Persistence::DEFAULT, reading, persistence);
    let forwarding = optional(fields, "forwarding", ForwardingMethod::Nat, reading, forwarding);
    let active_nat = match fields.get("active_nat") {
        Some(node) => active_nat(node, reading).map(Some),
        None => Some(None),
    };
    let drain_timeout = optional(fields, "drain_timeout", DEFAULT_DRAIN, reading, drain);
    let routers = fields.require(reading, "routers").and_then(|node| sides::routers(node, reading));
    let real_servers = fields.require(reading, "real_servers").and_then(|node| sides::real_servers(node, reading));
    let places = places(fields, node, routers.as_ref().map(|routers| routers.director), reading);
    rules::ports(control_port, passive_ports, &places, reading);
    rules::forwarding(forwarding, active_nat.flatten(), fields, real_servers.as_ref(), reading);
    rules::virtual_ip(virtual_ip, real_servers.as_ref(), &places, reading);
    rules::nat_address(forwarding, routers.as_ref(), real_servers.as_ref(), &places, reading);
    rules::piranha(forwarding, scheduler.as_ref(), routers.as_ref(), fields, reading);
    rules::listen_port(control_port, fields, reading);
    let forwarding = forwarding?;
    let cluster = Cluster {
        virtual_ip: virtual_ip?,
        firewall_mark: firewall_mark?,
        control_port: control_port?,
        passive_ports: passive_ports?,
        active_nat: active_nat?.unwrap_or(match forwarding {
            ForwardingMethod::Nat => ActiveNat::Masquerade,
            ForwardingMethod::Direct | ForwardingMethod::Tunnel => ActiveNat::None,
        }),
        scheduler: scheduler?,
        persistence: persistence?,
        forwarding,
        drain_timeout: drain_timeout?,
        routers: routers?,
        real_servers: real_servers?,
    };
    Some((cluster, places))
}

/// A key's value, or the default where the key is not there.
pub(super) fn optional<T>(
    fields: Fields<'_>,
    key: &str,
    default: T,
    reading: &mut Reading,
    step: impl FnOnce(&Node, &mut Reading) -> Option<T>,
) -> Option<T> {
    match fields.get(key) {
        Some(node) => step(node, reading),
        None => Some(default),
    }
}

fn places(fields: Fields<'_>, node: &Node, director: Option<Director>, reading: &Reading) -> ClusterPlaces {
    let place = |key: &str| {
        let span = fields.get(key).map_or(node.start(), |value| value.span);
        reading.source().place(span)
    };
    let router = |key: &str| {
        let node = fields.get("routers").and_then(|node| node.entry(key));
        node.map_or_else(|| place("routers"), |node| reading.source().place(node.span))
    };
    let network = fields.get("real_servers").and_then(|node| node.entry("network"));
    ClusterPlaces {
        virtual_ip: place("virtual_ip"),
        firewall_mark: place("firewall_mark"),
        control_port: place("control_port"),
        passive_ports: place("passive_ports"),
        vip: router("vip"),
        nat_address: router(if director == Some(Director::Piranha) { "nat_router" } else { "nat_address" }),
        network: network.map_or_else(|| place("real_servers"), |node| reading.source().place(node.span)),
    }
}

pub(super) fn mark(node: &Node, reading: &mut Reading) -> Option<FirewallMark> {
    let number = reading.number(node, "`firewall_mark`")?;
    reading.fit(node.span, FirewallMark::try_from(number))
}

fn port(node: &Node, reading: &mut Reading) -> Option<Port> {
    let number = reading.number(node, "`control_port`")?;
    reading.fit(node.span, Port::try_from(number))
}

fn range(node: &Node, reading: &mut Reading) -> Option<PortRange> {
    let text = reading.text(node, "`passive_ports`")?;
    reading.fit(node.span, text.parse::<PortRange>())
}

fn active_nat(node: &Node, reading: &mut Reading) -> Option<ActiveNat> {
    let words = [("masquerade", ActiveNat::Masquerade), ("snat", ActiveNat::Snat), ("none", ActiveNat::None)];
    reading.word(node, "`active_nat`", &words)
}

pub(super) fn forwarding(node: &Node, reading: &mut Reading) -> Option<ForwardingMethod> {
    let words = [ForwardingMethod::Nat, ForwardingMethod::Direct, ForwardingMethod::Tunnel];
    reading.word(node, "`forwarding`", &words.map(|method| (method.word(), method)))
}

/// One of Linux's own schedulers: a name that no kernel has would fail only when the service is made.
pub(super) fn scheduler(node: &Node, reading: &mut Reading) -> Option<Scheduler> {
    let text = reading.text(node, "`scheduler`")?;
    if !Scheduler::KNOWN.contains(&text) {
        let message = format!("Linux has no scheduler {}", crate::source::shown(text));
        let known = Scheduler::KNOWN.join(", ");
        let hint = match nearest(text, Scheduler::KNOWN) {
            Some(near) => format!("did you mean `{near}`? It has {known}"),
            None => format!("it has {known}"),
        };
        return reading.refuse_with(node.span, message, hint);
    }
    reading.fit(node.span, text.parse())
}

/// Seconds, or a map of `timeout` and `netmask`.
pub(super) fn persistence(node: &Node, reading: &mut Reading) -> Option<Persistence> {
    let Value::Map(_) = &node.value else {
        let seconds = reading.number(node, "`persistence`")?;
        return reading.fit(node.span, Persistence::new(seconds, Netmask::HOST));
    };
    let fields = reading.fields_of(node, "`persistence`", PERSISTENCE_FIELDS)?;
    let netmask = optional(fields, "netmask", Netmask::HOST, reading, network::netmask);
    let timeout = fields.require(reading, "timeout")?;
    let seconds = reading.number(timeout, "`timeout`")?;
    reading.fit(timeout.span, Persistence::new(seconds, netmask?))
}

pub(super) fn drain(node: &Node, reading: &mut Reading) -> Option<u32> {
    let seconds = reading.number(node, "`drain_timeout`")?;
    match u32::try_from(seconds) {
        Ok(seconds) if seconds <= LONGEST_DRAIN => Some(seconds),
        _ => reading.refuse(node.span, format!("`drain_timeout` is 0 to {LONGEST_DRAIN} seconds, not {seconds}")),
    }
}
