//! What drains, what waits for what, and in which order things go.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{MarkRules, RealServer, Resource, VirtualService};
use crate::{
    lvs::{ForwardingMethod, Netmask, Persistence, Scheduler, Weight},
    plan::{Change, Stage, Wait, steps},
    probe::{Answer, Facts, IptablesCommand, Probe},
};
use std::fmt::Write;

/// Two real servers, 10.1.1.11 and, with weight 0, 10.1.1.12.
fn resources() -> (MarkRules, VirtualService) {
    let server = |last: u8, weight: u64| RealServer {
        host: Some(format!("ftp{last}")),
        address: [10, 1, 1, last].into(),
        weight: Weight::try_from(weight).unwrap(),
    };
    let service = VirtualService {
        play: Some("FTP".to_owned()),
        command: IptablesCommand::default(),
        mark: 21.try_into().unwrap(),
        other_marks: vec![30.try_into().unwrap()],
        scheduler: Scheduler::wlc(),
        persistence: Some(Persistence::new(300, Netmask::HOST).unwrap()),
        forwarding: ForwardingMethod::Nat,
        real_servers: vec![server(11, 1), server(12, 0)],
        drain_timeout: 60,
    };
    let rules = MarkRules {
        play: "FTP".to_owned(),
        command: service.command.clone(),
        virtual_ip: [192, 0, 2, 10].into(),
        mark: service.mark,
        control_port: 21.try_into().unwrap(),
        passive_ports: "10000:20000".parse().unwrap(),
        marks_data: false,
        other_marks: service.other_marks.clone(),
        real_servers: service.real_servers.clone(),
        drain_timeout: 60,
    };
    (rules, service)
}

/// A rule to the virtual IP: port, mark and whether it has our comment.
fn rule(ports: &str, mark: u32, tagged: bool) -> String {
    let comment = if tagged { "-m comment --comment \"lvs-ftp: FTP\" " } else { "" };
    format!(
        "-A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport {ports} {comment}-j MARK --set-xmark {mark:#x}/0xffffffff"
    )
}

/// Facts of a router with these rules and these destinations: mark, last byte of the address, weight, connections.
fn facts(rules: &[String], destinations: &[(u32, u8, u32, u32)]) -> Facts {
    let said = |text: String| Answer { status: 0, stdout: text.into_bytes(), stderr: Vec::new() };
    let (mut table, mut listing, mut last) = (String::new(), String::new(), 0);
    for (mark, address, weight, connections) in destinations {
        if *mark != last {
            writeln!(table, "-A -f {mark} -s wlc -p 300").unwrap();
            writeln!(listing, "FWM  {mark} wlc").unwrap();
            last = *mark;
        }
        writeln!(table, "-a -f {mark} -r 10.1.1.{address}:0 -m -w {weight}").unwrap();
        writeln!(listing, "  -> 10.1.1.{address}:0  90 80 {connections} 1").unwrap();
    }
    let dump = format!("*mangle\n{}\nCOMMIT\n", rules.join("\n"));
    let answers =
        [said(dump), said("iptables v1.8.9 (legacy)\n".to_owned()), said(table), said(listing), said(String::new())];
    Facts::read(resources().0.probes().iter().chain([&Probe::Directors]), answers)
}

/// Stage, action, summary and what is waited for.
fn lines(changes: &[Change]) -> Vec<String> {
    let wait = |wait: &Wait| match wait {
        Wait::Connections(count) => format!(" connections {count}"),
        Wait::Sessions(hosts) => format!(" sessions on {}", hosts.join(" ")),
    };
    let waits = |change: &Change| {
        let waits = change.drain.iter().flat_map(|drain| &drain.waits);
        waits.map(wait).collect::<String>()
    };
    changes
        .iter()
        .map(|change| format!("{} {} {};{}", change.stage, change.action, change.summary, waits(change)))
        .collect()
}

fn commands(changes: &[Change], stage: Stage) -> Vec<String> {
    steps(changes, stage).iter().flat_map(crate::plan::Step::commands).collect()
}

