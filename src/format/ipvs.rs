//! The IPVS table as `ipvsadm -S -n` prints it and as ipvsadm takes it (ipvsadm(8)).

use super::{Malformed, ipv4};
use crate::lvs::ForwardingMethod;
use std::{fmt, net::Ipv4Addr};

/// A table of virtual services, in the order in which they were printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IpvsTable {
    /// The services.
    pub services: Vec<Service>,
}

/// What names a service: `-f 21`, `-f 21 -6`, `-t 192.0.2.1:21`, … as words for ipvsadm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceKey(Vec<String>);

/// A virtual service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// What names it.
    pub key: ServiceKey,
    /// Its scheduler.
    pub scheduler: String,
    /// Persistence; `None` is off.
    pub persistence: Option<Timeout>,
    /// Every other attribute (`--pe`, `-o`, `-b`), as words for ipvsadm.
    pub rest: Vec<String>,
    /// Its destinations.
    pub destinations: Vec<Destination>,
}

/// Persistence as the table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeout {
    /// Seconds.
    pub seconds: u32,
    /// The mask, when it is not the default of one host: dotted, or a prefix length for IPv6.
    pub mask: Option<String>,
}

/// A destination: a real server of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Address and port, `10.1.1.11:0`.
    pub address: String,
    /// How packets reach it.
    pub forwarding: ForwardingMethod,
    /// Its weight. The kernel's is a signed number; ipvsadm writes 0 to 65535.
    pub weight: i64,
    /// Upper and lower connection threshold; 0 is none. Not printed by `-S`: see [`super::ipvs_thresholds`].
    pub thresholds: (u32, u32),
    /// Every other attribute (`--tun-type` …), as words for ipvsadm.
    pub rest: Vec<String>,
}

impl ServiceKey {
    /// The IPv4 service of a firewall mark.
    #[must_use]
    pub fn mark(mark: u32) -> Self {
        Self(vec!["-f".to_owned(), mark.to_string()])
    }

    /// From words for ipvsadm.
    #[must_use]
    pub const fn from_words(words: Vec<String>) -> Self {
        Self(words)
    }

    /// The words for ipvsadm.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl IpvsTable {
    /// Reads the output of `ipvsadm -S -n`, or a saved table in any form that ipvsadm takes.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let mut table = Self::default();
        for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let malformed = |what| Malformed { line: number + 1, what, text: line.trim_ascii_end().to_vec() };
            if !line.ends_with(b"\n") {
                return Err(malformed("the last line has no end: the text was cut off"));
            }
            let Ok(line) = std::str::from_utf8(line) else {
                return Err(malformed("this is not a line of ipvsadm -S"));
            };
            table.line(line).map_err(malformed)?;
        }
        Ok(table)
    }

    /// The service with this key.
    #[must_use]
    pub fn service(&self, key: &ServiceKey) -> Option<&Service> {
        self.services.iter().find(|service| service.key == *key)
    }

    /// As `ipvsadm -S -n` prints it.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for service in &self.services {
            text.push_str(&format!("-A {service}\n"));
            for destination in &service.destinations {
                text.push_str(&format!("-a {} -r {destination}\n", service.key));
            }
        }
        text
    }

    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        match Entry::parse(line)? {
            Entry::Service(service) if self.service(&service.key).is_some() => {
                return Err("this service is there twice");
            }
            Entry::Service(service) => self.services.push(service),
            Entry::Destination(key, destination) => {
                let service = self.services.iter_mut().find(|service| service.key == key);
                service.ok_or("this destination belongs to no service above it")?.destinations.push(destination);
            }
        }
        Ok(())
    }
}

/// What one line of a saved table adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A service, without destinations.
    Service(Service),
    /// A destination of a service.
    Destination(ServiceKey, Destination),
}

impl Entry {
    /// Reads a line in any form that ipvsadm takes. The error says what is wrong with it.
    pub fn parse(line: &str) -> Result<Self, &'static str> {
        let mut words = Words(line.split_whitespace().map(str::to_owned).collect());
        let verb = words.next().ok_or("this line is empty")?;
        let options = words.options()?;
        match verb.as_str() {
            "-A" | "--add-service" => {
                options.service().map(Self::Service).ok_or("this service has no -f, -t, -u or --sctp-service")
            }
            "-a" | "--add-server" => options
                .destination()
                .map(|(key, destination)| Self::Destination(key, destination))
                .ok_or("this destination has no service or no -r"),
            _ => Err("this is not a line of ipvsadm -S"),
        }
    }

    /// The key of the service that it belongs to.
    #[must_use]
    pub const fn key(&self) -> &ServiceKey {
        match self {
            Self::Service(service) => &service.key,
            Self::Destination(key, _) => key,
        }
    }
}

