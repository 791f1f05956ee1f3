//! What the sessions of one cluster tell.

use super::{Finding, Via};
use crate::{
    ftp_client::{Failure, Mode, Step, Trial, Why},
    path::{self, Weight},
    report::history::{Cluster, Server},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// A session that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SessionResult {
    /// The way that it took.
    pub via: Via,
    /// The real server that it met, where that is known.
    pub server: Option<String>,
    /// What came of it.
    pub trial: Trial,
}

/// What a host's facts show to be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The host.
    pub host: String,
    /// The clients who lose it.
    pub mode: path::Mode,
    /// What it is.
    pub finding: Finding,
}

impl Lost {
    /// Whether a session in this mode fails by it.
    fn shows(&self, mode: Mode) -> bool {
        match self.mode {
            path::Mode::Control => true,
            path::Mode::Passive => matches!(mode, Mode::Pasv | Mode::Epsv),
            path::Mode::Active => matches!(mode, Mode::Port | Mode::Eprt),
        }
    }
}

/// Everything that is known of one cluster.
#[derive(Debug, Clone)]
pub struct Examination<'a> {
    /// The cluster, as it is wanted.
    pub cluster: &'a Cluster,
    /// Where the clients' sessions began: a host of the inventory, or `this machine`.
    pub client: String,
    /// The router that asked the real servers.
    pub router: Option<String>,
    /// The sessions.
    pub sessions: Vec<SessionResult>,
    /// What the hosts show already: what is lost for certain.
    pub lost: Vec<Lost>,
    /// What could not be looked at or tried, and why.
    pub unknown: Vec<String>,
}

