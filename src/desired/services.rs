//! The services that a cluster's hosts need, and what the playbook says of these and others.

use crate::{
    playbook::{Director, Services},
    probe::Probe,
    resource::{Service, Wish},
};
use camino::Utf8Path;
use std::collections::BTreeSet;

/// What a router needs at boot: something that loads the packet filter, and the director.
pub(super) fn of_router(director: Director) -> Vec<Service> {
    match director {
        Director::Ipvsadm => vec![packet_filter(), ipvsadm()],
        // A saved table would be in the daemon's way.
        Director::Keepalived | Director::Piranha => {
            let daemon = if director == Director::Piranha { "pulse" } else { "keepalived" };
            let off = Service { wish: Wish::AtBoot(BTreeSet::from([3, 5]), false), ..ipvsadm() };
            vec![packet_filter(), at_boot(&[daemon], daemon), off]
        }
    }
}

/// What loads the saved packet filter at boot.
pub(super) fn packet_filter() -> Service {
    let filter = ["netfilter-persistent", "iptables-persistent", "iptables"];
    let purpose = "what loads the packet filter at boot (Debian: iptables-persistent; Red Hat: iptables-services)";
    Service { witness: Some(Probe::FilterOwners), ..at_boot(&filter, purpose) }
}

/// What loads the saved IPVS table at boot.
pub(super) fn ipvsadm() -> Service {
    at_boot(&["ipvsadm"], "ipvsadm")
}

/// What a real server needs, now and at boot.
pub(super) fn of_real_server(conf: Option<&Utf8Path>) -> Vec<Service> {
    let boot = at_boot(&["vsftpd"], "vsftpd");
    let witness = Some(Probe::Vsftpd(conf.map(Utf8Path::to_owned)));
    vec![Service { wish: Wish::Running(true), witness, ..boot.clone() }, boot]
}

fn at_boot(names: &[&str], purpose: &str) -> Service {
    Service {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        purpose: purpose.to_owned(),
        wish: Wish::AtBoot(BTreeSet::from([3, 5]), true),
        witness: None,
    }
}

/// One service has several names on different distributions; the playbook's comes first.
const SYNONYMS: [[&str; 2]; 2] = [["sshd", "ssh"], ["cron", "crond"]];

/// A state of a service that somebody names.
pub(super) fn named(name: &str, wish: Wish) -> Service {
    Service { names: names(name), purpose: name.to_owned(), wish, witness: None }
}

fn names(name: &str) -> Vec<String> {
    let others = SYNONYMS.iter().filter(|pair| pair.contains(&name)).flatten().filter(|other| **other != name);
    std::iter::once(name).chain(others.copied()).map(str::to_owned).collect()
}

/// The states of services that the playbook itself names.
pub(super) fn stated(own: &Services) -> Vec<Service> {
    let mut all = Vec::new();
    for (name, service) in own {
        let one = |wish| named(name, wish);
        all.push(one(Wish::AtBoot(service.runlevels.clone(), service.enabled)));
        all.extend(service.running.map(|running| one(Wish::Running(running))));
    }
    all
}
