//! A packet's walk through one builtin chain, with every way that it may take where a condition is open.

use super::{
    packet::{Packet, State},
    rule::{Action, PathRule},
    tables::Tables,
    truth::{Open, Truth},
};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// One way of a packet through a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The packet as it is at the end.
    pub packet: Packet,
    /// Where the way ends.
    pub end: End,
    /// The rule that last let it on or changed its mark.
    pub last: Option<String>,
    /// Rules whose conditions are open, and that decide otherwise on this way than they usually do.
    pub doubts: Vec<Doubt>,
}

/// A rule of which it cannot be told whether it takes the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The rule.
    pub rule: String,
    /// Whether it only tells one client from another, or much traffic from little, and names a service's ports or loses
    /// packets: then it was written for that.
    pub is_meant: bool,
}

/// Where a way ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The chain lets the packet on.
    Passes,
    /// It is lost, by this rule or policy.
    Lost(String),
    /// Its destination becomes another one, by this rule.
    Redirected(String, Option<Ipv4Addr>, Option<u16>),
    /// Its source becomes another one, by this rule; without an address the outgoing interface's.
    Source(String, Option<Ipv4Addr>),
    /// Nobody can tell what this rule does with it.
    Unknown(String),
    /// Behind the end of a user's chain.
    Returns,
}

/// Deeper than the kernel lets chains call each other.
const DEEPEST: usize = 64;
/// More ways than anybody could follow: then nothing is told.
const MOST: usize = 256;

/// Walks a packet through a builtin chain of a table.
#[must_use]
pub fn walk(tables: &Tables<'_>, table: &str, chain: &str, start: Way, real_network: Option<Ipv4Net>) -> Vec<Way> {
    let Some(known) = tables.chain(table, chain) else { return vec![Way { end: End::Passes, ..start }] };
    let walk = Walk { tables, table, real_network };
    let policy = || if known.drops { End::Lost(format!("the policy DROP of {table} {chain}")) } else { End::Passes };
    let mut ways = walk.chain(chain, Way { end: End::Returns, ..start }, 0);
    for way in &mut ways {
        if way.end == End::Returns {
            way.end = policy();
        }
    }
    joined(ways)
}

struct Walk<'a> {
    tables: &'a Tables<'a>,
    table: &'a str,
    real_network: Option<Ipv4Net>,
}

impl Way {
    /// The beginning of a packet's way.
    #[must_use]
    pub const fn start(packet: Packet) -> Self {
        Self { packet, end: End::Passes, last: None, doubts: Vec::new() }
    }
}

