//! What packets meet on a router beside its rules: which interface leads where, and what the kernel does with them there.

use super::{
    Answer,
    routes::{Routes, route},
};
use std::collections::BTreeMap;

/// What packets meet on a router.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouterPath {
    /// Its routes.
    pub routes: Routes,
    /// For each interface whether what comes in by it is forwarded.
    pub forwarding: BTreeMap<String, bool>,
    /// `net.ipv4.vs.conntrack`; off where the kernel has no IPVS yet.
    pub ipvs_conntrack: bool,
    /// Whether the helper ip_vs_ftp is there, as a module or built in.
    pub has_ftp_helper: bool,
}

const VS_CONNTRACK: &str = "vs/conntrack";

/// One process reads it all. Files that are not there say nothing.
pub(super) fn scripts() -> Vec<String> {
    vec![format!(
        "cd /proc/sys/net/ipv4 || exit\n[ ! -d /sys/module/ip_vs_ftp ] || echo ip_vs_ftp\n\
         grep -s . conf/*/forwarding {VS_CONNTRACK} /proc/net/route\n:"
    )]
}

pub(super) fn read(answers: &[Answer]) -> Result<RouterPath, String> {
    let [answer] = answers else { return Err("the host did not answer".to_owned()) };
    let text = String::from_utf8_lossy(answer.output("grep")?).into_owned();
    let mut found = RouterPath::default();
    for line in text.lines() {
        if line == "ip_vs_ftp" {
            found.has_ftp_helper = true;
        }
        let Some((file, value)) = line.split_once(':') else { continue };
        let name = |end: &str| file.strip_prefix("conf/")?.strip_suffix(end).map(str::to_owned);
        if let Some(interface) = name("/forwarding") {
            found.forwarding.insert(interface, value == "1");
        } else if file == VS_CONNTRACK {
            found.ipvs_conntrack = value != "0";
        } else if file == "/proc/net/route" {
            found.routes.0.extend(route(value));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Answer, read};

    #[test]
    fn interfaces_lead_somewhere() {
        let text = "ip_vs_ftp\nconf/all/forwarding:1\nconf/eth0.5/forwarding:0\nvs/conntrack:1\n\
             /proc/net/route:Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
             /proc/net/route:eth0\t00000000\tFE0071CB\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
             /proc/net/route:eth1\t00072C0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let found = read(&[Answer { stdout: text.into(), ..Answer::default() }]).unwrap();
        assert!(found.has_ftp_helper && found.ipvs_conntrack);
        assert_eq!((found.forwarding["all"], found.forwarding["eth0.5"]), (true, false));
        assert_eq!(found.routes.interface("10.44.7.11".parse().unwrap()), Some("eth1"));
        assert_eq!(found.routes.interface("192.0.2.1".parse().unwrap()), Some("eth0"));
        assert_eq!(found.routes.default_gateway().unwrap().to_string(), "203.113.0.254");
        assert!(read(&[Answer { status: 1, ..Answer::default() }]).is_err());
    }
}
