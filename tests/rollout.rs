//! The order of a run over several hosts, in memory: stages with barriers, batches, what a failure stops, locks, edits
//! of somebody else, interruption. Hosts write down what is done to them, and misbehave on demand.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

#[path = "rollout/boot_files.rs"]
mod boot_files;
mod model;

use lvs_ftp::{
    desired::{self, ResolvedPlay, Side, Target},
    format::ipvs::IpvsTable,
    host::{Change, HostError, LockError, Locked, Observe, StepError},
    inventory::{ConnectionOptions, Inventory},
    plan::Step,
    playbook,
    probe::{Facts, Probe},
    run::{GivenUp, Options, Outcome, Progress, Trouble, apply, check},
    source::Source,
};
use model::{Model, State};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

type Log = Arc<Mutex<Vec<String>>>;

/// What a host does before it makes a list of steps; an error is all that it does.
type Meddle = Box<dyn Fn(&mut State, &[Step]) -> Result<(), HostError> + Send + Sync>;

struct Host {
    name: String,
    model: Model,
    log: Log,
    meddle: Meddle,
    holds: &'static str,
    locked_by: Option<&'static str>,
    dead: bool,
    /// Whether a look fails, by the host's state.
    blind: Box<dyn Fn(&State) -> bool + Send + Sync>,
    /// The answer to the next change is lost.
    loses: AtomicBool,
    /// Why it undoes what was tried.
    undoes: Option<&'static str>,
}

impl Host {
    fn note(&self, text: &str) {
        self.log.lock().unwrap().push(format!("{} {text}", self.name));
    }
}

impl Observe for Host {
    fn observe(&self, probes: &[Probe]) -> Result<Facts, HostError> {
        if self.dead {
            return Err(HostError::Unreachable("no route to host".to_owned()));
        }
        let state = self.model.state();
        if (self.blind)(&state) {
            return Err(HostError::Failed("the connection was lost".to_owned()));
        }
        let answers: Vec<_> = probes
            .iter()
            .flat_map(|probe| match probe {
                Probe::Addresses => vec![model::said(format!("2: eth0    inet {}/24 scope global\n", self.holds))],
                _ => state.answers(probe),
            })
            .collect();
        Ok(Facts::read(probes, answers))
    }
}

impl Change for Host {
    fn lock(&self, _wait: Duration, _stop: &(dyn Fn() -> bool + Sync)) -> Result<Locked, LockError> {
        self.note("lock");
        self.locked_by.map_or(Ok(Locked::default()), |who| Err(LockError::Busy(who.to_owned())))
    }

    fn change(&self, steps: &[Step]) -> Result<(), StepError> {
        let words: Vec<&str> = steps
            .iter()
            .map(|step| match step {
                Step::Rules { .. } => "rules",
                Step::Ipvsadm(..) => "ipvsadm",
                Step::IpForward => "forward",
                Step::File { path, .. } if path.as_str().contains("vsftpd") => "conf",
                Step::File { .. } => "boot",
                Step::VsftpdReload { .. } => "reload",
                Step::Service { .. } => "service",
                Step::KeepTemplates
                | Step::Sysctl { .. }
                | Step::QuietArp
                | Step::Address(_)
                | Step::Director { .. }
                | Step::EndUndoGuard { .. }
                | Step::Person(_) => "other",
            })
            .collect();
        self.note(&words.join(" "));
        (self.meddle)(&mut self.model.0.lock().unwrap(), steps).map_err(|error| StepError {
            made: 0,
            lost: false,
            error,
        })?;
        self.model.change(steps)?;
        if self.loses.swap(false, Ordering::Relaxed) {
            let error = HostError::Failed("the connection was lost".to_owned());
            return Err(StepError { made: 0, lost: true, error });
        }
        Ok(())
    }

    fn confirm(&self) -> Result<(), HostError> {
        self.note("confirm");
        self.undoes.map_or(Ok(()), |why| Err(HostError::Failed(why.to_owned())))
    }

