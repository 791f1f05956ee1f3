//! The real iptables, legacy and nft, in network namespaces: the host in memory does what they do, and a run converges
//! them. Needs root and the Debian packages iptables and iproute2.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod model;
mod support;
#[path = "real_iptables/tasks.rs"]
mod tasks;

use lvs_ftp::{
    desired::{Target, Wanted},
    format::iptables_save::IptablesSave,
    host::{Change, Observe, Session},
    plan::{Place, RuleEdit, Step, chain_sum},
    probe::{IptablesCommand, Probe},
    resource::{ActiveSource, MarkRules, NatRule, Resource},
};
use model::{Model, State};
use serde_json::json;
use std::{os::unix::fs::PermissionsExt, sync::Arc};
use support::{
    Netns, backend_pairs, backends, connection,
    run::{apply, check},
};

fn command(backend: &str) -> IptablesCommand {
    IptablesCommand::new(vec![backend.to_owned()]).unwrap()
}

fn target(backend: &str) -> Target {
    target_of(&command(backend))
}

fn target_of(command: &IptablesCommand) -> Target {
    let play = "Public FTP".to_owned();
    let resources: Vec<Arc<dyn Resource>> = vec![
        Arc::new(NatRule {
            play: play.clone(),
            command: command.clone(),
            wanted: Some(("10.1.1.0/24".parse().unwrap(), ActiveSource::Masquerade)),
            others: Vec::new(),
        }),
        Arc::new(MarkRules {
            play: play.clone(),
            command: command.clone(),
            virtual_ip: "192.0.2.10".parse().unwrap(),
            mark: 21.try_into().unwrap(),
            control_port: 21.try_into().unwrap(),
            passive_ports: "10000:20000".parse().unwrap(),
            marks_data: false,
            other_marks: Vec::new(),
            real_servers: Vec::new(),
            drain_timeout: 300,
        }),
    ];
    let wanted = resources.into_iter().map(|resource| Wanted { play: play.clone(), task: None, resource });
    Target { routes: Vec::new(), serves: Vec::new(), host: support::host(), wanted: wanted.collect() }
}

