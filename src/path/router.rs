//! The path of each sort of packet through a router: which hooks it meets, as what, and in which state.
//!
//! Measured on Linux 6.1 with LVS-NAT, both backends of iptables: what a client sends meets PREROUTING, INPUT, (IPVS)
//! OUTPUT, POSTROUTING; answers and active data meet PREROUTING, FORWARD, POSTROUTING.

use super::{
    packet::{Address, Moment, Packet, Protocol, State},
    service::{Service, Sort},
    tables::Tables,
    verdict::{Cause, Ended, Verdict},
    walk::{End, Way, joined, walk},
};
use crate::{
    format::port_set::PortSet,
    lvs::{ActiveNat, ForwardingMethod},
};

/// A router, as far as packets meet it.
#[derive(Debug)]
pub struct Router<'a> {
    /// The chains of each backend that has any: a packet passes all of them.
    pub backends: Vec<Tables<'a>>,
    /// `net.ipv4.vs.conntrack`.
    pub ipvs_conntrack: bool,
    /// The interfaces that clients' packets may come in by.
    pub outer: Vec<String>,
    /// The interface of the real servers' network.
    pub inner: Vec<String>,
    /// Interfaces that do not forward what comes in by them.
    pub not_forwarding: Vec<String>,
}

/// Ports that clients connect from (RFC 6056 leaves them all of these; Linux uses fewer).
const HIGH: (u16, u16) = (1024, 65535);
/// More parts of a range than this are not told apart.
const PARTS: usize = 64;

/// What becomes of one part of a sort's ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The sort.
    pub sort: Sort,
    /// The ports of the control connection or of the range.
    pub ports: PortSet,
    /// What becomes of it.
    pub verdict: Verdict,
}

