//! A host in memory: it answers the probes in the words of the real tools, and takes every step.
//!
//! What it prints and does is held against the real iptables in tests/real_iptables.rs and against the real ipvsadm
//! in the lab.
#![allow(dead_code, reason = "each suite uses a part")]

mod keepalived;
pub mod lvs_cf;
pub mod lvsd;
pub mod piranha;

use lvs_ftp::{
    format::{
        cksum::cksum,
        iptables_words,
        ipvs::{IpvsTable, Service},
    },
    host::{Change, HostError, LockError, Locked, Observe, StepError},
    lvs::ForwardingMethod,
    plan::{IpvsEdit, ServiceAct, Sight, Step, block},
    probe::{Answer, DirectorDaemon, Facts, Probe},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

/// What the host has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The rules of mangle PREROUTING and nat POSTROUTING, as iptables-save prints them.
    pub mangle: Vec<String>,
    pub nat: Vec<String>,
    /// The rules of filter INPUT.
    pub input: Vec<String>,
    /// Kernel parameters by name, as the kernel prints them.
    pub parameters: BTreeMap<String, String>,
    /// Text files by path, beside those that have a field of their own.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The IPVS table, thresholds included.
    pub ipvs: IpvsTable,
    pub ip_forward: bool,
    /// Connections by service and destination; none where there is nothing.
    pub connections: BTreeMap<(String, String), u64>,
    /// net.ipv4.vs.expire_quiescent_template.
    pub expires_templates: bool,
    /// vsftpd sessions that began before the daemon last read its file.
    pub old_sessions: u32,
    /// /etc/vsftpd.conf, and the content that the daemon has read; its process id grows with each start.
    pub vsftpd_conf: Vec<u8>,
    pub vsftpd_read: Vec<u8>,
    /// The files that are read at boot: Debian's, and whether each is there.
    pub saved_filter: Option<String>,
    pub saved_ipvs: Option<String>,
    pub ipvs_defaults: Option<Vec<u8>>,
    pub sysctl: BTreeMap<String, Vec<u8>>,
    /// The devices that have 192.0.2.10; whether ARP is quiet about it; and our file that brings it up at boot.
    pub held: BTreeSet<String>,
    pub quiet: bool,
    pub interfaces: Option<Vec<u8>>,
    /// keepalived.conf; and what the daemon has read of it, where it runs.
    pub keepalived_conf: Option<Vec<u8>>,
    pub keepalived_read: Option<Vec<u8>>,
    /// What else sets the packet filter at boot.
    pub filter_owners: Vec<String>,
    /// The shell's real path, where it is not /bin/sh, and paths of scripts that lead through a link.
    pub shell: String,
    pub linked_scripts: Vec<String>,
    /// lvs.cf; pulse, where it runs; and whether it is the active router.
    pub lvs_cf: Option<Vec<u8>>,
    pub pulse: Option<piranha::Pulse>,
    pub role: piranha::Role,
    /// Real servers whose check failed, by their last byte, that the daemon has taken out.
    pub failed: BTreeSet<u8>,
    /// Services with links in /etc/rc?.d.
    pub services: BTreeMap<String, BTreeSet<u8>>,
}

/// The host: its state changes only through steps.
#[derive(Debug, Default)]
pub struct Model(pub Mutex<State>);

impl Model {
    pub fn new(state: State) -> Self {
        Self(Mutex::new(state))
    }

    pub fn state(&self) -> State {
        self.0.lock().unwrap().clone()
    }
}

impl Observe for Model {
    fn observe(&self, probes: &[Probe]) -> Result<Facts, HostError> {
        let state = self.state();
        Ok(Facts::read(probes, probes.iter().flat_map(|probe| state.answers(probe))))
    }
}

impl Change for Model {
    fn lock(&self, _wait: Duration, _stop: &(dyn Fn() -> bool + Sync)) -> Result<Locked, LockError> {
        Ok(Locked::default())
    }

    fn change(&self, steps: &[Step]) -> Result<(), StepError> {
        let mut state = self.0.lock().unwrap();
        for (made, step) in steps.iter().enumerate() {
            state.take(step).map_err(|text| StepError { made, lost: false, error: HostError::Failed(text) })?;
        }
        Ok(())
    }

