//! A cluster at a glance: what holds the virtual IP, what is served by whom, how many connections, and what differs.

mod json;

pub use json::StatusDocument;

use super::{history::Cluster, names::names, text_table};
use crate::{
    format::{
        ipvs::{Service, ServiceKey},
        printable,
    },
    probe::{Facts, Ipvs},
    run::{Outcome, Progress, Trouble},
};
use anstyle::{AnsiColor, Style};

/// More hosts than this in one state are counted, not named.
const NAMED: usize = 10;

const GOOD: Style = AnsiColor::Green.on_default();
const DIFFERS: Style = AnsiColor::Yellow.on_default();
const BROKEN: Style = AnsiColor::Red.on_default();

/// One look at the hosts.
#[derive(Debug)]
pub struct Status<'a> {
    /// The clusters, as the playbook wants them.
    pub clusters: &'a [Cluster],
    /// The hosts that were looked at, each with what was found.
    pub seen: &'a [(Outcome, Facts)],
    /// When, for people and programs.
    pub time: &'a str,
}

/// A router's part of one cluster.
struct Router<'a> {
    name: &'a str,
    /// Whether it holds the virtual IP, where that is known.
    holds: Option<bool>,
    /// The IPVS table with its connections, where it is known.
    ipvs: Option<&'a Ipvs>,
    key: ServiceKey,
    outcome: &'a Outcome,
}

impl<'a> Router<'a> {
    /// The service of the cluster's mark.
    fn service(&self) -> Option<&'a Service> {
        self.ipvs?.table.service(&self.key)
    }
}

/// A destination, as it is wanted, as it is, or both.
struct Destination {
    router: String,
    server: Option<String>,
    address: String,
    wanted: Option<i64>,
    weight: Option<i64>,
    /// Active and inactive connections.
    load: (u64, u64),
}

impl Status<'_> {
    /// For people, with colours.
    #[must_use]
    pub fn human(&self) -> String {
        let mut text = String::new();
        for cluster in self.clusters {
            let (low, high) = cluster.passive;
            text.push_str(&format!(
                "{}: {}, mark {}, ports {} and {low}:{high}, {}\n\n",
                printable(&cluster.play),
                cluster.virtual_ip,
                cluster.mark,
                cluster.port,
                cluster.forwarding
            ));
            let routers = self.routers(cluster);
            let rows = routers.iter().map(|router| {
                let holds = router.holds.map_or("unknown", |holds| if holds { "here" } else { "-" });
                let service = match (router.ipvs, router.service()) {
                    (None, _) => "unknown".to_owned(),
                    (_, None) => "absent".to_owned(),
                    (_, Some(service)) => described(service),
                };
                vec![router.name.to_owned(), holds.to_owned(), service, drift(router.outcome).1]
            });
            text.push_str(&text_table(&["ROUTER", "VIRTUAL IP", "SERVICE", "DRIFT"], &rows.collect::<Vec<_>>()));
            let rows: Vec<Vec<String>> = destinations(cluster, &routers).iter().map(row).collect();
            text.push_str(&text_table(&["ROUTER", "DESTINATION", "SERVER", "WEIGHT", "ACTIVE", "INACTIVE"], &rows));
            let servers = cluster.servers.iter().filter_map(|server| {
                let (outcome, facts) = self.of(&server.host)?;
                Some(vec![server.host.clone(), server.ip.to_string(), daemon(facts).1, drift(outcome).1])
            });
            text.push_str(&text_table(&["REAL SERVER", "ADDRESS", "VSFTPD", "DRIFT"], &servers.collect::<Vec<_>>()));
        }
        text + &self.summary()
    }

    fn of(&self, host: &str) -> Option<(&Outcome, &Facts)> {
        self.seen.iter().find(|(outcome, _)| outcome.host == host).map(|(outcome, facts)| (outcome, facts))
    }

    /// The cluster's routers that were looked at.
    fn routers(&self, cluster: &Cluster) -> Vec<Router<'_>> {
        let router = |(outcome, facts)| Self::router(cluster, outcome, facts);
        cluster.routers.iter().filter_map(|name| self.of(name)).map(router).collect()
    }

    fn router<'s>(cluster: &Cluster, outcome: &'s Outcome, facts: &'s Facts) -> Router<'s> {
        Router {
            name: &outcome.host,
            holds: facts.addresses().ok().map(|known| known.contains(&cluster.virtual_ip)),
            ipvs: facts.ipvs().ok(),
            key: ServiceKey::mark(cluster.mark),
            outcome,
        }
    }

    /// What to look at, in one line each.
    fn summary(&self) -> String {
        let mut text = String::new();
        for cluster in self.clusters {
            let holders: Vec<&str> = self
                .routers(cluster)
                .iter()
                .filter(|router| router.holds == Some(true))
                .map(|router| router.name)
                .collect();
            let all_known =
                cluster.routers.iter().all(|name| self.of(name).is_some_and(|(_, facts)| facts.addresses().is_ok()));
            let play = printable(&cluster.play);
            if holders.len() > 1 {
                text.push_str(&format!(
                    "{BROKEN}{play}: {} hold the virtual IP at once{BROKEN:#}\n",
                    holders.join(" and ")
                ));
            } else if holders.is_empty() && all_known {
                text.push_str(&format!("{BROKEN}{play}: no router holds the virtual IP{BROKEN:#}\n"));
            }
        }
        let states: Vec<&str> = self.seen.iter().map(|(outcome, _)| drift(outcome).0).collect();
        let count = |wanted: &str| states.iter().filter(|state| **state == wanted).count();
        for (state, style) in STATES.into_iter().zip([BROKEN, BROKEN, BROKEN, DIFFERS, GOOD, GOOD]) {
            if count(state) > 0 {
                text.push_str(&format!("{style}{}: {}{style:#}\n", state.replace('_', " "), self.named(state)));
            }
            for (outcome, _) in self.seen.iter().filter(|(outcome, _)| drift(outcome).0 == state).take(NAMED) {
                if let Some(Trouble::Failed(why) | Trouble::Unreachable(why)) = &outcome.trouble {
                    text.push_str(&format!("    {}: {}\n", printable(&outcome.host), first_line(why)));
                }
                for lost in outcome.losses() {
                    text.push_str(&format!("    {}: {}\n", printable(&outcome.host), printable(&lost.to_string())));
                }
            }
        }
        if count("drift") > 0 {
            text.push_str("`lvs-ftp apply --check --diff` shows what differs, `lvs-ftp apply` removes it.\n");
        }
        text
    }

    fn named(&self, state: &str) -> String {
        let hosts = self.seen.iter().filter(|(outcome, _)| drift(outcome).0 == state);
        names(&hosts.map(|(outcome, _)| outcome.host.as_str()).collect::<Vec<_>>(), NAMED)
    }
}

