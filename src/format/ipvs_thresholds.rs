//! `ipvsadm -L -n --thresholds`: the attributes of destinations that `-S` leaves out, and their connections.

use super::{
    Malformed,
    ipvs::{IpvsTable, ServiceKey},
};
use std::collections::BTreeMap;

/// How many connections the router has for each destination, active and inactive. They are counters and no
/// attributes, so they are not in the table: nothing is ever compared with them.
///
/// A persistence template is no connection, and is not counted. It need not be: a client that has nothing else is given
/// to another server when it comes again, because the kernel drops a template whose server is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connections(BTreeMap<ServiceKey, BTreeMap<String, (u64, u64)>>);

impl Connections {
    /// Those of one destination of a service, active and inactive together.
    #[must_use]
    pub fn to(&self, key: &ServiceKey, address: &str) -> u64 {
        let (active, inactive) = self.load(key, address);
        active.saturating_add(inactive)
    }

    /// Active and inactive connections of one destination of a service.
    #[must_use]
    pub fn load(&self, key: &ServiceKey, address: &str) -> (u64, u64) {
        self.0.get(key).and_then(|service| service.get(address)).copied().unwrap_or_default()
    }
}

/// Puts the thresholds of a listing into the table that was printed just before it, and returns the connections.
///
/// A destination of the table that the listing lacks is an error: the table changed between the two, or one was cut.
pub fn join(table: &mut IpvsTable, listing: &[u8]) -> Result<Connections, Malformed> {
    let malformed = |line: usize, what, text: &str| Malformed { line, what, text: text.trim_end().into() };
    let listing_text = String::from_utf8_lossy(listing);
    let mut key = None;
    let mut seen = 0;
    let mut connections = Connections::default();
    for (number, line) in listing_text.split('\n').enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["FWM", mark, "IPv6", ..] => key = Some(vec!["-f", mark, "-6"]),
            ["FWM", mark, ..] => key = Some(vec!["-f", mark]),
            ["TCP", address, ..] => key = Some(vec!["-t", address]),
            ["UDP", address, ..] => key = Some(vec!["-u", address]),
            ["SCTP", address, ..] => key = Some(vec!["--sctp-service", address]),
            ["->", address, upper, lower, active, inactive] => {
                let what = "this destination is not in the table printed before: it changed meanwhile";
                let counts = active.parse::<u64>().and_then(|active| Ok((active, inactive.parse()?)));
                let (Some(key), Ok(upper), Ok(lower), Ok(count)) = (&key, upper.parse(), lower.parse(), counts) else {
                    return Err(malformed(number + 1, "this is not a line of ipvsadm -L --thresholds", line));
                };
                let key = ServiceKey::from_words(key.iter().map(|word| (*word).to_owned()).collect());
                let destination = table
                    .services
                    .iter_mut()
                    .find(|service| service.key == key)
                    .and_then(|service| service.destinations.iter_mut().find(|known| known.address == *address))
                    .ok_or_else(|| malformed(number + 1, what, line))?;
                destination.thresholds = (upper, lower);
                connections.0.entry(key).or_default().insert((*address).to_owned(), count);
                seen += 1;
            }
            ["IP" | "Prot" | "->", ..] | [] => {}
            _ => {
                return Err(malformed(number + 1, "this is not a line of ipvsadm -L --thresholds", line));
            }
        }
    }
    let printed: usize = table.services.iter().map(|service| service.destinations.len()).sum();
    if seen == printed {
        Ok(connections)
    } else {
        let what = "the listing lacks destinations of the table printed before: it changed meanwhile or was cut off";
        Err(malformed(listing_text.lines().count(), what, ""))
    }
}
