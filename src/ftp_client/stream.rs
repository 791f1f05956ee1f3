//! A connection, in the clear or under TLS.

use super::{
    socket::Deadline,
    tls::{self, Tls},
};
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Secured(Box<tls::Secured>),
}

impl Stream {
    /// Returns the same connection under TLS.
    pub fn secured(self, tls: &Tls, peer: SocketAddr, wait: Duration) -> io::Result<Self> {
        match self {
            Self::Plain(stream) => {
                Deadline::after(wait).bounds(&stream)?;
                Ok(Self::Secured(Box::new(tls.secure(stream, peer)?)))
            }
            Self::Secured(_) => Ok(self),
        }
    }

    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secured(stream) => stream.get_ref(),
        }
    }

    /// Sends all of a text.
    pub fn send(&mut self, text: &[u8], deadline: Deadline) -> io::Result<()> {
        deadline.bounds(self.tcp())?;
        match self {
            Self::Plain(stream) => stream.write_all(text),
            Self::Secured(stream) => stream.write_all(text).and_then(|()| stream.flush()),
        }
    }

    /// Reads what is there; nothing at the end.
    pub fn receive(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            deadline.bounds(self.tcp())?;
            let read = match self {
                Self::Plain(stream) => stream.read(buffer),
                // A server that closes a data connection without TLS' own farewell has closed it none the less.
                Self::Secured(stream) => stream.read(buffer).or_else(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => Ok(0),
                    _ => Err(error),
                }),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Says farewell, as TLS wants it.
    pub fn close(mut self, deadline: Deadline) {
        if let Self::Secured(stream) = &mut self {
            stream.conn.send_close_notify();
            let _ = deadline.bounds(&stream.sock).and_then(|()| stream.flush());
        }
    }
}
