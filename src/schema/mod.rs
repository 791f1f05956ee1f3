//! JSON Schemas (draft 2020-12) of what is read and of what is printed, made from the tables that the reader itself uses.

mod output;

use crate::{
    doctor::DoctorDocument,
    inventory, playbook,
    report::{
        StatusDocument,
        history::{HistoryDocument, Record},
    },
    source::{Field, Shape},
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

pub use output::output;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Text without control characters.
const PRINTABLE: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

/// What makes a schema.
pub type Make = fn() -> Value;

/// Every schema, with the name that `lvs-ftp schema` knows it by.
pub const TABLE: [(&str, Make); 7] = [
    ("playbook", playbook),
    ("output", output),
    ("host-vars", host_vars),
    ("status", printed::<StatusDocument>),
    ("doctor", printed::<DoctorDocument>),
    ("history", printed::<HistoryDocument<'_>>),
    ("log", printed::<Record>),
];

/// A playbook.
#[must_use]
pub fn playbook() -> Value {
    let fields = |tables: &[&[Field]]| tables.concat();
    let cluster = map(&fields(&[playbook::FIELDS, playbook::KINDS]));
    let tasks = map(&fields(&[playbook::FIELDS, playbook::TASKS]));
    json!({
        "$schema": DRAFT,
        "title": "lvs-ftp playbook",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            // So that an editor says what is wrong within a play, not that it is neither.
            "if": {"required": ["tasks"]},
            "then": tasks,
            "else": cluster,
        },
    })
}

/// What lvs-ftp itself reads of a host's variables. Others are the user's own, but none by a name like ours.
#[must_use]
pub fn host_vars() -> Value {
    let mut schema = map(inventory::FIELDS);
    schema["$schema"] = json!(DRAFT);
    schema["title"] = json!("Variables of a host for lvs-ftp");
    schema["additionalProperties"] = json!(true);
    let names: Vec<&str> = inventory::FIELDS.iter().map(|field| field.key).collect();
    let other = json!({"not": {"pattern": format!("^{}", inventory::PREFIX)}});
    schema["propertyNames"] = json!({"anyOf": [{"enum": names}, other]});
    schema
}

/// What is printed as it is typed.
fn printed<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

fn map(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|field| (field.key.to_owned(), described(field))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn described(field: &Field) -> Value {
    let mut schema = shape(&field.shape);
    schema["description"] = json!(field.says);
    schema
}

fn shape(shape_of: &Shape) -> Value {
    match shape_of {
        Shape::Text => json!({"type": "string", "pattern": PRINTABLE}),
        Shape::Matching(pattern) => json!({"type": "string", "pattern": pattern}),
        Shape::Number(low, u64::MAX) => json!({"type": "integer", "minimum": low}),
        Shape::Number(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::List(item) => json!({"type": "array", "minItems": 1, "items": shape(item)}),
        Shape::AnyList(item) => json!({"type": "array", "items": shape(item)}),
        Shape::Map(fields) => map(fields),
        Shape::MapOf(keys, value) => json!({
            "type": "object",
            "propertyNames": {"pattern": keys},
            "additionalProperties": shape(value),
        }),
        Shape::Choice(common, choices) => {
            let mut schema = map(&[*common, *choices].concat());
            let ways: Vec<Value> = choices.iter().map(|field| json!({"required": [field.key]})).collect();
            schema["oneOf"] = json!(ways);
            schema
        }
        Shape::OneOf(shapes) => json!({"anyOf": shapes.iter().map(shape).collect::<Vec<_>>()}),
    }
}