impl Walk<'_> {
    /// All ways through a chain: those that end in it, and those that come out behind it.
    fn chain(&self, chain: &str, start: Way, depth: usize) -> Vec<Way> {
        let mut ended: Vec<Way> = Vec::new();
        let mut live = vec![start];
        let rules = self.tables.chain(self.table, chain).map_or(&[][..], |known| known.rules());
        for rule in rules {
            let mut next = Vec::new();
            for way in live {
                match rule.takes(&way.packet, self.real_network) {
                    Truth::No => next.push(way),
                    Truth::Yes => self.take(rule, way, depth, &mut ended, &mut next),
                    Truth::Open(open) => {
                        let doubt = self.doubt(rule, open);
                        let (mut taken, mut left) = (way.clone(), way);
                        let unusual = if open.usually { &mut left } else { &mut taken };
                        if !unusual.doubts.contains(&doubt) {
                            unusual.doubts.push(doubt);
                        }
                        self.take(rule, taken, depth, &mut ended, &mut next);
                        next.push(left);
                    }
                }
            }
            live = joined(next);
            if live.is_empty() {
                break;
            }
            if live.len() + ended.len() > MOST {
                let lost = live.into_iter().map(|way| Way { end: End::Unknown(rule.text.clone()), ..way });
                ended.extend(lost);
                return joined(ended);
            }
        }
        ended.extend(live);
        ended
    }

    /// What becomes of a packet that a rule takes.
    fn take(&self, rule: &PathRule, mut way: Way, depth: usize, ended: &mut Vec<Way>, next: &mut Vec<Way>) {
        let text = || rule.text.clone();
        let marks = matches!(rule.action, Action::Mark(..) | Action::RestoreMark(_));
        if marks || rule.action == Action::Accept {
            way.last = Some(text());
        }
        let end = match &rule.action {
            Action::Continue => return next.push(way),
            Action::Mark(value, mask) => {
                way.packet.mark = changed(way.packet.mark, *value, *mask);
                return next.push(way);
            }
            Action::ConnectionMark(value, mask) => {
                if way.packet.is_tracked() {
                    way.packet.connection_mark = changed(way.packet.connection_mark, *value, *mask);
                }
                return next.push(way);
            }
            Action::SaveMark(mask) => {
                if way.packet.is_tracked() {
                    way.packet.connection_mark = mixed(way.packet.connection_mark, way.packet.mark, *mask);
                }
                return next.push(way);
            }
            Action::RestoreMark(mask) => {
                if way.packet.is_tracked() {
                    way.packet.mark = mixed(way.packet.mark, way.packet.connection_mark, *mask);
                }
                return next.push(way);
            }
            Action::NoTrack => {
                way.packet.state = State::Untracked;
                return next.push(way);
            }
            Action::Jump(name) | Action::Goto(name) if self.tables.chain(self.table, name).is_some() => {
                if depth >= DEEPEST {
                    End::Unknown(text())
                } else {
                    let goes_to = matches!(rule.action, Action::Goto(_));
                    for way in self.chain(name, way, depth + 1) {
                        if way.end == End::Returns && !goes_to { next.push(way) } else { ended.push(way) }
                    }
                    return;
                }
            }
            Action::Jump(_) | Action::Goto(_) | Action::Unknown => End::Unknown(text()),
            Action::Accept => End::Passes,
            Action::Drop => End::Lost(text()),
            Action::Return => End::Returns,
            Action::Redirect(address, port) => End::Redirected(text(), *address, *port),
            Action::Source(address) => End::Source(text(), *address),
        };
        ended.push(Way { end, ..way });
    }

    fn doubt(&self, rule: &PathRule, open: Open) -> Doubt {
        let loses = match &rule.action {
            Action::Drop => true,
            Action::Jump(name) | Action::Goto(name) => {
                // fail2ban and others keep their bans in a chain.
                let rules = self.tables.chain(self.table, name).map_or(&[][..], |known| known.rules());
                rules.iter().all(|rule| matches!(rule.action, Action::Drop | Action::Return | Action::Continue))
            }
            _ => false,
        };
        Doubt { rule: rule.text.clone(), is_meant: open.by_client && (loses || open.usually || rule.names_ports()) }
    }
}

impl Packet {
    /// Whether conntrack has an entry for it.
    #[must_use]
    pub fn is_tracked(&self) -> bool {
        matches!(self.state, State::New | State::Established)
    }
}

/// A mark with these bits cleared and `value` xored in.
const fn changed(mark: Option<u32>, value: u32, bits: u32) -> Option<u32> {
    match mark {
        Some(mark) => Some((mark & !bits) ^ value),
        None if bits == u32::MAX => Some(value),
        None => None,
    }
}

/// A mark that gets these bits of another one.
fn mixed(mark: Option<u32>, other: Option<u32>, bits: u32) -> Option<u32> {
    if bits == u32::MAX { other } else { Some((mark? & !bits) | (other? & bits)) }
}

/// The ways, those that end alike with the same packet once: with the least doubts.
pub(super) fn joined(ways: Vec<Way>) -> Vec<Way> {
    let mut all: Vec<Way> = Vec::new();
    for way in ways {
        match all.iter_mut().find(|known| known.end == way.end && known.packet == way.packet) {
            Some(known) if known.doubts.len() > way.doubts.len() => known.doubts = way.doubts,
            Some(_) => {}
            None => all.push(way),
        }
    }
    all
}
