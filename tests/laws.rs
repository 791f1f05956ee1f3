//! Laws that hold for every state of a host, over a host in memory.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "a test may panic")]

#[path = "laws/drain.rs"]
mod drain;
#[path = "laws/keepalived.rs"]
mod keepalived;
#[path = "laws/lvs_cf_samples.rs"]
mod lvs_cf_samples;
mod model;
#[path = "laws/numbers.rs"]
mod numbers;
#[path = "laws/piranha.rs"]
mod piranha;
#[path = "laws/piranha_edits.rs"]
mod piranha_edits;
mod support;
#[path = "laws/tasks.rs"]
mod tasks;

use lvs_ftp::{
    desired::{Target, Wanted},
    format::{
        iptables_save::IptablesSave,
        ipvs::{Destination, IpvsTable, Service as Virtual, ServiceKey, Timeout},
    },
    host::{Change, HostError, LockError, Locked, Observe, StepError},
    lvs::{Device, FirewallMark, ForwardingMethod, Persistence, Port, PortRange, Scheduler, Weight},
    plan::{Stage, Step, steps},
    probe::{Facts, IptablesCommand, Probe},
    resource::{
        ActiveSource, Address, AddressAtBoot, BootSysctl, DefaultGateway, ExpireQuiescentTemplate, IpForward,
        MarkRules, NatRule, Parameter, QuietArp, RealServer, Resource, SavedFilter, SavedIpvs, Service, VirtualService,
        VsftpdReload, VsftpdSettings, Wish,
    },
    run::plan,
};
use model::{Model, State};
use proptest::prelude::*;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use support::run::{apply, check};

/// What the playbook says, small enough that states collide with it often.
#[derive(Debug, Clone)]
struct Cluster {
    mark: u32,
    range: &'static str,
    network: &'static str,
    snat: bool,
    servers: Vec<(u8, u64)>,
    scheduler: &'static str,
    seconds: u64,
}

/// The cluster on one host, which is router and every real server.
fn target(cluster: &Cluster) -> Target {
    target_with(cluster, |_| support::host().name)
}

fn target_with(cluster: &Cluster, name: impl Fn(u8) -> String) -> Target {
    let mark = FirewallMark::try_from(u64::from(cluster.mark)).unwrap();
    let (play, command) = ("Public FTP".to_owned(), IptablesCommand::default());
    let passive_ports: PortRange = cluster.range.parse().unwrap();
    let virtual_ip = "192.0.2.10".parse().unwrap();
    let source = if cluster.snat { ActiveSource::Snat(virtual_ip) } else { ActiveSource::Masquerade };
    let settings = VsftpdSettings {
        conf: None,
        passive_ports,
        passive_address: Some(virtual_ip),
        control_port: Port::FTP,
        own: vec![("idle_session_timeout".to_owned(), "300".to_owned())],
    };
    let servers = cluster.servers.iter().map(|(last, weight)| RealServer {
        host: Some(name(*last)),
        address: [10, 1, 1, *last].into(),
        weight: Weight::try_from(*weight).unwrap(),
    });
    let real_servers: Vec<RealServer> = servers.collect();
    let nat_rule = NatRule {
        play: play.clone(),
        command: command.clone(),
        wanted: Some((cluster.network.parse().unwrap(), source)),
        others: Vec::new(),
    };
    let mark_rules = MarkRules {
        play: play.clone(),
        command: command.clone(),
        virtual_ip,
        mark,
        control_port: Port::FTP,
        passive_ports,
        marks_data: cluster.seconds.is_multiple_of(2),
        other_marks: Vec::new(),
        real_servers: real_servers.clone(),
        drain_timeout: 300,
    };
    let service = VirtualService {
        play: Some(play.clone()),
        command: command.clone(),
        mark,
        other_marks: Vec::new(),
        scheduler: cluster.scheduler.parse::<Scheduler>().unwrap(),
        persistence: Some(Persistence::new(cluster.seconds, lvs_ftp::lvs::Netmask::HOST).unwrap()),
        forwarding: ForwardingMethod::Nat,
        real_servers,
        drain_timeout: 300,
    };
    let boot = |names: &[&str]| -> Arc<dyn Resource> {
        Arc::new(Service {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            purpose: "it".to_owned(),
            wish: Wish::AtBoot([3, 5].into(), true),
            witness: None,
        })
    };
    let device = Device { name: "lo".to_owned(), prefix: 32 };
    let address = Address { address: device.with(virtual_ip), hidden: true };
    let resources: Vec<Arc<dyn Resource>> = vec![
        Arc::new(IpForward),
        Arc::new(nat_rule.clone()),
        Arc::new(mark_rules.clone()),
        Arc::new(DefaultGateway([10, 1, 1, 1].into())),
        Arc::new(QuietArp),
        Arc::new(address.clone()),
        Arc::new(settings.clone()),
        Arc::new(VsftpdReload(settings)),
        Arc::new(service.clone()),
        Arc::new(SavedFilter {
            command,
            mark_rules: vec![mark_rules],
            nat_rules: vec![nat_rule],
            play_rules: Vec::new(),
        }),
        Arc::new(SavedIpvs { services: vec![service], gone: Vec::new() }),
        Arc::new(ExpireQuiescentTemplate { kept: true }),
        Arc::new(BootSysctl(vec![
            Parameter::IP_FORWARD,
            Parameter::EXPIRE_QUIESCENT_TEMPLATE,
            Parameter::ARP_IGNORE,
            Parameter::ARP_ANNOUNCE,
        ])),
        Arc::new(AddressAtBoot(address)),
        boot(&["netfilter-persistent", "iptables"]),
        boot(&["ipvsadm"]),
    ];
    let wanted = |resource| Wanted { play: play.clone(), task: None, resource };
    Target {
        routes: Vec::new(),
        serves: Vec::new(),
        host: support::host(),
        wanted: resources.into_iter().map(wanted).collect(),
    }
}

