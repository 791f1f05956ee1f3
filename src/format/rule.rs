//! What an iptables rule does, however it was written (iptables(8), iptables-extensions(8)).

use super::{iptables_words, ipv4, port_set::PortSet};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// A rule's meaning, as far as this product needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The protocol that it matches.
    pub protocol: Protocol,
    /// The source network; `None` is any.
    pub source: Option<Ipv4Net>,
    /// The destination network; `None` is any.
    pub destination: Option<Ipv4Net>,
    /// Source ports.
    pub source_ports: PortSet,
    /// Destination ports.
    pub destination_ports: PortSet,
    /// The interface that packets come in by (`-i`); `None` is any.
    pub in_interface: Option<Interface>,
    /// The interface that packets go out by (`-o`); `None` is any.
    pub out_interface: Option<Interface>,
    /// Whether it has a condition or an option that this model does not express. Such a rule is never touched.
    pub opaque: bool,
    /// The text of its comment.
    pub comment: Option<Vec<u8>>,
    /// What it does with a packet.
    pub target: Target,
}

/// The protocol that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Every protocol.
    Any,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Another one.
    Other,
}

/// The interface that a rule is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name; a `+` at the end stands for any rest.
    pub name: String,
    /// Whether it is every other one.
    pub negated: bool,
}

/// What a rule does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `MARK`: the bits of `mask` are cleared, then `value` is xored in.
    Mark {
        /// The value.
        value: u32,
        /// The mask.
        mask: u32,
    },
    /// `MASQUERADE` without options.
    Masquerade,
    /// `SNAT` to one address, ports left alone.
    Snat(Ipv4Addr),
    /// `ACCEPT`.
    Accept,
    /// `DROP`.
    Drop,
    /// `RETURN`.
    Return,
    /// Anything else.
    Other,
}

impl Target {
    /// `-j MARK --set-mark N`.
    #[must_use]
    pub const fn set_mark(value: u32) -> Self {
        Self::Mark { value, mask: u32::MAX }
    }
}

impl Rule {
    /// Reads `-A CHAIN …` in the form that iptables-save prints or in any that a person types. What it does not know
    /// makes the rule opaque; it never fails.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        let mut rule = Self {
            protocol: Protocol::Any,
            source: None,
            destination: None,
            source_ports: PortSet::all(),
            destination_ports: PortSet::all(),
            in_interface: None,
            out_interface: None,
            opaque: false,
            comment: None,
            target: Target::Other,
        };
        let Some(words) = iptables_words::split(line) else {
            return Self { opaque: true, ..rule };
        };
        let mut reader = Reader { words: words.into_iter().skip(2).peekable(), jump: Jump::default() };
        while reader.words.peek().is_some() {
            if reader.option(&mut rule).is_none() {
                rule.opaque = true;
            }
        }
        rule.target = reader.jump.target();
        rule.opaque |= reader.jump.odd;
        rule
    }

    /// Whether nothing but what the model expresses decides whether the rule matches, on every interface.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        !self.opaque && self.in_interface.is_none() && self.out_interface.is_none()
    }

    /// Whether it carries this comment.
    #[must_use]
    pub fn has_comment(&self, comment: &str) -> bool {
        self.comment.as_deref() == Some(comment.as_bytes())
    }
}

/// The target's name and options, which may come in any order.
#[derive(Default)]
struct Jump {
    name: Vec<u8>,
    mark: Option<(u32, u32)>,
    to_source: Option<Ipv4Addr>,
    odd: bool,
}

impl Jump {
    fn target(&self) -> Target {
        match (self.name.as_slice(), self.mark, self.to_source, self.odd) {
            (b"MARK", Some((value, mask)), None, false) => Target::Mark { value, mask },
            (b"MASQUERADE", None, None, false) => Target::Masquerade,
            (b"SNAT", None, Some(address), false) => Target::Snat(address),
            (b"ACCEPT", None, None, false) => Target::Accept,
            (b"DROP", None, None, false) => Target::Drop,
            (b"RETURN", None, None, false) => Target::Return,
            _ => Target::Other,
        }
    }
}

struct Reader<I: Iterator<Item = Vec<u8>>> {
    words: std::iter::Peekable<I>,
    jump: Jump,
}

