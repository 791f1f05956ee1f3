//! Servers that say what they are told to say: each failure is named at its step. The real vsftpd has the last word in
//! tests/real_vsftpd.rs.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::ftp_client::Why;
use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

/// Answers each command with the reply whose word begins it; the first entry is the greeting. `DATA` in a reply is the
/// port of a listener that sends a listing.
fn serve(replies: &'static [(&'static str, &'static str)]) -> SocketAddr {
    let control = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = control.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = control.accept().unwrap();
        let data = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = data.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in data.incoming().flatten() {
                let _ = (&stream).write_all(b"-rw-r--r-- 1 0 0 5 Jan 1 00:00 hello.txt\r\n");
            }
        });
        let _ = talk(&stream, replies, port);
    });
    address
}

fn talk(stream: &TcpStream, replies: &[(&str, &str)], port: u16) -> std::io::Result<()> {
    let [high, low] = port.to_be_bytes();
    let say = |text: &str| {
        let text = text.replace("DATA", &port.to_string()).replace("PAIR", &format!("{high},{low}"));
        (&*stream).write_all(text.as_bytes())
    };
    say(replies[0].1)?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        match replies.iter().skip(1).find(|(word, _)| line.starts_with(word)) {
            Some((_, "")) => return Ok(()),
            Some((_, reply)) => say(reply)?,
            None => say("200 ok\r\n")?,
        }
    }
    Ok(())
}

fn request(mode: Mode, to: SocketAddr) -> Request {
    Request { mode, to, from: None, named: None, login: Login::default(), tls: false, wait: 1 }
}

const LOGIN: [(&str, &str); 3] = [("", "220-Hello\r\n220 there\r\n"), ("USER", "331 x\r\n"), ("PASS", "230 x\r\n")];

#[test]
fn a_session_that_ends_well_is_told_whole() {
    let to = serve(&[
        LOGIN[0],
        LOGIN[1],
        LOGIN[2],
        ("PASV", "227 =127,0,0,1,PAIR\r\n"),
        ("LIST", "150 here\r\n226 done\r\n"),
    ]);
    let trial = run(&request(Mode::Pasv, to));
    assert_eq!(trial.failure, None);
    assert_eq!(trial.greeting.as_deref(), Some("220 there"));
    assert_eq!(trial.named.unwrap().ip(), Ipv4Addr::LOCALHOST);
    assert_eq!(trial.client.unwrap().ip(), Ipv4Addr::LOCALHOST);
}

#[test]
fn each_failure_is_named_at_its_step() {
    let failed = |mode, replies: &'static [(&'static str, &'static str)]| {
        let failure = run(&request(mode, serve(replies))).failure.unwrap();
        (failure.step, failure.why)
    };
    assert_eq!(
        failed(Mode::Epsv, &[("", "421 too many connections\r\n")]),
        (Step::Greeting, Why::Reply("421 too many connections".to_owned()))
    );
    assert_eq!(failed(Mode::Epsv, &[("", "")]), (Step::Greeting, Why::NoAnswer));
    assert_eq!(
        failed(Mode::Epsv, &[("", "SSH-2.0-OpenSSH\r\n")]),
        (Step::Greeting, Why::NotFtp("SSH-2.0-OpenSSH".to_owned()))
    );
    assert_eq!(failed(Mode::Epsv, &[LOGIN[0], ("USER", "")]), (Step::Login, Why::Closed));
    assert_eq!(
        failed(Mode::Epsv, &[LOGIN[0], LOGIN[1], ("PASS", "530 Login incorrect.\r\n")]),
        (Step::Login, Why::Reply("530 Login incorrect.".to_owned()))
    );
    // Nobody listens at port 1 of this machine.
    assert_eq!(
        failed(Mode::Epsv, &[LOGIN[0], LOGIN[1], LOGIN[2], ("EPSV", "229 (|||1|)\r\n")]),
        (Step::DataConnection, Why::Refused)
    );
    let wrong = failed(Mode::Pasv, &[LOGIN[0], LOGIN[1], LOGIN[2], ("PASV", "227 (10,1,1,11,39,16)\r\n")]);
    let named = "10.1.1.11:10000".parse().unwrap();
    assert_eq!(wrong, (Step::Negotiate, Why::WrongAddress { named, expected: Ipv4Addr::LOCALHOST.into() }));
    assert_eq!(
        failed(Mode::Port, &[LOGIN[0], LOGIN[1], LOGIN[2], ("LIST", "425 Failed to establish connection.\r\n")]),
        (Step::DataConnection, Why::Reply("425 Failed to establish connection.".to_owned()))
    );
    // A packet filter that takes the server's packets: it says that it began, and nothing comes.
    assert_eq!(
        failed(Mode::Eprt, &[LOGIN[0], LOGIN[1], LOGIN[2], ("LIST", "150 here\r\n")]),
        (Step::DataConnection, Why::NoAnswer)
    );
    assert_eq!(
        failed(Mode::Epsv, &[LOGIN[0], LOGIN[1], LOGIN[2], ("EPSV", "229 (|||DATA|)\r\n"), ("LIST", "150 here\r\n")]),
        (Step::Completion, Why::NoAnswer),
        "the router forgot the control connection"
    );
}

/// A greeting that goes on for ever, and one that comes a byte at a time, end in time.
#[test]
fn a_server_that_never_ends_is_given_up() {
    let endless = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = endless.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = endless.accept().unwrap();
        while stream.write_all(b"220-more\r\n").is_ok() {}
    });
    let failure = run(&request(Mode::Epsv, to)).failure.unwrap();
    assert!(matches!(failure.why, Why::NotFtp(_)), "{failure}");
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = slow.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = slow.accept().unwrap();
        while stream.write_all(b"2").is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
    let failure = run(&request(Mode::Epsv, to)).failure.unwrap();
    assert_eq!((failure.step, failure.why), (Step::Greeting, Why::NoAnswer));
}

/// Behind its router a real server names the virtual IP: that is right, and data is fetched from where it is.
#[test]
fn a_real_server_is_asked_behind_its_router() {
    let replies: &[_] =
        &[LOGIN[0], LOGIN[1], LOGIN[2], ("PASV", "227 (192,0,2,10,PAIR)\r\n"), ("LIST", "150 here\r\n226 done\r\n")];
    let named = Some(Ipv4Addr::new(192, 0, 2, 10).into());
    let trial = run(&Request { named, ..request(Mode::Pasv, serve(replies)) });
    assert_eq!(trial.failure, None);
    assert_eq!(trial.named.unwrap().ip(), Ipv4Addr::new(192, 0, 2, 10));
}

/// What a terminal would obey is not passed on.
#[test]
fn a_servers_words_are_safe_to_print() {
    let failure = run(&request(Mode::Epsv, serve(&[("", "530 \x1b[2Jgone\r\n")]))).failure.unwrap();
    assert!(!failure.to_string().contains('\x1b'), "{failure}");
}
