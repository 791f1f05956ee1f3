//! IPv4 addresses and networks as people write them, read strictly.

use super::Unfit;
use ipnet::Ipv4Net;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Reads `192.0.2.10`: four decimal numbers without leading zeros, which iptables would read as octal.
pub fn ipv4_address(text: &str) -> Result<Ipv4Addr, Unfit> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let numbers = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numbers
        && text
            .split('.')
            .any(|part| part.len() > 1 && part.starts_with('0'))
    {
        return Err(Unfit::new(format!(
            "`{text}` looks octal; write the address without leading zeros"
        )));
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(Unfit::new(format!(
            "`{text}` is an IPv6 address; only IPv4 is supported"
        )));
    }
    Err(Unfit::new(format!("`{text}` is not an IPv4 address")))
}

/// An address that one host can have: not 0.x.x.x, loopback, multicast, reserved or broadcast.
pub fn host_address(text: &str) -> Result<Ipv4Addr, Unfit> {
    let address = ipv4_address(text)?;
    let why = match address.octets()[0] {
        0 => "means \"this network\"",
        127 => "is a loopback address",
        224..=239 => "is a multicast address",
        _ if address.is_broadcast() => "is the broadcast address",
        240..=255 => "is in the reserved range",
        _ => return Ok(address),
    };
    Err(Unfit::new(format!(
        "{address} {why}; a host cannot have it"
    )))
}

/// Reads `10.1.1.0/24`. An address inside the network is refused, with the network itself in the text.
pub fn network(text: &str) -> Result<Ipv4Net, Unfit> {
    let (address, prefix) = text.split_once('/').ok_or_else(|| {
        Unfit::new(format!(
            "a network is written ADDRESS/LENGTH, such as 10.1.1.0/24, not `{text}`"
        ))
    })?;
    let address = ipv4_address(address)?;
    let digits =
        (1..=2).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let octal = prefix.len() > 1 && prefix.starts_with('0');
    let network = prefix
        .parse()
        .ok()
        .filter(|_| digits && !octal)
        .and_then(|prefix| Ipv4Net::new(address, prefix).ok())
        .ok_or_else(|| {
            Unfit::new(format!(
                "`/{prefix}` is not a network's length; it is a number from 1 to 32"
            ))
        })?;
    if network.prefix_len() == 0 {
        return Err(Unfit::new("a network of length 0 is the whole internet"));
    }
    if network.trunc() != network {
        return Err(Unfit::new(format!(
            "{text} has bits set behind the network's length; the network is {}",
            network.trunc()
        )));
    }
    Ok(network)
}
