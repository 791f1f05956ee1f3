//! What lvsd does to nannies and the kernel's table, after the source of Piranha 0.8.6: also what it forgets, and its slips.
#![allow(dead_code, reason = "each suite uses a part")]

use super::lvs_cf::{Config, Server, Virtual};
use std::net::Ipv4Addr;

/// Something that lvsd does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It runs ipvsadm.
    Ipvsadm(Vec<String>),
    /// It starts a nanny.
    Start(Nanny),
    /// It ends one, and waits for that.
    Stop(Nanny),
}

/// A nanny, by what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nanny {
    pub mark: i64,
    pub virtual_ip: String,
    pub port: i64,
    pub address: Ipv4Addr,
    pub real_port: i64,
    pub weight: i64,
    pub timeout: i64,
    pub reentry: i64,
    pub quiesces: bool,
    pub send: Option<String>,
    pub expect: Option<String>,
    pub method: char,
}

impl Nanny {
    fn is_same(&self, other: &Self) -> bool {
        (&self.virtual_ip, self.port, self.address, self.real_port)
            == (&other.virtual_ip, other.port, other.address, other.real_port)
    }

    /// Its service's key and its server, for ipvsadm.
    pub fn destination(&self) -> Vec<String> {
        let mut words = key(self.mark, &self.virtual_ip, self.port);
        words.extend(["-r".to_owned(), format!("{}:{}", self.address, self.real_port)]);
        words
    }

    /// The same with all that an edit must say.
    pub fn served(&self, weight: i64) -> Vec<String> {
        let mut words = self.destination();
        words.extend([format!("-{}", self.method), "-w".to_owned(), weight.to_string()]);
        words
    }

    /// The weight with which it lets its server in.
    pub fn first_weight(&self) -> i64 {
        (self.weight >> 5).max(1)
    }
}

/// The daemon: the file that it has read, and its nannies.
pub struct Lvsd {
    config: Config,
    pub nannies: Vec<Nanny>,
}

/// Does one thing, and tells whether that went well.
pub type Does<'a> = &'a mut dyn FnMut(Act) -> bool;

impl Lvsd {
    pub fn start(config: Config, does: Does<'_>) -> Self {
        let mut lvsd = Self { config: pure(config), nannies: Vec::new() };
        does(Act::Ipvsadm(vec!["-C".to_owned()]));
        for one in lvsd.config.virtuals.clone() {
            lvsd.start_virtual(&one, does);
        }
        lvsd
    }

    pub fn stop(mut self, does: Does<'_>) {
        for one in self.config.virtuals.clone() {
            self.stop_virtual(&one, does);
        }
    }

    /// It reads its file again: file is compared with file.
    pub fn reread(&mut self, config: Config, does: Does<'_>) {
        let (old, new) = (self.config.virtuals.clone(), pure(config));
        for one in &old {
            if !new.virtuals.iter().any(|other| other.place() == one.place()) {
                self.stop_virtual(one, does);
            }
        }
        self.config.globals = new.globals.clone();
        for one in &new.virtuals {
            let known = old.iter().position(|other| other.place() == one.place());
            match known.map(|at| (at, &old[at])) {
                None => self.start_virtual(one, does),
                Some((at, before)) if one.is_active() && before.is_active() => {
                    // The number of the old one is taken for the new one's.
                    if let Some(after) = new.virtuals.get(at) {
                        self.go_on(before, after, does);
                    }
                }
                Some((_, before)) if before.is_active() => self.stop_virtual(before, does),
                Some(_) if one.is_active() => self.start_virtual(one, does),
                Some(_) => {}
            }
        }
        self.config = new;
    }

    fn go_on(&mut self, before: &Virtual, after: &Virtual, does: Does<'_>) {
        let is_same = |one: &Server, two: &Server| (one.address, one.port) == (two.address, two.port);
        for old in &before.servers {
            if !after.servers.is_empty() && !after.servers.iter().any(|new| is_same(old, new)) {
                // Not the server goes, but all, and nothing brings it back.
                self.stop_virtual(before, does);
            }
        }
        for new in &after.servers {
            match before.servers.iter().find(|old| is_same(old, new)) {
                None => self.start_nanny(after, new, does),
                Some(old) if old.is_active && new.is_active => {}
                Some(_) if new.is_active => self.start_nanny(after, new, does),
                Some(_) => self.stop_nanny(after, new, does),
            }
        }
    }

    fn start_virtual(&mut self, one: &Virtual, does: Does<'_>) {
        if !one.is_active() {
            return;
        }
        let mut words = vec!["-A".to_owned()];
        words.extend(key(one.number("fwmark", 0), &one.place().0, one.place().1));
        words.extend(["-s".to_owned(), one.word("scheduler").unwrap_or("wlc").to_owned()]);
        let (seconds, mask) = one.persistence();
        if seconds > 0 {
            words.extend(["-p".to_owned(), seconds.to_string()]);
            if !mask.is_empty() {
                words.extend(["-M".to_owned(), mask]);
            }
        }
        if does(Act::Ipvsadm(words)) {
            for server in &one.servers {
                self.start_nanny(one, server, does);
            }
        }
    }

    fn stop_virtual(&mut self, one: &Virtual, does: Does<'_>) {
        if !one.is_active() {
            return;
        }
        for server in &one.servers {
            self.stop_nanny(one, server, does);
        }
        let mut words = vec!["-D".to_owned()];
        words.extend(key(one.number("fwmark", 0), &one.place().0, one.place().1));
        does(Act::Ipvsadm(words));
    }

    fn start_nanny(&mut self, one: &Virtual, server: &Server, does: Does<'_>) {
        let nanny = self.nanny(one, server);
        if server.is_active && !self.nannies.iter().any(|known| known.is_same(&nanny)) {
            does(Act::Start(nanny.clone()));
            self.nannies.push(nanny);
        }
    }

    fn stop_nanny(&mut self, one: &Virtual, server: &Server, does: Does<'_>) {
        let nanny = self.nanny(one, server);
        if let Some(at) = self.nannies.iter().position(|known| known.is_same(&nanny)) {
            does(Act::Stop(self.nannies.swap_remove(at)));
        }
    }

    fn nanny(&self, one: &Virtual, server: &Server) -> Nanny {
        let (virtual_ip, port, _) = one.place();
        let method = match self.config.globals.get("network").map(|words| words[0].as_str()) {
            Some("direct") => 'g',
            Some("tunnel") => 'i',
            _ => 'm',
        };
        Nanny {
            mark: one.number("fwmark", 0),
            virtual_ip,
            port,
            address: server.address.unwrap_or(Ipv4Addr::UNSPECIFIED),
            real_port: server.port,
            weight: server.weight,
            timeout: one.number("timeout", 10),
            reentry: one.number("reentry", 180),
            quiesces: one.number("quiesce_server", 0) == 1,
            send: one.word("send").map(str::to_owned),
            expect: one.word("expect").map(str::to_owned),
            method,
        }
    }
}

/// Without failover services.
fn pure(mut config: Config) -> Config {
    config.virtuals.retain(|one| !one.is_failover);
    config
}

fn key(mark: i64, virtual_ip: &str, port: i64) -> Vec<String> {
    let words =
        if mark == 0 { ["-t".to_owned(), format!("{virtual_ip}:{port}")] } else { ["-f".to_owned(), mark.to_string()] };
    words.into()
}
