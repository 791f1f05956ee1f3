//! What the file shall say at once, and what when leaving clients are gone.

use super::{
    KeepalivedCluster, KeepalivedConf as Router,
    block::{moves, real_servers},
    vrrp,
};
use crate::{
    format::{
        ipvs::ServiceKey,
        keepalived_conf::{KeepalivedConf, Statement},
    },
    lvs::Weight,
    probe::{Facts, Ipvs, KEEPALIVED_CONF, Keepalived, Unknown, keepalived_marks},
    resource::RealServer,
};
use std::net::Ipv4Addr;

/// The file in two steps: what comes and what is drained, and then without what was drained.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    pub now: Vec<u8>,
    pub then: Vec<u8>,
    /// What the first step edits.
    pub edits: Vec<String>,
    /// Real servers that get clients by it, and did not before.
    pub needs: Vec<String>,
    /// What goes in the second step, and the connections that it waits for.
    pub leaving: Vec<String>,
    pub connections: u64,
    /// What the kernel shows of our services after each, when all real servers are well.
    pub shows: Vec<String>,
    pub shows_then: Vec<String>,
}

impl Router {
    pub(super) fn texts(&self, found: &Keepalived, facts: &Facts) -> Result<Texts, Unknown> {
        let unknown = |why: String| Unknown { what: KEEPALIVED_CONF.to_owned(), why };
        let text = found.text.clone().unwrap_or_default();
        let conf = KeepalivedConf::parse(&text).map_err(|malformed| unknown(malformed.to_string()))?;
        let ipvs = facts.ipvs()?;
        let (mut now, mut then, mut texts) = (conf.clone(), conf.clone(), Texts::default());
        for cluster in &self.0 {
            cluster.is_free(found, &conf).map_err(unknown)?;
            let block = conf.statements.iter().rfind(|one| cluster.is_ours(one));
            let key = ServiceKey::mark(cluster.service.mark.get());
            let kernel = ipvs.table.service(&key).map_or(&[][..], |service| &service.destinations);
            // Nothing is drained that the kernel does not serve, and without a daemon the kernel follows no file.
            let is_served = |address: &str| found.daemon.is_some() && kernel.iter().any(|one| one.address == address);
            let leaving: Vec<(String, &Statement)> = block
                .into_iter()
                .flat_map(real_servers)
                .filter(|(address, _)| cluster.serves(address).is_none() && is_served(address))
                .collect();
            for (address, _) in &leaving {
                texts.leaving.push(format!("real_server {address}"));
                texts.connections = texts.connections.saturating_add(ipvs.connections.to(&key, address));
            }
            let blocks: Vec<&Statement> = leaving.iter().map(|(_, block)| *block).collect();
            let edit = |conf: &KeepalivedConf, leaving: &[&Statement]| {
                conf.with(&cluster.virtual_server(block, leaving, &found.shell), &|one| cluster.is_ours(one))
                    .map_err(|malformed| unknown(malformed.to_string()))
            };
            let new = edit(&now, &blocks)?;
            if new != now {
                texts.edits.push(format!("virtual_server fwmark {}", cluster.service.mark));
            }
            now = new;
            then = edit(&then, &[])?;
            texts.needs.extend(cluster.comers(block));
            texts.shows.extend(cluster.shows(&leaving, ipvs));
            texts.shows_then.extend(cluster.shows(&[], ipvs));
            for older in cluster.service.older(facts)? {
                let head = KeepalivedCluster::head(older);
                if conf.statements.iter().any(|one| head.is_head_of(one)) {
                    let without = |conf: &KeepalivedConf| {
                        conf.without(&|one| head.is_head_of(one)).map_err(|malformed| unknown(malformed.to_string()))
                    };
                    texts.leaving.push(format!("virtual_server fwmark {older}"));
                    texts.connections = texts.connections.saturating_add(ipvs.connections_beside(older, &[]));
                    then = without(&then)?;
                    if found.daemon.is_none() {
                        now = without(&now)?;
                    }
                }
            }
            if let Some(vrrp) = &cluster.vrrp {
                let address = vrrp.addresses.first().map(|one| one.address);
                let is_it = |one: &Statement| {
                    one.name() == "vrrp_instance"
                        && (one.words.get(1).is_some_and(|name| *name == cluster.vrrp_name())
                            || address.is_some_and(|address| moves(one).contains(&address)))
                };
                let others = conf.statements.iter().filter(|one| one.name() == "vrrp_instance" && !is_it(one));
                vrrp::is_free(vrrp, others.clone(), found, &conf).map_err(unknown)?;
                let elsewhere: Vec<Ipv4Addr> = others.flat_map(moves).collect();
                let block = conf.statements.iter().rfind(|one| is_it(one));
                let wanted = cluster.vrrp_block(vrrp, block, &elsewhere, vrrp::is_strict(block, found, &conf));
                let edit = |conf: &KeepalivedConf| {
                    conf.with(&wanted, &is_it).map_err(|malformed| unknown(malformed.to_string()))
                };
                let new = edit(&now)?;
                if new != now {
                    texts.edits.push(wanted.head.join(" "));
                }
                now = new;
                then = edit(&then)?;
            }
        }
        texts.shows.sort();
        texts.shows_then.sort();
        Ok(Texts { now: now.render().to_vec(), then: then.render().to_vec(), ..texts })
    }
}

