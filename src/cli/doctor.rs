//! `lvs-ftp doctor`: why FTP fails. It looks at the hosts, makes real sessions in each mode, and names cause and cure.

use super::{
    Exit, ftp_sessions,
    inputs::{Inputs, Work},
    netrc,
    refusal::Refusal,
    say, signals,
};
use crate::{
    cli::apply::Output,
    desired::Target,
    doctor::{self, DoctorDocument, Examination, Plan, Planned, SessionResult, Via},
    ftp_client::Trial,
    host::{Connection, Packed, Session},
    probe::Facts,
    report::history::Cluster,
    run::{self, Options, Outcome, Trouble},
};
use camino::Utf8PathBuf;
use clap::Args;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Find out why FTP fails: look at the hosts, make real FTP sessions in each mode, name the cause and its cure
///
/// Each mode (PASV, EPSV, PORT, EPRT) is tried through the virtual IP, as clients do, and from a router to each real
/// server, so that one bad server of several is named. Nothing is changed on any host.
#[derive(Debug, Args)]
#[command(after_help = "Exit status:\n  \
    0   every session ended well\n  \
    1   bad usage, inventory or playbook; no host was contacted\n  \
    2   a host failed, or nothing could tell whether clients are served\n  \
    4   a host was unreachable (2 wins over 4, 4 over 6)\n  \
    6   clients are not served\n  \
    99  interrupted")]
pub(super) struct Doctor {
    #[command(flatten)]
    inputs: Inputs,

    /// Begin the clients' sessions at this host of the inventory; without it, at this machine
    #[arg(long, value_name = "HOST")]
    from: Option<String>,

    /// Begin the clients' sessions at these addresses; without it, the system chooses
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    source: Vec<Ipv4Addr>,

    /// Make no FTP sessions: only look at the hosts
    #[arg(long, conflicts_with_all = ["from", "source", "login", "tls", "wait"])]
    no_sessions: bool,

    /// Log in as this file says, in the format of .netrc; without it, as anonymous
    #[arg(long, value_name = "NETRC", value_hint = clap::ValueHint::FilePath)]
    login: Option<Utf8PathBuf>,

    /// Put both connections under TLS (AUTH TLS); certificates are not checked
    #[arg(long)]
    tls: bool,

    /// Wait so many seconds for any one answer of a server, 1 to 120
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=120))]
    wait: u16,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

/// The hosts that were looked at, and how to reach them.
struct Seen<'a> {
    hosts: &'a [(Target, Connection)],
    found: &'a [(Outcome, Facts)],
}

impl Seen<'_> {
    fn connection(&self, name: &str) -> Option<&Connection> {
        self.hosts.iter().find(|(target, _)| target.host.name == name).map(|(_, connection)| connection)
    }

    fn of(&self, name: &str) -> Option<&(Outcome, Facts)> {
        self.found.iter().find(|(outcome, _)| outcome.host == name)
    }

    /// Whether a host could be looked at.
    fn is_there(&self, name: &str) -> bool {
        self.of(name).is_some_and(|(outcome, _)| !matches!(outcome.trouble, Some(Trouble::Unreachable(_))))
    }

    /// The routers that hold an address.
    fn holders<'c>(&self, cluster: &'c Cluster) -> Vec<&'c str> {
        let holds = |name: &&str| {
            let addresses = self.of(name).and_then(|(_, facts)| facts.addresses().ok());
            addresses.is_some_and(|addresses| addresses.contains(&cluster.virtual_ip))
        };
        cluster.routers.iter().map(String::as_str).filter(holds).collect()
    }
}

/// What sessions need beside a cluster.
struct Sessions {
    plan: Plan,
    /// This program, for hosts that sessions begin at.
    program: Packed,
    /// The way to the host of `--from`.
    from: Option<Connection>,
}

impl Doctor {
    pub fn run(&self) -> Exit {
        self.examined().unwrap_or_else(|refusal| refusal.told())
    }

