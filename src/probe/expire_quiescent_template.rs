//! `net.ipv4.vs.expire_quiescent_template`, as the kernel has it now (Linux' ipvs-sysctl documentation).

use super::Answer;
use crate::format::excerpt;

/// Where the kernel shows it and takes it. It is there once ip_vs is loaded, and 0 unless somebody sets it.
pub const PATH: &str = "/proc/sys/net/ipv4/vs/expire_quiescent_template";

pub(super) fn scripts() -> Vec<String> {
    vec![format!("[ -e {PATH} ] || exit 0\nexec cat {PATH}")]
}

pub(super) fn read(answers: &[Answer]) -> Result<bool, String> {
    let [answer] = answers else {
        return Err("the host did not answer".to_owned());
    };
    match answer.output("cat")?.trim_ascii() {
        b"" | b"0" => Ok(false),
        number if number.iter().skip(usize::from(number[0] == b'-')).all(u8::is_ascii_digit) => Ok(true),
        other => Err(format!("{PATH} is not a number: {}", excerpt(other))),
    }
}