    fn unlock(&self) {}
}

/// A cluster of two routers and three real servers, with a playbook's words beside the usual ones.
struct Site {
    hosts: Vec<(Target, Host)>,
    sides: Vec<Side>,
    log: Log,
}

fn site(change: impl FnOnce(&mut Value)) -> Site {
    site_with(&json!({"10.1.1.[11:13]": {}}), change)
}

/// The one play, with a playbook's words beside the usual ones.
fn clusters(servers: &Value, change: impl FnOnce(&mut Value)) -> Vec<ResolvedPlay> {
    let hosts = json!({"lvs": {"hosts": {"lvs1": {}, "lvs2": {}}}, "ftp": {"hosts": servers}});
    let inventory = Inventory::of(&[Source::new("hosts.json", hosts.to_string())]).unwrap();
    let mut play = json!({"name": "Public FTP", "ftp_cluster": {
        "virtual_ip": "192.0.2.10",
        "drain_timeout": 1,
        "routers": {"hosts": "lvs"},
        "real_servers": {"hosts": "ftp", "network": "10.1.1.0/24"}
    }});
    change(&mut play);
    let plays = playbook::plays(&Source::new("site.json", json!([play]).to_string())).unwrap();
    desired::resolve(&inventory, &plays, &ConnectionOptions::default()).unwrap()
}

fn site_with(servers: &Value, change: impl FnOnce(&mut Value)) -> Site {
    let clusters = clusters(servers, change);
    let log = Log::default();
    let services = ["netfilter-persistent", "ipvsadm", "vsftpd"];
    let host = |target: Target| {
        let host = Host {
            name: target.host.name.rsplit('.').next().unwrap().to_owned(),
            model: Model::new(State {
                services: services.map(|name| (name.to_owned(), BTreeSet::new())).into(),
                ..State::default()
            }),
            log: Arc::clone(&log),
            meddle: Box::new(|_, _| Ok(())),
            holds: if target.host.name == "lvs1" { "192.0.2.10" } else { "192.0.2.3" },
            locked_by: None,
            dead: false,
            blind: Box::new(|_| false),
            loses: AtomicBool::new(false),
            undoes: None,
        };
        (target, host)
    };
    let hosts = desired::targets(&clusters, &clusters, &|_| true).unwrap().into_iter().map(host).collect();
    Site { hosts, sides: desired::sides(&clusters), log }
}

impl Site {
    fn options(&self) -> Options<'_> {
        Options { sides: &self.sides, forks: 3, ..Options::default() }
    }

    fn apply(&self) -> Vec<Outcome> {
        apply(&self.hosts, &self.options()).unwrap()
    }

    fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.iter_mut().map(|(_, host)| host).find(|host| host.name == name).unwrap()
    }

    /// What was done, without locks; hosts of one wave in the order of their names.
    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().filter(|line| !line.ends_with("lock")).cloned().collect()
    }

    /// Where the first and the last line are that hold these words.
    fn span(&self, words: &str) -> (usize, usize) {
        let log = self.log();
        let at: Vec<usize> = (0..log.len()).filter(|index| log[*index].contains(words)).collect();
        (*at.first().unwrap_or_else(|| panic!("{words}: {log:#?}")), *at.last().unwrap())
    }
}

fn fails(text: &'static str) -> Meddle {
    Box::new(move |_, steps| {
        if steps.iter().any(|step| format!("{step:?}").starts_with(text)) {
            return Err(HostError::Failed(format!("{text} refused")));
        }
        Ok(())
    })
}

/// Summaries of what is held back, and why.
fn held(outcomes: &[Outcome]) -> Vec<(String, String)> {
    let all = outcomes.iter().flat_map(|outcome| outcome.each().map(move |each| (outcome, each)));
    all.filter_map(|(outcome, (_, change, progress))| match progress {
        Progress::Held(why) => Some((format!("{} {}", outcome.host, change.stage), why.clone())),
        _ => None,
    })
    .collect()
}

