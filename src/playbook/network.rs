//! Addresses and networks of a play.

use crate::lvs::{self, Netmask};
use crate::source::{Node, Reading};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

pub(super) fn virtual_ip(node: &Node, reading: &mut Reading) -> Option<Ipv4Addr> {
    let text = reading.text(node, "`virtual_ip`")?;
    let made = lvs::host_address(text).map_err(|why| format!("`virtual_ip`: {why}"));
    reading.fit(node.span, made)
}

pub(super) fn netmask(node: &Node, reading: &mut Reading) -> Option<Netmask> {
    let text = reading.text(node, "`netmask`")?;
    let mask = reading.fit(node.span, lvs::ipv4_address(text))?;
    reading.fit(node.span, Netmask::try_from(mask))
}

pub(super) fn network(node: &Node, reading: &mut Reading) -> Option<Ipv4Net> {
    let text = reading.text(node, "`network`")?;
    match lvs::network(text) {
        Ok(network) => Some(network),
        Err(why) => match text.parse::<Ipv4Net>() {
            Ok(near) if near.trunc() != near => {
                let message = format!("`network`: {text} has bits set behind its length");
                reading.refuse_with(node.span, message, format!("the network is {}", near.trunc()))
            }
            _ => reading.refuse(node.span, format!("`network`: {why}")),
        },
    }
}
