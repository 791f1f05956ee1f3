//! `ipvsadm -L -n --thresholds`: the attributes of destinations that `-S` leaves out.

use super::{
    Malformed,
    ipvs::{IpvsTable, ServiceKey},
};

/// Puts the thresholds of a listing into the table that was printed just before it.
///
/// A destination of the table that the listing lacks is an error: the table changed between the two, or one was cut.
pub fn join(table: &mut IpvsTable, listing: &[u8]) -> Result<(), Malformed> {
    let malformed = |line: usize, what, text: &str| Malformed { line, what, text: text.trim_end().into() };
    let listing_text = String::from_utf8_lossy(listing);
    let mut key = None;
    let mut seen = 0;
    for (number, line) in listing_text.split('\n').enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["FWM", mark, "IPv6", ..] => key = Some(vec!["-f", mark, "-6"]),
            ["FWM", mark, ..] => key = Some(vec!["-f", mark]),
            ["TCP", address, ..] => key = Some(vec!["-t", address]),
            ["UDP", address, ..] => key = Some(vec!["-u", address]),
            ["SCTP", address, ..] => key = Some(vec!["--sctp-service", address]),
            ["->", address, upper, lower, _active, _inactive] => {
                let what = "this destination is not in the table printed before: it changed meanwhile";
                let (Some(key), Ok(upper), Ok(lower)) = (&key, upper.parse(), lower.parse()) else {
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
        Ok(())
    } else {
        let what = "the listing lacks destinations of the table printed before: it changed meanwhile or was cut off";
        Err(malformed(listing_text.lines().count(), what, ""))
    }
}
