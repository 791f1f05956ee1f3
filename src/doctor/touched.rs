//! Which real server IPVS gave a client's control connection to.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
};

/// The sh text that asks a router. The file has a line for each connection, also some time after its end.
pub const CONNECTIONS: &str = "exec cat /proc/net/ip_vs_conn";

/// The real server of each client, from the table's text: `TCP CB007109 C350 CB00714D 0015 0A2C070C 0015 ESTABLISHED 899`.
#[must_use]
pub fn servers_of(table: &str, virtual_ip: Ipv4Addr, port: u16) -> BTreeMap<SocketAddr, Ipv4Addr> {
    let mut servers = BTreeMap::new();
    for line in table.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["TCP", client, client_port, address, service, server, ..] = words[..] else { continue };
        let numbers = (ip(client), number(client_port), ip(address), number(service), ip(server));
        let (Some(client), Some(client_port), Some(address), Some(service), Some(server)) = numbers else { continue };
        // A template of persistence has port 0 on the client's side.
        if (address, service) == (virtual_ip, port) && client_port != 0 {
            servers.insert(SocketAddrV4::new(client, client_port).into(), server);
        }
    }
    servers
}

fn ip(word: &str) -> Option<Ipv4Addr> {
    u32::from_str_radix(word, 16).ok().map(Ipv4Addr::from)
}

fn number(word: &str) -> Option<u16> {
    u16::from_str_radix(word, 16).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_control_connection_is_found_and_nothing_else() {
        let table = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n\
            TCP CB007109 C350 C000020A 0015 0A01010C 0015 ESTABLISHED     899\n\
            TCP CB007109 C351 C000020A 2710 0A01010C 2710 TIME_WAIT       120\n\
            IP  CB007109 0000 00000015 0000 0A01010C 0000 NONE            299\n\
            TCP CB007109 0000 C000020A 0015 0A01010C 0015 NONE            299\n\
            UDP CB007109 C350 C000020A 0015 0A01010C 0015 UDP             299\n\
            TCP nonsense\n";
        let found = servers_of(table, Ipv4Addr::new(192, 0, 2, 10), 21);
        let expected = [("203.0.113.9:50000".parse().unwrap(), Ipv4Addr::new(10, 1, 1, 12))];
        assert_eq!(found, expected.into());
    }
}