impl fmt::Display for Service {
    /// Key and attributes, as words for `ipvsadm -A` and `-E`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

impl Service {
    /// Key and every attribute, for `ipvsadm -A` and `-E`.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = self.key.0.clone();
        words.extend(["-s".to_owned(), self.scheduler.clone()]);
        if let Some(timeout) = &self.persistence {
            words.extend(["-p".to_owned(), timeout.seconds.to_string()]);
            words.extend(timeout.mask.iter().flat_map(|mask| ["-M".to_owned(), mask.clone()]));
        }
        words.extend(self.rest.iter().cloned());
        words
    }
}

impl fmt::Display for Destination {
    /// Address and attributes as `ipvsadm -S` prints them, which leaves thresholds out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -w {}", self.address, self.forwarding.flag(), self.weight)?;
        self.rest.iter().try_for_each(|word| write!(f, " {word}"))
    }
}

impl Destination {
    /// Address and every attribute, thresholds too, for `ipvsadm -a` and `-e`.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> =
            ["-r", &self.address, self.forwarding.flag(), "-w", &self.weight.to_string()].map(str::to_owned).into();
        let (upper, lower) = self.thresholds;
        if (upper, lower) != (0, 0) {
            words.extend(["-x".to_owned(), upper.to_string(), "-y".to_owned(), lower.to_string()]);
        }
        words.extend(self.rest.iter().cloned());
        words
    }
}

/// The words of a line, read from the front.
struct Words(std::collections::VecDeque<String>);

/// What a line's options say.
#[derive(Default)]
struct Options {
    key: Vec<String>,
    scheduler: Option<String>,
    timeout: Option<u32>,
    mask: Option<String>,
    address: Option<String>,
    forwarding: Option<ForwardingMethod>,
    weight: Option<i64>,
    thresholds: (u32, u32),
    rest: Vec<String>,
}

/// `-p` without a number (ipvsadm's `DEF_TIMEOUT`-less form; measured with 1.31, whose manual says 300).
const DEFAULT_TIMEOUT: u32 = 360;

impl Words {
    fn next(&mut self) -> Option<String> {
        self.0.pop_front()
    }

    fn value(&mut self) -> Result<String, &'static str> {
        self.next().ok_or("the last option has no value")
    }

    fn number<N: std::str::FromStr>(&mut self) -> Result<N, &'static str> {
        self.value()?.parse().map_err(|_| "an option's value is not a number")
    }

    fn optional(&mut self) -> Option<String> {
        if self.0.front().is_some_and(|word| !word.starts_with('-')) { self.next() } else { None }
    }

    fn options(mut self) -> Result<Options, &'static str> {
        let mut options = Options::default();
        let mut seen = Vec::new();
        while let Some(word) = self.next() {
            let option = self.unglued(word);
            if let Some(kind) = once(&option) {
                if seen.contains(&kind) {
                    return Err("an option stands twice, or two exclude each other");
                }
                seen.push(kind);
            }
            match option.as_str() {
                "-f" | "--fwmark-service" => {
                    let mark = [String::from("-f"), mark(&self.value()?)?];
                    options.key.splice(0..0, mark).for_each(drop);
                }
                "-t" | "--tcp-service" => options.key.extend(["-t".to_owned(), self.value()?]),
                "-u" | "--udp-service" => options.key.extend(["-u".to_owned(), self.value()?]),
                "--sctp-service" => options.key.extend(["--sctp-service".to_owned(), self.value()?]),
                "-6" | "--ipv6" => options.key.push("-6".to_owned()),
                "-s" | "--scheduler" => options.scheduler = Some(self.value()?),
                "-p" | "--persistent" => {
                    let seconds = self.optional().map_or(Ok(DEFAULT_TIMEOUT), |text| text.parse());
                    options.timeout = Some(seconds.map_err(|_| "the persistence timeout is not a number")?);
                }
                "-M" | "--netmask" => options.mask = Some(self.value()?),
                "-r" | "--real-server" => options.address = Some(endpoint(&self.value()?)),
                "-g" | "--gatewaying" => options.forwarding = Some(ForwardingMethod::Direct),
                "-i" | "--ipip" => options.forwarding = Some(ForwardingMethod::Tunnel),
                "-m" | "--masquerading" => options.forwarding = Some(ForwardingMethod::Nat),
                "-w" | "--weight" => options.weight = Some(self.number()?),
                "-x" | "--u-threshold" => options.thresholds.0 = self.number()?,
                "-y" | "--l-threshold" => options.thresholds.1 = self.number()?,
                // Attributes that the product never sets are carried along as they are.
                other if other.starts_with('-') => {
                    options.rest.push(other.to_owned());
                    options.rest.extend(self.optional());
                }
                _ => return Err("a word stands where an option was expected"),
            }
        }
        Ok(options)
    }

    /// `-f21` is `-f 21`: the option, its value put back.
    fn unglued(&mut self, word: String) -> String {
        let glued = word.len() > 2 && word.starts_with('-') && !word.starts_with("--") && word.is_char_boundary(2);
        if !glued || !"ftuspMrwxy".contains(&word[1..2]) {
            return word;
        }
        self.0.push_front(word[2..].to_owned());
        word[..2].to_owned()
    }
}