/// Tools that a network namespace on a kernel without ip_vs lacks: an ipvsadm whose table is empty.
fn tools() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ipvsadm");
    std::fs::write(&path, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// The words that run a command in the namespace, with these tools.
fn words(netns: &Netns, tools: &tempfile::TempDir) -> Vec<String> {
    let script = format!("mount --bind {} /usr/local/sbin && exec \"$@\"", tools.path().display());
    [netns.host_words(), ["sh", "-c", &script, "sh"].map(str::to_owned).into()].concat()
}

/// The two chains as the backend prints them.
fn chains(netns: &Netns, backend: &str) -> (Vec<String>, Vec<String>) {
    let dump = IptablesSave::parse(format!("{}\n", netns.sh(&format!("{backend}-save"))).into_bytes()).unwrap();
    let texts = |table, chain| {
        let rules = dump.rules(table, chain);
        rules.into_iter().map(|rule| String::from_utf8(rule.text).unwrap()).collect()
    };
    (texts("mangle", "PREROUTING"), texts("nat", "POSTROUTING"))
}

/// What people type, by backend-neutral arguments; each set means the reference set-up.
const ADOPTED: [&[&str]; 5] = [
    &[
        "-t nat -A POSTROUTING -p tcp -s 10.1.1.0/24 --sport 20 -j MASQUERADE",
        "-t mangle -A PREROUTING -p tcp -d 192.0.2.10/32 --dport 21 -j MARK --set-mark 21",
        "-t mangle -A PREROUTING -p tcp -d 192.0.2.10/32 --dport 10000:20000 -j MARK --set-mark 21",
    ],
    &[
        "-t mangle -A PREROUTING -d 192.0.2.10 -p tcp -m tcp --dport 10000:20000 -j MARK --set-mark 0x15",
        "-t mangle -A PREROUTING -j MARK --set-mark 0x15 -p tcp --dport ftp -d 192.0.2.10",
        "-t nat -A POSTROUTING -m comment --comment 'active ftp' -s 10.1.1.7/255.255.255.0 -p tcp --sport ftp-data -j MASQUERADE",
    ],
    &[
        "-t mangle -A PREROUTING -p tcp -d 192.0.2.10 -m multiport --dports 21,10000:20000 -j MARK --set-mark 21",
        "-t nat -A POSTROUTING -p tcp -s 10.1.1.0/24 -m multiport --sports 20 -j MASQUERADE",
    ],
    &[
        "-t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 15001:20000 -j MARK --set-xmark 0x15/0xffffffff",
        "-t mangle -A PREROUTING -p tcp -d 192.0.2.10 -m multiport --dports 10000:15000,21 -j MARK --set-mark 21",
        "-t nat -A POSTROUTING -p tcp -s 10.1.1.0/24 --sport 20 -j MASQUERADE",
    ],
    &[
        "-t mangle -A PREROUTING -i lo -d 192.0.2.99 -j ACCEPT",
        "-t mangle -A PREROUTING -p 6 -d 192.0.2.10 ! --dport 22: ! --dport :20 -j MARK --set-mark 21",
        "-t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 10000:20000 -m comment --comment $(id);`id`\\n -j MARK --set-mark 21",
        "-t nat -A POSTROUTING -p tcp -s 10.1.1.0/24 --sport 20 -j MASQUERADE",
    ],
];

fn type_rules(netns: &Netns, backend: &str, rules: &[&str]) {
    for rule in rules {
        // Quoted words of the table above are one argument each.
        let words: Vec<String> = shlex_split(rule);
        let mut command = netns.words();
        command.extend([backend.to_owned(), "-w".to_owned()]);
        command.extend(words);
        duct::cmd(&command[0], &command[1..]).run().unwrap();
    }
}

fn shlex_split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, piece) in text.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The reference rules, however they were typed, are recognised: nothing is planned, and counters stay.
#[test]
fn hand_typed_rules_are_adopted() {
    let (session, tools) = (Session::new(10, true), tools());
    for backend in backends() {
        for rules in ADOPTED {
            let netns = Netns::new();
            // An iptables of before 1.4.3 took several matches of one kind; today a second --dport is refused.
            let rules: Vec<&str> = rules.iter().filter(|rule| !rule.contains("! --dport")).copied().collect();
            let rules = if rules.iter().any(|rule| {
                rule.contains("--dport 21 ") || rule.contains("ftp -d") || rule.contains(",21") || rule.contains("21,")
            }) {
                rules
            } else {
                [&rules[..], &["-t mangle -A PREROUTING -p tcp -d 192.0.2.10 --dport 21 -j MARK --set-mark 21"]]
                    .concat()
            };
            type_rules(&netns, backend, &rules);
            netns.sh(&format!("{backend}-save -c | sed 's/^\\[0:0\\] /[7:99] /' | {backend}-restore -c"));
            let before = netns.sh(&format!("{backend}-save -c | grep -v ^#"));
            let host = connection(&session, &json!({"lvs_ftp_exec": words(&netns, &tools)}));
            let outcome = apply(&[(target(backend), host)], 1).remove(0);
            assert_eq!(outcome.trouble, None);
            assert_eq!(
                outcome.changes().collect::<Vec<_>>(),
                Vec::<&lvs_ftp::plan::Change>::new(),
                "{backend}: {rules:?}"
            );
            assert_eq!(netns.sh(&format!("{backend}-save -c | grep -v ^#")), before);
        }
    }
}