impl Examination<'_> {
    /// Takes in what a host's facts say of this cluster's packets: what is lost for certain is a finding, what may be
    /// lost is told.
    pub fn take(&mut self, host: &str, found: &[path::Finding]) {
        for one in found.iter().filter(|one| one.play == self.cluster.play) {
            match one.weight {
                Weight::Lost => {
                    let verdict = match one.mode {
                        path::Mode::Control => "no client is served",
                        path::Mode::Passive => "passive clients are not served",
                        path::Mode::Active => "active clients are not served",
                    };
                    let (verdict, cause) = (verdict.to_owned(), format!("{host}: {}", one.text));
                    let finding = Finding { verdict, cause, cure: one.cure.clone() };
                    self.lost.push(Lost { host: host.to_owned(), mode: one.mode, finding });
                }
                Weight::MayBeLost => self.unknown.push(format!("{host}: {one}")),
            }
        }
    }

    /// Whether clients are served, as far as that was tried. Nothing when no session came far enough to tell.
    #[must_use]
    pub fn served(&self) -> Option<bool> {
        if !self.findings().is_empty() {
            return Some(false);
        }
        let conclusive = self.by_clients().filter(|trial| !is_inconclusive(trial.failure.as_ref()));
        let mut conclusive = conclusive.peekable();
        conclusive.peek().is_some().then(|| conclusive.all(|trial| trial.failure.is_none()))
    }

    /// What keeps clients from being served: what hosts show first, then what sessions met.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut all: Vec<Finding> = self.lost.iter().map(|lost| lost.finding.clone()).collect();
        let servers = self.cluster.servers.iter().flat_map(|server| self.faults_of(server));
        all.extend(servers);
        all.extend(self.faults_between());
        all
    }

    /// What sessions show beside failures.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut all = self.unknown.clone();
        if let Some(failure) =
            self.by_clients().filter_map(|trial| trial.failure.as_ref()).find(|failure| is_inconclusive(Some(failure)))
        {
            all.push(match failure.step {
                Step::Login => {
                    format!("data connections were not tried: {failure}; give a user with --login FILE, or try --tls")
                }
                _ => format!(
                    "{} has no route to {}: begin elsewhere with --from HOST",
                    self.client, self.cluster.virtual_ip
                ),
            });
        }
        let virtual_ip = self.cluster.virtual_ip;
        let foreign = self.by_clients().filter_map(|trial| trial.data_from).find(|from| from.ip() != virtual_ip);
        if let Some(from) = foreign {
            all.push(format!(
                "active data comes from {} and not from the virtual IP: some clients and their packet filters refuse \
                 that; `active_nat: snat` cures it",
                from.ip()
            ));
        }
        let met: Vec<&str> = self.met();
        let missed: Vec<&str> = self.cluster.servers.iter().map(|server| server.host.as_str()).collect();
        let missed: Vec<&str> = missed.into_iter().filter(|name| !met.contains(name)).collect();
        if !met.is_empty() && !missed.is_empty() {
            all.push(format!(
                "persistence led this client to {}; {} got no session through the virtual IP",
                met.join(" and "),
                missed.join(" and ")
            ));
        }
        all
    }

    /// The real servers that clients' sessions met.
    #[must_use]
    pub fn met(&self) -> Vec<&str> {
        let clients = self.sessions.iter().filter(|session| session.via == Via::VirtualIp);
        let mut names: Vec<&str> = clients.filter_map(|session| session.server.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn by_clients(&self) -> impl Iterator<Item = &Trial> {
        self.sessions.iter().filter(|session| session.via == Via::VirtualIp).map(|session| &session.trial)
    }

    pub(super) fn straight<'s>(&'s self, server: &'s str) -> impl Iterator<Item = &'s Trial> {
        let is_his = move |via: &Via| matches!(via, Via::RealServer(name) if name == server);
        self.sessions.iter().filter(move |session| is_his(&session.via)).map(|session| &session.trial)
    }

    /// What a real server does wrong even where no router is between.
    fn faults_of(&self, server: &Server) -> Vec<Finding> {
        let mut findings: Vec<Finding> = grouped(self.straight(&server.host))
            .into_iter()
            .filter(|(failure, modes)| {
                let is_shown = |mode: &Mode| self.lost.iter().any(|lost| lost.host == server.host && lost.shows(*mode));
                !is_inconclusive(Some(failure)) && !modes.iter().all(is_shown)
            })
            .map(|(failure, modes)| self.fault_of(server, failure, &modes))
            .collect();
        let (low, high) = self.cluster.passive;
        let outside = self.straight(&server.host).filter_map(|trial| trial.named);
        if let Some(named) = outside.map(|named| named.port()).find(|port| !(low..=high).contains(port)) {
            findings.push(Finding {
                verdict: format!("passive clients of {} are sent to a port that is not marked", server.host),
                cause: format!("{} names port {named}, and the cluster's range is {low}:{high}", server.host),
                cure: format!(
                    "on {}: set pasv_min_port={low} and pasv_max_port={high} in vsftpd.conf and reload vsftpd; \
                     `lvs-ftp apply` does both",
                    server.host
                ),
            });
        }
        findings
    }

    fn fault_of(&self, server: &Server, failure: &Failure, modes: &[Mode]) -> Finding {
        let (host, end) = (&server.host, format!("{}:{}", server.ip, self.cluster.port));
        let modes = names(modes);
        let router = self.router.as_deref().unwrap_or("the router");
        let verdict = match failure.step {
            Step::Connect | Step::Greeting => format!("{host} serves nobody"),
            _ => format!("{host} does not serve {modes}"),
        };
        let (cause, cure) = match (failure.step, &failure.why) {
            (Step::Connect, Why::Refused) => (
                format!("no daemon listens at {end} of {host}"),
                format!(
                    "on {host}: `ss -ltnp` shows who listens where; start vsftpd, or correct listen, listen_address \
                     and listen_port in vsftpd.conf and restart it"
                ),
            ),
            (Step::Connect, why) => (
                format!("{router} cannot connect to {end}: {why}"),
                format!("on {host}: look at its packet filter (`iptables -nvL INPUT`), its address and its link"),
            ),
            (Step::Greeting, Why::Reply(_) | Why::Closed) => (
                format!("{host} turns clients away: {}", failure.why),
                format!("on {host}: look at /etc/hosts.allow and /etc/hosts.deny, max_clients and max_per_ip"),
            ),
            (Step::Greeting, why) => (
                format!("{host} accepts the connection and does not greet: {why}"),
                format!("on {host}: look at the process that listens there (`ss -ltnp`), and restart it"),
            ),
            (Step::Negotiate, Why::WrongAddress { named, expected }) => (
                format!("{host} names {} in its PASV reply instead of {expected}", named.ip()),
                format!(
                    "on {host}: set pasv_address={expected} in vsftpd.conf and reload vsftpd; `lvs-ftp apply` does both"
                ),
            ),
            (Step::Negotiate, why) => (
                format!("{host} refuses {modes}: {why}"),
                format!("on {host}: pasv_enable and port_enable must not be NO in vsftpd.conf"),
            ),
            (Step::DataConnection, why) => (
                format!("{host} and {router} get no data connection for {modes}: {why}"),
                format!(
                    "on {host}: let ports {}:{} in and port 20 out (`iptables -nvL`)",
                    self.cluster.passive.0, self.cluster.passive.1
                ),
            ),
            (Step::Tls | Step::DataTls, why) => (
                format!("{host} fails at {}: {why}", failure.step),
                format!("on {host}: look at ssl_enable, rsa_cert_file and require_ssl_reuse in vsftpd.conf"),
            ),
            (step, why) => (format!("{host} fails at {step}: {why}"), format!("look at vsftpd's log on {host}")),
        };
        Finding { verdict, cause, cure }
    }

    /// What is lost between clients and real servers that serve a router well.
    fn faults_between(&self) -> Vec<Finding> {
        let grouped = grouped(self.by_clients());
        let unexplained = grouped.into_iter().filter(|(failure, modes)| {
            !is_inconclusive(Some(failure))
                && !modes.iter().all(|mode| self.lost.iter().any(|lost| lost.shows(*mode)) || self.is_explained(*mode))
        });
        unexplained.map(|(failure, modes)| self.fault_between(failure, &modes)).collect()
    }

    /// Whether a real server that a client may have met fails in this mode by itself.
    fn is_explained(&self, mode: Mode) -> bool {
        let met = self.met();
        let servers =
            self.cluster.servers.iter().filter(|server| met.is_empty() || met.contains(&server.host.as_str()));
        let mut servers = servers.peekable();
        servers.peek().is_some()
            && servers.any(|server| {
                let mut trials = self.straight(&server.host).filter(|trial| trial.mode == mode);
                trials.any(|trial| trial.failure.is_some() && !is_inconclusive(trial.failure.as_ref()))
            })
    }

    fn fault_between(&self, failure: &Failure, modes: &[Mode]) -> Finding {
        let (modes, routers) = (names(modes), self.cluster.routers.join(" and "));
        let end = format!("{}:{}", self.cluster.virtual_ip, self.cluster.port);
        let verdict = match failure.step {
            Step::Connect | Step::Greeting => "no client is served".to_owned(),
            _ => format!("clients in {modes} are not served"),
        };
        let mark = self.cluster.mark;
        let (cause, cure) = match (failure.step, &failure.why) {
            (Step::Connect, Why::Refused) => (
                format!("{end} is held, and packets to it do not reach the virtual service of mark {mark}"),
                format!("on {routers}: `iptables-save -t mangle` and `ipvsadm -Ln -f {mark}`; `lvs-ftp apply --check`"),
            ),
            (Step::Connect, why) => (
                format!("packets from {} to {end} are lost: {why}", self.client),
                format!(
                    "on {routers}: `ip addr` must show {} on one, then look at the packet filter (`iptables -nvL`) \
                     and at `ipvsadm -Ln -f {mark}`",
                    self.cluster.virtual_ip
                ),
            ),
            (Step::Negotiate, Why::WrongAddress { named, expected }) => (
                format!("a real server names {} in its PASV reply instead of {expected}", named.ip()),
                "set pasv_address in its vsftpd.conf and reload vsftpd; `lvs-ftp apply` does both".to_owned(),
            ),
            (Step::DataConnection, why) if modes.contains("PASV") || modes.contains("EPSV") => (
                format!("the data connection to {} is lost on the router: {why}", self.cluster.virtual_ip),
                format!(
                    "on {routers}: the ports that PASV names must get mark {mark} (`iptables-save -t mangle`), and \
                     INPUT and FORWARD must let them pass (`iptables -nvL`)"
                ),
            ),
            (Step::DataConnection, why) => (
                format!("the real server's own connection from port 20 is lost on the router: {why}"),
                format!(
                    "on {routers}: FORWARD must let it pass (`iptables -nvL FORWARD`), and nat POSTROUTING must \
                     rewrite it (`iptables-save -t nat`)"
                ),
            ),
            (Step::Completion, Why::NoAnswer) => (
                "the listing came, and the control connection is dead".to_owned(),
                format!("on {routers}: `ipvsadm -L --timeout` against net.ipv4.tcp_keepalive_time of real servers"),
            ),
            (step, why) => (
                format!("{step} fails through the virtual IP and not behind it: {why}"),
                format!("on {routers}: look at the packet filter (`iptables -nvL`) and at `ipvsadm -Ln -f {mark}`"),
            ),
        };
        Finding { verdict, cause, cure }
    }
}

/// Whether a failure says nothing of the cluster: its client has no login, or no way to it.
const fn is_inconclusive(failure: Option<&Failure>) -> bool {
    matches!(failure, Some(Failure { step: Step::Login, why: Why::Reply(_) } | Failure { why: Why::NoRoute, .. }))
}

/// Each failure once, with its modes. What ports and words differ in does not count.
fn grouped<'t>(trials: impl Iterator<Item = &'t Trial>) -> Vec<(&'t Failure, Vec<Mode>)> {
    let mut groups: BTreeMap<(Step, String), (&Failure, Vec<Mode>)> = BTreeMap::new();
    for trial in trials {
        let Some(failure) = &trial.failure else { continue };
        let is_passive = matches!(trial.mode, Mode::Pasv | Mode::Epsv);
        let sort = match &failure.why {
            Why::WrongAddress { named, .. } => named.ip().to_string(),
            // Passive and active data take different ways.
            why if failure.step == Step::DataConnection => format!("{is_passive} {why}"),
            why => why.to_string(),
        };
        let (_, modes) = groups.entry((failure.step, sort)).or_insert_with(|| (failure, Vec::new()));
        if !modes.contains(&trial.mode) {
            modes.push(trial.mode);
        }
    }
    groups.into_values().collect()
}

fn names(modes: &[Mode]) -> String {
    modes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "examination_tests.rs"]
mod tests;
