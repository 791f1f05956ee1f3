//! `ipvs_service`: the virtual service of a firewall mark, with its destinations.

use super::{STATE, only_present, present};
use crate::lvs::{ForwardingMethod, Scheduler, Weight, host_address};
use crate::playbook::{IpvsService, WantedIpvs, cluster, cluster::optional};
use crate::source::{Field, Node, Reading, Shape};
use std::net::Ipv4Addr;

pub(super) const FIELDS: &[Field] = &[
    Field::required("firewall_mark", cluster::MARK, "The mark that the service serves"),
    Field::optional("scheduler", cluster::SCHEDULER, "How new clients are given to destinations; wlc if not given"),
    Field::optional(
        "persistence",
        cluster::PERSISTENCE,
        "How long a client stays with its destination; not at all if not given",
    ),
    Field::optional("forwarding", cluster::FORWARDING, "How packets reach destinations; nat if not given"),
    Field::optional(
        "destinations",
        Shape::List(&Shape::Map(DESTINATION)),
        "All of the service's destinations; needed unless it is absent",
    ),
    Field::optional("drain_timeout", cluster::DRAIN, "Seconds that what goes keeps its connections; 300 if not given"),
    Field::optional("state", STATE, "Whether the service is there"),
];

const DESTINATION: &[Field] = &[
    Field::required(
        "address",
        cluster::ADDRESS,
        "Its address on the real network; the port is the one that the packet came for",
    ),
    Field::optional("weight", Shape::Number(0, 65535), "Its share of new clients; 1 if not given, 0 drains it"),
];

pub(super) fn read(node: &Node, reading: &mut Reading) -> Option<(IpvsService, String)> {
    let fields = reading.fields_of(node, "`ipvs_service`", FIELDS)?;
    let mark = fields.require(reading, "firewall_mark").and_then(|node| cluster::mark(node, reading));
    let drain_timeout = optional(fields, "drain_timeout", cluster::DEFAULT_DRAIN, reading, cluster::drain);
    let wanted = if present(fields, reading)? {
        let scheduler = optional(fields, "scheduler", Scheduler::wlc(), reading, cluster::scheduler);
        let persistence = optional(fields, "persistence", None, reading, |node, reading| {
            cluster::persistence(node, reading).map(Some)
        });
        let forwarding = optional(fields, "forwarding", ForwardingMethod::Nat, reading, cluster::forwarding);
        let destinations = fields.require(reading, "destinations").and_then(|node| destinations(node, reading));
        Some(WantedIpvs {
            scheduler: scheduler?,
            persistence: persistence?,
            forwarding: forwarding?,
            destinations: destinations?,
        })
    } else {
        only_present(fields, &["scheduler", "persistence", "forwarding", "destinations"], reading)?;
        None
    };
    let mark = mark?;
    Some((IpvsService { mark, drain_timeout: drain_timeout?, wanted }, format!("on mark {mark}")))
}

fn destinations(node: &Node, reading: &mut Reading) -> Option<Vec<(Ipv4Addr, Weight)>> {
    let items = reading.list(node, "`destinations`")?;
    if items.is_empty() {
        let hint = "write \"state\": \"absent\" for a service that must not be there";
        return reading.refuse_with(node.span, "`destinations` is an empty list", hint);
    }
    let mut all: Vec<(Ipv4Addr, Weight)> = Vec::new();
    let mut fits = Some(());
    for item in items {
        match destination(item, reading) {
            Some((address, _)) if all.iter().any(|(known, _)| *known == address) => {
                fits = reading.refuse(item.start(), format!("the destination {address} is here twice"));
            }
            Some(one) => all.push(one),
            None => fits = None,
        }
    }
    fits.map(|()| all)
}

fn destination(node: &Node, reading: &mut Reading) -> Option<(Ipv4Addr, Weight)> {
    let fields = reading.fields_of(node, "a destination", DESTINATION)?;
    let address = fields.require(reading, "address").and_then(|node| {
        let text = reading.text(node, "`address`")?;
        reading.fit(node.span, host_address(text).map_err(|why| format!("`address`: {why}")))
    });
    let weight = optional(fields, "weight", Weight::DEFAULT, reading, |node, reading| {
        let number = reading.number(node, "`weight`")?;
        reading.fit(node.span, Weight::try_from(number))
    });
    Some((address?, weight?))
}
