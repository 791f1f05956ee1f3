//! The IPVS table: `-S -n` for services and destinations, `--thresholds` for what that leaves out.

use super::Answer;
use crate::format::{
    ipvs::{IpvsTable, ServiceKey},
    ipvs_thresholds::{self, Connections},
};

/// The table, and what it forwards at the moment.
#[derive(Debug, Clone)]
pub struct Ipvs {
    /// Services and destinations.
    pub table: IpvsTable,
    /// The connections of each destination.
    pub connections: Connections,
}

impl Ipvs {
    /// The connections of a mark's service to all destinations but these (`10.1.1.11:0`).
    #[must_use]
    pub fn connections_beside(&self, mark: u32, staying: &[String]) -> u64 {
        let key = ServiceKey::mark(mark);
        let destinations = self.table.service(&key).map_or(&[][..], |service| &service.destinations);
        let leaving = destinations.iter().filter(|known| !staying.contains(&known.address));
        leaving.map(|known| self.connections.to(&key, &known.address)).fold(0, u64::saturating_add)
    }
}

pub(super) fn scripts() -> Vec<String> {
    vec!["exec ipvsadm -S -n".to_owned(), "exec ipvsadm -L -n --thresholds".to_owned()]
}

pub(super) fn read(answers: &[Answer]) -> Result<Ipvs, String> {
    let [saved, listed] = answers else {
        return Err("the host did not answer".to_owned());
    };
    let text = saved.output("ipvsadm").map_err(|why| match saved.status {
        127 => why,
        _ => format!("{why}; has its kernel ip_vs (modprobe ip_vs), and are we root there?"),
    })?;
    let mut table = IpvsTable::parse(text).map_err(|malformed| format!("ipvsadm -S -n, {malformed}"))?;
    let listing = listed.output("ipvsadm")?;
    let connections =
        ipvs_thresholds::join(&mut table, listing).map_err(|malformed| format!("ipvsadm -L, {malformed}"))?;
    Ok(Ipvs { table, connections })
}