fn any_cluster() -> impl Strategy<Value = Cluster> {
    (
        prop_oneof![Just(21_u32), Just(22), Just(80)],
        prop_oneof![Just("10000:20000"), Just("10000:15000"), Just("1024:65535"), Just("2000:2000")],
        prop_oneof![Just("10.1.1.0/24"), Just("10.1.0.0/16")],
        any::<bool>(),
        proptest::collection::btree_map(11..16_u8, 0..4_u64, 0..4),
        prop_oneof![Just("wlc"), Just("rr")],
        1..600_u64,
    )
        .prop_map(|(mark, range, network, snat, servers, scheduler, seconds)| Cluster {
            mark,
            range,
            network,
            snat,
            servers: servers.into_iter().collect(),
            scheduler,
            seconds,
        })
}

/// A rule of mangle PREROUTING as iptables-save prints it: ours, nearly ours, or nothing like it.
fn any_mark_rule() -> impl Strategy<Value = String> {
    let condition = prop_oneof![
        4 => Just("-p tcp -m tcp --dport 21"),
        4 => Just("-p tcp -m tcp --dport 10000:20000"),
        2 => Just("-p tcp -m tcp --dport 10000:15000"),
        2 => Just("-p tcp -m tcp --dport 15001:20000"),
        2 => Just("-p tcp -m multiport --dports 21,10000:20000"),
        1 => Just("-p tcp -m tcp --dport 20"),
        1 => Just("-p udp -m udp --dport 21"),
        1 => Just("! -i lo -p tcp -m tcp --dport 21"),
        1 => Just("-p tcp -m state --state NEW -m tcp --dport 21"),
        1 => Just("-p tcp"),
    ];
    let address = prop_oneof![6 => Just("-d 192.0.2.10/32 "), 1 => Just("-d 192.0.2.99/32 "), 1 => Just("")];
    let comment = prop_oneof![
        3 => Just(""),
        2 => Just(" -m comment --comment \"lvs-ftp: Public FTP\""),
        1 => Just(" -m comment --comment \"lvs-ftp: Another\""),
        1 => Just(" -m comment --comment \"it\\'s \\\"odd\\\" \\\\ $(touch /tmp/x); -j DROP\""),
    ];
    let jump = prop_oneof![
        6 => Just("MARK --set-xmark 0x15/0xffffffff"),
        2 => Just("MARK --set-xmark 0x16/0xffffffff"),
        1 => Just("MARK --set-xmark 0x15/0xff"),
        1 => Just("MARK --set-xmark 0x100/0x100"),
        1 => Just("MARK --set-xmark 0x115/0xff"),
        1 => Just("MARK --set-xmark 0x0/0x0"),
        1 => Just("MARK --set-xmark 0x0/0xffffff00"),
        1 => Just("MARK --set-xmark 0x1/0x0"),
        1 => Just("ACCEPT"),
    ];
    (address, condition, comment, jump).prop_map(|(address, condition, comment, jump)| {
        format!("-A PREROUTING {address}{condition}{comment} -j {jump}")
    })
}

