//! Edits of the IPVS table. Each knows what is there before and after it, so that it can be compared, made and taken back.

use crate::format::ipvs::{Destination, Service, ServiceKey};
use std::fmt;

/// What happens to one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit<T> {
    /// It is not there yet.
    Add(T),
    /// It is there with other attributes.
    Change {
        /// As it is.
        before: T,
        /// As it shall be, with every attribute.
        after: T,
    },
    /// It goes.
    Remove(T),
}

/// One ipvsadm command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IpvsEdit {
    /// A service comes without destinations, gets other attributes, or goes with all its destinations.
    Service(Edit<Service>),
    /// A destination of this service.
    Destination(ServiceKey, Edit<Destination>),
}

/// What the kernel must show of a thing before it is edited.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    /// Lines of `ipvsadm -S -n` that begin so are about it.
    pub prefixes: Vec<String>,
    /// All those lines, in byte order, without [`Sight::IMPLIED`].
    pub lines: Vec<String>,
    /// `ADDRESS UPPER LOWER` of each destination whose thresholds were observed, in byte order.
    pub thresholds: Vec<String>,
}

impl Sight {
    /// What ipvsadm prints of a plain tunnel though nobody said it.
    pub const IMPLIED: &str = " --tun-type ipip";
}

impl<T> Edit<T> {
    /// The thing as it is before, where it is there.
    pub const fn before(&self) -> Option<&T> {
        match self {
            Self::Add(_) => None,
            Self::Change { before, .. } | Self::Remove(before) => Some(before),
        }
    }

    fn thing(&self) -> &T {
        match self {
            Self::Add(thing) | Self::Remove(thing) | Self::Change { after: thing, .. } => thing,
        }
    }

    /// The edit that takes it back.
    fn inverse(&self) -> Self
    where
        T: Clone,
    {
        match self {
            Self::Add(thing) => Self::Remove(thing.clone()),
            Self::Change { before, after } => Self::Change { before: after.clone(), after: before.clone() },
            Self::Remove(thing) => Self::Add(thing.clone()),
        }
    }
}

impl IpvsEdit {
    /// The words for ipvsadm. They carry every attribute, because ipvsadm resets what is left out.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let (verb, rest) = match self {
            Self::Service(Edit::Add(service)) => ("-A", service.words()),
            Self::Service(Edit::Change { after, .. }) => ("-E", after.words()),
            Self::Service(Edit::Remove(service)) => ("-D", service.key.words().to_vec()),
            Self::Destination(key, edit) => {
                let (verb, words) = match edit {
                    Edit::Add(destination) => ("-a", destination.words()),
                    Edit::Change { after, .. } => ("-e", after.words()),
                    Edit::Remove(destination) => ("-d", vec!["-r".to_owned(), destination.address.clone()]),
                };
                (verb, [key.words(), &words].concat())
            }
        };
        [vec![verb.to_owned()], rest].concat()
    }

    /// The edits that take it back, in their order.
    #[must_use]
    pub fn inverse(&self) -> Vec<Self> {
        match self {
            Self::Service(Edit::Remove(service)) => {
                let bare = Service { destinations: Vec::new(), ..service.clone() };
                let destinations = service.destinations.iter();
                let adds = destinations.map(|one| Self::Destination(service.key.clone(), Edit::Add(one.clone())));
                std::iter::once(Self::Service(Edit::Add(bare))).chain(adds).collect()
            }
            Self::Service(edit) => vec![Self::Service(edit.inverse())],
            Self::Destination(key, edit) => vec![Self::Destination(key.clone(), edit.inverse())],
        }
    }

    /// The service that it is about, or whose destination it is about.
    #[must_use]
    pub fn key(&self) -> &ServiceKey {
        match self {
            Self::Service(edit) => &edit.thing().key,
            Self::Destination(key, _) => key,
        }
    }

    /// What the kernel must show for this edit to be made: what was observed, and of a new thing nothing.
    #[must_use]
    pub fn sight(&self) -> Sight {
        let mut sight = Sight::default();
        match self {
            Self::Service(edit) => {
                let key = &edit.thing().key;
                sight.prefixes.push(format!("-A {key} -s "));
                sight.lines.extend(edit.before().map(|service| format!("-A {service}")));
                // A service goes with its destinations, so they must be the known ones.
                if let Edit::Remove(service) = edit {
                    sight.prefixes.push(format!("-a {key} -r "));
                    service.destinations.iter().for_each(|one| sight.see(key, one));
                }
            }
            Self::Destination(key, edit) => {
                sight.prefixes.push(format!("-a {key} -r {} ", edit.thing().address));
                edit.before().into_iter().for_each(|one| sight.see(key, one));
            }
        }
        sight.lines.sort();
        sight.thresholds.sort();
        sight
    }
}

