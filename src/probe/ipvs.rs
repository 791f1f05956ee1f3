//! The IPVS table: `-S -n` for services and destinations, `--thresholds` for what that leaves out.

use super::Answer;
use crate::format::{ipvs::IpvsTable, ipvs_thresholds};

pub(super) fn scripts() -> Vec<String> {
    vec!["ipvsadm -S -n".to_owned(), "ipvsadm -L -n --thresholds".to_owned()]
}

pub(super) fn read(answers: &[Answer]) -> Result<IpvsTable, String> {
    let [saved, listed] = answers else {
        return Err("the host did not answer".to_owned());
    };
    let text = saved.output("ipvsadm").map_err(|why| match saved.status {
        127 => why,
        _ => format!("{why}. Has its kernel ip_vs (modprobe ip_vs), and are we root there?"),
    })?;
    let mut table = IpvsTable::parse(text).map_err(|malformed| format!("ipvsadm -S -n, {malformed}"))?;
    let listing = listed.output("ipvsadm")?;
    ipvs_thresholds::join(&mut table, listing).map_err(|malformed| format!("ipvsadm -L, {malformed}"))?;
    Ok(table)
}
