//! `--local`: this machine's own part of the work, done from here, with no other host.

use super::{inputs::Work, refusal::Refusal};
use crate::{
    host::{Machine, takes_connections},
    inventory::{Connection, HostVars},
    report::history::Cluster,
};
use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Mutex, PoisonError},
};

/// Leaves of the work what is this machine's. A name that is given is believed.
pub(super) fn narrowed(mut work: Work, name: &str) -> Result<Work, Refusal> {
    let machine = Machine::this().map_err(|why| format!("failed to find out which machine this is: {why}"))?;
    let hosts: Vec<&HostVars> = work.targets.iter().map(|target| &target.host).collect();
    let own = match name {
        "" => found(&hosts, &machine)?,
        name if hosts.iter().any(|host| host.name == name) => name.to_owned(),
        name => return Err(format!("--local={name}: the playbook has nothing for a host of this name").into()),
    };
    work.targets.retain(|target| target.host.name == own);
    for target in &mut work.targets {
        target.host.connection = Connection::Local;
        target.host.become_.take_if(|become_| machine.is_root && become_.user == "root");
    }
    for (_, hosts) in &mut work.plays {
        hosts.retain(|host| *host == own);
    }
    work.plays.retain(|(_, hosts)| !hosts.is_empty());
    Ok(work)
}

/// The one host of the playbook that is this machine.
fn found(hosts: &[&HostVars], machine: &Machine) -> Result<String, String> {
    let mine: Vec<&str> = hosts.iter().filter(|host| is(host, machine)).map(|host| host.name.as_str()).collect();
    let hint = "say which one it is: --local=NAME";
    match mine.as_slice() {
        [own] => Ok((*own).to_owned()),
        [] => {
            let addresses: Vec<String> = machine.addresses.iter().map(ToString::to_string).collect();
            let addresses = if addresses.is_empty() { "no IPv4 address".to_owned() } else { addresses.join(", ") };
            Err(format!("none of the playbook's hosts is this machine ({}, {addresses}); {hint}", machine.name))
        }
        several => Err(format!("several of the playbook's hosts are this machine: {}; {hint}", several.join(", "))),
    }
}

/// By its name in the inventory, by the address or name that it is reached by, or by its address on the real network.
fn is(host: &HostVars, machine: &Machine) -> bool {
    let is_named = |text: &str| match text.parse::<Ipv4Addr>() {
        Ok(address) => machine.addresses.contains(&address),
        Err(_) => is_same_name(text, &machine.name),
    };
    let reached = if let Connection::Ssh { address, .. } = &host.connection { Some(address) } else { None };
    is_named(&host.name)
        || reached.is_some_and(|address| is_named(address))
        || host.real_ip.is_some_and(|address| machine.addresses.contains(&address))
}

/// `lvs1` is `lvs1.example.org`; of two names with domains the domains count.
fn is_same_name(one: &str, two: &str) -> bool {
    let (one, two) = (one.trim_end_matches('.').to_ascii_lowercase(), two.trim_end_matches('.').to_ascii_lowercase());
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    !one.is_empty() && (one == two || ((!one.contains('.') || !two.contains('.')) && first(&one) == first(&two)))
}

/// Asks real servers once whether they take connections at their control port.
pub(super) struct Answers<'a> {
    clusters: &'a [Cluster],
    known: Mutex<BTreeMap<(String, String), Result<(), String>>>,
}

impl<'a> Answers<'a> {
    pub fn new(clusters: &'a [Cluster]) -> Self {
        Self { clusters, known: Mutex::default() }
    }

    /// Whether clients can be sent to a play's real server, as far as this machine sees. An error says why not.
    pub fn of(&self, play: &str, host: &str) -> Result<(), String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = known.entry((play.to_owned(), host.to_owned())).or_insert_with(|| {
            let cluster = self.clusters.iter().find(|cluster| cluster.play == play);
            let found = cluster.and_then(|cluster| {
                Some((cluster.servers.iter().find(|server| server.host == host)?.ip, cluster.port))
            });
            found.map_or(Ok(()), |(address, port)| takes_connections(address, port))
        });
        asked.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::is_same_name;

    #[test]
    fn names_with_and_without_domain() {
        for (one, two, same) in [
            ("lvs1", "lvs1", true),
            ("lvs1", "LVS1.example.org", true),
            ("lvs1.example.org.", "lvs1", true),
            ("lvs1.example.org", "lvs1.example.net", false),
            ("lvs1", "lvs10", false),
            ("", "", false),
        ] {
            assert_eq!(is_same_name(one, two), same, "{one} {two}");
        }
    }
}
