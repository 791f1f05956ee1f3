//! The schema of `lvs-ftp apply --output json`.

use super::DRAFT;
use crate::{
    path::Mode,
    plan::{Action, Stage},
    report::VERSION,
    resource::Kind,
};
use serde_json::{Map, Value, json};

/// The report's document.
#[must_use]
pub fn output() -> Value {
    let warning = record(&[("host", text("Its name in the inventory")), ("text", text("What to look at"))]);
    let error = record(&[
        ("host", text("Its name in the inventory")),
        ("status", words(&["failed", "unreachable"], "What became of it")),
        ("text", text("Why")),
    ]);
    let modes = Mode::ALL.map(Mode::word);
    let loss = record(&[
        ("host", text("Where packets are lost: its name in the inventory")),
        ("status", words(&["not_served"], "The host is as wanted, and clients are not served")),
        ("play", text("The play whose clients are not served")),
        ("mode", words(&modes, "What fails; with control all does")),
        ("text", text("What is lost where, and why")),
        ("cure", text("What a person does about it")),
    ]);
    let play = record(&[
        ("name", text("The play's name")),
        (
            "hosts",
            json!({"type": "array", "items": {"type": "string"}, "description": "Its hosts that were contacted"}),
        ),
        ("virtual_ip", text_or_null("The cluster's virtual IP; null for a play of tasks")),
        (
            "held_by",
            json!({"type": "array", "items": {"type": "string"}, "description": "Its routers that have the virtual IP"}),
        ),
    ]);
    let mut schema = record(&[
        ("version", json!({"const": VERSION, "description": "It grows when a field changes its meaning or goes"})),
        ("check", flag("Whether nothing was changed on purpose")),
        ("interrupted", flag("Whether a signal ended the run before it was done")),
        ("plays", list(&play)),
        ("changes", list(&change())),
        ("warnings", list(&warning)),
        ("errors", list(&json!({"oneOf": [error, loss]}))),
        ("stats", json!({"type": "object", "additionalProperties": stats(), "description": "Figures by host"})),
    ]);
    schema["$schema"] = json!(DRAFT);
    schema["title"] = json!("Report of lvs-ftp apply --output json");
    schema
}

fn change() -> Value {
    let kinds = Kind::TABLE.into_iter().filter(|(kind, ..)| *kind != Kind::Path);
    let kinds: Vec<&str> = kinds.map(|(_, name, _)| name).collect();
    let stages = Stage::ALL.map(|stage| stage.to_string());
    let actions = Action::ALL.map(|action| action.to_string());
    record(&[
        ("host", text("Its name in the inventory")),
        ("play", text("The play that wants it")),
        ("task", text_or_null("The task that wants it, where the play is one of tasks")),
        ("resource", words(&kinds, "The kind of thing")),
        ("state", words(&["running", "boot"], "What counts now, or what counts after the next start")),
        ("stage", words(&stages, "When it is made")),
        ("action", words(&actions, "What is done")),
        ("summary", text("What it is about, in a few words")),
        ("before", text_or_null("The thing as it was observed; null where it is not there")),
        ("after", text_or_null("The thing as it shall be; null where it goes")),
        ("diff", text("Both as a unified diff")),
        ("made", flag("Whether it is known to have been made")),
        ("held", flag("Whether it is held back because of what failed elsewhere")),
        ("held_because", text_or_null("Why")),
        ("draining", flag("Whether it waits for clients; that is no drift")),
        ("draining_left", text_or_null("For how much")),
    ])
}

fn stats() -> Value {
    let names = ["ok", "changed", "unreachable", "failed", "failures", "skipped", "rescued", "ignored"];
    let number = json!({"type": "integer", "minimum": 0});
    record(&names.map(|name| (name, number.clone())))
}

/// A map of just these keys.
fn record(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(key, schema)| ((*key).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(key, _)| *key).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn text(says: &str) -> Value {
    json!({"type": "string", "description": says})
}

fn text_or_null(says: &str) -> Value {
    json!({"type": ["string", "null"], "description": says})
}

fn flag(says: &str) -> Value {
    json!({"type": "boolean", "description": says})
}

fn words<S: serde::Serialize>(words: &[S], says: &str) -> Value {
    json!({"enum": words, "description": says})
}

fn list(item: &Value) -> Value {
    json!({"type": "array", "items": item})
}
