//! A kernel parameter as the kernel has it now, by its name (sysctl(8)).

use super::Answer;
use crate::format::{excerpt, sh};

/// Where the kernel shows it and takes it. Where the first mark between two words is a dot, dots part the words, and a
/// slash stands for a dot within one; else it is the other way round.
#[must_use]
pub fn path(name: &str) -> String {
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    match name.find(['.', '/']) {
        Some(at) if name[at..].starts_with('.') => format!("/proc/sys/{}", name.chars().map(swap).collect::<String>()),
        _ => format!("/proc/sys/{name}"),
    }
}

pub(super) fn scripts(name: &str) -> Vec<String> {
    let path = sh::word(&path(name));
    vec![format!("if [ -e {path} ]; then exec cat {path}; else echo {path} is not there >&2; exit 3; fi")]
}

/// The value with single blanks, which may be tabs: the kernel has lists of numbers.
pub(super) fn read(name: &str, answers: &[Answer]) -> Result<String, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    if answer.status == 3 {
        return Err(format!("the kernel has no parameter {name}: mend its name, or load the module that brings it"));
    }
    let value = answer.output("cat")?;
    let value = std::str::from_utf8(value).map_err(|_| format!("it is not text: {}", excerpt(value)))?;
    Ok(value.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn names_as_sysctl_takes_them() {
        for (name, is) in [
            ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
            ("net/ipv4/ip_forward", "/proc/sys/net/ipv4/ip_forward"),
            ("net.ipv4.conf.eth0/100.rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
            ("net/ipv4/conf/eth0.100/rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
        ] {
            assert_eq!(path(name), is);
        }
    }
}
