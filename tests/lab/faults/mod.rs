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

use crate::compare::lines;
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

/// The trial.
pub fn every_boundary() -> Result<(), String> {
    let stage = Stage::set_up();
    let boundaries = stage.boundaries();
    let cases = choice::cases(&boundaries);
    println!("{} boundaries, {} cases", boundaries.len(), cases.len());
    let told = std::env::var_os("LAB_CASE").is_some();
    if told {
        for boundary in &boundaries {
            println!("{boundary}");
        }
    }
    let begun = Instant::now();
    let (mut failed, mut missed) = (Vec::new(), Vec::new());
    for case in &cases {
        let result = stage.run(case);
        if told {
            println!("{:.1} s: {case}", begun.elapsed().as_secs_f32());
        }
        match result {
            Ok(true) => {}
            Ok(false) => missed.push(case.to_string()),
            Err(text) => {
                println!("failed: {case}\n{text}");
                failed.push(case.to_string());
            }
        }
    }
    expect_service();
    println!("{} cases in {:.0} s", cases.len(), begun.elapsed().as_secs_f32());
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