fn any_nat_rule() -> impl Strategy<Value = String> {
    let source = prop_oneof![Just("-s 10.1.1.0/24 "), Just("-s 10.1.0.0/16 "), Just("-s 10.9.0.0/24 "), Just("")];
    let condition = prop_oneof![4 => Just("-p tcp -m tcp --sport 20 "), 1 => Just("-o eth0 "), 1 => Just("")];
    let comment = prop_oneof![3 => Just(""), 1 => Just("-m comment --comment \"lvs-ftp: Public FTP\" ")];
    let jump = prop_oneof![3 => Just("MASQUERADE"), 1 => Just("SNAT --to-source 192.0.2.10"), 1 => Just("ACCEPT")];
    (source, condition, comment, jump)
        .prop_map(|(source, condition, comment, jump)| format!("-A POSTROUTING {source}{condition}{comment}-j {jump}"))
}

fn any_service() -> impl Strategy<Value = Virtual> {
    let key = prop_oneof![
        4 => Just(vec!["-f", "21"]),
        2 => Just(vec!["-f", "22"]),
        1 => Just(vec!["-f", "21", "-6"]),
        1 => Just(vec!["-t", "192.0.2.10:80"]),
    ];
    let seconds = proptest::option::of(1..600_u32);
    let rest = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["-b", "flag-1"])];
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    (key, prop_oneof![Just("wlc"), Just("rr")], seconds, rest, proptest::collection::vec(any_destination(), 0..4))
        .prop_map(move |(key, scheduler, seconds, rest, mut destinations)| {
            destinations.sort_by(|one: &Destination, two| one.address.cmp(&two.address));
            destinations.dedup_by(|one, two| one.address == two.address);
            Virtual {
                key: ServiceKey::from_words(owned(key)),
                scheduler: scheduler.to_owned(),
                persistence: seconds.map(|seconds| Timeout { seconds, mask: None }),
                rest: owned(rest),
                destinations,
            }
        })
}

fn any_destination() -> impl Strategy<Value = Destination> {
    let forwarding = prop_oneof![3 => Just(ForwardingMethod::Nat), 1 => Just(ForwardingMethod::Direct), 1 => Just(ForwardingMethod::Tunnel)];
    (11..17_u8, prop_oneof![4 => Just(0), 1 => Just(21)], forwarding, 0..4_i64, 0..3_u32).prop_map(
        |(last, port, forwarding, weight, upper)| Destination {
            address: format!("10.1.1.{last}:{port}"),
            forwarding,
            weight,
            thresholds: (upper * 100, upper * 50),
            rest: if forwarding == ForwardingMethod::Tunnel {
                vec!["--tun-type".to_owned(), "gue".to_owned()]
            } else {
                Vec::new()
            },
        },
    )
}

