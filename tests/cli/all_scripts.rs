//! Every probe and every step, as the text that a host's shell gets: none that bash 3 would not read.

use super::old_bash::refuses;
use crate::support::connection;
use lvs_ftp::{
    format::ipvs::IpvsTable,
    host::{Change, Observe, Session, Writable},
    lvs::InterfaceAddress,
    plan::{DaemonAct, Edit, IpvsEdit, Place, Proof, RuleEdit, ServiceAct, Step},
    probe::{DirectorDaemon, IptablesCommand, Probe, ServiceManager},
};
use serde_json::json;
use std::collections::BTreeMap;

fn probes() -> Vec<Probe> {
    let elsewhere = ["ip", "netns", "exec", "lvs", "iptables"].map(str::to_owned).into();
    vec![
        Probe::PacketFilter(IptablesCommand::default()),
        Probe::PacketFilter(IptablesCommand::new(elsewhere).unwrap()),
        Probe::Keepalived,
        Probe::Piranha,
        Probe::Ipvs,
        Probe::Directors,
        Probe::IpForward,
        Probe::ExpireQuiescentTemplate,
        Probe::Vsftpd(None),
        Probe::Vsftpd(Some("/srv/vsftpd.conf".into())),
        Probe::SavedFilter,
        Probe::FilterOwners,
        Probe::SavedIpvs,
        Probe::SysctlFiles,
        Probe::Sysctl("net.ipv4.ip_forward".to_owned()),
        Probe::TextFile("/etc/motd".into()),
        Probe::Addresses,
        Probe::Held("192.0.2.10".parse().unwrap()),
        Probe::DefaultGateway,
        Probe::QuietArp,
        Probe::UndoGuards,
        Probe::RouterPath,
        Probe::ServerPath(IptablesCommand::default()),
        Probe::Services(BTreeMap::from([("vsftpd".to_owned(), true)])),
    ]
}

/// A new kind of probe does not compile here until it is told of above.
const fn is_among_the_probes(probe: &Probe) {
    match probe {
        Probe::PacketFilter(_)
        | Probe::Keepalived
        | Probe::Piranha
        | Probe::Ipvs
        | Probe::Directors
        | Probe::IpForward
        | Probe::ExpireQuiescentTemplate
        | Probe::Vsftpd(_)
        | Probe::SavedFilter
        | Probe::FilterOwners
        | Probe::SavedIpvs
        | Probe::SysctlFiles
        | Probe::Sysctl(_)
        | Probe::TextFile(_)
        | Probe::Addresses
        | Probe::Held(_)
        | Probe::DefaultGateway
        | Probe::QuietArp
        | Probe::UndoGuards
        | Probe::RouterPath
        | Probe::ServerPath(_)
        | Probe::Services(_) => {}
    }
}

fn steps() -> Vec<Step> {
    let table = IpvsTable::parse(b"-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n").unwrap();
    let service = table.services[0].clone();
    let destination = service.destinations[0].clone();
    let command = IptablesCommand::default();
    let file = |observed: Option<&str>, proof| Step::File {
        path: "/etc/some.conf".into(),
        observed: observed.map(str::to_owned),
        text: b"it's (a case) in \"\n".to_vec(),
        proof,
    };
    let mut all = vec![
        Step::Rules {
            command: command.clone(),
            waits_for_lock: true,
            table: "mangle",
            edits: vec![RuleEdit::Insert {
                chain: "PREROUTING",
                place: Place::Before(1),
                rule: "-j ACCEPT".to_owned(),
                observed: "1 2".to_owned(),
            }],
        },
        Step::Ipvsadm(IpvsEdit::Service(Edit::Remove(service.clone()))),
        Step::Ipvsadm(IpvsEdit::Destination(service.key.clone(), Edit::Add(destination))),
        Step::IpForward,
        Step::KeepTemplates,
        Step::Sysctl { name: "net.ipv4.ip_forward".to_owned(), value: "1".to_owned() },
        Step::QuietArp,
        Step::Address(InterfaceAddress {
            address: "192.0.2.10".parse().unwrap(),
            prefix: 32,
            device: "tunl0".to_owned(),
        }),
        Step::VsftpdReload { conf: "/etc/vsftpd.conf".into(), tried: None, daemons: vec![(7, 8)] },
        Step::EndUndoGuard { name: "some".to_owned(), armed: true },
        Step::EndUndoGuard { name: "some".to_owned(), armed: false },
        Step::Person("somebody's (work)".to_owned()),
    ];
    for observed in [None, Some("1 2")] {
        all.push(file(observed, Proof::None));
        all.push(file(observed, Proof::Vsftpd));
        all.push(file(observed, Proof::Keepalived { checks: vec!["curl -s ftp://10.1.1.11".to_owned()] }));
        all.push(file(observed, Proof::PacketFilter { command: command.clone(), waits_for_lock: true }));
    }
    let managers =
        [ServiceManager::Systemd, ServiceManager::OpenRc, ServiceManager::Chkconfig, ServiceManager::UpdateRcD];
    for manager in managers {
        for act in
            [ServiceAct::Enable(vec![3, 5]), ServiceAct::Disable(vec![3, 5]), ServiceAct::Start, ServiceAct::Stop]
        {
            all.push(Step::Service { manager, name: "vsftpd".to_owned(), act });
        }
        for act in [
            DaemonAct::Reload { pid: 7, start_ticks: 8, owes_restart: true },
            DaemonAct::Start(manager),
            DaemonAct::Restart { manager, pid: 7 },
        ] {
            let shows = vec!["-A -f 21 -s wlc -p 300".to_owned()];
            for daemon in [DirectorDaemon::Keepalived, DirectorDaemon::Pulse] {
                let (act, shows) = (act.clone(), shows.clone());
                all.push(Step::Director { daemon, act, shows, patience: 5 });
            }
        }
    }
    all
}

/// A new kind of step does not compile here until it is told of above.
const fn is_among_the_steps(step: &Step) {
    match step {
        Step::Rules { .. }
        | Step::Ipvsadm(_)
        | Step::IpForward
        | Step::KeepTemplates
        | Step::Sysctl { .. }
        | Step::QuietArp
        | Step::Address(_)
        | Step::File { .. }
        | Step::VsftpdReload { .. }
        | Step::Director { .. }
        | Step::Service { .. }
        | Step::EndUndoGuard { .. }
        | Step::Person(_) => {}
    }
}

/// A way onto a host that only keeps what its shell is given, and that text.
fn keeper(folder: &tempfile::TempDir, session: &Session) -> (Writable, impl Fn() -> String) {
    let kept = folder.path().join("kept");
    let words = ["sh".to_owned(), "-c".to_owned(), format!("cat >{}; exit 1", kept.display())];
    (connection(session, &json!({ "lvs_ftp_exec": words })), move || std::fs::read_to_string(&kept).unwrap())
}

#[test]
fn no_script_is_one_that_bash_3_refuses() {
    let (folder, session) = (tempfile::tempdir().unwrap(), Session::new(10, true));
    let (host, kept) = keeper(&folder, &session);
    for probe in probes() {
        is_among_the_probes(&probe);
        host.observe(std::slice::from_ref(&probe)).unwrap_err();
        assert_eq!(refuses(&kept()), "", "{probe:?}");
        assert!(kept().contains("part() {"));
    }
    for step in steps() {
        is_among_the_steps(&step);
        host.change(std::slice::from_ref(&step)).unwrap_err();
        assert_eq!(refuses(&kept()), "", "{step:?}");
        assert!(kept().contains("part() {"));
    }
}
