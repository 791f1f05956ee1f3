//! The same laws for what plays of tasks state: rules one by one, a second mark, kernel parameters, lines of files.

use crate::{
    any_mark_rule, any_nat_rule, any_service, any_state, converges,
    model::Model,
    model::State,
    plans_on, support,
    support::run::{apply, check},
};
use lvs_ftp::{
    desired::{Target, resolve, targets},
    format::ipvs::ServiceKey,
    inventory::{ConnectionOptions, Inventory},
    playbook::plays,
    source::Source,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a play states: small, so that states collide with it often.
fn any_tasks() -> impl Strategy<Value = Value> {
    let rule = |rule: Value| json!({"iptables_rule": rule});
    let web = json!({"table": "mangle", "chain": "PREROUTING", "destination": "192.0.2.20", "protocol": "tcp",
        "destination_ports": [80, 443], "jump": "MARK", "set_mark": 80});
    let narrow = json!({"table": "mangle", "chain": "PREROUTING", "destination": "192.0.2.10", "protocol": "tcp",
        "destination_port": "10000:15000", "jump": "MARK", "set_mark": 21});
    let out = json!({"table": "nat", "chain": "POSTROUTING", "out_interface": "eth0", "jump": "MASQUERADE"});
    let open =
        json!({"chain": "INPUT", "protocol": "tcp", "destination_port": 22, "jump": "ACCEPT", "action": "insert"});
    let close = json!({"chain": "INPUT", "protocol": "udp", "in_interface": "eth1", "jump": "DROP"});
    let with = |mut rule: Value, absent: bool| {
        if absent {
            rule["state"] = json!("absent");
        }
        rule
    };
    let ipvs = prop_oneof![
        Just(json!({"firewall_mark": 80, "state": "absent"})),
        (proptest::collection::btree_map(11..14_u8, 0..3_u64, 1..4), any::<bool>()).prop_map(|(servers, persists)| {
            let destinations: Vec<Value> = servers
                .iter()
                .map(|(last, weight)| json!({"address": format!("10.1.1.{last}"), "weight": weight}))
                .collect();
            let mut service = json!({"firewall_mark": 80, "destinations": destinations});
            if persists {
                service["persistence"] = json!(120);
            }
            service
        }),
    ];
    let sysctl = prop_oneof![
        Just(json!({"name": "net.ipv4.ip_forward", "value": 1})),
        Just(json!({"name": "net.ipv4.ip_forward", "state": "absent"})),
        Just(json!({"name": "net.ipv4.tcp_rmem", "value": "4096 87380 6291456"})),
    ];
    let line = prop_oneof![
        Just(json!({"path": "/etc/hosts", "line": "10.1.1.11 web1", "create": true})),
        Just(json!({"path": "/etc/hosts", "line": "10.1.1.11 web1", "regexp": "^10\\.1\\.1\\.11\\s", "create": true})),
        Just(json!({"path": "/etc/hosts", "regexp": "web1$", "state": "absent"})),
    ];
    let second = prop_oneof![
        Just(json!({"path": "/etc/hosts", "line": "10.1.1.12 web2", "create": true})),
        Just(json!({"path": "/etc/hosts", "line": "10.1.1.12 web2", "state": "absent"})),
    ];
    (proptest::collection::vec((any::<bool>(), any::<bool>()), 5), ipvs, sysctl, line, second).prop_map(
        move |(picks, ipvs, sysctl, line, second)| {
            let rules = [&web, &narrow, &out, &open, &close].into_iter().zip(picks).filter(|(_, (is_in, _))| *is_in);
            let mut tasks: Vec<Value> = rules.map(|(one, (_, absent))| rule(with(one.clone(), absent))).collect();
            tasks.extend([json!({"ipvs_service": ipvs}), json!({"sysctl": sysctl})]);
            tasks.extend([json!({"config_line": line}), json!({"config_line": second})]);
            tasks.push(json!({"service": {"name": "iptables", "enabled": true}}));
            Value::from(tasks)
        },
    )
}

/// One host that shall have this, through the whole of reading and deriving.
fn target(tasks: &Value) -> Target {
    let playbook = json!([{"name": "Public FTP", "hosts": "host", "tasks": tasks}]);
    let plays = plays(&Source::new("playbook.json", playbook.to_string())).unwrap();
    let inventory = Inventory::of(&[Source::new("hosts.json", r#"{"all": {"hosts": {"host": {}}}}"#)]).unwrap();
    let plays = resolve(&inventory, &plays, &ConnectionOptions::default()).unwrap();
    let target = targets(&plays, &plays, &|_| true).unwrap().remove(0);
    Target { host: support::host(), ..target }
}

fn any_input_rule() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"),
        Just("-A INPUT -p tcp -m tcp --dport 22 -m comment --comment \"lvs-ftp: Public FTP\" -j ACCEPT"),
        Just("-A INPUT -i eth1 -p udp -m comment --comment \"lvs-ftp: Public FTP\" -j DROP"),
        Just("-A INPUT -i eth2 -p udp -j DROP"),
        Just("-A INPUT -p tcp -m state --state NEW -j DROP"),
        Just("-A INPUT -p tcp -m tcp --dport 25 -m comment --comment \"lvs-ftp: Public FTP\" -j ACCEPT"),
    ]
    .prop_map(str::to_owned)
}

/// Any state, with what tasks are about.
fn any_host() -> impl Strategy<Value = State> {
    let hosts = prop_oneof![
        Just(None),
        Just(Some("127.0.0.1 localhost\n10.1.1.11 old\n10.1.1.11 web1\r\n10.1.1.12 web2")),
        Just(Some("10.1.1.11\tolder web1\n")),
    ];
    let more = proptest::collection::vec(
        any_mark_rule().prop_map(|rule| {
            rule.replace(
                "-d 192.0.2.10/32 -p tcp -m tcp --dport 21",
                "-d 192.0.2.20/32 -p tcp -m multiport --dports 80,443",
            )
            .replace("0x15/", "0x50/")
        }),
        0..3,
    );
    let service = proptest::option::of(
        any_service().prop_map(|service| lvs_ftp::format::ipvs::Service { key: ServiceKey::mark(80), ..service }),
    );
    (
        any_state(),
        proptest::collection::vec(any_input_rule(), 0..4),
        more,
        proptest::collection::vec(any_nat_rule(), 0..2),
        hosts,
        service,
        prop_oneof![Just("0"), Just("1")],
    )
        .prop_map(|(mut state, input, more, nat, hosts, service, forward)| {
            state.input = input;
            state.mangle.extend(more);
            state.nat.extend(nat);
            state.files.extend(hosts.map(|text| ("/etc/hosts".to_owned(), text.into())));
            state.ipvs.services.retain(|one| one.key != ServiceKey::mark(80));
            state.ipvs.services.extend(service);
            state.ipvs.services.sort_by(|one, two| one.key.cmp(&two.key));
            state.parameters = [("net.ipv4.ip_forward", forward), ("net.ipv4.tcp_rmem", "4096\t131072\t6291456")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
            state
        })
}

/// Rules that no task may touch, but for one that it names as it is.
fn foreign(state: &State) -> Vec<String> {
    let named = [
        "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
        "-o eth0 -j MASQUERADE",
        "--dports 80,443",
        "--dport 10000:15000",
        "-o eth0 -m comment --comment \"lvs-ftp: Public FTP\" -j MASQUERADE",
    ];
    let all = state.mangle.iter().chain(&state.nat).chain(&state.input);
    all.filter(|rule| !rule.contains("lvs-ftp: Public FTP") && !named.iter().any(|one| rule.contains(one)))
        .cloned()
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn one_run_converges_tasks(state in any_host(), tasks in any_tasks()) {
        let converged = converges(&target(&tasks), &state)?;
        prop_assert_eq!(foreign(&converged), foreign(&state));
        let others = |state: &State| -> Vec<_> {
            state.ipvs.services.iter().filter(|one| one.key != ServiceKey::mark(80)).cloned().collect()
        };
        prop_assert_eq!(others(&converged), others(&state));
        let gone = target(&json!([{"iptables_rule": {"chain": "INPUT", "protocol": "udp", "in_interface": "eth7",
            "jump": "DROP", "state": "absent"}}]));
        let emptied = [(gone, Model::new(converged))];
        prop_assert_eq!(&apply(&emptied, 1)[0].trouble, &None);
        let left = emptied[0].1.state();
        let tagged = |rule: &&String| rule.contains("lvs-ftp: Public FTP");
        prop_assert_eq!(left.mangle.iter().chain(&left.nat).chain(&left.input).filter(tagged).count(), 0);
        prop_assert!(!left.saved_filter.unwrap_or_default().contains("lvs-ftp: Public FTP"));
    }

    #[test]
    fn any_prefix_of_tasks_plans_on(state in any_host(), tasks in any_tasks(), cut in 0..16_usize) {
        let (healed, direct) = plans_on(target(&tasks), state, cut)?;
        prop_assert_eq!(&healed.files, &direct.files);
        prop_assert_eq!(&healed.parameters, &direct.parameters);
    }
}

/// iptables deletes the first rule of a text, so a double goes only where that changes nothing for any packet.
#[test]
fn a_double_goes_only_where_nothing_stands_between() {
    let tagged = "-A INPUT -p tcp -m tcp --dport 22 -m comment --comment \"lvs-ftp: Public FTP\" -j ACCEPT";
    let typed = "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT";
    let closed = "-A INPUT -s 192.0.2.66/32 -j DROP";
    let open = target(&json!([{"iptables_rule": {"chain": "INPUT", "protocol": "tcp", "destination_port": 22,
        "jump": "ACCEPT"}}]));
    for (before, after) in [
        (&[tagged, tagged, closed][..], &[tagged, closed][..]),
        (&[typed, tagged, tagged], &[typed]),
        (&[tagged, closed, tagged], &[tagged, closed, tagged]),
        (&[tagged, typed, tagged], &[tagged, typed, tagged]),
    ] {
        let rules = |rules: &[&str]| -> Vec<String> { rules.iter().map(|rule| (*rule).to_owned()).collect() };
        let services = ["iptables", "ipvsadm"].map(|name| (name.to_owned(), BTreeSet::default())).into();
        let hosts = [(open.clone(), Model::new(State { input: rules(before), services, ..State::default() }))];
        let outcome = apply(&hosts, 1).remove(0);
        assert_eq!(outcome.trouble, None);
        assert_eq!(hosts[0].1.state().input, rules(after));
        let warned = outcome.warnings().any(|warning| warning.contains("twice, with others between"));
        assert_eq!(warned, before == after, "{before:?}");
        assert_eq!(check(&hosts, 1)[0].changes().count(), 0);
    }
}