#[test]
fn no_host_enters_a_stage_before_all_have_left_the_one_before() {
    let site = site(|_| {});
    assert!(site.apply().iter().all(|outcome| outcome.trouble.is_none()));
    let log = site.log();
    let [forward, conf, ipvs, boot] = ["forward", "conf reload", "ipvsadm", "service"].map(|words| site.span(words));
    assert!(forward.1 < conf.0 && conf.1 < ipvs.0 && ipvs.1 < boot.0, "{log:#?}");
    // The router that holds the virtual IP goes last, and each is confirmed before the next begins.
    assert_eq!(log[..4], ["lvs2 forward rules rules", "lvs2 confirm", "lvs1 forward rules rules", "lvs1 confirm"]);
    let before = site.log().len();
    assert!(site.apply().iter().all(|outcome| outcome.changes().next().is_none()));
    assert_eq!(site.log().len(), before, "a converged cluster is left alone");
}

#[test]
fn check_plans_what_apply_does() {
    let site = site(|_| {});
    let said = |outcomes: Vec<Outcome>| -> Vec<String> {
        let line = |outcome: &Outcome| -> Vec<String> {
            outcome.each().map(|(item, change, _)| format!("{} {:?} {change:?}", outcome.host, item.kind)).collect()
        };
        outcomes.iter().flat_map(line).collect()
    };
    let planned = said(check(&site.hosts, &site.options()));
    assert_eq!(planned, said(site.apply()));
}

#[test]
fn a_router_that_fails_stops_the_play_before_the_next_batch() {
    let mut site = site(|_| {});
    site.host("lvs2").meddle = fails("Rules");
    let outcomes = site.apply();
    assert_eq!(site.log(), ["lvs2 forward rules rules", "lvs2 confirm"]);
    assert!(held(&outcomes).iter().all(|(_, why)| why == "lvs2 failed"), "{:?}", held(&outcomes));
    assert!(held(&outcomes).len() > 8);
    // The next run, with the cause gone, does everything.
    site.host("lvs2").meddle = Box::new(|_, _| Ok(()));
    assert!(site.apply().iter().all(|outcome| outcome.trouble.is_none()));
    assert!(site.apply().iter().all(|outcome| outcome.changes().next().is_none()));
}

#[test]
fn a_real_server_that_fails_is_not_steered_to() {
    let mut site = site(|play| play["ftp_cluster"]["real_servers"]["serial"] = json!([1, "100%"]));
    site.host("11").meddle = fails("File");
    let outcomes = site.apply();
    // Nor are those that the stopped roll-out left alone.
    assert!(
        !site.log().iter().any(|line| line.starts_with("12 conf") || line.starts_with("13 conf")),
        "{:?}",
        site.log()
    );
    let render = |site: &Site| site.hosts[0].1.model.state().ipvs.render();
    assert_eq!(render(&site), "-A -f 21 -s wlc -p 300\n");
    let held = held(&outcomes);
    assert!(held.contains(&("10.1.1.12 serve".to_owned(), "10.1.1.11 failed".to_owned())), "{held:?}");
    assert!(
        held.contains(&("lvs1 steer".to_owned(), "the real server 10.1.1.12 was left alone".to_owned())),
        "{held:?}"
    );
    site.host("11").meddle = Box::new(|_, _| Ok(()));
    assert!(site.apply().iter().all(|outcome| outcome.trouble.is_none()));
    assert!(render(&site).contains("10.1.1.13:0"));
}

#[test]
fn a_share_of_failures_is_borne() {
    let mut site = site(|play| {
        play["max_fail_percentage"] = json!(50);
        play["ftp_cluster"]["real_servers"]["serial"] = json!(2);
    });
    site.host("11").meddle = fails("File");
    let _ = site.apply();
    assert!(site.log().iter().any(|line| line.starts_with("13 conf")), "{:?}", site.log());
    assert_eq!(
        site.hosts[0].1.model.state().ipvs.render(),
        "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n-a -f 21 -r 10.1.1.13:0 -m -w 1\n"
    );
}

