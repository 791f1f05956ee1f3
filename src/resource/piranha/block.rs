//! Our parts of lvs.cf as they shall be (lvs.cf(5)).

use super::{Globals, PiranhaCluster};
use crate::{
    format::{
        lvs_cf::{self, LvsCf, Statement, servers},
        lvs_cf_edit::{Server, Setting, Virtual},
    },
    lvs::{Netmask, Persistence, Weight},
    resource::RealServer,
};
use std::net::Ipv4Addr;

impl Globals {
    pub(super) fn settings(&self) -> Vec<Setting> {
        let mut all: Vec<Setting> = self.primary.iter().map(|primary| Setting::is("primary", &primary)).collect();
        all.push(Setting::default("service", &"lvs"));
        if let Some(backup) = self.backup {
            all.extend([
                Setting::is("backup_active", &1),
                Setting::is("backup", &backup),
                Setting::unless("heartbeat", &1),
            ]);
        }
        all.push(match self.network {
            "nat" => Setting::default("network", &"nat"),
            other => Setting::is("network", &other),
        });
        if let Some((address, device, mask)) = &self.nat_router {
            all.push(Setting::are("nat_router", vec![address.to_string(), device.clone()]));
            all.push(Setting::unless("nat_nmask", &mask));
        }
        all
    }
}

impl PiranhaCluster {
    /// Our block: the one of the virtual IP and port, for by these pulse knows it; else one with the mark, or with an older
    /// mark of ours.
    pub(super) fn ours<'c>(&self, conf: &'c LvsCf, older: &[u32]) -> Option<&'c Statement> {
        let marked = |mark: u32| conf.virtuals().find(move |one| mark_of(one) == i64::from(mark));
        let mut marks = std::iter::once(self.service.mark.get()).chain(older.iter().copied());
        conf.virtuals().find(|one| self.has_our_place(one)).or_else(|| marks.find_map(marked))
    }

    /// Whether pulse takes a block for that of the virtual IP and port.
    pub(super) fn has_our_place(&self, block: &Statement) -> bool {
        let port = port_of(block);
        lvs_cf::address(block) == Some(self.virtual_ip)
            && port == Some(self.control_port.get())
            && block.value("protocol").is_none_or(|protocol| protocol == "tcp")
    }

    /// The block as it shall be. Servers that are active and shall not be keep their clients while `leaving` has them.
    pub(super) fn block(&self, found: Option<&Statement>, leaving: &[Ipv4Addr]) -> Virtual {
        let service = &self.service;
        // A cluster always has some.
        let persistence = service.persistence.unwrap_or(Persistence::DEFAULT);
        let mask = persistence.netmask();
        let checks = &self.checks;
        let mut settings = vec![
            Setting::is("active", &1),
            Setting::are("address", vec![self.virtual_ip.to_string(), self.vip_device.clone()]),
        ];
        settings.extend(self.vip_netmask.map(|mask| Setting::is("vip_nmask", &mask)));
        settings.extend([
            Setting::is("fwmark", &service.mark),
            // It may be a name.
            match found.filter(|block| port_of(block) == Some(self.control_port.get())) {
                Some(_) => Setting::unless("port", &self.control_port),
                None => Setting::is("port", &self.control_port),
            },
            Setting::is("persistent", &persistence.timeout()),
        ]);
        settings.push(if mask == Netmask::HOST {
            Setting::if_there("pmask", &mask)
        } else {
            Setting::is("pmask", &mask)
        });
        if let Some(send) = &checks.send {
            // What a program finds would count more.
            settings.extend([Setting::quoted("send", send), Setting::never("send_program")]);
        }
        if let Some(expect) = &checks.expect {
            settings.extend([Setting::quoted("expect", expect), Setting::never("use_regex")]);
        }
        settings.push(Setting::unless("load_monitor", &"none"));
        settings.push(match service.scheduler.as_str() {
            "wlc" => Setting::default("scheduler", &"wlc"),
            other => Setting::is("scheduler", &other),
        });
        settings.push(Setting::default("protocol", &"tcp"));
        settings.extend(checks.timeout.map(|seconds| Setting::is("timeout", &seconds)));
        settings.extend(checks.reentry.map(|seconds| Setting::is("reentry", &seconds)));
        let wanted = service.real_servers.iter().filter(|server| !leaving.contains(&server.address));
        let mut names: Vec<String> = found.into_iter().flat_map(servers).filter_map(name_of).collect();
        let servers = wanted.map(|wanted| server(wanted, &mut names)).collect();
        let name = service.play.as_deref().map_or_else(|| service.mark.to_string(), word);
        Virtual { name, settings, servers, leaving: leaving.to_vec() }
    }

    /// Addresses of the file's active servers that shall not be active.
    pub(super) fn leaving(&self, found: Option<&Statement>) -> Vec<Ipv4Addr> {
        let active = found.into_iter().flat_map(servers).filter(|one| lvs_cf::is_active(one));
        let leaves = |address: &Ipv4Addr| self.serves(*address).is_none_or(|server| server.weight == Weight::NONE);
        active.filter_map(lvs_cf::address).filter(leaves).collect()
    }

    /// The real server that is wanted at an address.
    pub(super) fn serves(&self, address: Ipv4Addr) -> Option<&RealServer> {
        self.service.real_servers.iter().find(|server| server.address == address)
    }
}

fn server(server: &RealServer, names: &mut Vec<String>) -> Server {
    let mut name = server.host.as_deref().map_or_else(|| server.address.to_string(), word);
    if names.contains(&name) {
        name = server.address.to_string();
    }
    names.push(name.clone());
    // Pulse makes a weight of 0 a 1.
    let settings = match server.weight {
        Weight::NONE => vec![Setting::is("active", &0)],
        Weight::DEFAULT => vec![Setting::is("active", &1), Setting::default("weight", &1)],
        weight => vec![Setting::is("active", &1), Setting::is("weight", &weight)],
    };
    Server { name, address: server.address, settings }
}

/// The firewall mark of a block; 0 is none.
pub(super) fn mark_of(block: &Statement) -> i64 {
    lvs_cf::number_of(block, "fwmark").unwrap_or(0)
}

/// The port of a virtual server. A service's name is resolved for FTP only.
pub(super) fn port_of(block: &Statement) -> Option<u16> {
    match block.value("port") {
        None => Some(80),
        Some("ftp") => Some(21),
        Some(_) => lvs_cf::number_of(block, "port").and_then(|port| port.try_into().ok()),
    }
}

fn name_of(block: &Statement) -> Option<String> {
    block.words.get(1).cloned()
}

/// A name as one word.
fn word(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    name.chars().map(plain).collect()
}
