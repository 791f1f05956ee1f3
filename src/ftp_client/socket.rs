//! Sockets that the standard library cannot make: bound before they connect, and with a time limit for each wait.

use rustix::net::{self, AddressFamily, SocketType, sockopt};
use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

/// Returns a connection from an address, or from the one that the system chooses.
pub(super) fn connect(from: Option<IpAddr>, to: SocketAddr, wait: Duration) -> io::Result<TcpStream> {
    let socket = unconnected(to.ip())?;
    if let Some(from) = from {
        net::bind(&socket, &SocketAddr::from((from, 0)))?;
    }
    // On Linux, a time limit for sending is one for connecting too (socket(7)).
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(wait))?;
    net::connect(&socket, &to)?;
    let stream = TcpStream::from(socket);
    stream.set_write_timeout(Some(wait))?;
    Ok(stream)
}

/// Returns a socket that waits for one connection.
pub(super) fn listen(at: IpAddr, wait: Duration) -> io::Result<TcpListener> {
    let socket = unconnected(at)?;
    net::bind(&socket, &SocketAddr::from((at, 0)))?;
    // On Linux, a time limit for receiving is one for accepting too (socket(7)).
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(wait))?;
    net::listen(&socket, 1)?;
    Ok(TcpListener::from(socket))
}

fn unconnected(family: IpAddr) -> io::Result<OwnedFd> {
    let family = if family.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = net::SocketFlags::CLOEXEC;
    Ok(net::socket_with(family, SocketType::STREAM, flags, None)?)
}

/// A time limit for a whole step: a server that sends a byte now and then does not prolong it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub fn after(wait: Duration) -> Self {
        Self(Instant::now() + wait)
    }

    /// Lets the next wait of a connection last until the limit at most.
    pub fn bounds(self, stream: &TcpStream) -> io::Result<()> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        stream.set_write_timeout(Some(left))
    }
}