impl Sight {
    fn see(&mut self, key: &ServiceKey, one: &Destination) {
        let (upper, lower) = one.thresholds;
        self.lines.push(format!("-a {key} -r {one}").replace(Self::IMPLIED, ""));
        self.thresholds.push(format!("{} {upper} {lower}", one.address));
    }
}

impl fmt::Display for IpvsEdit {
    /// What it is about: `virtual service -f 21`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(edit) => write!(f, "virtual service {}", edit.thing().key),
            Self::Destination(key, edit) => write!(f, "destination {} of virtual service {key}", edit.thing().address),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{Edit, IpvsEdit};
    use crate::format::ipvs::{Destination, IpvsTable, Service};

    const TABLE: &str = "-A -f 21 -s wlc -p 300 -M 255.255.255.0 --pe sip\n\
        -a -f 21 -r 10.1.1.12:0 -m -w 3 -x 9 -y 8\n-a -f 21 -r 10.1.1.11:0 -i -w 1 --tun-type ipip\n";

    fn service() -> Service {
        IpvsTable::parse(TABLE.as_bytes()).unwrap().services.remove(0)
    }

    fn destination() -> Destination {
        service().destinations[0].clone()
    }

    fn words(edits: &[IpvsEdit]) -> Vec<String> {
        edits.iter().map(|edit| edit.words().join(" ")).collect()
    }

    #[test]
    fn a_service_goes_and_comes_back_with_all_that_it_had() {
        let edit = IpvsEdit::Service(Edit::Remove(service()));
        assert_eq!(words(std::slice::from_ref(&edit)), ["-D -f 21"]);
        assert_eq!(
            words(&edit.inverse()),
            [
                "-A -f 21 -s wlc -p 300 -M 255.255.255.0 --pe sip",
                "-a -f 21 -r 10.1.1.12:0 -m -w 3 -x 9 -y 8",
                "-a -f 21 -r 10.1.1.11:0 -i -w 1 --tun-type ipip",
            ]
        );
        let sight = edit.sight();
        assert_eq!(sight.prefixes, ["-A -f 21 -s ", "-a -f 21 -r "]);
        assert_eq!(
            sight.lines,
            [
                "-A -f 21 -s wlc -p 300 -M 255.255.255.0 --pe sip",
                "-a -f 21 -r 10.1.1.11:0 -i -w 1",
                "-a -f 21 -r 10.1.1.12:0 -m -w 3",
            ]
        );
        assert_eq!(sight.thresholds, ["10.1.1.11:0 0 0", "10.1.1.12:0 9 8"]);
    }

    /// A new service is taken back only while it is as it was made, and nobody else has given it a destination.
    #[test]
    fn a_new_service_goes_only_while_it_is_empty() {
        let bare = Service { destinations: Vec::new(), ..service() };
        let edit = IpvsEdit::Service(Edit::Add(bare));
        assert_eq!((edit.sight().lines.len(), edit.sight().prefixes.len()), (0, 1));
        let back = edit.inverse();
        assert_eq!(words(&back), ["-D -f 21"]);
        assert_eq!(back[0].sight().lines, ["-A -f 21 -s wlc -p 300 -M 255.255.255.0 --pe sip"]);
        assert_eq!(back[0].sight().prefixes.len(), 2);
    }

    #[test]
    fn an_edit_is_taken_back_with_every_attribute() {
        let after = Destination { weight: 0, ..destination() };
        let edit = IpvsEdit::Destination(service().key, Edit::Change { before: destination(), after });
        assert_eq!(words(std::slice::from_ref(&edit)), ["-e -f 21 -r 10.1.1.12:0 -m -w 0 -x 9 -y 8"]);
        assert_eq!(edit.sight().lines, ["-a -f 21 -r 10.1.1.12:0 -m -w 3"]);
        let back = edit.inverse();
        assert_eq!(words(&back), ["-e -f 21 -r 10.1.1.12:0 -m -w 3 -x 9 -y 8"]);
        assert_eq!(back[0].sight().lines, ["-a -f 21 -r 10.1.1.12:0 -m -w 0"]);
        assert_eq!(words(&back[0].inverse()), words(&[edit]));
    }
}