#[test]
fn any_error_is_fatal_where_that_is_asked_for() {
    let mut site = site(|play| play["any_errors_fatal"] = json!(true));
    site.host("12").meddle = fails("File");
    let _ = site.apply();
    assert!(!site.log().iter().any(|line| line.contains("ipvsadm")), "{:?}", site.log());
}

#[test]
fn another_runs_lock_keeps_every_host_alone() {
    let mut site = site(|_| {});
    site.host("12").locked_by = Some("run 77 of root@other");
    let busy = GivenUp::Busy { host: "10.1.1.12".to_owned(), who: "run 77 of root@other".to_owned() };
    assert_eq!(apply(&site.hosts, &site.options()).map(|_| ()), Err(busy));
    assert_eq!(site.log(), [""; 0]);
}

#[test]
fn an_edit_of_somebody_else_leads_to_a_new_look() {
    let mut site = site(|_| {});
    assert!(site.apply().iter().all(|outcome| outcome.trouble.is_none()));
    // Two weights are wrong; while we mend them, somebody mends one and deletes the other destination.
    let host = site.host("lvs1");
    {
        let mut state = host.model.0.lock().unwrap();
        for destination in &mut state.ipvs.services[0].destinations[..2] {
            destination.weight = 7;
        }
    }
    let once = AtomicBool::new(true);
    host.meddle = Box::new(move |state, _| {
        if once.swap(false, Ordering::Relaxed) {
            state.ipvs.services[0].destinations[0].weight = 1;
            state.ipvs.services[0].destinations.remove(1);
            return Err(HostError::Failed("the destination was changed by somebody else".to_owned()));
        }
        Ok(())
    });
    let outcomes = site.apply();
    assert_eq!(outcomes[0].trouble, None);
    let made: Vec<&str> = outcomes[0].changes().map(|change| change.summary.as_str()).collect();
    assert_eq!(made, ["destination 10.1.1.12:0 -m -w 1"]);
    assert!(site.apply().iter().all(|outcome| outcome.changes().next().is_none()));
}

#[test]
fn after_a_signal_nothing_more_is_begun() {
    let mut site = site(|_| {});
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    site.host("lvs2").meddle = Box::new(move |_, _| {
        flag.store(true, Ordering::Relaxed);
        Ok(())
    });
    let options = Options { interrupted: &stop, ..site.options() };
    let outcomes = apply(&site.hosts, &options).unwrap();
    // The step in hand is finished, and the host told to keep it.
    assert_eq!(site.log(), ["lvs2 forward rules rules", "lvs2 confirm"]);
    assert!(outcomes.iter().all(|outcome| outcome.trouble.is_none()));
    let made = |outcome: &Outcome| outcome.each().filter(|(_, _, progress)| **progress == Progress::Made).count();
    assert_eq!((made(&outcomes[0]), made(&outcomes[1])), (0, 4));
}

/// A real server that is dead may be taken out of service; nothing else goes meanwhile.
#[test]
fn a_dead_real_server_can_be_drained() {
    let mut site = site_with(&json!({"10.1.1.11": {"lvs_weight": 0}, "10.1.1.[12:13]": {}}), |_| {});
    let table = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n\
                 -a -f 21 -r 10.1.1.99:0 -m -w 1\n";
    for router in ["lvs1", "lvs2"] {
        site.host(router).model.0.lock().unwrap().ipvs = IpvsTable::parse(table.as_bytes()).unwrap();
    }
    site.host("11").dead = true;
    let outcomes = site.apply();
    assert_eq!(
        site.hosts[0].1.model.state().ipvs.render(),
        "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 0\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n\
         -a -f 21 -r 10.1.1.13:0 -m -w 1\n-a -f 21 -r 10.1.1.99:0 -m -w 1\n"
    );
    let why = "the real server 10.1.1.11 failed".to_owned();
    assert!(held(&outcomes).contains(&("lvs1 contract".to_owned(), why)), "{:?}", held(&outcomes));
}

