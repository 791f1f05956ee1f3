//! The path of packets on a real server itself: its own rules, its listening socket, its interfaces.

use super::{
    Finding, Mode, Service, Weight,
    packet::{Address, Moment, Packet, Protocol, State},
    router::splitting,
    tables::Tables,
    verdict::{Ended, Verdict},
    walk::{End, Way, joined, walk},
};
use crate::{
    format::{excerpt, port_set::PortSet},
    lvs::ForwardingMethod,
    probe::ServerPath,
};
use std::net::Ipv4Addr;

/// A real server of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// The play.
    pub play: &'a str,
    /// Its cluster.
    pub service: &'a Service,
    /// Its address on the real network.
    pub address: Ipv4Addr,
}

impl Server<'_> {
    /// What keeps it from serving clients. `runs` is whether its FTP daemon is known to run, or to be started.
    #[must_use]
    pub fn findings(&self, found: &ServerPath, runs: bool) -> Vec<Finding> {
        let mut all = Vec::new();
        let finding = |mode, weight, text, cure| Finding { play: self.play.to_owned(), mode, weight, text, cure };
        let at = self.takes_packets_at();
        let port = self.service.control_port;
        if runs && !found.listens_at(at, port) {
            let there = found.listens.iter().filter(|(_, listens)| *listens == port).map(|(at, _)| at.to_string());
            let there: Vec<String> = there.collect();
            let but = if there.is_empty() { String::new() } else { format!(", only at {}", there.join(", ")) };
            let text =
                format!("nothing listens at {at}:{port}{but}, so each client that comes to this server is refused");
            let cure =
                "look at listen, listen_address and listen_port in vsftpd.conf; they count when the daemon starts"
                    .to_owned();
            all.push(finding(Mode::Control, Weight::Lost, text, cure));
        }
        if self.service.forwarding == ForwardingMethod::Tunnel {
            let of = |name: &str| found.rp_filter.get(name).copied().unwrap_or(0);
            if of("all").max(of("tunl0")) == 1 && found.rp_filter.contains_key("tunl0") {
                let text =
                    "rp_filter is 1 on tunl0, so what comes through the tunnel is dropped: clients are not behind it"
                        .to_owned();
                let cure = "sysctl -w net.ipv4.conf.tunl0.rp_filter=2, and say so in /etc/sysctl.d".to_owned();
                all.push(finding(Mode::Control, Weight::Lost, text, cure));
            }
        }
        if let (Some(filter), Some(interface)) = (&found.filter, self.interface(found)) {
            let tables = Tables::of(filter);
            let (low, high) = self.service.passive_ports;
            for (mode, ports) in [(Mode::Control, PortSet::port(port)), (Mode::Passive, PortSet::range(low, high))] {
                all.extend(self.lost(&tables, interface, &ports).into_iter().map(|(ports, weight, loss)| {
                    let may = if weight == Weight::Lost { "are" } else { "may be" };
                    let text = format!(
                        "clients' packets to port {ports} {may} lost in this real server's own {} ({})",
                        loss.hook,
                        excerpt(loss.by.as_bytes())
                    );
                    let cure = format!(
                        "let them in before that, now and at boot, in the words of what keeps the host's rules: iptables -I INPUT -p \
                         tcp -m multiport --dports {port},{low}:{high} -j ACCEPT"
                    );
                    finding(mode, weight, text, cure)
                }));
            }
        }
        all
    }

    /// The interface that packets come in by.
    fn interface<'f>(&self, found: &'f ServerPath) -> Option<&'f str> {
        match self.service.forwarding {
            ForwardingMethod::Tunnel => Some("tunl0"),
            ForwardingMethod::Nat | ForwardingMethod::Direct => found.routes.interface(self.address),
        }
    }

    /// The address that packets come to.
    const fn takes_packets_at(&self) -> Ipv4Addr {
        match self.service.forwarding {
            ForwardingMethod::Nat => self.address,
            ForwardingMethod::Direct | ForwardingMethod::Tunnel => self.service.virtual_ip,
        }
    }

    /// Parts of these ports that its own rules lose.
    fn lost(&self, tables: &Tables<'_>, interface: &str, ports: &PortSet) -> Vec<(PortSet, Weight, super::Loss)> {
        let (mut open, mut all, mut count) = (vec![ports.clone()], Vec::new(), 0);
        while let Some(ports) = open.pop() {
            count += 1;
            // The first packet, then those that conntrack knows.
            let verdicts =
                [Moment::First, Moment::Later].map(|moment| Verdict::of(&self.ways(tables, interface, &ports, moment)));
            let verdict = verdicts.into_iter().find(|verdict| *verdict != Verdict::Passes).unwrap_or(Verdict::Passes);
            match (splitting(&verdict, &ports), verdict) {
                (Some((one, two)), _) if count < 64 => open.extend([two, one]),
                (_, verdict) if !verdict.is_news() => {}
                (_, Verdict::Lost(loss)) => all.push((ports, Weight::Lost, loss)),
                (_, Verdict::CannotTell { loss, .. }) => all.push((ports, Weight::MayBeLost, loss)),
                (_, Verdict::Passes) => {}
            }
        }
        let mut joined: Vec<(PortSet, Weight, super::Loss)> = Vec::new();
        for (ports, weight, loss) in all {
            match joined.iter_mut().find(|part| part.1 == weight && part.2 == loss) {
                Some(part) => part.0 = part.0.union(&ports),
                None => joined.push((ports, weight, loss)),
            }
        }
        joined
    }

    fn ways(&self, tables: &Tables<'_>, interface: &str, ports: &PortSet, moment: Moment) -> Vec<Ended> {
        let state = if moment == Moment::First { State::New } else { State::Established };
        let packet = Packet {
            protocol: Protocol::Tcp,
            source: Address::Client,
            destination: Address::is(self.takes_packets_at()),
            source_ports: PortSet::range(1024, u16::MAX),
            destination_ports: ports.clone(),
            input: vec![interface.to_owned()],
            output: Vec::new(),
            moment,
            state,
            mark: Some(0),
            connection_mark: Some(0),
            to_this_host: true,
        };
        let (mut live, mut ended) = (vec![Way::start(packet)], Vec::new());
        for (table, chain) in
            [("raw", "PREROUTING"), ("mangle", "PREROUTING"), ("mangle", "INPUT"), ("filter", "INPUT")]
        {
            let mut next = Vec::new();
            for way in live {
                for way in walk(tables, table, chain, way, self.service.network) {
                    if way.end == End::Passes { next.push(way) } else { ended.push(Ended::at(chain, way)) }
                }
            }
            live = joined(next);
        }
        ended.extend(live.into_iter().map(|way| Ended::at("INPUT", way)));
        ended
    }
}
