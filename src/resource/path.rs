//! The path of packets through a host: only looked at, never a change. What others keep on it is theirs to mend.

use super::{Kind, Resource};
use crate::{
    lvs::ForwardingMethod,
    path::{Finding, Gateway, Mode, Role, Router, Server, Service, Sight, Tables, Verdict, Weight},
    plan::Diff,
    probe::{Facts, IptablesCommand, PacketFilter, Probe, RouterPath as Found, Unknown},
};
use std::net::Ipv4Addr;

/// Packets of a cluster pass a router.
#[derive(Debug, Clone)]
pub struct RouterPath {
    /// The play's name.
    pub play: String,
    /// The iptables that holds our rules.
    pub command: IptablesCommand,
    /// The cluster.
    pub service: Service,
    /// All its routers, by name.
    pub routers: Vec<String>,
}

/// Packets of a cluster pass a real server.
#[derive(Debug, Clone)]
pub struct ServerPath {
    /// The play's name.
    pub play: String,
    /// The iptables that shows its rules.
    pub command: IptablesCommand,
    /// The cluster.
    pub service: Service,
    /// All its routers, by name.
    pub routers: Vec<String>,
    /// The server's address on the real network.
    pub address: Ipv4Addr,
    /// Whether the play states the gateway: then that is a resource of its own.
    pub states_gateway: bool,
}

impl Resource for RouterPath {
    fn kind(&self) -> Kind {
        Kind::Path
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::PacketFilter(self.command.clone()), Probe::RouterPath, Probe::Addresses]
    }

    fn diff(&self, _facts: &Facts) -> Result<Diff, Unknown> {
        Ok(Diff::default())
    }

    fn sight(&self, facts: &Facts) -> Option<Sight> {
        let _network = facts.router_path().ok().filter(|found| found.routes.lead_somewhere())?;
        let role = Role::Router(facts.addresses().ok()?.clone());
        Some(sight(&self.play, &self.service, &self.routers, role))
    }

    fn findings(&self, facts: &Facts, is_planned: &dyn Fn(Kind) -> bool) -> Result<Vec<Finding>, Unknown> {
        let (filter, found) = (facts.packet_filter(&self.command)?, facts.router_path()?);
        if !found.routes.lead_somewhere() {
            return Ok(Vec::new());
        }
        let holds = facts.addresses()?.contains(&self.service.virtual_ip);
        let fates = router(filter, found, &self.service, found.ipvs_conntrack).fates(&self.service);
        // What this run mends is no loss any more.
        let mends = |verdict: &Verdict| match verdict {
            Verdict::Lost(loss) | Verdict::CannotTell { loss, .. } => {
                (loss.is_about_marks() && is_planned(Kind::MarkRules))
                    || (loss.is_about_forwarding() && is_planned(Kind::IpForward))
                    || (loss.is_about_rewriting() && is_planned(Kind::NatRule))
            }
            Verdict::Passes => false,
        };
        let fates = fates.iter().filter(|fate| !mends(&fate.verdict));
        let mut all = Finding::all(&self.play, fates, &self.service);
        all.extend(found.has_ftp_helper.then(|| helper(&self.play, &self.service)).flatten());
        if !holds {
            // Clients come to another router.
            for finding in &mut all {
                if finding.weight == Weight::Lost {
                    finding.text = format!("once this router holds the virtual IP, {}", finding.text);
                }
                finding.weight = Weight::MayBeLost;
            }
        }
        Ok(all)
    }
}

impl Resource for ServerPath {
    fn kind(&self) -> Kind {
        Kind::Path
    }

    fn probes(&self) -> Vec<Probe> {
        vec![Probe::ServerPath(self.command.clone())]
    }

    fn diff(&self, _facts: &Facts) -> Result<Diff, Unknown> {
        Ok(Diff::default())
    }

    fn sight(&self, facts: &Facts) -> Option<Sight> {
        let found = facts.server_path(&self.command).ok().filter(|found| found.routes.lead_somewhere())?;
        let comes_back = self.service.forwarding == ForwardingMethod::Nat && !self.states_gateway;
        let gateway = comes_back.then(|| found.routes.default_gateway().map_or(Gateway::Absent, Gateway::Is));
        Some(sight(&self.play, &self.service, &self.routers, Role::RealServer(gateway)))
    }

    fn findings(&self, facts: &Facts, is_planned: &dyn Fn(Kind) -> bool) -> Result<Vec<Finding>, Unknown> {
        let found = facts.server_path(&self.command)?;
        if !found.routes.lead_somewhere() {
            return Ok(Vec::new());
        }
        let has_daemon = facts.any_vsftpd().is_some_and(|vsftpd| !vsftpd.daemons.is_empty());
        let runs = has_daemon
            && ![Kind::VsftpdConf, Kind::VsftpdReload, Kind::ServiceRunning].iter().any(|kind| is_planned(*kind));
        let server = Server { play: &self.play, service: &self.service, address: self.address };
        Ok(server.findings(found, runs))
    }
}

/// The port that the kernel's helper ip_vs_ftp looks at, unless it is told of others.
const HELPERS_PORT: u16 = 21;

