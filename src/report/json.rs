//! The report as one JSON document.

use super::{Report, Stats, diff};
use crate::{
    path::Finding,
    plan::Change,
    run::{Item, Outcome, Progress, Trouble},
};
use serde_json::{Map, Value, json};

/// The document's version: it grows when a field changes its meaning or goes.
pub(crate) const VERSION: u32 = 1;

/// The document.
#[must_use]
pub fn json(report: &Report) -> Value {
    let changes: Vec<Value> = report.outcomes.iter().flat_map(changes).collect();
    let stats: Map<String, Value> =
        report.outcomes.iter().map(|outcome| (outcome.host.clone(), stats(outcome, report.check))).collect();
    json!({
        "version": VERSION,
        "check": report.check,
        "interrupted": report.interrupted,
        "plays": report.plays.iter().map(|(name, hosts)| play(report, name, hosts)).collect::<Vec<_>>(),
        "changes": changes,
        "warnings": report.outcomes.iter().flat_map(warnings).collect::<Vec<_>>(),
        "errors": report.outcomes.iter().flat_map(errors).collect::<Vec<_>>(),
        "stats": stats,
    })
}

/// A play with its hosts, and who of them holds its virtual IP.
fn play(report: &Report, name: &str, hosts: &[String]) -> Value {
    let holds = |outcome: &&Outcome| hosts.contains(&outcome.host) && report.holds(outcome, name).is_some();
    let held_by: Vec<&String> = report.outcomes.iter().filter(holds).map(|outcome| &outcome.host).collect();
    json!({"name": name, "hosts": hosts, "virtual_ip": report.virtual_ips.get(name), "held_by": held_by})
}

fn changes(outcome: &Outcome) -> Vec<Value> {
    let change = |item: &Item, change: &Change, progress: &Progress| {
        let why = |text: &String| Value::from(text.clone());
        let (held, draining) = match progress {
            Progress::Held(text) => (why(text), Value::Null),
            Progress::Draining(text) => (Value::Null, why(text)),
            Progress::Planned | Progress::Made => (Value::Null, Value::Null),
        };
        json!({
            "host": outcome.host,
            "play": item.play,
            "task": item.task,
            "resource": item.kind.name(),
            "state": item.kind.tag(),
            "stage": change.stage.to_string(),
            "action": change.action.to_string(),
            "summary": change.summary,
            "before": text(&change.before),
            "after": text(&change.after),
            "diff": diff::unified(item.kind.name(), [change]),
            "made": *progress == Progress::Made,
            "held": !held.is_null(),
            "held_because": held,
            "draining": !draining.is_null(),
            "draining_left": draining,
        })
    };
    let of_item =
        |item: &Item| -> Vec<Value> { item.each().map(|(one, progress)| change(item, one, progress)).collect() };
    outcome.items.iter().flat_map(of_item).collect()
}

/// The changes of a host with what is run for each, and without how far they have come: a plan has not begun.
pub(super) fn changes_with_commands(outcome: &Outcome) -> Vec<Value> {
    let mut all = changes(outcome);
    for (value, change) in all.iter_mut().zip(outcome.changes()) {
        if let Value::Object(fields) = value {
            fields.shift_remove("made");
            fields.shift_remove("held");
            fields.insert("commands".to_owned(), Value::from(change.step.commands()));
        }
    }
    all
}

/// Text of a thing; null when it is not there.
fn text(bytes: &[u8]) -> Value {
    if bytes.is_empty() { Value::Null } else { Value::from(String::from_utf8_lossy(bytes)) }
}

fn warnings(outcome: &Outcome) -> Vec<Value> {
    outcome.warnings().map(|warning| json!({"host": outcome.host, "text": warning})).collect()
}

/// What loses clients' packets for certain, though it is not lvs-ftp's to change.
fn losses(outcome: &Outcome) -> Vec<Value> {
    let loss = |finding: &Finding| {
        json!({
            "host": outcome.host,
            "status": "not_served",
            "play": finding.play,
            "mode": finding.mode.word(),
            "text": finding.text,
            "cure": finding.cure,
        })
    };
    outcome.losses().map(loss).collect()
}

fn errors(outcome: &Outcome) -> Vec<Value> {
    error(outcome).into_iter().chain(losses(outcome)).collect()
}

fn error(outcome: &Outcome) -> Option<Value> {
    let trouble = outcome.trouble.as_ref()?;
    let status = if matches!(trouble, Trouble::Unreachable(_)) { "unreachable" } else { "failed" };
    Some(json!({"host": outcome.host, "status": status, "text": trouble.text()}))
}

/// A host's figures under the names of Ansible's recap, and of its JSON callback, which says `failures`.
fn stats(outcome: &Outcome, check: bool) -> Value {
    let Stats { ok, changed, unreachable, failed, skipped } = Stats::of(outcome, check);
    json!({
        "ok": ok,
        "changed": changed,
        "unreachable": unreachable,
        "failed": failed,
        "failures": failed,
        "skipped": skipped,
        "rescued": 0,
        "ignored": 0,
    })
}
