//! Trees of JSON and YAML, and what their errors say.
