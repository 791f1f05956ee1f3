//! A set of TCP ports, so that rules can be compared by what they match.

use std::fmt;

/// A set of ports, kept as sorted ranges that neither touch nor overlap; both ends are included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortSet(Vec<(u16, u16)>);

impl PortSet {
    /// Every port, 0 to 65535.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![(0, u16::MAX)])
    }

    /// One port.
    #[must_use]
    pub fn port(port: u16) -> Self {
        Self(vec![(port, port)])
    }

    /// A range; empty when `low` is above `high`.
    #[must_use]
    pub fn range(low: u16, high: u16) -> Self {
        Self(if low <= high { vec![(low, high)] } else { Vec::new() })
    }

    /// Whether no port is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ports of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut ranges: Vec<(u16, u16)> = self.0.iter().chain(&other.0).copied().collect();
        ranges.sort_unstable();
        let mut joined: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match joined.last_mut() {
                Some(last) if u32::from(low) <= u32::from(last.1) + 1 => last.1 = last.1.max(high),
                _ => joined.push((low, high)),
            }
        }
        Self(joined)
    }

    /// The ports of 0 to 65535 that are not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut rest = Vec::new();
        let mut next = 0_u32;
        for (low, high) in &self.0 {
            if next < u32::from(*low) {
                rest.push((u16::try_from(next).unwrap_or(u16::MAX), low - 1));
            }
            next = u32::from(*high) + 1;
        }
        if let Ok(next) = u16::try_from(next) {
            rest.push((next, u16::MAX));
        }
        Self(rest)
    }

    /// The ports of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.complement().union(&other.complement()).complement()
    }

    /// Whether every port of this set is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|(low, high)| other.0.iter().any(|(from, to)| from <= low && high <= to))
    }

    /// Whether the two sets share a port.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().any(|(low, high)| other.0.iter().any(|(from, to)| low <= to && from <= high))
    }
}

impl fmt::Display for PortSet {
    /// As iptables' multiport writes it: `21,10000:20000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (low, high)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if low == high {
                write!(f, "{comma}{low}")?;
            } else {
                write!(f, "{comma}{low}:{high}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::PortSet;
    use proptest::prelude::*;

    fn any_set() -> impl Strategy<Value = (PortSet, Vec<u16>)> {
        proptest::collection::vec((0..40_u16, 0..5_u16), 0..5).prop_map(|ranges| {
            let set =
                ranges.iter().fold(PortSet::default(), |set, (low, more)| set.union(&PortSet::range(*low, low + more)));
            let members =
                (0..50).filter(|port| ranges.iter().any(|(low, more)| (*low..=low + more).contains(port))).collect();
            (set, members)
        })
    }

    proptest! {
        /// The set agrees with a plain list of members in everything that it can be asked.
        #[test]
        fn behaves_as_a_list_of_ports((one, ports) in any_set(), (two, others) in any_set()) {
            prop_assert_eq!(one.is_empty(), ports.is_empty());
            prop_assert_eq!(one.is_subset(&two), ports.iter().all(|port| others.contains(port)));
            prop_assert_eq!(one.overlaps(&two), ports.iter().any(|port| others.contains(port)));
            prop_assert!(!one.overlaps(&one.complement()));
            prop_assert_eq!(one.union(&one.complement()), PortSet::all());
            let shared = one.intersection(&two);
            let both = one.union(&two);
            for port in 0..50 {
                prop_assert_eq!(
                    PortSet::port(port).is_subset(&both),
                    ports.contains(&port) || others.contains(&port)
                );
                prop_assert_eq!(
                    PortSet::port(port).is_subset(&shared),
                    ports.contains(&port) && others.contains(&port)
                );
            }
        }
    }
}
