//! What facts mean, as a digest: two equal ones leave the same to be done. What moves by itself is not in it.

use super::{Fact, Facts, Ipvs, Keepalived, PacketFilter, Piranha, Probe, SavedIpvs, SysctlFiles, Vsftpd};
use crate::format::iptables_save::IptablesSave;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

impl Facts {
    /// For each probe, by its name, the digest of what its answer means. A probe without an answer is not in it.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, String> {
        let known = self.0.iter().filter_map(|(probe, fact)| Some((probe, fact.as_ref().ok()?)));
        // Nothing is planned from the path of packets: it is only looked at.
        let known = known.filter(|(probe, _)| !matches!(probe, Probe::RouterPath | Probe::ServerPath(_)));
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        for (probe, fact) in known {
            // Two questions may have one name, such as two lists of services.
            let sum = sums.entry(probe.to_string()).or_default();
            sum.add(&format!("{probe:?}\n"));
            meaning(fact, sum);
            sum.add("\n");
        }
        sums.into_iter().map(|(name, sum)| (name, hexadecimal(&sum.0.finalize()))).collect()
    }
}

/// What a digest is made of, piece by piece: a big router's rules are not put together for it once more.
#[derive(Default)]
struct Sum(Sha256);

impl Sum {
    fn add(&mut self, text: &str) {
        self.0.update(text);
    }
}

/// The digest of a text: 64 hexadecimal digits.
#[must_use]
pub fn digest(text: &[u8]) -> String {
    hexadecimal(&Sha256::digest(text))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds a fact's meaning as text. A new field must be taken in here, or left out on purpose.
fn meaning(fact: &Fact, sum: &mut Sum) {
    let text = match fact {
        Fact::PacketFilter(found) => {
            let PacketFilter { backend, version, dump, other } = &**found;
            sum.add(&format!("{backend:?} {version:?}\n"));
            rules(dump, sum);
            if let Some(other) = other {
                sum.add("\nthe other\n");
                rules(other, sum);
            }
            return;
        }
        Fact::Ipvs(Ipvs { table, connections: _ }) => {
            let text = table.render() + &thresholds(table);
            let mut lines: Vec<&str> = text.lines().collect();
            // The kernel keeps no order.
            lines.sort_unstable();
            lines.join("\n")
        }
        Fact::IpForward(on) | Fact::ExpireQuiescentTemplate(on) => on.to_string(),
        Fact::Vsftpd(found) => {
            let Vsftpd { conf, text, daemons, lingering: _, is_from_the_future } = &**found;
            format!("{is_from_the_future} {conf}\n{daemons:?}\n{}", digest(text))
        }
        Fact::SavedFilter(found) => {
            format!("{:?} {}\n{}", found.path, found.exists, digest(found.dump.render()))
        }
        Fact::SavedIpvs(found) => {
            let SavedIpvs { path, text, file: _, defaults } = &**found;
            format!("{path:?}\n{text:?}\n{defaults:?}")
        }
        Fact::SysctlFiles(SysctlFiles { systemd, has_folder, files, special }) => {
            let files: Vec<_> = files.iter().map(|(path, text)| (path, digest(text))).collect();
            format!("{systemd} {has_folder}\n{files:?}\n{special:?}")
        }
        Fact::FilterOwners(found) => format!("{found:?}"),
        Fact::Directors(found) => format!("{found:?}"),
        Fact::Sysctl(value) => value.clone(),
        Fact::TextFile(text) => format!("{:?}", text.as_deref().map(digest)),
        Fact::Held(found) => format!("{found:?}"),
        Fact::DefaultGateway(found) => format!("{found:?}"),
        Fact::QuietArp(found) => format!("{found:?}"),
        Fact::Keepalived(found) => {
            // What its health checks find moves by itself.
            let Keepalived { text, included, shell, disabled, daemon, other, down: _ } = &**found;
            let included: Vec<_> = included.iter().map(|(path, conf)| (path, digest(conf.render()))).collect();
            let text = text.as_deref().map(digest);
            format!("{daemon:?} {other:?} {included:?} {shell} {disabled:?}\n{text:?}")
        }
        Fact::Piranha(found) => {
            // What the nannies find moves by itself.
            let Piranha { text, pulse, other, is_active, nannies } = &**found;
            let mut told: Vec<_> = nannies.iter().map(|one| (one.mark, one.address, one.port, one.weight)).collect();
            told.sort_unstable();
            format!("{pulse:?} {other:?} {is_active} {told:?}\n{:?}", text.as_deref().map(digest))
        }
        Fact::UndoGuards(found) => format!("{found:?}"),
        // Where a virtual IP is says only in which order routers change.
        Fact::Addresses(_) | Fact::RouterPath(_) | Fact::ServerPath(_) => String::new(),
        Fact::Services(found) => format!("{found:?}"),
    };
    sum.add(&text);
}

/// Adds a dump without its comments, which tell the time, and its counters. A chain that only accepts, and a table of such
/// chains, are there as soon as somebody looks for them.
fn rules(dump: &IptablesSave, sum: &mut Sum) {
    let text = String::from_utf8_lossy(dump.render());
    let mut table = Some("");
    for line in text.lines().map(uncounted) {
        let accepts = line.starts_with(':') && line.ends_with(" ACCEPT");
        if line.starts_with('*') {
            table = Some(line);
        } else if !line.is_empty() && !line.starts_with('#') && line != "COMMIT" && !accepts {
            for piece in [table.take().unwrap_or_default(), "\n", line, "\n"] {
                sum.add(piece);
            }
        }
    }
}

/// `:INPUT ACCEPT [12:345]` and `[12:345] -A …` without the figures.
fn uncounted(line: &str) -> &str {
    let line = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((_, rest)) => rest,
        None => line,
    };
    match line.strip_prefix(':').and_then(|_| line.rsplit_once(" [")) {
        Some((chain, _)) => chain,
        None => line,
    }
}

