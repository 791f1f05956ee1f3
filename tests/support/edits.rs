//! Random edits of a play whose director is a daemon, the same in every run, and what each must come to.
#![allow(dead_code, reason = "each suite uses a part")]

use lvs_ftp::{
    plan::Change,
    run::{Outcome, Progress},
};
use serde_json::{Value, json};

/// The same numbers in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    pub fn of(&mut self, values: &[Value]) -> Value {
        values[self.below(values.len())].clone()
    }
}

/// How many kinds of edit [`edit`] knows.
pub const KINDS: usize = 8;

/// What is a director's own: a scheduler, and the key and the value that NAT needs among the routers.
pub struct Own {
    pub scheduler: &'static str,
    pub nat: (&'static str, Value),
}

/// One edit, of this kind, of what every director has.
pub fn edit(kind: usize, cluster: &mut Value, weights: &mut [u64; 4], own: Own, dice: &mut Dice) {
    let Own { scheduler, nat } = own;
    match kind {
        0 => cluster["scheduler"] = dice.of(&[json!("wlc"), json!("rr"), json!("sh"), json!(scheduler)]),
        1 => {
            cluster["persistence"] =
                dice.of(&[json!(300), json!(1), json!({"timeout": 77, "netmask": "255.255.255.0"})]);
        }
        2 => cluster["firewall_mark"] = dice.of(&[json!(21), json!(22), json!(2_147_483_647)]),
        3 => {
            let method = dice.of(&[json!("nat"), json!("direct"), json!("tunnel")]);
            let routers = cluster["routers"].as_object_mut().unwrap();
            routers.remove(nat.0);
            if method == "nat" {
                routers.insert(nat.0.to_owned(), nat.1);
            }
            cluster["forwarding"] = method;
        }
        4 | 5 => {
            let all = ["ftp", "ftp:!10.1.1.11", "ftp:!10.1.1.12", "10.1.1.13", "ftp:!10.1.1.14"];
            cluster["real_servers"]["hosts"] = json!(all[dice.below(all.len())]);
        }
        _ => weights[dice.below(4)] = [0, 1, 3, 65535][dice.below(4)],
    }
}

/// Rules that are no longer wanted wait for sessions on the real servers, which are not in these runs.
fn waits_for_servers(change: &Change) -> bool {
    change.summary.starts_with("mangle (stale)")
}

/// All that waits for nobody was made.
pub fn expect_made(outcome: &Outcome, what: &str) {
    assert_eq!(outcome.trouble, None, "{what}");
    let undone: Vec<String> = outcome
        .each()
        .filter(|(_, change, progress)| **progress != Progress::Made && !waits_for_servers(change))
        .map(|(_, change, progress)| format!("{}: {progress:?}", change.summary))
        .collect();
    assert!(undone.is_empty(), "{undone:#?} {what}");
}

/// Another look finds nothing to do.
pub fn expect_nothing(again: &Outcome, what: &str) {
    let left: Vec<&str> =
        again.changes().filter(|change| !waits_for_servers(change)).map(|change| change.summary.as_str()).collect();
    assert!(left.is_empty(), "{left:?} {what}");
}
