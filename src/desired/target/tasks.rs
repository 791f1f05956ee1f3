//! What a play of tasks wants on a host.

use super::{BOOT, Host, Owner, Targets};
use crate::{
    desired::{ResolvedPlay, ResolvedTasks, services},
    lvs::FirewallMark,
    playbook::{IpvsService, ServiceState, SysctlValue, Task, TaskPlay, Thing},
    resource::{
        ConfigLine, IpvsGone, NoUndoGuard, Parameter, PlayRules, RealServer, Service, StatedLine, StatedRule, Sysctl,
        VirtualService, Wish,
    },
};
use std::sync::Arc;

/// What tasks have stated for a host so far, as far as it is asked for.
#[derive(Default)]
pub(super) struct Stated<'a> {
    pub rules: Vec<(&'a Task, &'a StatedRule)>,
    pub marks: Vec<(&'a Task, FirewallMark)>,
    pub sysctl: Vec<(&'a Task, Parameter)>,
    pub services: Vec<(&'a Task, Service)>,
    pub lines: Vec<(&'a Task, &'a StatedLine)>,
    /// What the saved packet filter shall hold of each play.
    pub saved_rules: Vec<PlayRules>,
    /// Marks whose services the saved IPVS table shall not hold.
    pub gone: Vec<FirewallMark>,
    /// Kernel parameters at boot.
    pub parameters: Vec<Parameter>,
}

/// Marks whose services a play keeps on a host.
pub(super) fn marks_on(play: &ResolvedPlay, host: &str) -> Vec<FirewallMark> {
    match play {
        ResolvedPlay::Cluster(cluster) if cluster.routers.iter().any(|router| router.name == host) => {
            vec![cluster.play.cluster.firewall_mark]
        }
        ResolvedPlay::Tasks(tasks) if tasks.hosts.iter().any(|known| known.name == host) => {
            let mark = |task: &Task| match &task.thing {
                Thing::IpvsService(service) => Some(service.mark),
                _ => None,
            };
            tasks.play.tasks.iter().filter_map(mark).collect()
        }
        _ => Vec::new(),
    }
}

impl<'a> From<&'a TaskPlay> for Owner<'a> {
    fn from(play: &'a TaskPlay) -> Self {
        Self { play: &play.name, tags: &play.tags, task: None }
    }
}

impl<'a> Targets<'a> {
    pub(super) fn tasks(&mut self, tasks: &'a ResolvedTasks) {
        for vars in &tasks.hosts {
            let index = self.host(vars);
            self.hosts[index].tasks(&tasks.play);
        }
    }
}

impl<'a> Host<'a> {
    fn tasks(&mut self, play: &'a TaskPlay) {
        let owner = Owner::from(play);
        let filters = play.tasks.iter().any(|task| matches!(task.thing, Thing::IptablesRule(_)));
        let cuts_off = |task: &Task| matches!(task.thing, Thing::IptablesRule(_) | Thing::IpvsService(_));
        if play.tasks.iter().any(cuts_off) {
            self.want_once(owner, Arc::new(NoUndoGuard));
        }
        let rules = play.tasks.iter().filter_map(|task| match &task.thing {
            Thing::IptablesRule(rule) => Some((**rule).clone()),
            _ => None,
        });
        let rules = PlayRules {
            play: play.name.clone(),
            command: self.command(),
            all: Arc::new(rules.collect()),
            picked: Vec::new(),
            stale: false,
        };
        let (mut number, mut saved) = (0, rules.clone());
        for task in &play.tasks {
            let owner = Owner { task: Some(task), ..owner };
            match &task.thing {
                Thing::IptablesRule(rule) => {
                    self.want(owner, Arc::new(PlayRules { picked: vec![number], ..rules.clone() }));
                    if self.boots(owner) {
                        saved.picked.push(number);
                        if rule.present {
                            self.needs_at_boot(play, services::packet_filter());
                        }
                    }
                    self.stated.rules.push((task, rule));
                    number += 1;
                }
                Thing::IpvsService(service) => self.ipvs_service(owner, play, task, service),
                Thing::Service(state) => self.service_state(owner, task, state),
                Thing::Sysctl(value) => self.sysctl(owner, task, value),
                Thing::ConfigLine(line) => self.config_line(owner, task, line),
            }
        }
        if filters {
            self.want(owner, Arc::new(PlayRules { stale: true, ..rules }));
            saved.stale = self.boots(owner);
            if saved.stale || !saved.picked.is_empty() {
                self.stated.saved_rules.push(saved);
            }
        }
    }

    fn ipvs_service(&mut self, owner: Owner<'a>, play: &'a TaskPlay, task: &'a Task, service: &IpvsService) {
        self.stated.marks.push((task, service.mark));
        let Some(wanted) = &service.wanted else {
            self.want(owner, Arc::new(IpvsGone { mark: service.mark, drain_timeout: service.drain_timeout }));
            if self.boots(owner) {
                self.stated.gone.push(service.mark);
            }
            return;
        };
        let destinations = wanted.destinations.iter();
        let service = VirtualService {
            play: None,
            command: self.command(),
            mark: service.mark,
            other_marks: Vec::new(),
            scheduler: wanted.scheduler.clone(),
            persistence: wanted.persistence,
            forwarding: wanted.forwarding,
            real_servers: destinations
                .map(|(address, weight)| RealServer { host: None, address: *address, weight: *weight })
                .collect(),
            drain_timeout: service.drain_timeout,
        };
        self.want(owner, Arc::new(service.clone()));
        if self.boots(owner) {
            self.virtual_services.push(service);
            self.needs_at_boot(play, services::ipvsadm());
        }
    }

    fn service_state(&mut self, owner: Owner<'a>, task: &'a Task, state: &ServiceState) {
        let running = state.running.map(Wish::Running);
        let enabled = state.enabled.map(|enabled| Wish::AtBoot(state.runlevels.clone(), enabled));
        for wish in running.into_iter().chain(enabled) {
            let service = services::named(&state.name, wish);
            self.want(owner, Arc::new(service.clone()));
            self.stated.services.push((task, service));
        }
    }

    fn sysctl(&mut self, owner: Owner<'a>, task: &'a Task, stated: &SysctlValue) {
        if let Some(value) = &stated.value {
            self.want(owner, Arc::new(Sysctl { name: stated.name.clone(), value: value.clone() }));
        }
        let parameter = Parameter::stated(&stated.name, stated.value.as_deref());
        if self.boots(owner) && self.stated.parameters.iter().all(|known| !known.is_same(&parameter)) {
            self.stated.parameters.push(parameter.clone());
        }
        self.stated.sysctl.push((task, parameter));
    }

    fn config_line(&mut self, owner: Owner<'a>, task: &'a Task, line: &'a StatedLine) {
        let earlier = self.stated.lines.iter().filter(|(_, known)| known.path == line.path);
        let earlier = earlier.map(|(_, known)| (*known).clone()).collect();
        let resource = ConfigLine { earlier, mine: line.clone() };
        if self.is_asked(owner, crate::resource::Resource::kind(&resource).tag()) {
            self.push(owner, Arc::new(resource));
            self.stated.lines.push((task, line));
        }
    }

    /// A service that loads at boot what is saved.
    fn needs_at_boot(&mut self, play: &'a TaskPlay, service: Service) {
        let owner = Owner::from(play);
        if self.is_asked(owner, BOOT) {
            self.needs(owner, service);
        }
    }
}
