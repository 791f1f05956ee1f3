//! What the file shall say at once, and what when all that comes is there.

use super::{
    LvsCf as Router, PiranhaCluster,
    block::{mark_of, port_of},
    takes, unknown,
};
use crate::{
    format::{
        Malformed,
        ipvs::ServiceKey,
        lvs_cf::{self, LvsCf, Statement, servers},
    },
    lvs::Weight,
    probe::{Facts, Piranha, Unknown},
};
use std::net::Ipv4Addr;

/// The file in two steps: what comes, and then without what goes.
pub(super) struct Texts {
    pub old: LvsCf,
    /// What pulse has read, where that is known.
    pub read: Option<LvsCf>,
    pub now: LvsCf,
    pub then: LvsCf,
    /// What the first step edits.
    pub edits: Vec<String>,
    /// Real servers that get clients by it, and did not before.
    pub needs: Vec<String>,
    /// What goes in the second step.
    pub leaving: Vec<String>,
    /// What the kernel shows of our services after each, when all real servers are well; without weights.
    pub shows: Vec<String>,
    pub shows_then: Vec<String>,
    /// For how many seconds that is waited for.
    pub patience: u32,
    /// The primary's address, where it is one.
    pub primary: Option<Ipv4Addr>,
    /// Whether there is a backup.
    pub has_backup: bool,
}

impl Router {
    pub(super) fn texts(&self, found: &Piranha, facts: &Facts) -> Result<Texts, Unknown> {
        let malformed = |malformed: Malformed| unknown(format!("pulse would not read it, {malformed}"));
        let old = LvsCf::parse(&found.text.clone().unwrap_or_default()).map_err(malformed)?;
        let (mut now, mut then) = (old.clone(), old.clone());
        let (mut edits, mut needs, mut leaving) = (Vec::new(), Vec::new(), Vec::new());
        let (mut shows, mut shows_then) = (Vec::new(), Vec::new());
        for cluster in &self.0 {
            let globals = cluster.globals.settings();
            let new = now.with_globals(&globals).map_err(malformed)?;
            if new != now {
                edits.push("globals".to_owned());
            }
            now = new;
            then = then.with_globals(&globals).map_err(malformed)?;
            let older = cluster.service.older(facts)?;
            let block = cluster.ours(&old, &older);
            cluster.fits(&old, block, found.is_active).map_err(unknown)?;
            let going = cluster.leaving(block);
            let edit = |conf: &LvsCf, going: &[Ipv4Addr]| {
                let mine = cluster.ours(conf, &older).map(|one| one.span.clone());
                let is_it = |one: &Statement| mine.as_ref() == Some(&one.span) || cluster.has_our_place(one);
                conf.with_virtual(&cluster.block(block, going), &is_it).map_err(malformed)
            };
            let new = edit(&now, &going)?;
            if new != now {
                edits.push(format!("virtual server of mark {}", cluster.service.mark));
            }
            now = new;
            then = edit(&then, &[])?;
            leaving.extend(going.iter().map(|address| format!("server {address} becomes inactive")));
            needs.extend(cluster.comers(block));
            shows.extend(cluster.shows(&now, &older, facts)?);
            shows_then.extend(cluster.shows(&then, &older, facts)?);
        }
        let now = now.raised_from(&old).map_err(malformed)?;
        // Nothing went: both are the same.
        let then = if leaving.is_empty() { now.clone() } else { then.raised_from(&now).map_err(malformed)? };
        let Some(primary) = now.global("primary") else {
            return Err(unknown("it names no `primary`: state `primary` (and `backup`) among the routers".to_owned()));
        };
        let number = |key: &str| now.global(key).and_then(|words| words.first()?.parse::<u32>().ok());
        let patience = number("deadtime").unwrap_or(5).min(30) + 10;
        let has_backup = number("backup_active") == Some(1);
        let primary = primary.first().and_then(|word| word.parse().ok());
        shows.sort();
        shows_then.sort();
        let read = found.pulse.as_ref().and_then(|pulse| LvsCf::parse(pulse.read.as_ref()?).ok());
        Ok(Texts { old, read, now, then, edits, needs, leaving, shows, shows_then, patience, primary, has_backup })
    }
}