/// Rules of every standing: the same run in memory and for real ends with the same rules, in the same order.
#[test]
fn the_host_in_memory_does_what_iptables_does() {
    let ours = " -m comment --comment \"lvs-ftp: Public FTP\"";
    let mark = |dest: &str, match_: &str, comment: &str, mark: &str| {
        format!("-A PREROUTING {dest}{match_}{comment} -j MARK --set-xmark {mark}/0xffffffff")
    };
    let vip = "-d 192.0.2.10/32 -p tcp -m tcp ";
    let mangles: Vec<Vec<String>> = vec![
        vec![],
        vec![mark(vip, "--dport 21", ours, "0x15"), mark(vip, "--dport 21", ours, "0x15")],
        vec![mark(vip, "--dport 21", ours, "0x16"), mark(vip, "--dport 10000:20000", ours, "0x16")],
        vec![
            mark(vip, "--dport 10000:15000", "", "0x15"),
            mark(
                "-d 192.0.2.99/32 -p tcp -m tcp ",
                "--dport 21",
                " -m comment --comment \"it\\'s \\\"q\\\" \\\\\"",
                "0x15",
            ),
            mark(vip, "--dport 21", "", "0x15"),
            mark(vip, "--dport 21", "", "0x15"),
        ],
        vec![
            "-A PREROUTING -p tcp -m state --state NEW -m tcp --dport 21 -j ACCEPT".to_owned(),
            mark("-d 192.0.2.10/32 -i lo -p tcp -m tcp ", "--dport 21", "", "0x15"),
            mark(vip, "--dport 20", "", "0x15"),
            mark(vip, "--dport 5000:6000", ours, "0x7"),
        ],
    ];
    let nats: Vec<Vec<&str>> = vec![
        vec![],
        vec!["-A POSTROUTING -o eth0 -j MASQUERADE"],
        vec![
            "-A POSTROUTING -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -j SNAT --to-source 192.0.2.10",
            "-A POSTROUTING -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -j MASQUERADE",
            "-A POSTROUTING -s 10.1.1.0/24 -p tcp -m tcp --sport 20 -j MASQUERADE",
        ],
        vec![
            "-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE",
            "-A POSTROUTING -s 10.9.9.0/24 -p tcp -m tcp --sport 20 -m comment --comment \"lvs-ftp: Public FTP\" -j MASQUERADE",
        ],
    ];
    let (session, tools) = (Session::new(10, true), tools());
    for backend in backends() {
        for (mangle, nat) in mangles.iter().flat_map(|mangle| nats.iter().map(move |nat| (mangle, nat))) {
            let nat: Vec<String> = nat.iter().map(|rule| (*rule).to_owned()).collect();
            let netns = Netns::new();
            let text = format!("*mangle\n{}\nCOMMIT\n*nat\n{}\nCOMMIT\n", mangle.join("\n"), nat.join("\n"));
            let restore = [netns.words(), vec![format!("{backend}-restore")]].concat();
            duct::cmd(&restore[0], &restore[1..]).stdin_bytes(text.as_str()).run().unwrap();
            assert_eq!(chains(&netns, backend), (mangle.clone(), nat.clone()), "the rules of this test are canonical");
            let model = Model::new(State { mangle: mangle.clone(), nat, ..State::default() });
            let real = connection(&session, &json!({"lvs_ftp_exec": words(&netns, &tools)}));
            let in_memory = apply(&[(target(backend), model)], 1).remove(0);
            assert_eq!(in_memory.trouble, None);
            let hosts = [(target(backend), real)];
            let for_real = apply(&hosts, 1).remove(0);
            assert_eq!(for_real.trouble, None, "{backend} {text}");
            let model_after = {
                let model = Model::new(State { mangle: mangle.clone(), nat: chains_nat(&text), ..State::default() });
                let hosts = [(target(backend), model)];
                let _ = apply(&hosts, 1);
                hosts[0].1.state()
            };
            assert_eq!(chains(&netns, backend), (model_after.mangle, model_after.nat), "{backend} {text}");
            assert_eq!(check(&hosts, 1)[0].changes().count(), 0);
        }
    }
}

fn chains_nat(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with("-A POSTROUTING")).map(str::to_owned).collect()
}

/// Rules in both backends: packets pass both, so nothing is planned.
#[test]
fn rules_in_both_backends_are_an_error() {
    let (session, tools) = (Session::new(10, true), tools());
    for (backend, other) in backend_pairs() {
        let netns = Netns::new();
        type_rules(&netns, backend, ADOPTED[0]);
        type_rules(&netns, other, &ADOPTED[0][1..2]);
        let host = connection(&session, &json!({"lvs_ftp_exec": words(&netns, &tools)}));
        let outcome = check(&[(target(backend), host)], 1).remove(0);
        let text = outcome.trouble.unwrap().text().to_owned();
        assert!(
            text.contains("the other one holds rules in mangle PREROUTING") && text.contains("lvs_iptables"),
            "{text}"
        );
    }
}

