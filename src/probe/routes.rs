//! The kernel's main table of routes, as /proc/net/route shows it (Linux, `fib_route_seq_show`).

use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// Routes, as the kernel has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes(pub Vec<Route>);

/// A route that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub network: Ipv4Net,
    /// By which interface.
    pub interface: String,
    /// By which gateway; nothing where the network is next to the host.
    pub gateway: Option<Ipv4Addr>,
    /// The least one counts.
    pub metric: u32,
}

/// RTF_UP and RTF_REJECT.
const UP: u32 = 0x1;
const REJECT: u32 = 0x200;

/// One line; its numbers are in the machine's order of bytes, which is a little-endian one's nearly everywhere.
pub(super) fn route(line: &str) -> Option<Route> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [interface, destination, gateway, flags, _, _, metric, mask, ..] = words[..] else { return None };
    let address = |text: &str| u32::from_str_radix(text, 16).ok().map(|bits| Ipv4Addr::from(bits.swap_bytes()));
    let flags = u32::from_str_radix(flags, 16).ok()?;
    if flags & UP == 0 || flags & REJECT != 0 {
        return None;
    }
    let prefix = u8::try_from(u32::from(address(mask)?).leading_ones()).ok()?;
    let gateway = address(gateway)?;
    Some(Route {
        network: Ipv4Net::new(address(destination)?, prefix).ok()?,
        interface: interface.to_owned(),
        gateway: (!gateway.is_unspecified()).then_some(gateway),
        metric: metric.parse().ok()?,
    })
}

impl Routes {
    /// Whether there is any. A host without one is in no network yet, and tells nothing of packets.
    #[must_use]
    pub fn lead_somewhere(&self) -> bool {
        self.0.iter().any(|route| route.interface != "lo")
    }

    /// The interface that leads to an address.
    #[must_use]
    pub fn interface(&self, address: Ipv4Addr) -> Option<&str> {
        let routes = self.0.iter().filter(|route| route.network.contains(&address));
        let best = routes.min_by_key(|route| (32 - route.network.prefix_len(), route.metric));
        best.map(|route| route.interface.as_str())
    }

    /// The default route that counts.
    #[must_use]
    pub fn default(&self) -> Option<&Route> {
        self.0.iter().filter(|route| route.network.prefix_len() == 0).min_by_key(|route| route.metric)
    }

    /// Its gateway.
    #[must_use]
    pub fn default_gateway(&self) -> Option<Ipv4Addr> {
        self.default()?.gateway
    }
}