impl Texts {
    /// One step does where nobody is served, and where pulse is restarted anyway. The text is that of two steps, with the
    /// serial number that other routers come to.
    pub(super) fn in_one(self, found: &Piranha, restarts: bool) -> Self {
        let serves = found.pulse.is_some() && found.is_active;
        let is_taken =
            |read: &LvsCf| takes::by_restart(read, &self.now).is_empty() && takes::harm(read, &self.now).is_empty();
        let is_restarted = restarts && !self.read.as_ref().is_some_and(is_taken);
        if serves && !is_restarted {
            return self;
        }
        let edits = self.edits.into_iter().chain(self.leaving).collect();
        Self { now: self.then.clone(), edits, leaving: Vec::new(), shows: self.shows_then.clone(), ..self }
    }
}

impl PiranhaCluster {
    /// What pulse's own rules forbid, and what it would serve wrongly until somebody restarts it.
    fn fits(&self, conf: &LvsCf, ours: Option<&Statement>, is_served: bool) -> Result<(), String> {
        let mark = self.service.mark;
        let persistence =
            self.service.persistence.map(|wanted| (i64::from(wanted.timeout()), wanted.netmask().dotted()));
        let is_other = |one: &&Statement| ours.is_none_or(|ours| ours.span != one.span) && !self.has_our_place(one);
        for other in conf.virtuals().filter(is_other).filter(|one| mark_of(one) == i64::from(mark.get())) {
            if lvs_cf::is_active(other) && Some(persistence_of(other)) != persistence {
                let name = other.words.get(1).cloned().unwrap_or_default();
                return Err(format!(
                    "the virtual server {name} has mark {mark}, too, and another persistence: give it the play's, or another \
                     mark"
                ));
            }
        }
        let Some(ours) = ours else { return Ok(()) };
        let is_late = ours.inner().iter().skip_while(|one| one.name() != "server").any(|one| one.name() == "port");
        if is_late {
            return Err(
                "its line `port` stands behind a server, which pulse looks at on another port then: move it up"
                    .to_owned(),
            );
        }
        let moves = !self.has_our_place(ours) || mark_of(ours) != i64::from(mark.get());
        if moves && is_served && lvs_cf::is_active(ours) && !self.restarts {
            return Err(format!(
                "the served virtual server gets another address, port or mark ({mark}), which pulse takes only by a restart; \
                 clients would meet nothing until then: let us restart it (routers: director_restart: on_drift)"
            ));
        }
        Ok(())
    }

    /// Hosts that get new clients, and had none by the block before.
    fn comers(&self, block: Option<&Statement>) -> Vec<String> {
        let had = |address: Ipv4Addr| {
            let known = block.into_iter().flat_map(servers).filter(|one| lvs_cf::is_active(one));
            known.filter_map(lvs_cf::address).any(|one| one == address)
        };
        let wanted = self.service.real_servers.iter();
        let wanted = wanted.filter(|server| server.weight != Weight::NONE && !had(server.address));
        wanted.filter_map(|server| server.host.clone()).collect()
    }

    /// The kernel's lines of the service by this file, when all real servers are well.
    fn shows(&self, conf: &LvsCf, older: &[u32], facts: &Facts) -> Result<Vec<String>, Unknown> {
        let key = ServiceKey::mark(self.service.mark.get());
        let observed = facts.ipvs()?.table.service(&key);
        let flag = self.service.forwarding.flag();
        let mut lines = vec![format!("-A {}", self.service.wanted(observed))];
        let block = self.ours(conf, older);
        lines.extend(destinations(block).into_iter().map(|(address, _)| format!("-a {key} -r {address} {flag}")));
        Ok(lines)
    }
}

/// The kernel's name for each active server of a block, and the server.
pub(super) fn destinations(block: Option<&Statement>) -> Vec<(String, &Statement)> {
    let Some(block) = block else { return Vec::new() };
    let active = servers(block).filter(|one| lvs_cf::is_active(one));
    active
        .filter_map(|one| {
            let own = lvs_cf::number_of(one, "port").map(|port| port.to_string());
            let port = own.or_else(|| port_of(block).map(|port| port.to_string()))?;
            Some((format!("{}:{port}", lvs_cf::address(one)?), one))
        })
        .collect()
}

fn persistence_of(block: &Statement) -> (i64, Ipv4Addr) {
    let mask = block.value("pmask").and_then(|mask| mask.parse().ok()).filter(|mask: &Ipv4Addr| !mask.is_unspecified());
    (lvs_cf::number_of(block, "persistent").unwrap_or(0), mask.unwrap_or(Ipv4Addr::BROADCAST))
}