/// Measured: the helper takes the address of a 227 answer for a real server's and leads the data connection to the virtual
/// IP itself. With direct routing and tunnels it does not see the answer.
fn helper(play: &str, service: &Service) -> Option<Finding> {
    let sees = service.forwarding == ForwardingMethod::Nat && service.control_port == HELPERS_PORT;
    let vip = service.virtual_ip;
    sees.then(|| Finding {
        play: play.to_owned(),
        mode: Mode::Passive,
        weight: Weight::Lost,
        text: format!(
            "the kernel has ip_vs_ftp, which leads each PASV data connection to {vip} itself, since vsftpd's answer names {vip}: \
             PASV fails, EPSV works"
        ),
        cure: "keep the module from being loaded (blacklist ip_vs_ftp in /etc/modprobe.d and in what loads it), and remove it: \
               rmmod ip_vs_ftp works while no IPVS service is there"
            .to_owned(),
    })
}

fn sight(play: &str, service: &Service, routers: &[String], role: Role) -> Sight {
    Sight { play: play.to_owned(), virtual_ip: service.virtual_ip, routers: routers.to_vec(), role }
}

/// The router that packets meet, with `net.ipv4.vs.conntrack` as it is or as it may become.
pub(super) fn router<'a>(
    filter: &'a PacketFilter,
    found: &Found,
    service: &Service,
    ipvs_conntrack: bool,
) -> Router<'a> {
    let to = |address: Ipv4Addr| found.routes.interface(address).map(str::to_owned);
    // Clients come from where the virtual IP's network is, or from where everything else is.
    let mut outer: Vec<String> = to(service.virtual_ip).into_iter().collect();
    let beyond = found.routes.default().map(|route| route.interface.clone());
    outer.extend(beyond.filter(|name| !outer.contains(name)));
    let mut inner: Vec<String> = service.real_servers.iter().filter_map(|address| to(*address)).collect();
    inner.sort();
    inner.dedup();
    outer.retain(|name| name != "lo");
    if outer.len() > 1 {
        outer.retain(|name| !inner.contains(name));
    }
    Router {
        backends: std::iter::once(&filter.dump).chain(&filter.other).map(Tables::of).collect(),
        ipvs_conntrack,
        outer,
        inner,
        not_forwarding: found.forwarding.iter().filter(|(_, on)| !**on).map(|(name, _)| name.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Kind, Resource, RouterPath, Weight};
    use crate::{
        lvs::{ActiveNat, ForwardingMethod},
        path::Service,
        probe::{Answer, Facts, IptablesCommand},
    };

    const RULES: &str = "*mangle\n:PREROUTING ACCEPT [0:0]\n\
        -A PREROUTING -d 203.0.113.77/32 -p tcp -m multiport --dports 21,10000:20000 -j MARK --set-xmark 0x15/0xffffffff\nCOMMIT\n\
        *nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 10.44.7.0/24 -p tcp -m tcp --sport 20 -j MASQUERADE\nCOMMIT\n";
    const ROUTES: &str = "/proc/net/route:eth0\t0071CBCB\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
        /proc/net/route:eth1\t00072C0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
        /proc/net/route:eth0\t00000000\tFE71CBCB\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";

    fn told(rules: &str, kernel: &str, address: &str, planned: &[Kind], control_port: u16) -> Vec<Weight> {
        let path = RouterPath {
            play: "FTP".to_owned(),
            command: IptablesCommand::default(),
            service: Service {
                virtual_ip: "203.0.113.77".parse().unwrap(),
                control_port,
                passive_ports: (10000, 20000),
                mark: 21,
                forwarding: ForwardingMethod::Nat,
                network: Some("10.44.7.0/24".parse().unwrap()),
                real_servers: vec!["10.44.7.11".parse().unwrap()],
                active_nat: ActiveNat::Masquerade,
            },
            routers: vec!["lvs1".to_owned()],
        };
        let answer = |text: &str| Answer { stdout: text.as_bytes().to_vec(), ..Answer::default() };
        let address = format!("2: eth0    inet {address}/24 scope global eth0\n");
        let answers = [
            answer(rules),
            answer("iptables v1.8.9 (legacy)\n"),
            answer(&format!("{kernel}{ROUTES}")),
            answer(&address),
        ];
        let facts = Facts::read(&path.probes(), answers);
        let findings = path.findings(&facts, &|kind| planned.contains(&kind)).unwrap();
        findings.into_iter().map(|finding| finding.weight).collect()
    }

    #[test]
    fn a_helper_breaks_pasv_where_it_sees_the_answer() {
        assert_eq!(told(RULES, "", "203.0.113.77", &[], 21), []);
        assert_eq!(told(RULES, "ip_vs_ftp\n", "203.0.113.77", &[], 21), [Weight::Lost]);
        let other = RULES.replace("21,", "2121,");
        assert_eq!(told(&other, "ip_vs_ftp\n", "203.0.113.77", &[], 2121), []);
    }

    #[test]
    fn what_the_run_mends_is_no_loss() {
        let bare = "*mangle\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n";
        assert!(!told(bare, "", "203.0.113.77", &[], 21).is_empty());
        assert_eq!(told(bare, "", "203.0.113.77", &[Kind::MarkRules, Kind::NatRule], 21), []);
        let still = "conf/eth1/forwarding:0\n";
        assert_eq!(told(RULES, still, "203.0.113.77", &[], 21), [Weight::Lost]);
        assert_eq!(told(RULES, still, "203.0.113.77", &[Kind::IpForward], 21), []);
    }

    /// Clients come to the router that holds the virtual IP; the other one is told of before they do.
    #[test]
    fn a_router_that_stands_by_is_a_warning() {
        let still = "conf/eth1/forwarding:0\n";
        assert_eq!(told(RULES, still, "203.0.113.78", &[], 21), [Weight::MayBeLost]);
        assert_eq!(told(RULES, "", "203.0.113.78", &[], 21), []);
    }
}
