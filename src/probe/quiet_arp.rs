//! Whether the kernel keeps quiet about addresses that other interfaces have (Linux' ip-sysctl documentation).

use super::Answer;
use crate::format::excerpt;

/// The folder of the switches for all interfaces.
pub const FOLDER: &str = "/proc/sys/net/ipv4/conf/all";

/// What the kernel does with ARP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    /// `arp_ignore`: whose questions it answers.
    pub ignore: u8,
    /// `arp_announce`: with which address it asks.
    pub announce: u8,
}

pub(super) fn scripts() -> Vec<String> {
    vec![format!("exec cat {FOLDER}/arp_ignore {FOLDER}/arp_announce")]
}

pub(super) fn read(answers: &[Answer]) -> Result<Arp, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    let text = answer.output("cat")?;
    let numbers: Option<Vec<u8>> =
        String::from_utf8_lossy(text).split_whitespace().map(|word| word.parse().ok()).collect();
    match numbers.as_deref() {
        Some([ignore, announce]) => Ok(Arp { ignore: *ignore, announce: *announce }),
        _ => Err(format!("{FOLDER}/arp_ignore and arp_announce are no numbers: {}", excerpt(text))),
    }
}
