//! An FTP session from a chosen address, exact about what it is told: no second tries, no address that is ignored.

use rustix::net::{AddressFamily, SocketType, bind, connect, listen, socket, sockopt};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream},
    time::{Duration, SystemTime},
};

/// How a data connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mode {
    /// Passive; the reply names a port only.
    Epsv,
    /// Passive; the connection goes where the reply says.
    Pasv,
    /// Active.
    Port,
    /// Active, asked for in the newer way.
    Eprt,
}

/// A client that waits longer than this for anything has failed.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct Session {
    from: Ipv4Addr,
    to: Ipv4Addr,
    control: BufReader<TcpStream>,
    /// When something last went well.
    pub last_good: SystemTime,
}

impl Session {
    /// Logs in as anonymous.
    pub fn open(from: Ipv4Addr, to: Ipv4Addr) -> Result<Self, String> {
        let control = connection(from, SocketAddrV4::new(to, 21))?;
        let mut session = Self { from, to, control: BufReader::new(control), last_good: SystemTime::now() };
        session.reply("connected", "220")?;
        session.command("USER anonymous", "331")?;
        session.command("PASS load@", "230")?;
        Ok(session)
    }

    /// Asks for a file: the data connection from which it can be read. [`Self::finish`] belongs after it.
    pub fn retrieve(&mut self, mode: Mode, file: &str) -> Result<TcpStream, String> {
        let retrieve = format!("RETR {file}");
        match mode {
            Mode::Epsv | Mode::Pasv => {
                let data = connection(self.from, self.passive(mode)?)?;
                self.command(&retrieve, "150")?;
                Ok(data)
            }
            Mode::Port | Mode::Eprt => {
                let listener = listening(self.from).map_err(|error| format!("listening: {}", cause(&error)))?;
                let address = listener.local_addr().map_err(|error| format!("listening: {}", cause(&error)))?;
                let port = address.port();
                let [a, b, c, d] = self.from.octets();
                let asked = match mode {
                    Mode::Port => format!("PORT {a},{b},{c},{d},{},{}", port >> 8, port & 255),
                    _ => format!("EPRT |1|{}|{port}|", self.from),
                };
                self.command(&asked, "200")?;
                self.command(&retrieve, "150")?;
                // A listener's timeout to receive is one to accept.
                let (data, _) =
                    listener.accept().map_err(|error| format!("waiting for the server: {}", cause(&error)))?;
                patient(&data).map_err(|error| format!("the server's connection: {}", cause(&error)))?;
                Ok(data)
            }
        }
    }

    /// The server's word that the file was whole.
    pub fn finish(&mut self) -> Result<(), String> {
        self.reply("the file was read", "226").map(drop)
    }

    pub fn quit(mut self) -> Result<(), String> {
        self.command("QUIT", "221").map(drop)
    }

    /// Where the server says that it listens.
    fn passive(&mut self, mode: Mode) -> Result<SocketAddrV4, String> {
        if mode == Mode::Epsv {
            let said = self.command("EPSV", "229")?;
            let port = said.split('|').nth(3).and_then(|port| port.parse().ok());
            return Ok(SocketAddrV4::new(self.to, port.ok_or_else(|| format!("EPSV: {said}"))?));
        }
        let said = self.command("PASV", "227")?;
        let numbers =
            said.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(numbers, _)| numbers);
        let numbers: Vec<u8> = numbers.split(',').filter_map(|number| number.parse().ok()).collect();
        match numbers[..] {
            [a, b, c, d, high, low] if Ipv4Addr::new(a, b, c, d) == self.to => {
                Ok(SocketAddrV4::new(self.to, u16::from_be_bytes([high, low])))
            }
            _ => Err(format!("PASV: {said}")),
        }
    }

    fn command(&mut self, command: &str, expected: &str) -> Result<String, String> {
        let sent = self.control.get_mut().write_all(format!("{command}\r\n").as_bytes());
        sent.map_err(|error| format!("{command}: {}", cause(&error)))?;
        self.reply(command, expected)
    }

    fn reply(&mut self, after: &str, expected: &str) -> Result<String, String> {
        loop {
            let mut line = String::new();
            match self.control.read_line(&mut line) {
                Ok(0) => return Err(format!("{after}: the server hung up")),
                Ok(_) => {}
                Err(error) => return Err(format!("{after}: {}", cause(&error))),
            }
            let line = line.trim_end();
            // `230-Welcome` is the beginning of a longer reply, as is a line without a number.
            if line.get(..3).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
                && line.as_bytes().get(3) != Some(&b'-')
            {
                self.last_good = SystemTime::now();
                return if line.starts_with(expected) { Ok(line.to_owned()) } else { Err(format!("{after}: {line}")) };
            }
        }
    }
}

/// A connection from one of the client's addresses.
fn connection(from: Ipv4Addr, to: SocketAddrV4) -> Result<TcpStream, String> {
    let connected = || -> io::Result<TcpStream> {
        let socket = bound(from)?;
        // A timeout to send is one to connect.
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(PATIENCE))?;
        connect(&socket, &SocketAddr::V4(to))?;
        let stream = TcpStream::from(socket);
        patient(&stream)?;
        Ok(stream)
    };
    connected().map_err(|error| format!("connecting to {to}: {}", cause(&error)))
}

fn listening(from: Ipv4Addr) -> io::Result<TcpListener> {
    let socket = bound(from)?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
    listen(&socket, 1)?;
    Ok(TcpListener::from(socket))
}

/// A socket at an address, not yet connected; the standard library has none.
fn bound(from: Ipv4Addr) -> io::Result<std::os::fd::OwnedFd> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from((from, 0)))?;
    Ok(socket)
}

/// Why, in words: a timeout is told as "would block".
pub fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "nothing came in time".to_owned(),
        // Connecting does not take longer than that either.
        _ if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => "nobody answered".to_owned(),
        _ => error.to_string(),
    }
}

fn patient(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
}