impl Router<'_> {
    /// What becomes of every sort of packet; the range in parts where rules part it.
    #[must_use]
    pub fn fates(&self, service: &Service) -> Vec<Fate> {
        let sorts = Sort::ALL.into_iter().filter(|sort| match (service.forwarding, sort) {
            (ForwardingMethod::Nat, _) | (_, Sort::ToControl | Sort::ToRange | Sort::ActiveAnswer) => true,
            // What real servers send goes past the routers.
            _ => false,
        });
        sorts.flat_map(|sort| self.parts(sort, service)).collect()
    }

    fn parts(&self, sort: Sort, service: &Service) -> Vec<Fate> {
        let whole = match sort {
            Sort::ToControl | Sort::ControlAnswer => PortSet::port(service.control_port),
            Sort::ToRange | Sort::RangeAnswer => PortSet::range(service.passive_ports.0, service.passive_ports.1),
            Sort::ActiveData | Sort::ActiveAnswer => PortSet::port(20),
        };
        let mut open = vec![whole];
        let mut fates: Vec<Fate> = Vec::new();
        while let Some(ports) = open.pop() {
            let verdict = self.fate(sort, &ports, service);
            match splitting(&verdict, &ports) {
                Some((one, two)) if fates.len() + open.len() < PARTS => open.extend([two, one]),
                _ => fates.push(Fate { sort, ports, verdict }),
            }
        }
        // What ends alike is one part.
        let mut parts: Vec<Fate> = Vec::new();
        for fate in fates {
            match parts.iter_mut().find(|part| part.verdict == fate.verdict) {
                Some(part) => part.ports = part.ports.union(&fate.ports),
                None => parts.push(fate),
            }
        }
        parts
    }

    /// What becomes of a connection: of its first packet, and of those that follow. One that is lost loses all.
    fn fate(&self, sort: Sort, ports: &PortSet, service: &Service) -> Verdict {
        let moments: &[Moment] = match sort {
            Sort::ToControl | Sort::ToRange if service.forwarding != ForwardingMethod::Nat => {
                &[Moment::First, Moment::Later, Moment::Last]
            }
            Sort::ActiveAnswer if service.forwarding != ForwardingMethod::Nat => &[Moment::FirstAnswer, Moment::Later],
            Sort::ToControl | Sort::ToRange => &[Moment::First, Moment::Later, Moment::Last],
            Sort::ActiveData => &[Moment::First, Moment::Later],
            _ => &[Moment::FirstAnswer, Moment::Later],
        };
        let mut worst = Verdict::Passes;
        for moment in moments {
            let verdict = Verdict::of(&self.ways(sort, *moment, ports, service));
            let rank = |verdict: &Verdict| match verdict {
                Verdict::Passes => 0,
                Verdict::CannotTell { usually_passes: true, .. } => 1,
                Verdict::CannotTell { .. } => 2,
                Verdict::Lost(_) => 3,
            };
            if rank(&verdict) > rank(&worst) {
                worst = verdict;
            }
        }
        // A state that would be another one with conntrack for IPVS is the reason, where it is.
        if let (false, Verdict::Lost(loss) | Verdict::CannotTell { loss, .. }) = (self.ipvs_conntrack, &mut worst) {
            let names_state = ["--ctstate", "--state"].iter().any(|option| loss.by.contains(option));
            let by_policy = loss.by.starts_with("the policy");
            if loss.why == Cause::Dropped && (names_state || by_policy) && self.is_stateful(&loss.hook) {
                loss.why = Cause::ConntrackOff;
            }
        }
        worst
    }

    /// Whether any rule of a hook's filter chains asks for a state.
    fn is_stateful(&self, hook: &str) -> bool {
        self.backends.iter().any(|tables| tables.asks_for_state(hook))
    }

    fn ways(&self, sort: Sort, moment: Moment, ports: &PortSet, service: &Service) -> Vec<Ended> {
        let high = PortSet::range(HIGH.0, HIGH.1);
        let servers = Address::OneOf(service.real_servers.clone());
        let packet = Packet {
            protocol: Protocol::Tcp,
            source: Address::Client,
            destination: Address::is(service.virtual_ip),
            source_ports: high.clone(),
            destination_ports: ports.clone(),
            input: self.outer.clone(),
            output: Vec::new(),
            moment,
            state: State::Invalid,
            mark: Some(0),
            connection_mark: Some(0),
            to_this_host: true,
        };
        let mut journey = Journey { router: self, service, live: vec![Way::start(packet)], ended: Vec::new() };
        let seen = self.state(sort, moment, service);
        match sort {
            Sort::ToControl | Sort::ToRange => journey.reach_real_server(seen, moment),
            Sort::ActiveAnswer if service.forwarding != ForwardingMethod::Nat => {
                journey.reach_real_server(seen, moment);
            }
            Sort::ControlAnswer | Sort::RangeAnswer => {
                journey.each(|packet| {
                    packet.source.clone_from(&servers);
                    packet.destination = Address::Client;
                    std::mem::swap(&mut packet.source_ports, &mut packet.destination_ports);
                    packet.input.clone_from(&self.inner);
                    packet.to_this_host = false;
                });
                journey.answers(seen);
            }
            Sort::ActiveData => {
                journey.each(|packet| {
                    packet.source.clone_from(&servers);
                    packet.destination = Address::Client;
                    packet.source_ports = PortSet::port(20);
                    packet.destination_ports.clone_from(&high);
                    packet.input.clone_from(&self.inner);
                    packet.to_this_host = false;
                });
                journey.active_data(seen);
            }
            Sort::ActiveAnswer => {
                journey.each(|packet| {
                    packet.destination = match service.active_nat {
                        ActiveNat::Snat => Address::is(service.virtual_ip),
                        // The outgoing interface's address, or what else rewrites.
                        _ => Address::OneOf(Vec::new()),
                    };
                    packet.destination_ports = PortSet::port(20);
                });
                journey.active_answers();
            }
        }
        journey.end()
    }

    /// What conntrack says of a packet that IPVS serves. Without its help each looks like the first one of a connection
    /// (nf_conntrack_tcp picks a connection up at an ACK, and nowhere else).
    const fn state(&self, sort: Sort, moment: Moment, service: &Service) -> State {
        let is_nat = matches!(service.forwarding, ForwardingMethod::Nat);
        let helped = match sort {
            Sort::ActiveData => true,
            Sort::ActiveAnswer if is_nat => true,
            _ => self.ipvs_conntrack,
        };
        match moment {
            Moment::First => State::New,
            _ if helped => State::Established,
            Moment::Later => State::New,
            Moment::FirstAnswer | Moment::Last => State::Invalid,
        }
    }
}

/// A packet on its way: the ways that go on, and those that have ended.
struct Journey<'a> {
    router: &'a Router<'a>,
    service: &'a Service,
    live: Vec<Way>,
    ended: Vec<Ended>,
}