/// The steps were made, but nobody heard of it. Where the host undoes that, it is no success; else it is told as made.
#[test]
fn a_lost_answer_is_not_taken_for_granted() {
    for undoes in [None, Some("the change is not confirmed; the host undoes it")] {
        let mut site = site(|_| {});
        site.apply();
        let host = site.host("lvs1");
        host.model.0.lock().unwrap().ipvs.services[0].destinations[0].weight = 7;
        host.loses = AtomicBool::new(true);
        host.undoes = undoes;
        let outcomes = site.apply();
        let told: Vec<_> = outcomes[0].each().map(|(_, change, progress)| (&change.summary, progress)).collect();
        let summary = "destination 10.1.1.11:0 -m -w 7 -> 10.1.1.11:0 -m -w 1".to_owned();
        assert_eq!(told, [(&summary, &Progress::Made)]);
        let trouble = undoes.map(|why| Trouble::Failed(format!("the connection was lost; {why}")));
        assert_eq!(outcomes[0].trouble, trouble);
    }
}

/// What a stage has looked at is not all: an earlier stage's work may have been undone meanwhile.
#[test]
fn what_is_undone_behind_a_stage_is_noticed() {
    let mut site = site(|_| {});
    site.apply();
    let host = site.host("lvs1");
    {
        let mut state = host.model.0.lock().unwrap();
        state.ip_forward = false;
        state.ipvs.services[0].destinations[0].weight = 7;
    }
    host.meddle = Box::new(|state, steps| {
        state.ip_forward &= !steps.iter().any(|step| matches!(step, Step::Ipvsadm(..)));
        Ok(())
    });
    let trouble = site.apply()[0].trouble.clone().unwrap();
    assert!(
        trouble.text().starts_with("did not converge; what still differs: edit net.ipv4.ip_forward"),
        "{trouble:?}"
    );
}

/// A drain takes many looks: one that fails does not end it.
#[test]
fn a_drain_bears_a_failed_look() {
    let mut site = site(|play| play["ftp_cluster"]["drain_timeout"] = json!(0));
    site.apply();
    let host = site.host("lvs1");
    {
        let mut state = host.model.0.lock().unwrap();
        let key = state.ipvs.services[0].key.to_string();
        let gone = IpvsTable::parse(b"-A -f 21 -s wlc\n-a -f 21 -r 10.1.1.99:0 -m -w 1\n").unwrap();
        state.ipvs.services[0].destinations.extend(gone.services[0].destinations.clone());
        state.connections.insert((key, "10.1.1.99:0".to_owned()), 1);
    }
    let drains = |state: &State| state.ipvs.services[0].destinations.iter().any(|one| one.weight == 0);
    let failures = AtomicUsize::new(0);
    host.blind = Box::new(move |state| drains(state) && failures.fetch_add(1, Ordering::Relaxed) == 1);
    let outcomes = site.apply();
    assert_eq!(outcomes[0].trouble, None);
    let left = site.host("lvs1").model.state().ipvs.render();
    assert!(!left.contains("10.1.1.99"), "{left}");
}

