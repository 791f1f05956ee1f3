//! Why does FTP fail? What real sessions met, joined to what the hosts show, as findings with a cause and a cure.
//!
//! Everything here is a function of its arguments: [`plan`] says which sessions to make, [`Examination`] what they tell.

mod document;
mod examination;
mod finding;
mod plan;
mod text;
mod touched;

pub use document::DoctorDocument;
pub use examination::{Examination, Lost, SessionResult};
pub use finding::Finding;
pub use plan::{Plan, Planned, Via, plan};
pub use touched::{CONNECTIONS, servers_of};
