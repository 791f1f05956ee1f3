//! The data connection of each mode.

use super::{
    failure::{Failure, Step, Why},
    session::Session,
    socket,
    trial::{Mode, Request},
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// Where data is to come from: a connection that is there, or one that the server will make.
#[derive(Debug)]
pub(super) enum Data {
    Passive(TcpStream, SocketAddr),
    Active(TcpListener),
}

impl Data {
    /// Agrees with the server on a data connection. A passive one is made at once.
    pub fn agree(
        session: &mut Session,
        request: &Request,
        wait: Duration,
    ) -> Result<Self, (Failure, Option<SocketAddr>)> {
        let local = session.local().map_err(|error| (Failure::at(Step::Negotiate)(error), None))?;
        match request.mode {
            Mode::Pasv | Mode::Epsv => {
                let named = named(session, request.mode, request.to).map_err(|failure| (failure, None))?;
                // An EPSV reply has no address: it stands for that of the control connection.
                let expected = request.named.filter(|_| request.mode == Mode::Pasv).unwrap_or(request.to.ip());
                if named.ip() != expected {
                    let why = Why::WrongAddress { named, expected };
                    return Err((Failure::new(Step::Negotiate, why), Some(named)));
                }
                let stream = socket::connect(Some(local.ip()), (request.to.ip(), named.port()).into(), wait)
                    .map_err(|error| (Failure::at(Step::DataConnection)(error), Some(named)))?;
                Ok(Self::Passive(stream, named))
            }
            mode => offer(session, mode, local.ip(), wait).map_err(|failure| (failure, None)),
        }
    }

    /// Returns the connection, and where it comes from or goes to.
    pub fn connected(self) -> Result<(TcpStream, SocketAddr), Failure> {
        match self {
            Self::Passive(stream, named) => Ok((stream, named)),
            Self::Active(listener) => listener.accept().map_err(Failure::at(Step::DataConnection)),
        }
    }
}

/// Where the server says that it listens.
fn named(session: &mut Session, mode: Mode, to: SocketAddr) -> Result<SocketAddr, Failure> {
    let (reply, address) = if mode == Mode::Epsv {
        let reply = session.command(Step::Negotiate, "EPSV", &[229])?;
        let port = extended_port(&reply.text);
        (reply, port.map(|port| SocketAddr::new(to.ip(), port)))
    } else {
        let reply = session.command(Step::Negotiate, "PASV", &[227])?;
        let address = passive_address(&reply.text);
        (reply, address)
    };
    address.ok_or_else(|| Failure::new(Step::Negotiate, Why::NotFtp(reply.text)))
}

/// The port of `229 Entering Extended Passive Mode (|||6446|)` (RFC 2428).
pub(super) fn extended_port(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once('(')?;
    let delimiter = rest.chars().next()?;
    let port: u16 = rest.split(delimiter).nth(3)?.parse().ok()?;
    (port > 0).then_some(port)
}

/// The address of `227 Entering Passive Mode (192,0,2,10,39,16)`. The text around the six numbers is anyone's (RFC 1123,
/// 4.1.2.6).
pub(super) fn passive_address(text: &str) -> Option<SocketAddr> {
    let numbers = text.get(3..)?.split(|letter: char| !letter.is_ascii_digit() && letter != ',');
    let numbers = numbers.map(|run| run.split(',').map(str::parse).collect::<Result<Vec<u8>, _>>());
    numbers.flatten().find_map(|numbers| match numbers[..] {
        [a, b, c, d, high, low] if (high, low) != (0, 0) => {
            Some(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low])))
        }
        _ => None,
    })
}

/// Offers an address to the server.
fn offer(session: &mut Session, mode: Mode, at: IpAddr, wait: Duration) -> Result<Data, Failure> {
    let failed = Failure::at(Step::Negotiate);
    let listener = socket::listen(at, wait).map_err(&failed)?;
    let port = listener.local_addr().map_err(&failed)?.port();
    let command = match (mode, at) {
        (Mode::Port, IpAddr::V4(at)) => {
            let ([a, b, c, d], [high, low]) = (at.octets(), port.to_be_bytes());
            format!("PORT {a},{b},{c},{d},{high},{low}")
        }
        (Mode::Port, IpAddr::V6(_)) => {
            return Err(Failure::new(Step::Negotiate, Why::Other("PORT has no words for IPv6".to_owned())));
        }
        (_, IpAddr::V4(at)) => format!("EPRT |1|{at}|{port}|"),
        (_, IpAddr::V6(at)) => format!("EPRT |2|{at}|{port}|"),
    };
    session.command(Step::Negotiate, &command, &[200])?;
    Ok(Data::Active(listener))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_name_addresses() {
        let address = |text| passive_address(text).map(|address| address.to_string());
        assert_eq!(address("227 Entering Passive Mode (192,0,2,10,39,16).").as_deref(), Some("192.0.2.10:10000"));
        assert_eq!(address("227 =192,0,2,10,39,16").as_deref(), Some("192.0.2.10:10000"));
        assert_eq!(address("227 mode 5 is 192,0,2,10,39,16 ok").as_deref(), Some("192.0.2.10:10000"));
        for wrong in
            ["227 (192,0,2,10,39)", "227 (192,0,2,300,39,16)", "227 (1,2,3,4,0,0)", "227", "227 (,,,,,)", "22é(1"]
        {
            assert_eq!(address(wrong), None, "{wrong}");
        }
        assert_eq!(extended_port("229 Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(extended_port("229 ok (!!!6446!)"), Some(6446));
        for wrong in ["229 (|||0|)", "229 (|||99999|)", "229 |||6446|", "229 (", "229 (|||)"] {
            assert_eq!(extended_port(wrong), None, "{wrong}");
        }
    }
}