/// A command that leads elsewhere is followed for the other backend too, and only there.
#[test]
fn the_other_backend_is_looked_at_where_the_command_leads() {
    let (session, tools) = (Session::new(10, true), tools());
    for (backend, other) in backend_pairs() {
        let (host_netns, netns) = (Netns::new(), Netns::new());
        type_rules(&netns, backend, ADOPTED[0]);
        type_rules(&host_netns, other, &ADOPTED[0][1..2]);
        let command = IptablesCommand::new([netns.words(), vec![backend.to_owned()]].concat()).unwrap();
        // With the outer /run, where the names of network namespaces are.
        let enter = format!("mount --bind {} /usr/local/sbin && exec \"$@\"", tools.path().display());
        let words = [host_netns.words(), ["sh", "-c", &enter, "sh"].map(str::to_owned).into()].concat();
        let host = connection(&session, &json!({ "lvs_ftp_exec": words }));
        let hosts = [(target_of(&command), host)];
        let outcome = check(&hosts, 1).remove(0);
        assert_eq!((outcome.trouble.clone(), outcome.changes().count()), (None, 0));
        type_rules(&netns, other, &ADOPTED[0][1..2]);
        let text = check(&hosts, 1).remove(0).trouble.unwrap().text().to_owned();
        assert!(text.contains("the other one holds rules in mangle PREROUTING"), "{text}");
    }
}

/// One bad line refuses the whole block: what was there stays, counters too.
#[test]
fn a_block_is_all_or_nothing() {
    let (session, tools) = (Session::new(10, true), tools());
    for backend in backends() {
        let netns = Netns::new();
        type_rules(&netns, backend, ADOPTED[0]);
        let before = chains(&netns, backend);
        let host = connection(&session, &json!({"lvs_ftp_exec": words(&netns, &tools)}));
        let probe = Probe::PacketFilter(command(backend));
        let facts = host.observe(std::slice::from_ref(&probe)).unwrap();
        let step = Step::Rules {
            command: command(backend),
            waits_for_lock: facts.packet_filter(&command(backend)).unwrap().waits_for_lock(),
            table: "mangle",
            edits: vec![
                RuleEdit::Insert {
                    chain: "PREROUTING",
                    place: Place::End,
                    rule: "-d 192.0.2.11/32 -j ACCEPT".to_owned(),
                    observed: String::new(),
                },
                RuleEdit::Delete { line: b"-A PREROUTING -d 192.0.2.77/32 -j ACCEPT".to_vec() },
            ],
        };
        let error = host.change(&[step]).unwrap_err().to_string();
        assert!(error.starts_with("failed to change the rules of table mangle: "), "{error}");
        assert_eq!(chains(&netns, backend), before);
    }
}

/// A rule that is placed by its number goes in only while the chain is as it was observed; counters may move.
#[test]
fn a_number_holds_only_while_nobody_moves_rules() {
    let session = Session::new(10, true);
    for backend in backends() {
        let netns = Netns::new();
        type_rules(&netns, backend, ADOPTED[1]);
        let host = connection(&session, &json!({"lvs_ftp_exec": netns.words()}));
        let probe = Probe::PacketFilter(command(backend));
        let facts = host.observe(std::slice::from_ref(&probe)).unwrap();
        let filter = facts.packet_filter(&command(backend)).unwrap();
        let step = |place| Step::Rules {
            command: command(backend),
            waits_for_lock: filter.waits_for_lock(),
            table: "mangle",
            edits: vec![RuleEdit::Insert {
                chain: "PREROUTING",
                place,
                rule: "-d 192.0.2.11/32 -j ACCEPT".to_owned(),
                observed: chain_sum("PREROUTING", &filter.dump.rules("mangle", "PREROUTING")),
            }],
        };
        netns.sh(&format!("{backend}-save -c | sed 's/^\\[0:0\\] /[7:99] /' | {backend}-restore -c"));
        type_rules(&netns, backend, &["-t mangle -A POSTROUTING -j ACCEPT", "-t nat -A PREROUTING -j ACCEPT"]);
        host.change(&[step(Place::Before(2))]).unwrap();
        assert_eq!(chains(&netns, backend).0[1], "-A PREROUTING -d 192.0.2.11/32 -j ACCEPT");
        let before = chains(&netns, backend);
        let error = host.change(&[step(Place::Before(1))]).unwrap_err().to_string();
        let says = "mangle PREROUTING was changed by somebody else since it was read; run again";
        assert_eq!(error, format!("failed to change the rules of table mangle: {says}"));
        assert_eq!(chains(&netns, backend), before);
        host.change(&[step(Place::End)]).unwrap();
    }
}
