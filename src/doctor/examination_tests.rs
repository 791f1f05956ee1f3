//! What sessions of a cluster of two real servers tell: the fault is put where it is, and a healthy cluster has none.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use std::net::SocketAddr;

fn cluster() -> Cluster {
    let server = |number: u8| Server {
        host: format!("ftp{number}"),
        ip: std::net::Ipv4Addr::new(10, 1, 1, 10 + number),
        weight: 1,
    };
    Cluster {
        play: "Public FTP".to_owned(),
        virtual_ip: std::net::Ipv4Addr::new(192, 0, 2, 10),
        mark: 21,
        port: 21,
        passive: (10000, 20000),
        scheduler: "wlc".to_owned(),
        persistence: 300,
        forwarding: "nat".to_owned(),
        active: None,
        routers: vec!["lvs1".to_owned(), "lvs2".to_owned()],
        servers: vec![server(1), server(2)],
    }
}

/// Every session, where this says how each ends: by way and mode.
fn examined(cluster: &Cluster, ends: impl Fn(&Via, Mode) -> Option<Failure>) -> Examination<'_> {
    let ways = [Via::VirtualIp, Via::RealServer("ftp1".to_owned()), Via::RealServer("ftp2".to_owned())];
    let one = |via: &Via, mode: Mode| {
        let failure = ends(via, mode);
        let server = match via {
            Via::VirtualIp => "ftp1".to_owned(),
            Via::RealServer(name) => name.clone(),
        };
        let named = matches!(mode, Mode::Pasv | Mode::Epsv).then(|| address("192.0.2.10:10500"));
        let data_from = matches!(mode, Mode::Port | Mode::Eprt).then(|| address("192.0.2.10:20"));
        let (named, data_from) = if failure.is_some() { (None, None) } else { (named, data_from) };
        let trial = Trial {
            mode,
            to: address("192.0.2.10:21"),
            client: None,
            greeting: None,
            named,
            data_from,
            milliseconds: 1,
            failure,
        };
        SessionResult { via: via.clone(), server: Some(server), trial }
    };
    let sessions = ways.iter().flat_map(|via| Mode::ALL.map(|mode| one(via, mode))).collect();
    Examination {
        cluster,
        client: "client".to_owned(),
        router: Some("lvs1".to_owned()),
        sessions,
        lost: Vec::new(),
        unknown: Vec::new(),
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn is_of(via: &Via, name: &str) -> bool {
    matches!(via, Via::RealServer(server) if server == name)
}

/// The verdicts and causes of what is found.
fn told(examination: &Examination<'_>) -> Vec<String> {
    examination.findings().into_iter().map(|finding| format!("{}: {}", finding.verdict, finding.cause)).collect()
}

#[test]
fn a_healthy_cluster_has_no_finding() {
    let cluster = cluster();
    let examination = examined(&cluster, |_, _| None);
    assert_eq!((told(&examination), examination.served()), (vec![], Some(true)));
    assert_eq!(
        examination.remarks(),
        ["persistence led this client to ftp1; ftp2 got no session through the virtual IP"]
    );
}

#[test]
fn one_bad_real_server_is_named() {
    let cluster = cluster();
    let examination =
        examined(&cluster, |via, _| is_of(via, "ftp2").then(|| Failure::new(Step::Connect, Why::Refused)));
    assert_eq!(told(&examination), ["ftp2 serves nobody: no daemon listens at 10.1.1.12:21 of ftp2"]);
    assert_eq!(examination.served(), Some(false));
    let words = Why::Reply("421 Service not available.".to_owned());
    let examination =
        examined(&cluster, |via, _| is_of(via, "ftp2").then(|| Failure::new(Step::Greeting, words.clone())));
    assert_eq!(
        told(&examination),
        ["ftp2 serves nobody: ftp2 turns clients away: the server says: 421 Service not available."]
    );
}

/// A client that meets the bad real server does not make the router guilty.
#[test]
fn a_fault_of_the_server_is_told_once() {
    let cluster = cluster();
    let named = address("10.1.1.11:10500");
    let wrong = |expected: &str| Why::WrongAddress { named, expected: expected.parse().unwrap() };
    let examination = examined(&cluster, |via, mode| match (via, mode) {
        (via, Mode::Pasv) if *via == Via::VirtualIp || is_of(via, "ftp1") => {
            Some(Failure::new(Step::Negotiate, wrong("192.0.2.10")))
        }
        _ => None,
    });
    let told = told(&examination);
    assert_eq!(
        told,
        ["ftp1 does not serve PASV: ftp1 names 10.1.1.11 in its PASV reply instead of 192.0.2.10"],
        "{told:?}"
    );
}

#[test]
fn what_servers_serve_and_clients_lose_is_the_routers() {
    let cluster = cluster();
    let passive = examined(&cluster, |via, mode| match (via, mode) {
        (Via::VirtualIp, Mode::Pasv | Mode::Epsv) => Some(Failure::new(Step::DataConnection, Why::NoAnswer)),
        _ => None,
    });
    assert_eq!(
        told(&passive),
        [
            "clients in PASV, EPSV are not served: the data connection to 192.0.2.10 is lost on the router: no answer in time"
        ]
    );
    let active = examined(&cluster, |via, mode| match (via, mode) {
        (Via::VirtualIp, Mode::Port | Mode::Eprt) => Some(Failure::new(Step::DataConnection, Why::NoAnswer)),
        _ => None,
    });
    assert_eq!(
        told(&active),
        [
            "clients in PORT, EPRT are not served: the real server's own connection from port 20 is lost on the router: no answer in time"
        ]
    );
    let both = examined(&cluster, |via, _| {
        (*via == Via::VirtualIp).then(|| Failure::new(Step::DataConnection, Why::NoAnswer))
    });
    assert_eq!(both.findings().len(), 2, "passive and active data take different ways");
    let all = examined(&cluster, |via, _| (*via == Via::VirtualIp).then(|| Failure::new(Step::Connect, Why::NoAnswer)));
    assert_eq!(told(&all), ["no client is served: packets from client to 192.0.2.10:21 are lost: no answer in time"]);
}

/// A port outside of the range works from a router, and for no client.
#[test]
fn a_port_outside_of_the_range_is_found() {
    let cluster = cluster();
    let mut examination = examined(&cluster, |_, _| None);
    for session in &mut examination.sessions {
        if is_of(&session.via, "ftp2") {
            session.trial.named = session.trial.named.map(|_| address("192.0.2.10:40000"));
        }
    }
    assert_eq!(
        told(&examination),
        [
            "passive clients of ftp2 are sent to a port that is not marked: ftp2 names port 40000, and the cluster's range is 10000:20000"
        ]
    );
}

/// A client without a login, or without a way, shows nothing about the cluster.
#[test]
fn what_cannot_tell_is_no_fault() {
    let cluster = cluster();
    let words = Why::Reply("530 Permission denied.".to_owned());
    let examination = examined(&cluster, |_, _| Some(Failure::new(Step::Login, words.clone())));
    assert_eq!((told(&examination), examination.served()), (vec![], None));
    assert!(examination.remarks().iter().any(|remark| remark.contains("--login")), "{:?}", examination.remarks());
    let examination =
        examined(&cluster, |via, _| (*via == Via::VirtualIp).then(|| Failure::new(Step::Connect, Why::NoRoute)));
    assert_eq!((told(&examination), examination.served()), (vec![], None));
    assert!(examination.remarks().iter().any(|remark| remark.contains("--from")), "{:?}", examination.remarks());
}

/// What a host's facts show is told with its host, and what is only possible is no finding.
#[test]
fn what_hosts_show_comes_first() {
    let cluster = cluster();
    let found = |play: &str, weight| path::Finding {
        play: play.to_owned(),
        mode: path::Mode::Control,
        weight,
        text: "FORWARD drops the answers".to_owned(),
        cure: "let them pass".to_owned(),
    };
    let mut examination =
        examined(&cluster, |via, _| (*via == Via::VirtualIp).then(|| Failure::new(Step::Connect, Why::NoAnswer)));
    examination.take("lvs1", &[found("Public FTP", Weight::Lost), found("another", Weight::Lost)]);
    let causes: Vec<String> = examination.findings().into_iter().map(|finding| finding.cause).collect();
    assert_eq!(causes, ["lvs1: FORWARD drops the answers"], "sessions only show again what the hosts explain");
    let mut examination = examined(&cluster, |_, _| None);
    examination.take("lvs1", &[found("Public FTP", Weight::MayBeLost)]);
    assert_eq!(examination.served(), Some(true));
    assert!(examination.remarks()[0].starts_with("lvs1: FORWARD"), "{:?}", examination.remarks());
}