#[test]
fn a_server_that_leaves_is_drained_first() {
    let (_, service) = resources();
    let diff = |destinations: &[(u32, u8, u32, u32)]| service.diff(&facts(&[], destinations)).unwrap().changes;
    let changes = diff(&[(21, 11, 1, 9), (21, 12, 3, 9), (21, 13, 2, 4)]);
    assert_eq!(
        lines(&changes),
        [
            "contract drain destination 10.1.1.12:0: weight 3 -> 0;",
            "contract drain destination 10.1.1.13:0: weight 2 -> 0;",
            "contract remove destination 10.1.1.13:0; connections 5",
        ]
    );
    assert_eq!(changes[2].drain.as_ref().unwrap().timeout, 60);
    assert_eq!(
        commands(&changes, Stage::Contract),
        [
            "ipvsadm -e -f 21 -r 10.1.1.13:0 -m -w 0 -x 90 -y 80",
            "ipvsadm -e -f 21 -r 10.1.1.12:0 -m -w 0 -x 90 -y 80",
            "ipvsadm -d -f 21 -r 10.1.1.13:0",
        ]
    );
    let later = diff(&[(21, 11, 1, 0), (21, 12, 0, 9), (21, 13, 0, 3)]);
    assert_eq!(lines(&later), ["contract remove destination 10.1.1.13:0; connections 4"], "weight 0 by request stays");
}

#[test]
fn an_older_range_waits_for_sessions_and_leaving_servers() {
    let (rules, _) = resources();
    let diff = |rules_there: &[String], destinations: &[(u32, u8, u32, u32)]| {
        lines(&rules.diff(&facts(rules_there, destinations)).unwrap().changes)
    };
    let there = [rule("21", 21, true), rule("5000:15000", 21, true), rule("10000:20000", 21, true)];
    let old = format!("contract remove mangle (stale): {}", there[1]);
    assert_eq!(
        diff(&there, &[(21, 11, 1, 9), (21, 13, 0, 4)]),
        [format!("{old}; sessions on ftp11 ftp12 connections 5")]
    );
    assert_eq!(diff(&there, &[]), [format!("{old}; sessions on ftp11 ftp12 connections 0")]);
    let double = [rule("21", 21, true), rule("10000:20000", 21, true), rule("21", 21, false)];
    assert_eq!(diff(&double, &[]), [format!("contract remove mangle (superfluous): {};", double[2])], "at once");
}

/// The last MARK wins: ours come behind the older one's when its service has a successor, and it stays until the older
/// service has no connections, because it tells of that service.
#[test]
fn an_older_mark_stays_while_it_has_connections() {
    let (rules, service) = resources();
    let all = |rules_there: &[String], destinations: &[(u32, u8, u32, u32)]| {
        let facts = facts(rules_there, destinations);
        [rules.diff(&facts).unwrap().changes, service.diff(&facts).unwrap().changes].concat()
    };
    let old = [rule("21", 20, true), rule("10000:20000", 20, true)];
    let changes = all(&old, &[(20, 11, 1, 9), (20, 12, 1, 2)]);
    let stale = |rule: &str| format!("contract remove mangle (stale): {rule}; sessions on ftp11 ftp12 connections 13");
    assert_eq!(lines(&changes)[2..4], [stale(&old[0]), stale(&old[1])]);
    assert!(lines(&changes)[7].ends_with("older mark: -f 20 -s wlc -p 300; connections 13"));
    assert!(changes.iter().all(|change| change.stage != Stage::Expand), "the old mark rules until clients can change");
    let made = commands(&changes, Stage::Contract);
    let text = made.join("\n");
    let places = ["-A PREROUTING", "-D -f 20", "-D PREROUTING"].map(|words| text.find(words).unwrap());
    assert!(places.is_sorted(), "{text}");

    // One run later, and with ours put before it by hand.
    let after = [old.clone(), [rule("21", 21, true), rule("10000:20000", 21, true)]].concat();
    assert_eq!(lines(&rules.diff(&facts(&after, &[(20, 11, 1, 0)])).unwrap().changes).len(), 2);
    let shadowed = [rule("21", 21, true), old[0].clone(), rule("10000:20000", 21, true)];
    assert_eq!(
        lines(&rules.diff(&facts(&shadowed, &[])).unwrap().changes),
        [
            "contract add mangle PREROUTING: -d 192.0.2.10/32 -p tcp -m tcp --dport 21 -m comment --comment \"lvs-ftp: FTP\" -j MARK --set-mark 21;".to_owned(),
            format!("contract remove mangle (stale): {}; sessions on ftp11 ftp12 connections 0", old[0]),
            format!("contract remove mangle (superfluous): {};", shadowed[0]),
        ]
    );

    // A mark that belongs to another cluster now: nothing waits for that one's clients.
    let taken = [rule("21", 30, true), rule("21", 21, true), rule("10000:20000", 21, true)];
    let changes = all(&taken, &[(21, 11, 1, 0), (21, 12, 0, 0), (30, 11, 1, 50)]);
    assert_eq!(
        lines(&changes),
        [format!("contract remove mangle (stale): {}; sessions on ftp11 ftp12 connections 0", taken[0])]
    );
}