    fn examined(&self) -> Result<Exit, Refusal> {
        let interrupted = signals::watched().map_err(|error| format!("failed to watch for signals: {error}"))?;
        let work = self.inputs.work(&self.inputs.sources()?, &|| interrupted.load(Ordering::Relaxed))?;
        if work.clusters.is_empty() {
            return Err(Refusal::Text("the playbook has no `ftp_cluster`; there is nothing to try".to_owned()));
        }
        let session = Session::new(self.inputs.timeout, true).interrupted_by(Arc::clone(&interrupted));
        let connect = |(number, target): (usize, &Target)| Ok((target.clone(), session.connect(&target.host, number)?));
        let hosts = work.targets.iter().enumerate().map(connect).collect::<Result<Vec<_>, String>>()?;
        let sessions = self.sessions(&work, &session, hosts.len())?;
        if let Some(text) = session.warning() {
            say::warning(&text);
        }
        let exit = self.examination(&work, &hosts, sessions.as_ref(), &interrupted);
        run::close(&hosts, usize::from(self.inputs.forks));
        if let Some(from) = sessions.and_then(|sessions| sessions.from) {
            from.close();
        }
        Ok(exit)
    }

    fn sessions(&self, work: &Work, session: &Session, number: usize) -> Result<Option<Sessions>, Refusal> {
        if self.no_sessions {
            return Ok(None);
        }
        let login = match &self.login {
            Some(path) => Some(netrc::read(path)?),
            None => None,
        };
        let from = match &self.from {
            Some(name) => {
                let host = work.inventory.host(name, &self.inputs.connection_options())?;
                Some(session.connect(&host, number)?)
            }
            None => None,
        };
        let program = Packed::this().map_err(|error| format!("failed to read this program's own file: {error}"))?;
        let login = login.unwrap_or_default();
        let plan = Plan { sources: self.source.clone(), login, tls: self.tls, wait: self.wait };
        Ok(Some(Sessions { plan, program, from }))
    }

    fn examination(
        &self,
        work: &Work,
        hosts: &[(Target, Connection)],
        sessions: Option<&Sessions>,
        interrupted: &AtomicBool,
    ) -> Exit {
        let options =
            Options { sides: &work.sides, forks: usize::from(self.inputs.forks), interrupted, ..Options::default() };
        let found = run::survey(hosts, &options);
        let seen = Seen { hosts, found: &found };
        let examine = |cluster| self.examine(cluster, &seen, sessions);
        let examinations: Vec<Examination<'_>> = work.clusters.iter().map(examine).collect();
        if interrupted.load(Ordering::Relaxed) {
            say::line("error: interrupted");
            return Exit::Interrupted;
        }
        let text = match self.output {
            Output::Human => examinations.iter().map(Examination::human).collect::<Vec<_>>().join("\n"),
            Output::Json => {
                let time = format!("{:.0}", jiff::Timestamp::now());
                format!("{:#}\n", DoctorDocument::new(&time, &examinations).json())
            }
        };
        say::print(&text, self.exit(&found, &examinations))
    }

