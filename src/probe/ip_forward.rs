//! `net.ipv4.ip_forward`, as the kernel has it now (Linux' ip-sysctl documentation).

use super::Answer;
use crate::format::excerpt;

/// Where the kernel shows it and takes it; there on every kernel, with or without the tool `sysctl`.
pub const PATH: &str = "/proc/sys/net/ipv4/ip_forward";

/// By `cat`: a shell's own `read` takes one byte at a time, and the kernel shows a parameter to the first reading only.
pub(super) fn scripts() -> Vec<String> {
    vec![format!("exec cat {PATH}")]
}

pub(super) fn read(answers: &[Answer]) -> Result<bool, String> {
    let [answer] = answers else {
        return Err("the host did not answer".to_owned());
    };
    match answer.output("cat")?.trim_ascii() {
        b"1" => Ok(true),
        b"0" => Ok(false),
        other => Err(format!("{PATH} is neither 0 nor 1: {}", excerpt(other))),
    }
}
