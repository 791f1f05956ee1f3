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
    /// Whether it looks at ports (`-m tcp`, `-m udp`, `-m multiport`, also with all ports): such a rule matches no later
    /// fragment of a packet.
    pub looks_at_ports: bool,
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

    /// Whether it sets all bits of this mark, and no others: what a packet without a mark has behind it, and what no bit
    /// of an older mark takes away from it.
    #[must_use]
    pub const fn sets(self, mark: u32) -> bool {
        matches!(self, Self::Mark { value, mask } if value == mark && mask & mark == mark)
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
            looks_at_ports: false,
            in_interface: None,
            out_interface: None,
            opaque: false,
            comment: None,
            target: Target::Other,
        };
        let Some(words) = iptables_words::split(line) else {
            return Self { opaque: true, ..rule };
        };
        let chain = words.get(1).cloned().unwrap_or_default();
        let mut reader =
            Reader { words: words.into_iter().skip(2).peekable(), jump: Jump::default(), seen: Seen::default() };
        while reader.words.peek().is_some() {
            if reader.option(&mut rule).is_none() {
                rule.opaque = true;
            }
        }
        rule.target = reader.jump.target();
        rule.looks_at_ports = reader.seen.looks_at_ports();
        rule.opaque |= reader.jump.odd || !reader.seen.is_sure(&rule, &chain);
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
    seen: Seen,
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
        let first = self.seen.option(&name);
        match name.as_slice() {
            b"-s" | b"--source" | b"--src" => {
                let network = self.network()?;
                rule.source = (!negated).then(|| not_any(network))?;
            }
            b"-d" | b"--destination" | b"--dst" => {
                let network = self.network()?;
                rule.destination = (!negated).then(|| not_any(network))?;
            }
            b"-p" | b"--protocol" | b"--proto" => rule.protocol = protocol(&self.value()?, negated)?,
            b"-i" | b"--in-interface" => self.interface(negated, &mut rule.in_interface)?,
            b"-o" | b"--out-interface" => self.interface(negated, &mut rule.out_interface)?,
            b"--sport" | b"--source-port" | b"--sports" | b"--source-ports" => {
                rule.source_ports = rule.source_ports.intersection(&self.ports(&name, negated, rule.protocol)?);
            }
            b"--dport" | b"--destination-port" | b"--dports" | b"--destination-ports" => {
                rule.destination_ports =
                    rule.destination_ports.intersection(&self.ports(&name, negated, rule.protocol)?);
            }
            b"-m" | b"--match" => {
                let word = self.value()?;
                return (self.seen.extension(&word) && !negated).then_some(());
            }
            b"--comment" => rule.comment = Some(self.words.next()?),
            b"-c" | b"--set-counters" => self.counters()?,
            b"-j" | b"--jump" => self.jump.name = self.words.next()?,
            b"--set-mark" | b"--set-xmark" | b"--or-mark" | b"--and-mark" | b"--xor-mark" => {
                let value = self.value()?;
                self.jump.odd |= self.jump.name != b"MARK" || self.jump.mark.is_some();
                self.jump.mark = mark_operation(&name, &value);
                self.jump.odd |= self.jump.mark.is_none();
            }
            b"--to-source" | b"--to" => {
                self.jump.odd |= self.jump.name != b"SNAT";
                self.jump.to_source = self.value().as_deref().and_then(ipv4::whole_address);
                self.jump.odd |= self.jump.to_source.is_none();
            }
            _ => {
                // An option that we do not know: skip its values, which are the words up to the next option.
                while self.words.next_if(|word| word != b"!" && !word.starts_with(b"-")).is_some() {}
                return None;
            }
        }
        (first && (!negated || may_be_negated(&name))).then_some(())
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

    /// Packets and bytes, which are one word (`5,400`) or two.
    fn counters(&mut self) -> Option<()> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let word = self.value()?;
        let sure = match word.split_once(',') {
            Some((packets, bytes)) => is_number(packets) && is_number(bytes),
            None => is_number(&word) && is_number(&self.value()?),
        };
        sure.then_some(())
    }

    /// The ports of `-m tcp` (one range) or `-m multiport` (a list of them).
    fn ports(&mut self, option: &[u8], negated: bool, protocol: Protocol) -> Option<PortSet> {
        let text = self.value()?;
        let is_list = option.ends_with(b"ports");
        // iptables reads 025 and 0x15 by their base for TCP alone: for UDP the first is 25, the second an error. A name
        // is that of a service over the same protocol.
        if protocol != Protocol::Tcp && !text.split([',', ':']).all(is_plain_number) {
            return None;
        }
        let set = if is_list { port_list(&text)? } else { port_range(&text)? };
        Some(if negated { set.complement() } else { set })
    }

    /// An interface; `+` is any.
    fn interface(&mut self, negated: bool, known: &mut Option<Interface>) -> Option<()> {
        let name = self.value()?;
        let sure = !name.is_empty() && name.len() < 16 && !(negated && name == "+");
        *known = (negated || name != "+").then_some(Interface { name, negated });
        sure.then_some(())
    }

    /// A network.
    fn network(&mut self) -> Option<Ipv4Net> {
        ipv4::network(&self.value()?)
    }
}

