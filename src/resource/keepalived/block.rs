//! Our blocks of keepalived.conf as they shall be (keepalived.conf(5)).

use super::KeepalivedCluster;
use crate::{
    format::{
        keepalived_conf::Statement,
        keepalived_edit::{Setting, Wanted},
        sh,
    },
    lvs::{ForwardingMethod, InterfaceAddress, Netmask, Persistence, Port},
    probe::DOWN,
};
use std::net::Ipv4Addr;

/// How real servers are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// What is tried.
    pub check: Check,
    /// Seconds from one look to the next.
    pub interval: u32,
    /// Seconds that a try may take.
    pub timeout: u32,
    /// How many tries more there are before a server counts as failed.
    pub retries: u32,
    /// Whether a failed server stays with weight 0, so that its clients' sessions can go on; else it is removed.
    pub keeps_failed: bool,
}

/// What is tried on a real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// A connection to the control port.
    Connection,
    /// A login with curl: anonymous, or as a netrc file on the router says.
    Login(Option<String>),
}

/// What moves virtual IP and NAT address between routers (VRRP, RFC 5798).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vrrp {
    /// `virtual_router_id`, 1 to 255.
    pub router_id: u8,
    /// The greatest wins, 1 to 254.
    pub priority: u8,
    /// Seconds between two advertisements.
    pub interval: u32,
    /// The device that they go through.
    pub device: String,
    /// The addresses that move together, the virtual IP first.
    pub addresses: Vec<InterfaceAddress>,
}

/// Every health check that keepalived has.
const CHECKS: &[&str] = &[
    "TCP_CHECK",
    "MISC_CHECK",
    "HTTP_GET",
    "SSL_GET",
    "SMTP_CHECK",
    "DNS_CHECK",
    "BFD_CHECK",
    "UDP_CHECK",
    "PING_CHECK",
    "FILE_CHECK",
];

/// What the manual's keywords are called in files of before 2.0, too.
const SCHEDULER: &[&str] = &["lvs_sched", "lb_algo"];
const METHOD: &[&str] = &["lvs_method", "lb_kind"];

impl Default for Monitor {
    fn default() -> Self {
        Self { check: Check::Connection, interval: 6, timeout: 3, retries: 1, keeps_failed: false }
    }
}

/// The real servers of a virtual server's block, with where they are.
pub(super) fn real_servers(block: &Statement) -> impl Iterator<Item = (String, &Statement)> {
    block.inner().iter().filter(|one| one.name() == "real_server").filter_map(|one| {
        let address = one.words.get(1)?;
        Some((format!("{address}:{}", one.words.get(2).map_or("0", String::as_str)), one))
    })
}

/// Whether a server's block leaves the stamps of ours when its check fails.
pub(super) fn tells(server: &Statement) -> bool {
    server.setting(&["notify_down"]).is_some_and(|words| words.iter().any(|word| word.contains(DOWN)))
}

impl KeepalivedCluster {
    /// Whether a statement outside of all blocks is our virtual server.
    pub(super) fn is_ours(&self, statement: &Statement) -> bool {
        Self::head(self.service.mark.get()).is_head_of(statement)
    }

    pub(super) fn head(mark: u32) -> Wanted {
        let head = ["virtual_server".to_owned(), "fwmark".to_owned(), mark.to_string()];
        Wanted { head: head.into(), ..Wanted::default() }
    }

    /// The virtual server's block. `leaving` are blocks of the file whose servers only keep the clients that they have.
    pub(super) fn virtual_server(&self, found: Option<&Statement>, leaving: &[&Statement], shell: &str) -> Wanted {
        let service = &self.service;
        let monitor = self.monitor.clone().unwrap_or_default();
        // A cluster always has some.
        let persistence = service.persistence.unwrap_or(Persistence::DEFAULT);
        let mask = persistence.netmask();
        let method = match service.forwarding {
            ForwardingMethod::Nat => "NAT",
            ForwardingMethod::Direct => "DR",
            ForwardingMethod::Tunnel => "TUN",
        };
        let says_interval = found.is_some_and(|block| block.setting(&["delay_loop"]).is_some());
        let mut settings = Vec::new();
        if self.monitor.is_some() || !says_interval {
            settings.push(Setting::is(&["delay_loop"], &monitor.interval));
        }
        settings.extend([
            Setting::is(SCHEDULER, &service.scheduler),
            Setting::is(METHOD, &method),
            Setting::is(&["persistence_timeout"], &persistence.timeout()),
            // Of a mark there is none to say, and keepalived complains.
            Setting::none(&["protocol"]),
        ]);
        settings.push(if mask == Netmask::HOST {
            Setting::none(&["persistence_granularity"])
        } else {
            Setting::is(&["persistence_granularity"], &mask)
        });
        let known = |address: Ipv4Addr| {
            real_servers(found?).filter(|(known, _)| *known == format!("{address}:0")).map(|(_, block)| block).last()
        };
        let servers = service.real_servers.iter();
        let servers =
            servers.map(|server| self.real_server(server.address, server.weight.get(), known(server.address), shell));
        let leaving = leaving.iter().map(|block| Wanted {
            head: block.words.clone(),
            settings: vec![Setting::is(&["weight"], &0)],
            ..Wanted::default()
        });
        Wanted {
            settings,
            blocks: servers.chain(leaving).collect(),
            only: &["real_server"],
            ..Self::head(service.mark.get())
        }
    }