/// What `ipvsadm -S` leaves out.
fn thresholds(table: &crate::format::ipvs::IpvsTable) -> String {
    let all = table.services.iter().flat_map(|service| &service.destinations);
    all.map(|destination| format!("{} {:?}\n", destination.address, destination.thresholds)).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::{Answer, Facts, IptablesCommand, Probe};

    fn digest_of(dump: &str) -> String {
        let answer = |text: &str| Answer { stdout: text.as_bytes().to_vec(), ..Answer::default() };
        let probe = Probe::PacketFilter(IptablesCommand::default());
        let facts = Facts::read([&probe], [answer(dump), answer("iptables v1.8.9 (legacy)\n")]);
        facts.digests().remove("the packet filter").unwrap()
    }

    #[test]
    fn time_and_counters_do_not_count() {
        let dump =
            "# Generated by iptables-save v1.8.9 on Mon\n*nat\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n";
        let first = digest_of(dump);
        assert_eq!(first.len(), 64);
        for (from, to, same) in [
            ("on Mon", "on Tue", true),
            ("[0:0]", "[17:1234]", true),
            ("-A INPUT", "[5:6] -A INPUT", true),
            ("COMMIT\n", "COMMIT\n*mangle\n:INPUT ACCEPT [0:0]\nCOMMIT\n", true),
            ("*nat", "*filter", false),
            ("INPUT ACCEPT [", "INPUT DROP [", false),
            ("-j ACCEPT", "-j DROP", false),
            ("COMMIT", "-A INPUT -j ACCEPT\nCOMMIT", false),
        ] {
            assert_eq!(digest_of(&dump.replace(from, to)) == first, same, "{to}");
        }
    }

    /// What could not be read has no digest.
    #[test]
    fn the_unknown_is_not_in_it() {
        let facts = Facts::read([&Probe::IpForward], [Answer { status: 1, ..Answer::default() }]);
        assert!(facts.digests().is_empty());
    }
}
