//! Rules that a play states one by one, against the real iptables.

use crate::{
    model::{Model, State},
    support::{
        Netns, backends, connection, host_with,
        run::{apply, check},
    },
    type_rules,
};
use lvs_ftp::{
    desired::{Target, resolve, targets},
    format::iptables_save::IptablesSave,
    host::Session,
    inventory::{ConnectionOptions, Inventory},
    playbook::plays,
    resource::Kind,
    source::Source,
};
use serde_json::{Value, json};

/// One host that shall have these rules, and a kernel parameter, now.
fn target(backend: &str, rules: &[Value]) -> Target {
    let mut tasks: Vec<Value> = rules.iter().map(|rule| json!({"iptables_rule": rule})).collect();
    tasks.push(json!({"sysctl": {"name": "net.ipv4.ip_forward", "value": 1}}));
    let playbook = json!([{"name": "Web \"2\"; $(id) \\", "hosts": "host", "tasks": tasks}]);
    let plays = plays(&Source::new("playbook.json", playbook.to_string())).unwrap();
    let hosts = json!({"all": {"hosts": {"host": {"lvs_iptables": backend}}}}).to_string();
    let inventory = Inventory::of(&[Source::new("hosts.json", hosts)]).unwrap();
    let plays = resolve(&inventory, &plays, &ConnectionOptions::default()).unwrap();
    let running = |tags: &[String]| tags.contains(&"running".to_owned());
    let mut target = targets(&plays, &plays, &running).unwrap().remove(0);
    target.wanted.retain(|wanted| wanted.resource.kind() != Kind::UndoGuard);
    Target { host: host_with(&json!({})), ..target }
}

fn rules() -> Vec<Value> {
    vec![
        json!({"table": "mangle", "chain": "PREROUTING", "destination": "192.0.2.20", "protocol": "tcp",
            "destination_ports": [80, 443], "jump": "MARK", "set_mark": 80}),
        json!({"table": "mangle", "chain": "PREROUTING", "in_interface": "eth+", "protocol": "udp",
            "destination_port": "5000:6000", "jump": "MARK", "set_mark": 2_147_483_647}),
        json!({"table": "nat", "chain": "POSTROUTING", "source": "10.1.1.0/24", "out_interface": "eth0",
            "jump": "MASQUERADE"}),
        json!({"table": "nat", "chain": "POSTROUTING", "source": "10.1.2.0/24", "protocol": "tcp", "source_port": 25,
            "jump": "SNAT", "to_source": "192.0.2.20"}),
        json!({"chain": "INPUT", "protocol": "tcp", "destination_port": 22, "jump": "ACCEPT", "action": "insert"}),
        json!({"chain": "INPUT", "in_interface": "eth1", "jump": "DROP"}),
    ]
}

/// The same as [`rules`], as people type it.
const TYPED: [&str; 6] = [
    "-t mangle -A PREROUTING -p tcp -m multiport --destination-ports 443,80 -d 192.0.2.20 -j MARK --set-mark 0x50",
    "-t mangle -A PREROUTING -p udp --dport 5000:6000 -i eth+ -j MARK --set-mark 2147483647",
    "-t nat -A POSTROUTING -o eth0 -s 10.1.1.9/24 -j MASQUERADE -m comment --comment office",
    "-t nat -A POSTROUTING -s 10.1.2.0/255.255.255.0 -p tcp --sport smtp -j SNAT --to 192.0.2.20",
    "-A INPUT -p 6 --dport 22 -j ACCEPT",
    "-A INPUT -i eth1 -p all -j DROP",
];

/// Every rule of the namespace's tables, as printed.
fn all_rules(netns: &Netns, backend: &str) -> String {
    netns.sh(&format!("{backend}-save | grep -e '^-A' || :"))
}

fn chains(netns: &Netns, backend: &str) -> [Vec<String>; 3] {
    let dump = IptablesSave::parse(format!("{}\n", netns.sh(&format!("{backend}-save"))).into_bytes()).unwrap();
    [("mangle", "PREROUTING"), ("nat", "POSTROUTING"), ("filter", "INPUT")].map(|(table, chain)| {
        dump.rules(table, chain).into_iter().map(|rule| String::from_utf8(rule.text).unwrap()).collect()
    })
}

/// What is typed by hand is adopted; what is not there comes, as in the host in memory; what a play states no longer goes,
/// and what others have stays.
#[test]
fn stated_rules_converge_and_go() {
    let session = Session::new(10, false);
    for backend in backends() {
        let netns = Netns::new();
        let host = || connection(&session, &json!({"lvs_ftp_exec": netns.host_words()}));
        type_rules(&netns, backend, &TYPED);
        let before = all_rules(&netns, backend);
        let outcome = apply(&[(target(backend, &rules()), host())], 1).remove(0);
        assert_eq!(outcome.trouble, None);
        let done: Vec<String> = outcome.changes().map(|change| change.summary.clone()).collect();
        assert_eq!(done, ["net.ipv4.ip_forward: 0 -> 1"], "{backend} {before}");
        assert_eq!(all_rules(&netns, backend), before);
        assert_eq!(netns.sh("cat /proc/sys/net/ipv4/ip_forward"), "1");

        let netns = Netns::new();
        let host = || connection(&session, &json!({"lvs_ftp_exec": netns.host_words()}));
        let foreign = [
            "-t mangle -A PREROUTING -d 192.0.2.20 -p tcp --dport 80 -j MARK --set-mark 7",
            "-A INPUT -p tcp --dport 22 -j DROP",
            "-t nat -A POSTROUTING -j MASQUERADE -m comment --comment 'lvs-ftp: Another'",
            "-t raw -A OUTPUT -p udp -j ACCEPT -m comment --comment 'lvs-ftp: Web'",
        ];
        type_rules(&netns, backend, &foreign);
        let [mangle, nat, input] = chains(&netns, backend);
        let untouched = all_rules(&netns, backend);
        let parameters = [("net.ipv4.ip_forward".to_owned(), "0".to_owned())].into();
        let model = Model::new(State { mangle, nat, input, parameters, ..State::default() });
        let in_memory = [(target(backend, &rules()), model)];
        assert_eq!(apply(&in_memory, 1)[0].trouble, None);
        let hosts = [(target(backend, &rules()), host())];
        assert_eq!(apply(&hosts, 1)[0].trouble, None, "{backend}");
        let state = in_memory[0].1.state();
        let canonical =
            |rules: Vec<String>| rules.into_iter().map(|rule| rule.replace("\"eth+\"", "eth+")).collect::<Vec<_>>();
        assert_eq!(chains(&netns, backend), [state.mangle, state.nat, state.input].map(canonical), "{backend}");
        assert_eq!(check(&hosts, 1)[0].changes().count(), 0);

        // Of the play only one rule is left, and that is not wanted any more.
        let absent =
            json!({"chain": "INPUT", "protocol": "tcp", "destination_port": 22, "jump": "ACCEPT", "state": "absent"});
        let fewer = [(target(backend, &[absent]), host())];
        assert_eq!(apply(&fewer, 1)[0].trouble, None, "{backend}");
        assert_eq!(all_rules(&netns, backend), untouched);
        assert_eq!(check(&fewer, 1)[0].changes().count(), 0);
    }
}
