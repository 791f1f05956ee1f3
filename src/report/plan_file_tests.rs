//! A plan file is read as it was written.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{PlanFile, Planned, VERSION};
use crate::source::Source;
use proptest::prelude::*;
use serde_json::json;

fn plan(text: &str, digest: &str) -> PlanFile {
    let change = json!({"summary": text, "before": null, "commands": [text], "n": 1});
    PlanFile {
        version: VERSION,
        lvs_ftp: "0.1.0".to_owned(),
        made: "2026-01-02T03:04:05Z".to_owned(),
        inputs: digest.to_owned(),
        hosts: vec![Planned {
            host: "lvs1".to_owned(),
            observed: [("the packet filter".to_owned(), digest.to_owned())].into(),
            changes: vec![change],
        }],
    }
}

proptest! {
    #[test]
    fn written_and_read(text in "\\PC{0,20}[\u{0}-\u{20}\"\\\\]{0,5}", digest in "[0-9a-f]{64}") {
        let plan = plan(&text, &digest);
        let read = PlanFile::read(&Source::new("plan.json", plan.render())).unwrap();
        prop_assert_eq!(&read, &plan);
        prop_assert!(plan.moved(&read).is_empty());
    }

    /// Whatever is cut off or turned, the file is refused or says the same; it never panics.
    #[test]
    fn damage_is_seen(at in 0..400_usize, with in "\\PC{0,3}") {
        let text = plan("x", "0").render();
        let at = at.min(text.len());
        prop_assert!(PlanFile::read(&Source::new("plan.json", &text[..at])).is_err() || text[at..].trim().is_empty());
        let _ = PlanFile::read(&Source::new("plan.json", format!("{}{with}{}", &text[..at], &text[at..])));
    }
}

#[test]
fn each_move_is_told() {
    let told = |one: &PlanFile, two: &PlanFile| one.moved(two).join("; ");
    let (one, other) = (plan("x", "0"), plan("y", "0"));
    assert_eq!(told(&one, &other), "lvs1: what is to be done is not what the plan says");
    let moved = plan("x", "1");
    assert_eq!(
        told(&one, &moved),
        "inventory, playbook or options mean something else than when the plan was made; \
         lvs1: the packet filter changed since the plan was made"
    );
    let mut later = one.clone();
    later.made = "2027".to_owned();
    assert_eq!(told(&one, &later), "");
}
