//! Whatever dies at whatever moment, one plain run heals it: the tool (-9), the connection, or the shell on the host, at
//! every call of a tool on every host of a plan that touches everything.
//!
//! The product has no hook for this. A small script stands before each tool in PATH (tests/lab/faulty); it counts calls,
//! and at the chosen one waits until the fault is done.

mod boundary;
mod case;
mod processes;
mod snapshot;
mod start;
mod strike;
mod together;

use boundary::{Boundary, When};
use case::Stage;
use libtest_mimic::{Failed, Trial};
use std::time::Instant;
use strike::Fault;

/// One fault at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub boundary: Boundary,
    pub when: When,
    pub fault: Fault,
}

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![Trial::test("faults::any_death_at_any_boundary_heals", every_boundary)];
    trials.extend(together::trials());
    trials
}

fn every_boundary() -> Result<(), Failed> {
    let stage = Stage::set_up();
    let boundaries = stage.boundaries();
    let cases = chosen(&boundaries);
    println!("{} boundaries, {} cases", boundaries.len(), cases.len());
    let begun = Instant::now();
    let mut faults = Vec::new();
    for case in &cases {
        if let Err(text) = stage.run(case) {
            println!("{case}: failed");
            faults.push(format!("{case}\n{text}"));
        }
    }
    stage.serves();
    println!("{} cases in {:.0} s", cases.len(), begun.elapsed().as_secs_f32());
    if faults.is_empty() { Ok(()) } else { Err(Failed::from(format!("{} failed\n{}", faults.len(), faults.join("\n")))) }
}

const WAYS: [(When, Fault); 6] = [
    (When::Before, Fault::Tool),
    (When::After, Fault::Connection),
    (When::Before, Fault::Shell),
    (When::After, Fault::Tool),
    (When::Before, Fault::Connection),
    (When::After, Fault::Shell),
];

/// The whole matrix, or of it a part in which each boundary is hit, and each kind of tool in each way.
fn chosen(boundaries: &[Boundary]) -> Vec<Case> {
    let matrix = boundaries.iter().flat_map(|boundary| {
        WAYS.map(|(when, fault)| Case { boundary: boundary.clone(), when, fault })
    });
    if let Ok(name) = std::env::var("LAB_CASE") {
        return matrix.filter(|case| case.name() == name).collect();
    }
    if std::env::var_os("LAB_SOAK").is_some() {
        return matrix.collect();
    }
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    let mut cases = Vec::new();
    let mut add = |boundary: &Boundary, way: usize| {
        let (when, fault) = WAYS[way % WAYS.len()];
        cases.push(Case { boundary: boundary.clone(), when, fault });
    };
    for boundary in boundaries {
        let kind = boundary.tool();
        let place = kinds.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            kinds.push((kind, 0));
            kinds.len() - 1
        });
        add(boundary, kinds[place].1);
        kinds[place].1 += 1;
    }
    for (kind, count) in kinds {
        if let Some(boundary) = boundaries.iter().rfind(|boundary| boundary.tool() == kind && boundary.acts()) {
            (count..WAYS.len()).for_each(|way| add(boundary, way));
        }
    }
    cases
}

impl Case {
    /// For LAB_CASE.
    fn name(&self) -> String {
        let Boundary { host, number, .. } = &self.boundary;
        format!("{host}:{number}:{}:{}", self.when, self.fault)
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name(), self.boundary.call)
    }
}