    fn confirm(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn unlock(&self) {}
}

pub fn said(stdout: impl Into<Vec<u8>>) -> Answer {
    Answer { status: 0, stdout: stdout.into(), stderr: Vec::new() }
}

impl State {
    pub fn answers(&self, probe: &Probe) -> Vec<Answer> {
        match probe {
            Probe::PacketFilter(_) => {
                let nat = table("nat", "POSTROUTING", &self.nat);
                let input = table("filter", "INPUT", &self.input);
                let dump = table("mangle", "PREROUTING", &self.mangle) + &nat + &input;
                vec![said(dump), said("iptables v1.8.9 (legacy)\n")]
            }
            Probe::Ipvs => vec![said(self.ipvs.render()), said(self.listing())],
            Probe::Addresses => {
                let vip = if self.pulse.is_some() && self.is_active() {
                    "2: eth0    inet 192.0.2.10/24 scope global eth0:1\n"
                } else {
                    ""
                };
                vec![said(format!("2: eth0    inet 10.1.1.1/24 scope global eth0\n{vip}"))]
            }
            Probe::FilterOwners => {
                vec![said(self.filter_owners.iter().map(|name| format!("enabled {name}\n")).collect::<String>())]
            }
            Probe::UndoGuards | Probe::Directors => vec![said("")],
            Probe::Keepalived => keepalived::answers(self),
            Probe::Piranha => piranha::answers(self),
            Probe::Held(_) => vec![said(self.held()), said(self.named_at_boot())],
            Probe::RouterPath => vec![said("vs/conntrack:0\n")],
            Probe::ServerPath(_) => vec![said(""), said("")],
            Probe::DefaultGateway => vec![said("default via 10.1.1.1 dev eth0\n")],
            Probe::QuietArp => vec![said(if self.quiet { "1\n2\n" } else { "0\n2\n" })],
            Probe::IpForward => vec![said(if self.ip_forward { "1\n" } else { "0\n" })],
            Probe::ExpireQuiescentTemplate => vec![said(if self.expires_templates { "1\n" } else { "0\n" })],
            Probe::Vsftpd(_) => {
                let read = cksum(&self.vsftpd_read);
                let stamp = "/var/run/lvs-ftp/read-etc_vsftpd.conf";
                let sessions: String = (0..self.old_sessions)
                    .map(|number| {
                        format!(
                            "process {} (vsftpd) S 77 77 77 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 900 1 | socket:[1] | socket:[1] | vsftpd: x|\n",
                            100 + number
                        )
                    })
                    .collect();
                let facts = format!(
                    "conf /etc/vsftpd.conf\nchanged 1000 2026-01-01 00:00:00.5 +0000\nnow 2000.5 1900.00 100\n\
                     ticks 190000\n{sessions}stamp {stamp} 77 500 180000 {read} 1000 2026-01-01 00:00:00.5 +0000\nprocess 77 (vsftpd) S 1 77 77 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 500 1 \
                     | /dev/null | /dev/null | /usr/sbin/vsftpd|/etc/vsftpd.conf|\n"
                );
                vec![said(facts), said(self.vsftpd_conf.clone())]
            }
            Probe::SavedFilter => {
                let file = self.saved_filter.as_ref().map(|text| format!("there\n{text}"));
                vec![said(format!("/etc/iptables/rules.v4\n{}", file.unwrap_or_default()))]
            }
            Probe::SavedIpvs => {
                let word = |there: bool| if there { "there" } else { "absent" };
                let (saved, defaults) = (word(self.saved_ipvs.is_some()), word(self.ipvs_defaults.is_some()));
                vec![
                    said(format!(
                        "/etc/ipvsadm.rules\n{saved}\n{defaults}\n{}",
                        self.saved_ipvs.clone().unwrap_or_default()
                    )),
                    said(self.ipvs_defaults.clone().unwrap_or_default()),
                ]
            }
            Probe::SysctlFiles => {
                let sums: String = self.sysctl.iter().map(|(path, text)| format!("{} {path}\n", cksum(text))).collect();
                let lines = |(path, text): (&String, &Vec<u8>)| -> Vec<u8> {
                    let lines = text.split_inclusive(|byte| *byte == b'\n');
                    lines
                        .flat_map(|line| {
                            [path.as_bytes(), b":", line.strip_suffix(b"\n").unwrap_or(line), b"\n"].concat()
                        })
                        .collect()
                };
                vec![said(format!("folder\n{sums}")), said(self.sysctl.iter().flat_map(lines).collect::<Vec<u8>>())]
            }
            Probe::Sysctl(name) => vec![said(format!("{}\n", self.parameters[name]))],
            Probe::TextFile(path) => {
                let found = self.files.get(path.as_str());
                vec![said(found.map(|text| [b"there\n", &text[..]].concat()).unwrap_or_default())]
            }
            Probe::Services(names) => {
                let mut text = "manager update-rc.d\n".to_owned();
                for (name, levels) in names.keys().filter_map(|name| self.services.get_key_value(name)) {
                    text.push_str(&format!("{name} script yes\n"));
                    text.extend(levels.iter().map(|level| format!("{name} link {level}\n")));
                }
                vec![said(text)]
            }
        }
    }

