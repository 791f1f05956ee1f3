//! A finding: what is lost, why, and what cures it.

use schemars::JsonSchema;
use serde::Serialize;

/// Something that keeps clients from being served.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Finding {
    /// What clients lose, in one sentence.
    pub verdict: String,
    /// Why.
    pub cause: String,
    /// What to do, in the words of the host's tools where they have some.
    pub cure: String,
}