    fn exit(&self, found: &[(Outcome, Facts)], examinations: &[Examination<'_>]) -> Exit {
        let outcomes: Vec<Outcome> = found.iter().map(|(outcome, _)| outcome.clone()).collect();
        let of_hosts = super::apply::exit(&outcomes, false);
        let served: Vec<Option<bool>> = examinations.iter().map(Examination::served).collect();
        match of_hosts {
            Exit::Converged if served.contains(&Some(false)) => Exit::NotServed,
            // Where no session was to be made, nothing that was found is all that there is to say.
            Exit::Converged if !self.no_sessions && served.contains(&None) => Exit::Failed,
            exit => exit,
        }
    }

    fn examine<'c>(&self, cluster: &'c Cluster, seen: &Seen<'_>, sessions: Option<&Sessions>) -> Examination<'c> {
        let holders = seen.holders(cluster);
        let mut router = holders.first().copied();
        router = router.or_else(|| cluster.routers.iter().map(String::as_str).find(|name| seen.is_there(name)));
        let mut examination = Examination {
            cluster,
            client: self.from.clone().unwrap_or_else(|| "this machine".to_owned()),
            router: router.map(str::to_owned),
            sessions: Vec::new(),
            lost: Vec::new(),
            unknown: unlooked(cluster, seen),
        };
        for (outcome, _) in seen.found {
            examination.take(&outcome.host, &outcome.findings);
        }
        let Some(sessions) = sessions else { return examination };
        let (by_clients, by_router) = doctor::plan(cluster, &sessions.plan);
        match Self::by_clients(&by_clients, sessions) {
            Ok(trials) => {
                let met = holders.iter().filter_map(|name| met(seen.connection(name)?, cluster)).flatten().collect();
                examination.sessions.extend(joined(by_clients, trials, cluster, &met));
            }
            Err(why) => {
                examination.unknown.push(format!("no session could be made from {}: {why}", examination.client));
            }
        }
        let Some(asked) = router.and_then(|name| seen.connection(name)) else { return examination };
        let requests: Vec<_> = by_router.iter().map(|planned| planned.request.clone()).collect();
        match asked.ftp_sessions(&sessions.program, &requests) {
            Ok(trials) => examination.sessions.extend(joined(by_router, trials, cluster, &BTreeMap::new())),
            Err(error) => {
                let name = router.unwrap_or_default();
                examination.unknown.push(format!("real servers were not asked from {name}: {error}"));
            }
        }
        examination
    }

    fn by_clients(planned: &[Planned], sessions: &Sessions) -> Result<Vec<Trial>, String> {
        let requests: Vec<_> = planned.iter().map(|planned| planned.request.clone()).collect();
        match &sessions.from {
            Some(from) => from.ftp_sessions(&sessions.program, &requests).map_err(|error| error.to_string()),
            None => Ok(ftp_sessions::all(&requests)),
        }
    }
}

/// The cluster's hosts that could not be looked at, or that differ from what is wanted.
fn unlooked(cluster: &Cluster, seen: &Seen<'_>) -> Vec<String> {
    let names = cluster.routers.iter().chain(cluster.servers.iter().map(|server| &server.host));
    let say = |name: &String| {
        let Some((outcome, _)) = seen.of(name) else { return Some(format!("{name} was not looked at")) };
        match &outcome.trouble {
            Some(Trouble::Unreachable(why) | Trouble::Failed(why)) => Some(format!("{name} could not be read: {why}")),
            None if outcome.has_drift() => Some(format!(
                "{name} differs from what is wanted: `lvs-ftp apply --check --diff` shows it, `lvs-ftp apply` removes it"
            )),
            None => None,
        }
    };
    names.filter_map(say).collect()
}

/// Which real server each client's end met, as a router tells.
fn met(connection: &Connection, cluster: &Cluster) -> Option<BTreeMap<SocketAddr, Ipv4Addr>> {
    let table = connection.question(doctor::CONNECTIONS).ok()?;
    Some(doctor::servers_of(&table, cluster.virtual_ip, cluster.port))
}

fn joined(
    planned: Vec<Planned>,
    trials: Vec<Trial>,
    cluster: &Cluster,
    met: &BTreeMap<SocketAddr, Ipv4Addr>,
) -> Vec<SessionResult> {
    let name = |ip: IpAddr| cluster.servers.iter().find(|server| ip == server.ip).map(|server| server.host.clone());
    let one = |(planned, trial): (Planned, Trial)| {
        let server = match &planned.via {
            Via::VirtualIp => trial.client.and_then(|client| met.get(&client)).and_then(|ip| name((*ip).into())),
            Via::RealServer(name) => Some(name.clone()),
        };
        SessionResult { via: planned.via, server, trial }
    };
    planned.into_iter().zip(trials).map(one).collect()
}