impl Journey<'_> {
    fn each(&mut self, change: impl Fn(&mut Packet)) {
        for way in &mut self.live {
            change(&mut way.packet);
        }
    }

    /// All tables of one hook, but nat; in each backend.
    fn hook(&mut self, chain: &str, tables: &[&str]) {
        for table in tables {
            for backend in &self.router.backends {
                let mut next = Vec::new();
                for way in std::mem::take(&mut self.live) {
                    for way in walk(backend, table, chain, way, self.service.network) {
                        if way.end == End::Passes { next.push(way) } else { self.ended.push(Ended::at(chain, way)) }
                    }
                }
                self.live = joined(next);
            }
        }
    }

    /// raw and conntrack, mangle, nat.
    fn prerouting(&mut self, seen: State) {
        self.hook("PREROUTING", &["raw"]);
        self.each(|packet| {
            if packet.state != State::Untracked {
                packet.state = seen;
            }
        });
        self.hook("PREROUTING", &["mangle"]);
        for way in self.nat("PREROUTING") {
            match &way.end {
                End::Redirected(_, address, port) if Self::stays(&way.packet, *address, *port) => {
                    self.live.push(Way { end: End::Passes, ..way });
                }
                End::Passes | End::Source(..) | End::Returns => self.live.push(Way { end: End::Passes, ..way }),
                _ => self.ended.push(Ended::at("PREROUTING", way)),
            }
        }
    }

    /// Whether a new destination is the old one.
    fn stays(packet: &Packet, address: Option<std::net::Ipv4Addr>, port: Option<u16>) -> bool {
        let same_address = address.is_some_and(|new| packet.destination == Address::is(new));
        same_address && port.is_none_or(|new| packet.destination_ports == PortSet::port(new))
    }

    /// nat is asked for the first packet of a connection that conntrack has; the first rule that matches decides.
    fn nat(&mut self, chain: &str) -> Vec<Way> {
        let (asked, not): (Vec<Way>, Vec<Way>) =
            std::mem::take(&mut self.live).into_iter().partition(|way| way.packet.state == State::New);
        let mut ways = asked;
        for backend in &self.router.backends {
            let (open, done): (Vec<Way>, Vec<Way>) = ways.into_iter().partition(|way| way.end == End::Passes);
            ways = open.into_iter().flat_map(|way| walk(backend, "nat", chain, way, self.service.network)).collect();
            ways.extend(done);
        }
        ways.extend(not);
        ways
    }

    /// From a client to the virtual IP, and on to a real server.
    fn reach_real_server(&mut self, seen: State, moment: Moment) {
        self.prerouting(seen);
        self.hook("INPUT", &["mangle", "filter"]);
        // IPVS takes a connection by its mark, and knows its later packets by their addresses.
        if moment == Moment::First {
            let mark = self.service.mark;
            let (marked, not): (Vec<Way>, Vec<Way>) =
                std::mem::take(&mut self.live).into_iter().partition(|way| way.packet.mark == Some(mark));
            self.live = marked;
            for way in not {
                let by = way.last.unwrap_or_else(|| "no rule marks it".to_owned());
                let why = if way.packet.mark.is_some() { Cause::NotMarked } else { Cause::Unknown };
                self.ended.push(Ended::lost("PREROUTING", by, why, way.doubts));
            }
        }
        let router = self.router;
        let service = self.service;
        self.each(|packet| {
            packet.input.clear();
            packet.output.clone_from(&router.inner);
            packet.state = if router.ipvs_conntrack { packet.state } else { State::Untracked };
            match service.forwarding {
                ForwardingMethod::Nat => {
                    packet.destination = Address::OneOf(service.real_servers.clone());
                    packet.to_this_host = false;
                }
                ForwardingMethod::Direct => {}
                ForwardingMethod::Tunnel => {
                    packet.protocol = Protocol::IpIp;
                    packet.source = Address::OneOf(Vec::new());
                    packet.destination = Address::OneOf(service.real_servers.clone());
                    packet.to_this_host = false;
                }
            }
        });
        let states: Vec<State> = self.live.iter().map(|way| way.packet.state).collect();
        self.hook("OUTPUT", &["raw"]);
        // conntrack has seen it: NOTRACK comes too late.
        if let [state, ..] = states[..] {
            self.each(|packet| packet.state = state);
        }
        self.hook("OUTPUT", &["mangle", "filter"]);
        self.hook("POSTROUTING", &["mangle"]);
        for way in self.nat("POSTROUTING") {
            match way.end {
                End::Passes | End::Returns => self.live.push(way),
                // PORT and passive data are refused by a server that sees another client than the one that logged in.
                End::Source(ref by, _) if service.forwarding == ForwardingMethod::Nat => {
                    self.ended.push(Ended::lost("POSTROUTING", by.clone(), Cause::Masked, way.doubts));
                }
                End::Source(..) => self.live.push(Way { end: End::Passes, ..way }),
                _ => self.ended.push(Ended::at("POSTROUTING", way)),
            }
        }
    }

    /// What comes in by these interfaces goes on only where one of them forwards.
    fn forwarded(&mut self) {
        let dead = |way: &Way| way.packet.input.iter().find(|name| self.router.not_forwarding.contains(name)).cloned();
        let (mut live, mut ended) = (Vec::new(), Vec::new());
        for way in std::mem::take(&mut self.live) {
            match dead(&way) {
                None => live.push(way),
                Some(name) => {
                    let by = format!("net.ipv4.conf.{name}.forwarding is 0");
                    ended.push(Ended::lost("routing", by, Cause::NotForwarded, way.doubts.clone()));
                    if way.packet.input.len() > 1 {
                        live.push(way);
                    }
                }
            }
        }
        self.live = live;
        self.ended.extend(ended);
    }

    /// From a real server to a client that IPVS knows.
    fn answers(&mut self, seen: State) {
        self.prerouting(seen);
        self.forwarded();
        let router = self.router;
        self.each(|packet| packet.output.clone_from(&router.outer));
        self.hook("FORWARD", &["mangle", "filter"]);
        let service = self.service;
        self.each(|packet| {
            packet.source = Address::is(service.virtual_ip);
            packet.input.clear();
            packet.state = if router.ipvs_conntrack { packet.state } else { State::Untracked };
        });
        self.hook("POSTROUTING", &["mangle"]);
    }

    /// From a real server's port 20 to a client.
    fn active_data(&mut self, seen: State) {
        self.prerouting(seen);
        self.forwarded();
        let router = self.router;
        self.each(|packet| packet.output.clone_from(&router.outer));
        self.hook("FORWARD", &["mangle", "filter"]);
        self.each(|packet| packet.input.clear());
        self.hook("POSTROUTING", &["mangle"]);
        let is_wanted = self.service.active_nat != ActiveNat::None;
        for way in self.nat("POSTROUTING") {
            let is_first = way.packet.moment == Moment::First;
            match way.end {
                End::Source(..) => self.live.push(Way { end: End::Passes, ..way }),
                End::Passes | End::Returns if is_first && is_wanted => {
                    let is_tracked = way.packet.is_tracked();
                    let why = if is_tracked { Cause::NotRewritten } else { Cause::NotTracked };
                    let by = way.last.unwrap_or_else(|| "no rule of nat POSTROUTING takes it".to_owned());
                    self.ended.push(Ended::lost("POSTROUTING", by, why, way.doubts));
                }
                End::Passes | End::Returns => self.live.push(way),
                _ => self.ended.push(Ended::at("POSTROUTING", way)),
            }
        }
    }

    /// From a client to a real server's port 20: conntrack knows the way back.
    fn active_answers(&mut self) {
        self.prerouting(State::Established);
        let (tracked, not): (Vec<Way>, Vec<Way>) =
            std::mem::take(&mut self.live).into_iter().partition(|way| way.packet.is_tracked());
        self.live = tracked;
        for way in not {
            let by = "NOTRACK in raw PREROUTING".to_owned();
            self.ended.push(Ended::lost("PREROUTING", by, Cause::NotTracked, way.doubts));
        }
        let (router, service) = (self.router, self.service);
        self.each(|packet| {
            packet.destination = Address::OneOf(service.real_servers.clone());
            packet.to_this_host = false;
        });
        self.forwarded();
        self.each(|packet| packet.output.clone_from(&router.inner));
        self.hook("FORWARD", &["mangle", "filter"]);
        self.each(|packet| packet.input.clear());
        self.hook("POSTROUTING", &["mangle"]);
    }

    /// All ways, those that go on as having come to their end.
    fn end(mut self) -> Vec<Ended> {
        self.ended.extend(self.live.into_iter().map(|way| Ended { loss: None, doubts: way.doubts }));
        self.ended
    }
}

/// Two parts of the ports, where a rule of which nothing could be told asks for a part of them only.
pub(super) fn splitting(verdict: &Verdict, ports: &PortSet) -> Option<(PortSet, PortSet)> {
    let Verdict::CannotTell { doubts, .. } = verdict else { return None };
    doubts.iter().find_map(|doubt| {
        let rule = super::rule::PathRule::parse(doubt.rule.as_bytes());
        rule.port_sets().find_map(|asked| {
            let (inside, outside) = (ports.intersection(asked), ports.intersection(&asked.complement()));
            (!inside.is_empty() && !outside.is_empty()).then_some((inside, outside))
        })
    })
}
