//! Keeps FTP clusters behind Linux Virtual Server in their desired state.
//!
//! The rooms, in the order in which a run goes through them; ARCHITECTURE.md tells the flow.

pub mod lvs;

pub mod source;

pub mod inventory;
pub mod playbook;

pub mod desired;

pub mod resource;

pub mod path;

pub mod probe;

pub mod format;

pub mod plan;

pub mod host;

pub mod ftp_client;

pub mod doctor;

pub mod run;

pub mod report;

pub mod schema;

pub mod cli;