fn described(service: &Service) -> String {
    match &service.persistence {
        Some(timeout) => format!("{}, persistent {} s", printable(&service.scheduler), timeout.seconds),
        None => format!("{}, not persistent", printable(&service.scheduler)),
    }
}

/// How a host may be, what is worst first.
const STATES: [&str; 6] = ["failed", "unreachable", "not_served", "drift", "draining", "converged"];

/// A host's state in a word of [`STATES`], and in a few.
fn drift(outcome: &Outcome) -> (&'static str, String) {
    let count =
        |drains: bool| outcome.each().filter(|(_, _, how)| matches!(how, Progress::Draining(_)) == drains).count();
    let draining = if count(true) > 0 { format!("{} draining", count(true)) } else { String::new() };
    match &outcome.trouble {
        Some(Trouble::Unreachable(_)) => ("unreachable", "unreachable".to_owned()),
        Some(Trouble::Failed(_)) => ("failed", "failed".to_owned()),
        None if outcome.is_not_serving() => {
            let rest = if count(false) > 0 { format!(", {} to change", count(false)) } else { String::new() };
            ("not_served", format!("loses clients{rest}"))
        }
        None if count(false) > 0 => {
            let rest = if draining.is_empty() { draining } else { format!(", {draining}") };
            ("drift", format!("{} to change{rest}", count(false)))
        }
        None if !draining.is_empty() => ("draining", draining),
        None => ("converged", "none".to_owned()),
    }
}

/// What fits into a line.
fn first_line(text: &str) -> String {
    printable(text.lines().next().unwrap_or_default())
}

/// vsftpd on a host, in a word and in a few.
fn daemon(facts: &Facts) -> (Option<&'static str>, String) {
    let (word, text) = match facts.any_vsftpd() {
        None => return (None, "unknown".to_owned()),
        Some(found) if found.daemons.is_empty() => ("no_daemon", "no daemon"),
        Some(found) if found.daemons.iter().all(|daemon| daemon.has_read) => ("runs", "runs"),
        Some(_) => ("reload_owed", "runs, has not read its file"),
    };
    (Some(word), text.to_owned())
}

/// Every destination that is wanted or there, router by router.
fn destinations(cluster: &Cluster, routers: &[Router<'_>]) -> Vec<Destination> {
    let mut all = Vec::new();
    for router in routers {
        let Some(ipvs) = router.ipvs else { continue };
        let known = router.service().map_or(&[][..], |service| &service.destinations);
        for one in known {
            let server = cluster.servers.iter().find(|server| one.address == format!("{}:0", server.ip));
            all.push(Destination {
                router: router.name.to_owned(),
                server: server.map(|server| server.host.clone()),
                address: one.address.clone(),
                wanted: server.map(|server| server.weight.into()),
                weight: Some(one.weight),
                load: ipvs.connections.load(&router.key, &one.address),
            });
        }
        for server in &cluster.servers {
            let address = format!("{}:0", server.ip);
            if known.iter().all(|one| one.address != address) {
                all.push(Destination {
                    router: router.name.to_owned(),
                    server: Some(server.host.clone()),
                    address,
                    wanted: Some(server.weight.into()),
                    weight: None,
                    load: (0, 0),
                });
            }
        }
    }
    all
}

fn row(one: &Destination) -> Vec<String> {
    let weight = match (one.weight, one.wanted) {
        (Some(is), Some(wanted)) if is == wanted => is.to_string(),
        (Some(is), Some(wanted)) => format!("{is}, wanted {wanted}"),
        (Some(is), None) => format!("{is}, not wanted"),
        (None, _) => "absent".to_owned(),
    };
    let load = |count: u64| if one.weight.is_some() { count.to_string() } else { "-".to_owned() };
    let server = one.server.clone().unwrap_or_else(|| "-".to_owned());
    vec![one.router.clone(), printable(&one.address), server, weight, load(one.load.0), load(one.load.1)]
}