    fn real_server(&self, address: Ipv4Addr, weight: u16, found: Option<&Statement>, shell: &str) -> Wanted {
        let mut settings = vec![Setting::is(&["weight"], &weight), Setting::none(METHOD)];
        let mut only: &[&str] = &[];
        let mut blocks = Vec::new();
        let has_check = found.is_some_and(|block| block.inner().iter().any(|one| CHECKS.contains(&one.name())));
        if let Some(monitor) = &self.monitor {
            only = CHECKS;
            settings.push(if monitor.keeps_failed {
                Setting { names: &["inhibit_on_failure"], words: Some(Vec::new()) }
            } else {
                Setting::none(&["inhibit_on_failure"])
            });
            blocks.push(check(monitor, address, self.control_port, shell));
        } else if !has_check {
            blocks.push(check(&Monitor::default(), address, self.control_port, shell));
        }
        // A notify script of somebody else stays: then nobody tells us since when a server is out.
        let says = |name| found.is_some_and(|block| block.setting(&[name]).is_some());
        if found.is_some_and(tells) || !(says("notify_down") || says("notify_up")) {
            let file = format!("{DOWN}-{}-{address}", self.service.mark);
            let (folder, _) = DOWN.rsplit_once('/').unwrap_or(("/", ""));
            let script = |text: String| Some(vec![format!("{shell} -c '{text}'"), "root".to_owned()]);
            settings.push(Setting {
                names: &["notify_down"],
                words: script(format!("mkdir -p {folder} && date +%s >{file}")),
            });
            settings.push(Setting { names: &["notify_up"], words: script(format!("rm -f {file}")) });
        }
        let head = ["real_server".to_owned(), address.to_string(), "0".to_owned()];
        Wanted { head: head.into(), settings, blocks, only, lines: Vec::new() }
    }

    /// The commands of the health checks that log in, to be tried before they count.
    pub(super) fn logins(&self) -> Vec<String> {
        let Some(Monitor { check: Check::Login(netrc), timeout, .. }) = &self.monitor else { return Vec::new() };
        let servers = self.service.real_servers.iter();
        servers.map(|server| login(server.address, self.control_port, netrc.as_deref(), *timeout)).collect()
    }

    /// What moves the addresses: a block with the virtual IP is taken over, whatever its name.
    /// Where VRRP `is_strict`, its addresses take no packets without `accept`.
    pub(super) fn vrrp_block(
        &self,
        vrrp: &Vrrp,
        found: Option<&Statement>,
        elsewhere: &[Ipv4Addr],
        is_strict: bool,
    ) -> Wanted {
        let name = found.map_or_else(|| self.vrrp_name(), |block| block.words[1..].join(" "));
        let mut settings = vec![
            Setting::is(&["interface"], &vrrp.device),
            Setting::is(&["virtual_router_id"], &vrrp.router_id),
            Setting::is(&["priority"], &vrrp.priority),
            Setting::is(&["advert_int"], &vrrp.interval),
        ];
        if found.is_none() || is_strict {
            settings.push(Setting { names: &["accept"], words: Some(Vec::new()) });
        }
        settings.push(Setting::none(&["no_accept"]));
        if found.is_none_or(|block| block.setting(&["state"]).is_none()) {
            settings.insert(0, Setting::is(&["state"], &"BACKUP"));
        }
        let mine = vrrp.addresses.iter().filter(|one| !elsewhere.contains(&one.address));
        let line = |one: &InterfaceAddress| {
            vec![format!("{}/{}", one.address, one.prefix), "dev".to_owned(), one.device.clone()]
        };
        let addresses =
            Wanted { head: vec!["virtual_ipaddress".to_owned()], lines: mine.map(line).collect(), ..Wanted::default() };
        let head = vec!["vrrp_instance".to_owned(), name];
        Wanted { head, settings, blocks: vec![addresses], ..Wanted::default() }
    }

    pub(super) fn vrrp_name(&self) -> String {
        format!("lvs_ftp_{}", self.service.mark)
    }
}

/// The addresses that a `vrrp_instance` moves.
pub(super) fn moves(block: &Statement) -> Vec<Ipv4Addr> {
    let lists = block.inner().iter().filter(|one| one.name() == "virtual_ipaddress");
    let lines = lists.flat_map(Statement::inner);
    lines.filter_map(|line| line.name().split('/').next()?.parse().ok()).collect()
}

fn check(monitor: &Monitor, address: Ipv4Addr, port: Port, shell: &str) -> Wanted {
    let (name, mut settings) = match &monitor.check {
        Check::Connection => (
            "TCP_CHECK",
            vec![Setting::is(&["connect_port"], &port), Setting::is(&["connect_timeout"], &monitor.timeout)],
        ),
        Check::Login(netrc) => {
            let command = login(address, port, netrc.as_deref(), monitor.timeout);
            (
                "MISC_CHECK",
                vec![
                    Setting::is(&["misc_path"], &format!("{shell} -c '{command}'")),
                    Setting::is(&["misc_timeout"], &(monitor.timeout + 1)),
                    Setting::is(&["user"], &"root"),
                ],
            )
        }
    };
    settings.push(Setting::is(&["retry", "nb_get_retry"], &monitor.retries));
    settings.push(Setting::is(&["delay_before_retry"], &1));
    Wanted { head: vec![name.to_owned()], settings, ..Wanted::default() }
}

/// A login without a transfer. No single quotes in it: keepalived's file has it in some.
fn login(address: Ipv4Addr, port: Port, netrc: Option<&str>, timeout: u32) -> String {
    let netrc = netrc.map(|path| format!(" --netrc-file {}", sh::word(path))).unwrap_or_default();
    format!(
        "PATH=$PATH:/usr/local/bin:/usr/bin:/bin curl -sS -I -m {timeout}{netrc} ftp://{address}:{port}/ >/dev/null"
    )
}
