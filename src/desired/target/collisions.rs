//! What plays want of one host and does not go together there: refused before any host is contacted.

use super::Host;
use crate::{
    playbook::{ClusterPlay, Task},
    resource::{Parameter, Service, StatedLine, StatedRule},
    source::{Fault, Place, shown},
};

/// Tasks by pairs, each pair once.
fn pairs<'s, 'a, T>(all: &'s [(&'a Task, T)]) -> impl Iterator<Item = [&'s (&'a Task, T); 2]> {
    all.iter().enumerate().flat_map(|(number, second)| all[..number].iter().map(move |first| [first, second]))
}

impl Host<'_> {
    pub(super) fn collisions(&self) -> Vec<Fault> {
        let stated = &self.stated;
        let mut faults = Vec::new();
        for [(first, one), (second, two)] in pairs(&stated.rules) {
            if one.rule.is_same(&two.rule) && (one.present || two.present) {
                faults.push(self.tasks_differ(first, second, "are about one rule"));
            }
        }
        for [(first, one), (second, two)] in pairs(&stated.marks) {
            if one == two {
                faults.push(self.tasks_differ(first, second, &format!("are about one service, of mark {one}")));
            }
        }
        for [(first, one), (second, two)] in pairs(&stated.sysctl) {
            if one.is_same(two) && !one.agrees(two) {
                faults.push(self.tasks_differ(first, second, "want different values of one parameter"));
            }
        }
        for [(first, one), (second, two)] in pairs(&stated.services) {
            if one.is_same(two) && one.wish != two.wish {
                faults.push(self.tasks_differ(first, second, "want different things of one service"));
            }
        }
        for [(first, one), (second, two)] in pairs(&stated.lines) {
            if one.path == two.path && (one.contradicts(two) || two.contradicts(one)) {
                faults.push(self.tasks_differ(first, second, &format!("want different lines of {}", one.path)));
            }
        }
        for cluster in &self.clusters {
            faults.extend(stated.rules.iter().filter_map(|(task, rule)| self.rule_of_cluster(cluster, task, rule)));
            for (task, mark) in stated.marks.iter().filter(|(_, mark)| *mark == cluster.cluster.firewall_mark) {
                let what = format!("is about the cluster's own mark, {mark}");
                faults.push(self.differs(cluster, &cluster.places.firewall_mark, task, &what));
            }
            let own = std::iter::once(Parameter::IP_FORWARD);
            let own = own.chain(self.keeps_templates.then_some(Parameter::EXPIRE_QUIESCENT_TEMPLATE));
            faults.extend(self.parameters(cluster, &own.collect::<Vec<_>>()));
        }
        if let Some((cluster, _)) = self.addresses.iter().find(|(_, address)| address.hidden) {
            faults.extend(self.parameters(cluster, &[Parameter::ARP_IGNORE, Parameter::ARP_ANNOUNCE]));
        }
        faults.extend(stated.services.iter().filter_map(|(task, service)| self.service_of_play(task, service)));
        faults.extend(stated.lines.iter().filter_map(|(task, line)| self.vsftpd_conf(task, line)));
        faults
    }

    /// Tasks that want other values of parameters that a cluster needs.
    fn parameters(&self, cluster: &ClusterPlay, own: &[Parameter]) -> Vec<Fault> {
        let what = "wants another value of a parameter that the cluster needs";
        let differs = |stated: &Parameter| own.iter().any(|own| own.is_same(stated) && !own.agrees(stated));
        let tasks = self.stated.sysctl.iter().filter(|(_, parameter)| differs(parameter));
        tasks.map(|(task, _)| self.differs(cluster, &cluster.name_place, task, what)).collect()
    }

    /// A rule that the cluster would take for one of its own, or that takes its traffic.
    fn rule_of_cluster(&self, cluster: &ClusterPlay, task: &Task, rule: &StatedRule) -> Option<Fault> {
        let marks = self.mark_rules.iter().filter(|rules| rules.play == cluster.name);
        let nats = self.nat_rules.iter().filter(|(play, _)| play.name == cluster.name);
        let claims = marks.map(|rules| rules.claims(&rule.rule)).chain(nats.map(|(_, nat)| nat.claims(&rule.rule)));
        claims.into_iter().any(|claims| claims).then(|| {
            self.differs(cluster, &cluster.name_place, task, "is about packets that the cluster's own rules are for")
        })
    }

    fn service_of_play(&self, task: &Task, service: &Service) -> Option<Fault> {
        let differs = |known: &Service| known.is_same(service) && known.wish != service.wish;
        let needed = self.services.iter().find(|needed| differs(&needed.service))?;
        let message = format!(
            "the task {} wants something else of a service that the play {} needs on {}",
            shown(&task.name),
            shown(needed.owner.play),
            shown(&self.target.host.name)
        );
        Some(Fault::at(&task.place, message).hint("say the same in both, or leave it to one of them"))
    }

    fn vsftpd_conf(&self, task: &Task, line: &StatedLine) -> Option<Fault> {
        let is_conf = |conf: Option<&camino::Utf8Path>| match conf {
            Some(path) => path == line.path,
            None => ["/etc/vsftpd.conf", "/etc/vsftpd/vsftpd.conf"].contains(&line.path.as_str()),
        };
        let (play, _) = self.vsftpd.iter().find(|(_, settings)| is_conf(settings.conf.as_deref()))?;
        let fault = self.differs(play, &play.name_place, task, "is about the cluster's vsftpd.conf");
        Some(fault.hint("write the option into `settings` of the cluster's `vsftpd`"))
    }

    fn tasks_differ(&self, first: &Task, second: &Task, what: &str) -> Fault {
        let (one, two) = (shown(&first.name), shown(&second.name));
        let message = format!("the tasks {one} and {two} {what} on {}", shown(&self.target.host.name));
        Fault::at(&second.place, message)
            .related(&first.place, "the first one")
            .hint("keep one of them, or give them different hosts")
    }

    fn differs(&self, cluster: &ClusterPlay, place: &Place, task: &Task, what: &str) -> Fault {
        let message = format!(
            "the task {} {what}, and the cluster {} is on {} too",
            shown(&task.name),
            shown(&cluster.name),
            shown(&self.target.host.name)
        );
        Fault::at(&task.place, message).related(place, "the cluster")
    }
}
