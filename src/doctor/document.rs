//! The JSON document of `doctor`.

use super::{Examination, Finding, SessionResult};
use schemars::JsonSchema;
use serde::Serialize;

/// The version of this format.
const VERSION: u32 = 1;

/// What a doctor's look says of all clusters.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DoctorDocument {
    /// The version of this format; it counts up when a field changes its meaning or goes.
    pub version: u32,
    /// When, as RFC 3339 has it.
    pub time: String,
    /// The clusters, in the playbook's order.
    pub clusters: Vec<Examined>,
}

/// One cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Examined {
    /// The play's name.
    pub play: String,
    /// Whether clients are served, as far as that was tried; null when nothing could tell.
    pub served: Option<bool>,
    /// Where the clients' sessions began.
    pub client: String,
    /// What keeps clients from being served.
    pub findings: Vec<Finding>,
    /// What else there is to know.
    pub remarks: Vec<String>,
    /// The sessions.
    pub sessions: Vec<SessionResult>,
}

impl DoctorDocument {
    /// The document.
    #[must_use]
    pub fn new(time: &str, examinations: &[Examination<'_>]) -> Self {
        let examined = |examination: &Examination<'_>| Examined {
            play: examination.cluster.play.clone(),
            served: examination.served(),
            client: examination.client.clone(),
            findings: examination.findings(),
            remarks: examination.remarks(),
            sessions: examination.sessions.clone(),
        };
        Self { version: VERSION, time: time.to_owned(), clusters: examinations.iter().map(examined).collect() }
    }

    /// The document as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