    /// Makes one step.
    pub fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Rules { table, edits, .. } => {
                let rules = match *table {
                    "mangle" => &mut self.mangle,
                    "nat" => &mut self.nat,
                    _ => &mut self.input,
                };
                restore(rules, &String::from_utf8_lossy(&block(table, edits)))
            }
            Step::Ipvsadm(edit) => {
                self.expect(edit);
                self.ipvsadm(&edit.words())
            }
            Step::EndUndoGuard { name, .. } => unreachable!("nobody left the guard {name} here"),
            Step::IpForward => {
                self.ip_forward = true;
                Ok(())
            }
            Step::KeepTemplates => {
                self.expires_templates = false;
                Ok(())
            }
            Step::Sysctl { name, value } => {
                let tabbed = value.replace(' ', "\t");
                self.parameters.insert(name.clone(), tabbed).map(drop).ok_or_else(|| format!("no {name}"))
            }
            Step::Director { daemon: DirectorDaemon::Pulse, act, .. } => piranha::act(self, act),
            Step::Director { act, shows, .. } => keepalived::act(self, act, shows),
            Step::QuietArp => {
                self.quiet = true;
                Ok(())
            }
            Step::Address(address) => {
                assert!(self.quiet, "nobody hears of a hidden address");
                self.held.insert(address.device.clone());
                Ok(())
            }
            Step::File { path, observed, text, .. } => {
                let utf8 = || String::from_utf8(text.clone()).unwrap();
                let old = match path.as_str() {
                    "/etc/vsftpd.conf" => Some(std::mem::replace(&mut self.vsftpd_conf, text.clone())),
                    "/etc/iptables/rules.v4" => self.saved_filter.replace(utf8()).map(String::into_bytes),
                    "/etc/ipvsadm.rules" => self.saved_ipvs.replace(utf8()).map(String::into_bytes),
                    "/etc/default/ipvsadm" => self.ipvs_defaults.replace(text.clone()),
                    "/etc/network/interfaces.d/lvs-ftp-192-0-2-10" => self.interfaces.replace(text.clone()),
                    "/etc/sysconfig/ha/lvs.cf" => self.lvs_cf.replace(text.clone()),
                    "/etc/keepalived/keepalived.conf" => self.keepalived_conf.replace(text.clone()),
                    other if other.starts_with("/etc/sysctl") => self.sysctl.insert(other.to_owned(), text.clone()),
                    other => self.files.insert(other.to_owned(), text.clone()),
                };
                assert_eq!(old.map(|old| cksum(&old)), *observed, "{path}");
                Ok(())
            }
            Step::Service { name, act: ServiceAct::Enable(levels), .. } => {
                self.services.get_mut(name).unwrap().extend(levels);
                Ok(())
            }
            Step::Service { .. } => unreachable!("the laws want no other act"),
            Step::Person(what) => Err(what.clone()),
            Step::VsftpdReload { daemons, .. } => {
                assert_eq!(daemons, &[(77, 500)]);
                self.vsftpd_read.clone_from(&self.vsftpd_conf);
                Ok(())
            }
        }
    }

    fn held(&self) -> String {
        self.held.iter().map(|device| format!("1: {device}    inet 192.0.2.10/32 scope global {device}\n")).collect()
    }

    fn named_at_boot(&self) -> String {
        let ours = self.interfaces.as_ref().map_or("", |_| "named /etc/network/interfaces.d/lvs-ftp-192-0-2-10\n");
        format!("{ours}ifupdown\n")
    }

    /// `ipvsadm -L -n --thresholds`.
    pub fn listing(&self) -> String {
        let mut text = "IP Virtual Server version 1.2.1 (size=4096)\n".to_owned();
        text.push_str(
            "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn\n  -> RemoteAddress:Port\n",
        );
        for service in &self.ipvs.services {
            let [flag, name, rest @ ..] = service.key.words() else { panic!("{service:?}") };
            let word = match flag.as_str() {
                "-f" => "FWM",
                "-t" => "TCP",
                _ => "UDP",
            };
            let family = if rest.is_empty() { "" } else { " IPv6" };
            text.push_str(&format!("{word}  {name}{family} {}\n", service.scheduler));
            for known in &service.destinations {
                let (upper, lower) = known.thresholds;
                let count = self.connections.get(&(service.key.to_string(), known.address.clone())).unwrap_or(&0);
                text.push_str(&format!("  -> {:<28} {upper:<10} {lower:<10} {count:<10} 0         \n", known.address));
            }
        }
        text
    }

    /// An edit knows what it edits: the table shows just that.
    fn expect(&self, edit: &IpvsEdit) {
        let sight = edit.sight();
        let mine = |line: &&str| sight.prefixes.iter().any(|prefix| line.starts_with(prefix));
        let table = self.ipvs.render().replace(Sight::IMPLIED, "");
        let mut lines: Vec<&str> = table.lines().filter(mine).collect();
        lines.sort_unstable();
        assert_eq!(lines, sight.lines);
    }

    /// One ipvsadm command, with the kernel's refusals.
    pub fn ipvsadm(&mut self, words: &[String]) -> Result<(), String> {
        let line = |verb: &str| format!("{verb} {}\n", words[1..].join(" "));
        let services = &mut self.ipvs.services;
        let find = |services: &[Service], wanted: &Service| services.iter().position(|one| one.key == wanted.key);
        match words[0].as_str() {
            verb @ ("-A" | "-E" | "-D") => {
                let mut wanted = IpvsTable::parse(line("-A").as_bytes()).unwrap().services.remove(0);
                match (verb, find(services, &wanted)) {
                    ("-A", Some(_)) => return Err("Service already exists".to_owned()),
                    ("-A", None) => {
                        // ipvsadm prints them in the order of their marks.
                        let later = services.iter().position(|one| mark(one) > mark(&wanted));
                        services.insert(later.unwrap_or(services.len()), wanted);
                    }
                    (_, None) => return Err("No such service".to_owned()),
                    ("-D", Some(at)) => drop(services.remove(at)),
                    (_, Some(at)) => {
                        wanted.destinations = std::mem::take(&mut services[at].destinations);
                        services[at] = wanted;
                    }
                }
            }
            verb => {
                let key = words[1..].iter().take_while(|word| *word != "-r").cloned().collect::<Vec<_>>().join(" ");
                let text = format!("-A {key}\n{}", line("-a"));
                let service = IpvsTable::parse(text.as_bytes()).unwrap().services.remove(0);
                let Some(at) = find(services, &service) else { return Err("Service not defined".to_owned()) };
                let known = &mut services[at].destinations;
                let mut wanted = service.destinations[0].clone();
                if wanted.forwarding == ForwardingMethod::Tunnel && wanted.rest.is_empty() {
                    wanted.rest = ["--tun-type", "ipip"].map(str::to_owned).into();
                }
                let place = known.iter().position(|one| one.address == wanted.address);
                match (verb, place) {
                    ("-a", None) => {
                        known.push(wanted);
                        // ipvsadm prints them in the order of their addresses.
                        known.sort_by_key(|one| one.address.parse::<std::net::SocketAddr>().unwrap());
                    }
                    ("-a", Some(_)) => return Err("Destination already exists".to_owned()),
                    (_, None) => return Err("No such destination".to_owned()),
                    ("-d", Some(place)) => drop(known.remove(place)),
                    (_, Some(place)) => known[place] = wanted,
                }
            }
        }
        Ok(())
    }
}

