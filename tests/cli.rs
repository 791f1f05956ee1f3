//! The program as a whole: the binary is run, and what it prints, its exit status and what it left behind are looked at.
//! Needs root and the programs of the lab machine, where tests/lab/suite runs it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod support;

mod cli {
    mod background;
    mod control;
    mod daemon;
    mod host;
    mod router;
    mod whole;

    mod all_scripts;
    mod answers;
    mod bounds;
    mod colours;
    mod descriptors;
    mod failures;
    mod forks;
    mod hostile_inputs;
    mod hostile_values;
    mod human;
    mod inventory;
    mod json;
    mod kept;
    mod leftovers;
    mod local;
    mod locks;
    mod log;
    mod lost_locks;
    mod manual;
    mod metrics;
    mod old_bash;
    mod old_shells;
    mod plan_file;
    mod quiet;
    mod reload;
    mod schedule;
    mod signals;
    mod ssh;
    mod sshd;
    mod starts;
    mod status;
    mod statuses;
    mod syslog;
    mod terminal;
    mod undo;
    mod usage;
}