impl<I: Iterator<Item = Vec<u8>>> Reader<I> {
    /// Reads one option with its values. Nothing when the model does not express it.
    fn option(&mut self, rule: &mut Rule) -> Option<()> {
        let mut negated = false;
        let mut name = self.words.next()?;
        if name == b"!" {
            negated = true;
            name = self.words.next()?;
        }
        match name.as_slice() {
            b"-s" | b"--source" | b"--src" => rule.source = not_any(self.network()?),
            b"-d" | b"--destination" | b"--dst" => rule.destination = not_any(self.network()?),
            b"-p" | b"--protocol" | b"--proto" => {
                rule.protocol = match (self.value()?.to_ascii_lowercase().as_str(), negated) {
                    ("tcp" | "6", false) => Protocol::Tcp,
                    ("udp" | "17", false) => Protocol::Udp,
                    ("all" | "0", false) => Protocol::Any,
                    _ => Protocol::Other,
                };
            }
            b"-i" | b"--in-interface" => self.interface(negated, &mut rule.in_interface)?,
            b"-o" | b"--out-interface" => self.interface(negated, &mut rule.out_interface)?,
            b"--sport" | b"--source-port" | b"--sports" | b"--source-ports" => {
                rule.source_ports = rule.source_ports.intersection(&self.ports(&name, negated)?);
            }
            b"--dport" | b"--destination-port" | b"--dports" | b"--destination-ports" => {
                rule.destination_ports = rule.destination_ports.intersection(&self.ports(&name, negated)?);
            }
            b"-m" | b"--match" => {
                let known = ["tcp", "udp", "multiport", "comment"];
                return known.contains(&self.value()?.as_str()).then_some(());
            }
            b"--comment" => rule.comment = Some(self.words.next()?),
            b"-c" | b"--set-counters" => {
                self.value()?;
                self.value()?;
            }
            b"-j" | b"--jump" => self.jump.name = self.words.next()?,
            b"--set-mark" | b"--set-xmark" | b"--or-mark" | b"--and-mark" | b"--xor-mark" => {
                let value = self.value()?;
                self.jump.mark = mark_operation(&name, &value);
                self.jump.odd |= self.jump.mark.is_none();
            }
            b"--to-source" | b"--to" => {
                self.jump.to_source = self.value().as_deref().and_then(ipv4::address);
                self.jump.odd |= self.jump.to_source.is_none();
            }
            _ => {
                // An option that we do not know: skip its values, which are the words up to the next option.
                while self.words.next_if(|word| word != b"!" && !word.starts_with(b"-")).is_some() {}
                return None;
            }
        }
        (!negated || may_be_negated(&name)).then_some(())
    }

    /// The option's value as text. Old iptables wrote the `!` before the value; that is outside the model.
    fn value(&mut self) -> Option<String> {
        let word = self.words.next()?;
        if word == b"!" {
            self.words.next();
            return None;
        }
        String::from_utf8(word).ok()
    }

    /// The ports of `-m tcp` (one range) or `-m multiport` (a list of them).
    fn ports(&mut self, option: &[u8], negated: bool) -> Option<PortSet> {
        let text = self.value()?;
        let set = if option.ends_with(b"ports") { port_ranges(&text)? } else { port_range(&text)? };
        Some(if negated { set.complement() } else { set })
    }

    /// An interface; `+` is any.
    fn interface(&mut self, negated: bool, known: &mut Option<Interface>) -> Option<()> {
        let name = self.value()?;
        *known = (negated || name != "+").then_some(Interface { name, negated });
        Some(())
    }

    /// A network.
    fn network(&mut self) -> Option<Ipv4Net> {
        ipv4::network(&self.value()?)
    }
}

/// Whether the model expresses the negation of an option: ports have a complement, and protocol and interface only
/// say that the rule is another one.
fn may_be_negated(option: &[u8]) -> bool {
    let option = option.to_ascii_lowercase();
    [b"-i".as_slice(), b"-o", b"-p", b"--proto", b"--protocol"].contains(&option.as_slice())
        || [b"port".as_slice(), b"ports", b"interface"].iter().any(|end| option.ends_with(end))
}

/// 0.0.0.0/0 is any network.
fn not_any(network: Ipv4Net) -> Option<Ipv4Net> {
    (network.prefix_len() > 0).then_some(network)
}

/// A mark operation as value and mask; `--set-mark V/M` clears the bits of V too.
pub(crate) fn mark_operation(option: &[u8], text: &str) -> Option<(u32, u32)> {
    let (value, mask) = match text.split_once('/') {
        None => (ipv4::number(text)?, None),
        Some((value, mask)) => (ipv4::number(value)?, Some(ipv4::number(mask)?)),
    };
    Some(match (option, mask) {
        (b"--set-mark", Some(mask)) => (value, mask | value),
        (b"--set-xmark", Some(mask)) => (value, mask),
        (b"--set-mark" | b"--set-xmark", None) => (value, u32::MAX),
        (b"--or-mark", None) => (value, value),
        (b"--and-mark", None) => (0, !value),
        (b"--xor-mark", None) => (value, 0),
        _ => return None,
    })
}

/// The ports of a list such as `21,10000:20000`.
pub(crate) fn port_ranges(text: &str) -> Option<PortSet> {
    text.split(',').try_fold(PortSet::default(), |set, range| Some(set.union(&port_range(range)?)))
}

/// The ports of one range such as `10000:20000`, `1024:` or `21`.
pub(crate) fn port_range(text: &str) -> Option<PortSet> {
    let Some((low, high)) = text.split_once(':') else {
        return Some(PortSet::port(port(text)?));
    };
    let low = if low.is_empty() { 0 } else { port(low)? };
    let high = if high.is_empty() { u16::MAX } else { port(high)? };
    Some(PortSet::range(low, high))
}

/// A port, or the name of one of FTP's two services; another name depends on the host's own table.
fn port(text: &str) -> Option<u16> {
    match text {
        "ftp" => Some(21),
        "ftp-data" => Some(20),
        number => u16::try_from(ipv4::number(number)?).ok(),
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
