//! Twenty runs at once on one cluster: some work, the others wait or leave, and nothing is there twice.

use crate::faults::case::{Stage, start_run};

const RUNS: usize = 20;

/// The trial.
pub fn twenty_at_once() -> Result<(), String> {
    let stage = Stage::set_up();
    for (arguments, allowed) in [("", &[0, 5][..]), ("--lock-wait 120", &[0])] {
        stage.restore();
        let runs: Vec<_> = (0..RUNS).map(|_| start_run(&stage.site, arguments)).collect();
        let statuses: Vec<i32> = runs.into_iter().map(|mut run| run.wait().unwrap().code().unwrap_or(-1)).collect();
        let worked = statuses.contains(&0);
        if !worked || !statuses.iter().all(|status| allowed.contains(status)) {
            return Err(format!("apply {arguments}: {statuses:?}"));
        }
        stage.heals()?;
    }
    Ok(())
}
