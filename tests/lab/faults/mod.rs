//! Whatever dies at whatever moment, one plain run heals it: the tool (-9), the connection, or the shell on the host, at
//! every call of a tool on every host of a plan that touches everything.
//!
//! The product has no hook for this. A small script stands before each tool in PATH (tests/lab/faulty); it counts calls,
//! and at the chosen one waits until the fault is done.

mod boundary;
pub mod case;
mod choice;
mod processes;
mod snapshot;
mod start;
mod strike;

use crate::{compare::lines, machines::Trial};
use boundary::{Boundary, When};
use case::{Stage, expect_service};
use std::time::Instant;
use strike::Fault;

/// One fault at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub boundary: Boundary,
    pub when: When,
    pub fault: Fault,
}

/// One trial for each of two machines.
pub fn trials() -> Vec<Trial> {
    const PARTS: usize = 2;
    let one = |part: usize| {
        let name = format!("faults::any_death_at_any_boundary_heals::part_{}_of_{PARTS}", part + 1);
        Trial::new(name, move || every_boundary(part, PARTS))
    };
    (0..PARTS).map(one).collect()
}

/// Every case whose turn it is in this part of so many.
fn every_boundary(part: usize, parts: usize) -> Result<(), String> {
    let stage = Stage::set_up();
    let boundaries = stage.boundaries();
    let cases: Vec<Case> = choice::cases(&boundaries).into_iter().skip(part).step_by(parts).collect();
    eprintln!("{} boundaries, {} cases", boundaries.len(), cases.len());
    let told = std::env::var_os("LAB_CASE").is_some();
    if told {
        for boundary in &boundaries {
            eprintln!("{boundary}");
        }
    }
    let begun = Instant::now();
    let (mut failed, mut missed) = (Vec::new(), Vec::new());
    for case in &cases {
        let result = stage.run(case);
        if told {
            eprintln!("{:.1} s: {case}", begun.elapsed().as_secs_f32());
        }
        match result {
            Ok(true) => {}
            Ok(false) => missed.push(case.to_string()),
            Err(text) => {
                eprintln!("failed: {case}\n{text}");
                failed.push(case.to_string());
            }
        }
    }
    expect_service();
    eprintln!("{} cases in {:.0} s", cases.len(), begun.elapsed().as_secs_f32());
    if !failed.is_empty() {
        return Err(format!("{} failed:\n{}", failed.len(), lines(failed)));
    }
    // What a host does by itself beside the script may count too, so that now and then a run has a call less.
    if missed.len() * 20 > cases.len() {
        return Err(format!("{} were never reached:\n{}", missed.len(), lines(missed)));
    }
    Ok(())
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
        write!(f, "{} {}", self.name(), self.boundary.call)
    }
}