/// `--local`: this router alone is in the run, and asks the real servers itself. Behind a daemon's file all new servers
/// come by one change: it needs each of them.
#[test]
fn every_new_real_server_outside_of_the_run_is_asked() {
    let words = json!({
        "ipvsadm": {},
        "keepalived": {},
        "piranha": {"vip_device": "eth0:1", "primary": "10.1.1.1", "nat_router": {"address": "10.1.1.1", "device": "eth1:1"}}
    });
    for (director, words) in words.as_object().unwrap() {
        for silent in [None, Some("10.1.1.11"), Some("10.1.1.13")] {
            let mut site = site(|play| {
                let routers = &mut play["ftp_cluster"]["routers"];
                routers["director"] = json!(director);
                routers.as_object_mut().unwrap().extend(words.as_object().unwrap().clone());
            });
            site.hosts.truncate(1);
            for name in ["keepalived", "pulse"] {
                site.host("lvs1").model.0.lock().unwrap().services.insert(name.to_owned(), BTreeSet::new());
            }
            let asked = Mutex::new(BTreeSet::new());
            let answers = |_: &str, host: &str| {
                asked.lock().unwrap().insert(host.to_owned());
                if Some(host) == silent { Err("it does not answer".to_owned()) } else { Ok(()) }
            };
            let _ = apply(&site.hosts, &Options { answers: Some(&answers), ..site.options() });
            let all = ["10.1.1.11", "10.1.1.12", "10.1.1.13"].map(str::to_owned);
            assert_eq!(*asked.lock().unwrap(), all.into(), "{director}");
            let state = site.host("lvs1").model.state();
            let text = match director.as_str() {
                "keepalived" => String::from_utf8(state.keepalived_conf.unwrap_or_default()).unwrap(),
                "piranha" => String::from_utf8(state.lvs_cf.unwrap_or_default()).unwrap(),
                _ => state.ipvs.render(),
            };
            for host in ["10.1.1.11", "10.1.1.12", "10.1.1.13"] {
                // One file, one change: where one server is silent, no new one comes.
                let comes = silent.is_none_or(|silent| director == "ipvsadm" && silent != host);
                assert_eq!(text.contains(host), comes, "{director}, {silent:?} is silent: {text}");
            }
        }
    }
}

/// Two managers of one packet filter exclude each other at boot: a person's step names the one that is there, nothing is
/// enabled beside it, and a healthy host hears no word of it.
#[test]
fn no_rival_of_the_packet_filters_owner_is_enabled() {
    for (owners, told) in [
        (&[][..], None),
        (&["firewalld"], Some("firewalld owns the packet filter at boot")),
        (&["ufw"], Some("ufw owns the packet filter at boot")),
        (&["nftables"], Some("nftables owns the packet filter at boot")),
        (&["shorewall"], Some("shorewall owns the packet filter at boot")),
        (&["firewalld", "iptables"], Some("firewalld and iptables both set the packet filter at boot")),
        (&["shorewall", "netfilter-persistent"], Some("shorewall and netfilter-persistent both")),
        // The model's iptables is legacy, which a flush of nft does not reach; and ufw leaves other rules alone.
        (&["nftables", "netfilter-persistent"], None),
        (&["ufw", "netfilter-persistent"], None),
    ] {
        let mut site = site(|_| {});
        for name in ["lvs1", "lvs2"] {
            let mut state = site.host(name).model.0.lock().unwrap();
            state.filter_owners = owners.iter().map(|name| (*name).to_owned()).collect();
            if owners.contains(&"netfilter-persistent") {
                state.services.insert("netfilter-persistent".to_owned(), [2, 3, 4, 5].into());
            }
        }
        let outcomes = site.apply();
        let told_on = |outcome: &Outcome| {
            let persons = outcome.changes().filter(|change| matches!(change.step, Step::Person(_)));
            persons.map(|change| change.summary.clone()).collect::<Vec<_>>()
        };
        for outcome in outcomes.iter().filter(|outcome| outcome.host.starts_with("lvs")) {
            let persons = told_on(outcome);
            assert_eq!(persons.len(), usize::from(told.is_some()), "{owners:?} {persons:?}");
            assert!(told.is_none_or(|told| persons[0].starts_with(told)), "{owners:?} {persons:?}");
            assert_eq!(outcome.trouble.is_some(), told.is_some(), "{owners:?} {:?}", outcome.trouble);
        }
        let state = site.host("lvs1").model.state();
        let has_loader = owners.is_empty() || owners.contains(&"netfilter-persistent");
        assert_eq!(!state.services["netfilter-persistent"].is_empty(), has_loader, "{owners:?}");
        let is_written = has_loader || owners.contains(&"iptables");
        assert_eq!(state.saved_filter.is_some(), is_written, "{owners:?}");
        // All else is done.
        assert!(state.ipvs.render().contains("10.1.1.11:0"), "{owners:?}");
    }
}
