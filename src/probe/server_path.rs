//! What packets meet on a real server: its own rules, its routes, and what listens there.

use super::{
    Answer, IptablesCommand,
    routes::{Routes, route},
};
use crate::format::{iptables_save::IptablesSave, sh};
use std::{collections::BTreeMap, net::Ipv4Addr};

/// What packets meet on a real server.
#[derive(Debug, Clone, Default)]
pub struct ServerPath {
    /// Its routes.
    pub routes: Routes,
    /// For each interface the value of rp_filter.
    pub rp_filter: BTreeMap<String, u32>,
    /// Addresses and ports of IPv4 TCP sockets that listen.
    pub listens: Vec<(Ipv4Addr, u16)>,
    /// Ports at which a socket listens on all IPv6 addresses: nearly always it takes IPv4 too.
    pub listens_on_any6: Vec<u16>,
    /// Its own IPv4 rules, where it has iptables and shows them.
    pub filter: Option<IptablesSave>,
}

/// Two processes, and one where iptables is there: what is not there says nothing.
pub(super) fn scripts(command: &IptablesCommand) -> Vec<String> {
    let save = command.sibling("-save");
    let tool = sh::word(save.iter().find(|word| !word.starts_with('-')).map_or("iptables-save", String::as_str));
    vec![
        "cd /proc/sys/net/ipv4 || exit\n\
             grep -s . conf/*/rp_filter /proc/net/route\n\
             grep -s ' 0A ' /proc/net/tcp /proc/net/tcp6\n:"
            .to_owned(),
        format!("command -v {tool} >/dev/null 2>&1 || exit 0\nexec {}", sh::words(&save)),
    ]
}

pub(super) fn read(answers: Vec<Answer>) -> Result<ServerPath, String> {
    let Ok([kernel, saved]) = <[Answer; 2]>::try_from(answers) else {
        return Err("the host did not answer".to_owned());
    };
    let text = String::from_utf8_lossy(kernel.output("grep")?).into_owned();
    let mut found = ServerPath::default();
    for line in text.lines() {
        let Some((file, value)) = line.split_once(':') else { continue };
        match file {
            "/proc/net/route" => found.routes.0.extend(route(value)),
            "/proc/net/tcp" => found.listens.extend(socket(value)),
            "/proc/net/tcp6" => found.listens_on_any6.extend(socket6(value)),
            _ => {
                if let Some(name) = file.strip_prefix("conf/").and_then(|file| file.strip_suffix("/rp_filter")) {
                    found.rp_filter.insert(name.to_owned(), value.parse().unwrap_or(0));
                }
            }
        }
    }
    // Rules that cannot be read are no reason to leave a real server out: nothing is changed in them.
    found.filter = match saved.status {
        0 => IptablesSave::parse(saved.stdout).ok(),
        _ => None,
    };
    Ok(found)
}

/// `   0: 0B072C0A:0015 00000000:0000 0A …`: address in the machine's order of bytes, port in the network's.
fn socket(line: &str) -> Option<(Ipv4Addr, u16)> {
    let (address, port) = line.split_whitespace().nth(1)?.split_once(':')?;
    let bits = u32::from_str_radix(address, 16).ok()?;
    Some((Ipv4Addr::from(bits.swap_bytes()), u16::from_str_radix(port, 16).ok()?))
}

fn socket6(line: &str) -> Option<u16> {
    let (address, port) = line.split_whitespace().nth(1)?.split_once(':')?;
    address.bytes().all(|byte| byte == b'0').then(|| u16::from_str_radix(port, 16).ok()).flatten()
}

impl ServerPath {
    /// Whether something takes connections to this address and port.
    #[must_use]
    pub fn listens_at(&self, address: Ipv4Addr, port: u16) -> bool {
        let here = |(at, listens): &(Ipv4Addr, u16)| *listens == port && (*at == address || at.is_unspecified());
        self.listens.iter().any(here) || self.listens_on_any6.contains(&port)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Answer, read};

    #[test]
    fn sockets_routes_and_rules() {
        let text = "conf/tunl0/rp_filter:1\n\
             /proc/net/route:eth0\t00000000\tFE072C0A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
             /proc/net/tcp:   0: 0B072C0A:0015 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n\
             /proc/net/tcp6:   1: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0 0\n";
        let rules = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n";
        let answer = |text: &str, status| Answer { stdout: text.into(), status, ..Answer::default() };
        let found = read(vec![answer(text, 0), answer(rules, 0)]).unwrap();
        assert_eq!(found.rp_filter["tunl0"], 1);
        assert_eq!(found.routes.default_gateway().unwrap().to_string(), "10.44.7.254");
        let [here, other] = ["10.44.7.11", "10.44.7.12"].map(|text| text.parse().unwrap());
        assert!(found.listens_at(here, 21) && !found.listens_at(other, 21));
        assert!(found.listens_at(here, 22) && !found.listens_at(here, 23));
        assert!(found.filter.is_some());
        assert!(read(vec![answer(text, 0), answer("", 4)]).unwrap().filter.is_none());
    }
}
