//! The names of things that change, so that the same drift has the same name in every run.

use crate::{format::vsftpd_conf::VsftpdConf, plan::Change, resource::Kind};

/// What a change is about, without its values: options of vsftpd.conf one by one. Empty for what only follows from
/// another change.
pub(super) fn things(kind: Kind, change: &Change) -> Vec<String> {
    let words = |count: usize| change.summary.split(' ').take(count).collect::<Vec<_>>().join(" ");
    let before_colon = || change.summary.split(": ").next().unwrap_or_default().to_owned();
    let first = || change.summary.split(' ').next().unwrap_or_default().to_owned();
    match kind {
        Kind::VsftpdConf => VsftpdConf::parse(&change.before).differing(&VsftpdConf::parse(&change.after)),
        Kind::VsftpdReload | Kind::KeepalivedConf | Kind::LvsCf if change.summary.ends_with("it changes") => Vec::new(),
        Kind::VsftpdReload => vec!["vsftpd's reading of its file".to_owned()],
        Kind::VirtualService if change.summary.starts_with("destination ") => {
            vec![words(2).trim_end_matches(':').to_owned()]
        }
        Kind::VirtualService => vec![words(4)],
        Kind::IpForward | Kind::ExpireQuiescentTemplate | Kind::SavedFilter | Kind::SavedIpvs | Kind::BootSysctl => {
            vec![before_colon()]
        }
        Kind::KeepalivedConf => vec!["keepalived's file".to_owned()],
        Kind::LvsCf => vec!["lvs.cf".to_owned()],
        Kind::QuietArp => vec!["net.ipv4.conf.all.arp_ignore and arp_announce".to_owned()],
        Kind::DefaultGateway => vec!["the default gateway".to_owned()],
        Kind::Address => vec![words(2)],
        Kind::AddressAtBoot => vec!["the virtual IP at boot".to_owned()],
        Kind::ServiceRunning => vec![format!("service {}", first())],
        Kind::ServiceAtBoot => vec![format!("service {} at boot", first())],
        Kind::MarkRules => vec![rule("mark rule", &change.summary)],
        Kind::Sysctl => vec![before_colon()],
        Kind::ConfigLine => vec![format!("a line of {}", before_colon())],
        Kind::IptablesRule => vec![rule("rule", &change.summary)],
        Kind::NatRule => vec![rule("NAT rule", &change.summary)],
        Kind::UndoGuard | Kind::Path => vec![change.summary.clone()],
    }
}

/// A rule by the ports that it matches.
fn rule(name: &str, summary: &str) -> String {
    let mut words = summary.split(' ').skip_while(|word| !matches!(*word, "--dport" | "--dports" | "--sport"));
    words.nth(1).map_or_else(|| format!("{name} without ports"), |ports| format!("{name} for port {ports}"))
}
