//! Playbooks, read strictly.
