//! The program as a whole: the binary is run, and what it prints, its exit status and what it left behind are looked at.
//! Needs root and the Debian packages of the Makefile.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

mod support;

mod cli {
    mod control;
    mod host;

    mod colours;
    mod human;
    mod json;
    mod statuses;
    mod usage;
}