/// What an option is about, where ipvsadm takes just one such option in a line (`set_option` of its source).
fn once(option: &str) -> Option<char> {
    Some(match option {
        "-f" | "--fwmark-service" | "-t" | "--tcp-service" | "-u" | "--udp-service" | "--sctp-service" => 'f',
        "-s" | "--scheduler" => 's',
        "-p" | "--persistent" => 'p',
        "-M" | "--netmask" => 'M',
        "-r" | "--real-server" => 'r',
        "-g" | "--gatewaying" | "-i" | "--ipip" | "-m" | "--masquerading" => 'g',
        "-w" | "--weight" => 'w',
        "-x" | "--u-threshold" => 'x',
        "-y" | "--l-threshold" => 'y',
        _ => return None,
    })
}

/// A mark, which is decimal also with a zero before it. ipvsadm prints one above 2147483647 as a negative number.
fn mark(text: &str) -> Result<String, &'static str> {
    if text.strip_prefix('-').is_some_and(|digits| decimal::<u32>(digits).is_some()) {
        return Ok(text.to_owned());
    }
    let number = decimal::<u32>(text).filter(|mark| *mark > 0);
    number.map(|mark| mark.to_string()).ok_or("the firewall mark is not a number that ipvsadm takes")
}

/// The address of a real server as ipvsadm prints it: octets have a base, ports are decimal or one of FTP's names. Any
/// other text stays as it is.
fn endpoint(text: &str) -> String {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let port = port.map(|port| match port {
        "ftp" => Some(21),
        "ftp-data" => Some(20),
        number => decimal::<u16>(number),
    });
    match (ipv4::whole_address(host), port) {
        (Some(host), None) => host.to_string(),
        (Some(host), Some(Some(port))) => format!("{host}:{port}"),
        _ => text.to_owned(),
    }
}

fn decimal<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl Options {
    fn service(self) -> Option<Service> {
        if self.key.first().is_none_or(|word| word == "-6") {
            return None;
        }
        let is_v6 = self.key.iter().any(|word| word == "-6" || word.starts_with('['));
        let mask = self.mask.map(|mask| if is_v6 { mask } else { dotted(&mask) });
        let mask = mask.filter(|mask| mask != if is_v6 { "128" } else { "255.255.255.255" });
        Some(Service {
            key: ServiceKey(self.key),
            scheduler: self.scheduler.unwrap_or_else(|| "wlc".to_owned()),
            persistence: self.timeout.map(|seconds| Timeout { seconds, mask }),
            rest: self.rest,
            destinations: Vec::new(),
        })
    }

    fn destination(self) -> Option<(ServiceKey, Destination)> {
        if self.key.first().is_none_or(|word| word == "-6") {
            return None;
        }
        let address = self.address?;
        // Under a mark, an address without a port has port 0; under an address, the service's own.
        let has_port = address.rsplit_once(']').map_or(address.as_str(), |(_, tail)| tail).contains(':');
        let address = if has_port {
            address
        } else {
            let port =
                if self.key[0] == "-f" { "0" } else { self.key[1].rsplit_once(':').map_or("0", |(_, port)| port) };
            format!("{address}:{port}")
        };
        let destination = Destination {
            address,
            forwarding: self.forwarding.unwrap_or(ForwardingMethod::Direct),
            weight: self.weight.unwrap_or(1),
            thresholds: self.thresholds,
            rest: self.rest,
        };
        Some((ServiceKey(self.key), destination))
    }
}

/// An IPv4 mask as inet_aton(3) reads it: a lone number is the whole address, so `-M 24` is 0.0.0.24.
fn dotted(mask: &str) -> String {
    mask.parse::<u32>().map_or_else(|_| mask.to_owned(), |number| Ipv4Addr::from(number).to_string())
}

#[cfg(test)]
#[path = "ipvs_tests.rs"]
mod tests;