fn any_state() -> impl Strategy<Value = State> {
    let services = proptest::collection::vec(any_service(), 0..4).prop_map(|mut services| {
        services.sort_by(|one, two| one.key.cmp(&two.key));
        services.dedup_by(|one, two| one.key == two.key);
        IpvsTable { services }
    });
    let line = prop_oneof![
        Just("pasv_min_port=10000"),
        Just("pasv_max_port=20000"),
        Just("pasv_max_port=15000\r"),
        Just("pasv_address=192.0.2.10"),
        Just("#pasv_address=192.0.2.10"),
        Just("connect_from_port_20=NO"),
        Just("connect_from_port_20=yes"),
        Just("pasv_enable=NO"),
        Just("ftp_data_port=2020"),
        Just("idle_session_timeout=300"),
        Just("ftpd_banner=caf\u{e9} $(touch /tmp/x)"),
        Just(""),
    ];
    let conf = proptest::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n").into_bytes());
    (
        proptest::collection::vec(any_mark_rule(), 0..6),
        proptest::collection::vec(any_nat_rule(), 0..4),
        services,
        any::<bool>(),
        conf,
        any::<bool>(),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(|(mangle, nat, ipvs, ip_forward, vsftpd_conf, read, (quiet, held))| State {
            quiet,
            held: held.then(|| "lo".to_owned()).into_iter().collect(),
            mangle,
            nat,
            ipvs,
            ip_forward,
            vsftpd_read: if read { vsftpd_conf.clone() } else { Vec::new() },
            vsftpd_conf,
            services: ["iptables", "ipvsadm"].map(|name| (name.to_owned(), BTreeSet::new())).into(),
            ..State::default()
        })
        .prop_flat_map(|state| {
            any_boot_files().prop_map(move |boot| State { services: state.services.clone(), ..with_boot(&state, boot) })
        })
}

/// What the boot files hold: nothing, old rules, rules of ours in hand-kept forms, and foreign things.
type BootFiles = (Option<(Vec<String>, Vec<String>)>, Option<Vec<Virtual>>, bool, Vec<&'static str>);

fn any_boot_files() -> impl Strategy<Value = BootFiles> {
    let sysctl = prop_oneof![
        Just("net.ipv4.ip_forward = 1\n"),
        Just("net.ipv4.ip_forward=0"),
        Just("net/ipv4/conf/all/forwarding = 0\n"),
        Just("kernel.panic = 1\n"),
        Just("net.ipv4.conf.all.arp_ignore = 0\nnet.ipv4.conf.all.arp_announce = 2\n"),
    ];
    (
        proptest::option::of((
            proptest::collection::vec(any_mark_rule(), 0..4),
            proptest::collection::vec(any_nat_rule(), 0..3),
        )),
        proptest::option::of(proptest::collection::vec(any_service(), 0..3)),
        any::<bool>(),
        proptest::collection::vec(sysctl, 0..4),
    )
}

fn with_boot(state: &State, (filter, services, defaults, sysctl): BootFiles) -> State {
    let names =
        ["/etc/sysctl.conf", "/etc/sysctl.d/10-a.conf", "/etc/sysctl.d/50-b.conf", "/usr/lib/sysctl.d/50-a.conf"];
    State {
        saved_filter: filter.map(|(mangle, nat)| {
            // Hand-kept: typed forms, a comment, a foreign table, and no nat table at all when it has no rules.
            let mangle = mangle.join("\n").replace("--set-xmark 0x15/0xffffffff", "--set-mark 21").replace("/32", "");
            let nat = if nat.is_empty() { String::new() } else { format!("*nat\n{}\nCOMMIT\n", nat.join("\n")) };
            format!("# by hand\n*filter\n:INPUT DROP [0:0]\n[3:9] -A INPUT -j ACCEPT\nCOMMIT\n*mangle\n{mangle}\nCOMMIT\n{nat}")
        }),
        saved_ipvs: services.map(|services| format!("# by hand\n{}", IpvsTable { services: unique(services) }.render())),
        ipvs_defaults: defaults.then(|| b"AUTO=\"false\"\nDAEMON=\"none\"".to_vec()),
        sysctl: names.iter().zip(sysctl).map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect(),
        ..state.clone()
    }
}

fn unique(mut services: Vec<Virtual>) -> Vec<Virtual> {
    services.sort_by(|one, two| one.key.cmp(&two.key));
    services.dedup_by(|one, two| one.key == two.key);
    services
}

/// Rules that are nobody's but their owner's: neither our comment nor our VIP with our mark, nor our network's port 20.
fn foreign(state: &State, cluster: &Cluster) -> (Vec<String>, Vec<String>, Vec<Virtual>) {
    let mark = format!("0x{:x}/", cluster.mark);
    let keep = |rule: &&String| {
        let tagged = rule.contains("lvs-ftp: Public FTP");
        let opaque = rule.contains("--state");
        let to_vip = rule.contains("-d 192.0.2.10/32") && rule.contains("-j MARK");
        !tagged && (opaque || !to_vip || !rule.contains(&mark))
    };
    let keep_nat = |rule: &&String| !rule.contains("lvs-ftp: Public FTP") && !rule.contains("--sport 20");
    let older: Vec<u32> = vec![21, 22, 80];
    (
        state.mangle.iter().filter(keep).cloned().collect(),
        state.nat.iter().filter(keep_nat).cloned().collect(),
        state
            .ipvs
            .services
            .iter()
            .filter(|service| !older.iter().any(|mark| service.key == ServiceKey::mark(*mark)))
            .cloned()
            .collect(),
    )
}

/// Whether this is a state that our rules make the same, whatever the order in which things were there.
fn effects(state: &State) -> (Vec<u8>, bool, Vec<u8>) {
    (state.vsftpd_conf.clone(), state.ip_forward, state.vsftpd_read.clone())
}

fn sorted(table: &IpvsTable) -> Vec<String> {
    let mut lines: Vec<String> = table.render().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Whether a line of a saved packet filter is none of our two chains'.
fn is_foreign_line(line: &&str) -> bool {
    !line.contains("-A PREROUTING") && !line.contains("-A POSTROUTING")
}

/// Whether a host that loads its boot files has nothing to be done in its packet filter and IPVS table.
fn boots_as_it_runs(state: &State, target: &Target) -> bool {
    let mut booted =
        State { mangle: Vec::new(), nat: Vec::new(), input: Vec::new(), ipvs: IpvsTable::default(), ..state.clone() };
    let dump = IptablesSave::parse(state.saved_filter.clone().unwrap_or_default().into_bytes()).unwrap();
    let rules = |table, chain| -> Vec<String> {
        dump.rules(table, chain).into_iter().map(|rule| String::from_utf8(rule.text).unwrap()).collect()
    };
    booted.mangle = rules("mangle", "PREROUTING");
    booted.nat = rules("nat", "POSTROUTING");
    booted.input = rules("filter", "INPUT");
    for line in state.saved_ipvs.clone().unwrap_or_default().lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        booted.ipvsadm(&words).unwrap();
    }
    check(&[(target.clone(), Model::new(booted))], 1)[0].changes().count() == 0
}

/// `apply(diff(a, b), a) = b`: one run converges the state, a second one changes nothing, check agrees, and boot files say
/// the same. Gives back what it has become.
fn converges(target: &Target, state: &State) -> Result<State, TestCaseError> {
    let hosts = [(target.clone(), Model::new(state.clone()))];
    let planned: Vec<_> = check(&hosts, 1)[0].changes().cloned().collect();
    prop_assert_eq!(&hosts[0].1.state(), state, "check changes nothing");
    let first = apply(&hosts, 1).remove(0);
    prop_assert_eq!(&first.trouble, &None);
    prop_assert_eq!(first.changes().cloned().collect::<Vec<_>>(), planned, "what check says is what apply does");
    let converged = hosts[0].1.state();
    prop_assert_eq!(apply(&hosts, 1)[0].changes().count(), 0);
    prop_assert_eq!(&hosts[0].1.state(), &converged);
    prop_assert!(boots_as_it_runs(&converged, target), "{:?}", converged);
    Ok(converged)
}

/// Any prefix of a plan plans on to the same end: a run may die after any step. Gives back that end, and the one of a run
/// that did not.
fn plans_on(target: Target, state: State, cut: usize) -> Result<(State, State), TestCaseError> {
    let whole = [(target.clone(), Model::new(state.clone()))];
    prop_assert_eq!(&apply(&whole, 1)[0].trouble, &None);
    let died = [(target, Model::new(state))];
    let outcome = check(&died, 1).remove(0);
    let steps: Vec<Step> = Stage::ALL.iter().flat_map(|stage| steps(outcome.changes(), *stage)).collect();
    died[0].1.change(&steps[..cut.min(steps.len())]).unwrap();
    prop_assert_eq!(&apply(&died, 1)[0].trouble, &None);
    let (healed, direct) = (died[0].1.state(), whole[0].1.state());
    prop_assert_eq!(sorted(&healed.ipvs), sorted(&direct.ipvs));
    prop_assert_eq!(check(&died, 1)[0].changes().count(), 0);
    Ok((healed, direct))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_run_converges(state in any_state(), cluster in any_cluster()) {
        let converged = converges(&target(&cluster), &state)?;
        prop_assert_eq!(foreign(&converged, &cluster), foreign(&state, &cluster), "foreign things are as they were");
        prop_assert_eq!(&converged.vsftpd_read, &converged.vsftpd_conf);
        let lines = |state: &State| state.saved_filter.clone().unwrap_or_default().lines().filter(is_foreign_line).map(str::to_owned).collect::<Vec<_>>();
        let mut kept = lines(&converged).into_iter();
        prop_assert!(lines(&state).iter().all(|old| kept.any(|line| line == *old)), "every other line is kept, in order");
    }

    #[test]
    fn any_prefix_plans_on(state in any_state(), cluster in any_cluster(), cut in 0..20_usize) {
        let (healed, direct) = plans_on(target(&cluster), state, cut)?;
        prop_assert_eq!(effects(&healed), effects(&direct));
    }

    /// Nothing is planned from facts that could not be read.
    #[test]
    fn no_facts_no_plan(cluster in any_cluster()) {
        let target = target(&cluster);
        for missing in 0..target.probes().len() {
            let mut probes = target.probes();
            probes.remove(missing);
            let facts = Model::default().observe(&probes).unwrap();
            prop_assert!(plan(&target, &facts).is_err());
        }
    }
}

/// A host that cannot be reached, or one in memory.
enum Host {
    Dead,
    Alive(Box<Model>),
}

impl Observe for Host {
    fn observe(&self, probes: &[Probe]) -> Result<Facts, HostError> {
        match self {
            Self::Dead => Err(HostError::Unreachable("no route to host".to_owned())),
            Self::Alive(model) => model.observe(probes),
        }
    }
}

impl Change for Host {
    fn lock(&self, _wait: Duration, _stop: &(dyn Fn() -> bool + Sync)) -> Result<Locked, LockError> {
        Ok(Locked::default())
    }

    fn change(&self, steps: &[Step]) -> Result<(), StepError> {
        match self {
            Self::Dead => unreachable!("nothing is done on a host that was not observed"),
            Self::Alive(model) => model.change(steps),
        }
    }

    fn confirm(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn unlock(&self) {}
}

/// No client is sent to a real server that failed, and nothing that still serves clients goes; the next run finishes.
#[test]
fn a_failed_real_server_holds_back_what_depends_on_it() {
    let cluster = Cluster {
        mark: 21,
        range: "10000:20000",
        network: "10.1.1.0/24",
        snat: false,
        servers: vec![(11, 1), (12, 1)],
        scheduler: "wlc",
        seconds: 300,
    };
    let table = "-A -f 21 -s rr -p 300\n-a -f 21 -r 10.1.1.13:0 -m -w 1\n";
    let state = State {
        ipvs: IpvsTable::parse(table.as_bytes()).unwrap(),
        services: ["iptables", "ipvsadm"].map(|name| (name.to_owned(), BTreeSet::new())).into(),
        ..State::default()
    };
    let server = |host| {
        let mut server = target_with(&cluster, |last| format!("ftp{last}"));
        server.host.name = "ftp11".to_owned();
        server.wanted.truncate(0);
        server.serves = vec!["Public FTP".to_owned()];
        (server, host)
    };
    let router = target_with(&cluster, |last| format!("ftp{last}"));
    let mut hosts = [(router, Host::Alive(Box::new(Model::new(state)))), server(Host::Dead)];
    let outcomes = apply(&hosts, 1);
    let Host::Alive(router) = &hosts[0].1 else { unreachable!() };
    assert_eq!(outcomes[0].trouble, None);
    assert_eq!(
        router.state().ipvs.render(),
        "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n-a -f 21 -r 10.1.1.13:0 -m -w 1\n"
    );
    hosts[1] = server(Host::Alive(Box::default()));
    assert!(apply(&hosts, 1).iter().all(|outcome| outcome.trouble.is_none()));
    let Host::Alive(router) = &hosts[0].1 else { unreachable!() };
    assert_eq!(
        router.state().ipvs.render(),
        "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n"
    );
}
