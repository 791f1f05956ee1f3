//! Which cases are run: all, or so many as a test run has time for.

use super::{
    Case,
    boundary::{Boundary, When},
    strike::Fault,
};
use std::collections::{BTreeMap, BTreeSet};

/// The ways to die at a boundary, in an order in which neighbours differ in everything. One more takes no turns:
/// [`Fault::Haste`], whose outcome without a lock on the host is a matter of luck.
const WAYS: [(When, Fault); 6] = [
    (When::After, Fault::Shell),
    (When::Before, Fault::Tool),
    (When::After, Fault::Connection),
    (When::Before, Fault::Shell),
    (When::After, Fault::Tool),
    (When::Before, Fault::Connection),
];

/// `LAB_CASE=TEXT`: those whose names contain that. `LAB_SOAK`: the whole matrix, where a process is cheap. Else a part of
/// it.
pub fn cases(boundaries: &[Boundary]) -> Vec<Case> {
    let hasty = |boundary: &Boundary| Case { fault: Fault::Haste, ..case(boundary, 1) };
    let matrix =
        boundaries.iter().flat_map(|boundary| (0..WAYS.len()).map(|way| case(boundary, way)).chain([hasty(boundary)]));
    if let Ok(text) = std::env::var("LAB_CASE") {
        return matrix.filter(|case| case.to_string().contains(&text)).collect();
    }
    if std::env::var("LAB_MODE").is_ok_and(|mode| mode == "uml") {
        return few(boundaries);
    }
    if std::env::var_os("LAB_SOAK").is_some() { matrix.collect() } else { some(boundaries) }
}

fn case(boundary: &Boundary, way: usize) -> Case {
    let (when, fault) = WAYS[way % WAYS.len()];
    Case { boundary: boundary.clone(), when, fault }
}

/// Every call that acts; of what leads to it and follows it, which is alike in all steps of a kind, every place once. The
/// ways to die take turns with each tool.
fn some(boundaries: &[Boundary]) -> Vec<Case> {
    let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
    let mut places = BTreeSet::new();
    let mut cases = Vec::new();
    for (index, boundary) in boundaries.iter().enumerate() {
        let tool = |index: usize| boundaries.get(index).map(Boundary::tool);
        let place = [tool(index.wrapping_sub(1)), tool(index), tool(index + 1)];
        // The undo guard's own notes are alike for all steps, too.
        if places.insert(place) || (boundary.acts() && !boundary.call.contains("/lvs-ftp/undo/")) {
            let turn = turns.entry(boundary.tool()).or_insert(0);
            cases.push(case(boundary, *turn));
            *turn += 1;
        }
    }
    cases
}

/// Where a process costs ten times as much, and IPVS is the kernel's: one of each kind of call that acts on it or on FTP.
fn few(boundaries: &[Boundary]) -> Vec<Case> {
    let kinds = ["ipvsadm -a", "ipvsadm -d", "mv -f -- /var/run/lvs-ftp/read-"];
    let first = |kind: &str| boundaries.iter().find(|boundary| boundary.call.starts_with(kind));
    kinds.iter().enumerate().filter_map(|(way, kind)| first(kind).map(|boundary| case(boundary, way))).collect()
}