/// A service's firewall mark; services without come before all.
fn mark(service: &Service) -> Option<u32> {
    let words = service.key.words();
    (words[0] == "-f").then(|| words[1].parse().unwrap())
}

fn table(name: &str, chain: &str, rules: &[String]) -> String {
    let rules: String = rules.iter().map(|rule| format!("{rule}\n")).collect();
    format!("*{name}\n:{chain} ACCEPT [0:0]\n{rules}COMMIT\n")
}

/// `iptables-restore --noflush` with one block: all or nothing.
pub fn restore(rules: &mut Vec<String>, block: &str) -> Result<(), String> {
    let words = |line: &str| iptables_words::split(canonical(line).as_bytes()).unwrap();
    let mut new = rules.clone();
    for line in block.lines().filter(|line| line.starts_with('-')) {
        let (verb, rest) = line.split_at(2);
        match verb {
            "-A" => new.push(canonical(line)),
            "-I" => {
                let mut parts = rest.trim_start().splitn(3, ' ');
                let (chain, number, rule) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
                let at: usize = number.parse().unwrap();
                if at > new.len() + 1 {
                    return Err("Index of insertion too big".to_owned());
                }
                new.insert(at - 1, canonical(&format!("-A {chain} {rule}")));
            }
            _ => {
                let wanted = words(&format!("-A{rest}"));
                let at = new.iter().position(|rule| words(rule) == wanted).ok_or("Bad rule (does it exist?)")?;
                new.remove(at);
            }
        }
    }
    *rules = new;
    Ok(())
}

/// Our own rules as iptables-save prints them.
fn canonical(line: &str) -> String {
    match line.split_once("--set-mark ") {
        Some((head, mark)) => format!("{head}--set-xmark {:#x}/0xffffffff", mark.parse::<u32>().unwrap()),
        None => line.to_owned(),
    }
}