/// The options and extensions of a rule, as far as they are needed to tell whether iptables takes it as we do.
#[derive(Default)]
struct Seen {
    options: Vec<&'static str>,
    extensions: Vec<String>,
    too_late: bool,
}

impl Seen {
    /// Notes an option. Whether it is the first of its kind: iptables refuses a second one.
    fn option(&mut self, name: &[u8]) -> bool {
        let kind = match name {
            b"-s" | b"--source" | b"--src" => "-s",
            b"-d" | b"--destination" | b"--dst" => "-d",
            b"-p" | b"--protocol" | b"--proto" => "-p",
            b"-i" | b"--in-interface" => "-i",
            b"-o" | b"--out-interface" => "-o",
            b"--sport" | b"--source-port" => "--sport",
            b"--dport" | b"--destination-port" => "--dport",
            // One multiport has one list.
            b"--sports" | b"--source-ports" | b"--dports" | b"--destination-ports" => "ports",
            b"--comment" => "--comment",
            b"-c" | b"--set-counters" => "-c",
            b"-j" | b"--jump" => "-j",
            b"--to-source" | b"--to" => "--to-source",
            _ => return true,
        };
        // An extension's option is known only behind what brings the extension.
        self.too_late |= match kind {
            "--sport" | "--dport" => !self.options.contains(&"-p"),
            "ports" => !self.has("multiport"),
            "--comment" => !self.has("comment"),
            _ => false,
        };
        let first = !self.options.contains(&kind);
        self.options.push(kind);
        first
    }

    /// Notes an extension. Whether the model knows it, and it comes once.
    fn extension(&mut self, name: &str) -> bool {
        let sure = ["tcp", "udp", "multiport", "comment"].contains(&name) && !self.has(name);
        self.extensions.push(name.to_owned());
        sure
    }

    fn has(&self, extension: &str) -> bool {
        self.extensions.iter().any(|known| known == extension)
    }

    fn looks_at_ports(&self) -> bool {
        ["tcp", "udp", "multiport"].iter().any(|name| self.has(name))
            || ["--sport", "--dport", "ports"].iter().any(|kind| self.options.contains(kind))
    }

    /// Whether iptables takes these words, in this order and chain.
    fn is_sure(&self, rule: &Rule, chain: &[u8]) -> bool {
        let given = |kind: &str| self.options.contains(&kind);
        let protocol = match rule.protocol {
            Protocol::Tcp => !self.has("udp"),
            Protocol::Udp => !self.has("tcp"),
            Protocol::Any | Protocol::Other => !self.looks_at_ports(),
        };
        let complete = self.has("multiport") == given("ports") && self.has("comment") == given("--comment");
        let short = rule.comment.as_ref().is_none_or(|comment| comment.len() < 256);
        let interfaces = match chain {
            b"PREROUTING" | b"INPUT" => !given("-o"),
            b"POSTROUTING" | b"OUTPUT" => !given("-i"),
            _ => true,
        };
        protocol && complete && short && interfaces && !self.too_late
    }
}

/// A protocol by name or number. A name that the model does not know may be none at all.
fn protocol(text: &str, negated: bool) -> Option<Protocol> {
    let text = text.to_ascii_lowercase();
    let number = match text.as_str() {
        "tcp" => 6,
        "udp" => 17,
        "all" => 0,
        other => ipv4::number(other).unwrap_or(256),
    };
    match (number, negated) {
        (6, false) => Some(Protocol::Tcp),
        (17, false) => Some(Protocol::Udp),
        (0, false) => Some(Protocol::Any),
        (0, true) => None,
        _ => Some(Protocol::Other),
    }
}

/// Whether a part of a list of ports means the same to everybody: decimal digits, or left out.
fn is_plain_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() < 2 || !text.starts_with('0'))
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

/// The ports of a list for multiport: no range is open, and a list has room for 15 numbers.
fn port_list(text: &str) -> Option<PortSet> {
    let numbers: Vec<&str> = text.split([',', ':']).collect();
    (numbers.len() <= 15 && !numbers.contains(&"")).then(|| port_ranges(text))?
}

/// The ports of one range such as `10000:20000`, `1024:` or `21`.
pub(crate) fn port_range(text: &str) -> Option<PortSet> {
    let Some((low, high)) = text.split_once(':') else {
        return Some(PortSet::port(port(text)?));
    };
    let low = if low.is_empty() { 0 } else { port(low)? };
    let high = if high.is_empty() { u16::MAX } else { port(high)? };
    (low <= high).then(|| PortSet::range(low, high))
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
