//! The files that are read at boot, held against the tools that read them: whatever a saved packet filter held, the
//! edited one loads as the same, plus and minus our rules. Needs root and the Debian packages iptables, iproute2, procps
//! and systemd.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

#[path = "saved/filter.rs"]
mod filter;
#[path = "saved/ipvs.rs"]
mod ipvs;
#[path = "saved/places.rs"]
mod places;
#[path = "support/root.rs"]
mod root;
mod support;
#[path = "saved/sysctl.rs"]
mod sysctl;