impl KeepalivedCluster {
    /// Nothing but our block has the mark: not a group, not a line for one host only, not a file that is included.
    fn is_free(&self, found: &Keepalived, conf: &KeepalivedConf) -> Result<(), String> {
        let mark = self.service.mark.get();
        let has_mark = |conf: &KeepalivedConf| conf.statements.iter().any(|one| keepalived_marks(one).contains(&mark));
        if let Some((path, _)) = found.included.iter().find(|(_, conf)| has_mark(conf)) {
            return Err(format!(
                "{path}, which it includes, has the virtual server of firewall mark {mark}: move that block into \
                 {KEEPALIVED_CONF} itself"
            ));
        }
        let others = conf.statements.iter().filter(|one| !self.is_ours(one));
        match others.into_iter().find(|one| keepalived_marks(one).contains(&mark)) {
            None => Ok(()),
            Some(other) => Err(format!(
                "firewall mark {mark} is in `{}`: give it a block `virtual_server fwmark {mark}` of its own",
                other.words.join(" ")
            )),
        }
    }

    /// The real server that is wanted at `ADDRESS:PORT`.
    pub(super) fn serves(&self, address: &str) -> Option<&RealServer> {
        self.service.real_servers.iter().find(|server| server.destination() == address)
    }

    /// Hosts that get new clients, and had none by the block before.
    fn comers(&self, block: Option<&Statement>) -> Vec<String> {
        let had = |server: &RealServer| {
            block.into_iter().flat_map(real_servers).any(|(address, block)| {
                address == server.destination() && block.setting(&["weight"]).is_none_or(|words| *words != ["0"])
            })
        };
        let wanted = self.service.real_servers.iter().filter(|server| server.weight != Weight::NONE && !had(server));
        wanted.filter_map(|server| server.host.clone()).collect()
    }

    /// The kernel's lines of the service, when all real servers are well.
    fn shows(&self, leaving: &[(String, &Statement)], ipvs: &Ipvs) -> Vec<String> {
        let key = ServiceKey::mark(self.service.mark.get());
        let observed = ipvs.table.service(&key);
        let flag = self.service.forwarding.flag();
        let mut lines = vec![format!("-A {}", self.service.wanted(observed))];
        let servers = self.service.real_servers.iter();
        lines.extend(servers.map(|one| format!("-a {key} -r {} {flag} -w {}", one.destination(), one.weight)));
        lines.extend(leaving.iter().map(|(address, _)| format!("-a {key} -r {address} {flag} -w 0")));
        lines
    }
}
