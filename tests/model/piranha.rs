//! Piranha in memory: pulse as the active router, with the lvsd of tests/support.

use super::{
    State, lvs_cf,
    lvsd::{Act, Lvsd, Nanny},
    said,
};
use lvs_ftp::{format::cksum::cksum, plan::DaemonAct, probe::Answer};
use std::cell::RefCell;

/// Which of two routers it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Its pulse has an lvsd.
    Active,
    /// Its pulse waits.
    #[default]
    Backup,
}

impl State {
    pub fn is_active(&self) -> bool {
        self.role == Role::Active
    }
}

/// The running daemon. What its lvsd knows follows from the files that it has read since it was started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pulse {
    /// Grows with each start.
    pub start: u64,
    /// The files, the first by the start.
    pub read: Vec<Vec<u8>>,
    pub owes_restart: bool,
}

pub fn answers(state: &State) -> Vec<Answer> {
    let there = if state.lvs_cf.is_some() { "there\n" } else { "" };
    let changed = "1000 2026-01-01 00:00:00.5 +0000";
    let mut facts = format!("{there}changed {changed}\nnow 2000.5 1900.00 100\nticks 190000\n");
    if let Some(Pulse { start, read, owes_restart }) = &state.pulse {
        facts.push_str(&format!("stamp 66 {start} 180000 {} {changed}\n", cksum(read.last().unwrap())));
        if *owes_restart {
            facts.push_str(&format!("owes 66 {start}\n"));
        }
        let process = |pid: u32, name: &str, parent: u32, words: &str| {
            let words = words.replace(' ', "\t");
            format!("process {pid} ({name}) S {parent}{} {start} 1\t/usr/sbin/{name}\t{words}\n", " 0".repeat(17))
        };
        facts.push_str(&process(66, "pulse", 1, ""));
        if state.is_active() {
            facts.push_str(&process(67, "lvsd", 66, "--nofork -c /etc/sysconfig/ha/lvs.cf"));
            for (number, one) in (68..).zip(nannies(state)) {
                let Nanny { mark, virtual_ip, port, address, real_port, weight, .. } = one;
                let words =
                    format!("-c -V {virtual_ip} -h {address} -p {port} -r {real_port} -f {mark} -w {weight} --lvs");
                facts.push_str(&process(number, "nanny", 67, &words));
                let is_out = state.failed.contains(&address.octets()[3]);
                let what = if is_out { "shutting down" } else { "making" };
                let why = if is_out { "due to connection failure" } else { "available" };
                facts.push_str(&format!(
                    "log Jan 1 00:30:00 lvs1 nanny[{number}]: {what} {address}:{real_port} {why}\n"
                ));
            }
        }
    }
    let read = state.pulse.as_ref().and_then(|pulse| pulse.read.last().cloned()).unwrap_or_default();
    vec![said(facts), said(state.lvs_cf.clone().unwrap_or_default()), said(read), said("")]
}

fn nannies(state: &State) -> Vec<Nanny> {
    lvsd(state.pulse.as_ref().unwrap(), &mut |_| true).nannies
}

/// The lvsd that has read these files, made anew.
fn lvsd(pulse: &Pulse, does: &mut dyn FnMut(Act) -> bool) -> Lvsd {
    let mut files = pulse.read.iter().map(|text| lvs_cf::read(text).unwrap());
    let mut lvsd = Lvsd::start(files.next().unwrap(), does);
    files.for_each(|config| lvsd.reread(config, does));
    lvsd
}

pub fn act(state: &mut State, act: &DaemonAct) -> Result<(), String> {
    let text = state.lvs_cf.clone().ok_or("there is no file")?;
    let config = lvs_cf::read(&text)?;
    if !config.virtuals.iter().any(lvs_cf::Virtual::is_active) {
        return Err("no active lvs services defined".to_owned());
    }
    let failed = state.failed.clone();
    let table = RefCell::new(State { ipvs: std::mem::take(&mut state.ipvs), ..State::default() });
    let mut does = |act: Act| {
        let words = |verb: &str, words: Vec<String>| [vec![verb.to_owned()], words].concat();
        let mut table = table.borrow_mut();
        match act {
            Act::Ipvsadm(words) if words[0] == "-C" => {
                table.ipvs.services.clear();
                true
            }
            Act::Ipvsadm(words) => table.ipvsadm(&words).is_ok(),
            // By now its weight has risen.
            Act::Start(one) if !failed.contains(&one.address.octets()[3]) => {
                table.ipvsadm(&words("-a", one.served(one.weight.max(1)))).is_ok()
            }
            Act::Start(_) => true,
            Act::Stop(one) => table.ipvsadm(&words("-d", one.destination())).is_ok(),
        }
    };
    let pulse = match act {
        DaemonAct::Reload { pid: 66, start_ticks, owes_restart } => {
            let Some(pulse) = state.pulse.clone().filter(|pulse| pulse.start == *start_ticks) else {
                return Err("pulse is gone".to_owned());
            };
            assert!(state.is_active(), "an inactive pulse would spin");
            let mut lvsd = lvsd(&pulse, &mut |_| true);
            lvsd.reread(config, &mut does);
            let owes_restart = pulse.owes_restart || *owes_restart;
            Pulse { read: [pulse.read, vec![text]].concat(), owes_restart, ..pulse }
        }
        DaemonAct::Restart { pid: 66, .. } | DaemonAct::Start(_) => {
            if let Some(pulse) = state.pulse.as_ref().filter(|_| state.is_active()) {
                lvsd(pulse, &mut |_| true).stop(&mut does);
            }
            if state.is_active() {
                Lvsd::start(config, &mut does);
            }
            let start = state.pulse.as_ref().map_or(700, |pulse| pulse.start + 1);
            Pulse { start, read: vec![text], owes_restart: false }
        }
        DaemonAct::Reload { .. } | DaemonAct::Restart { .. } => return Err("pulse is gone".to_owned()),
    };
    state.ipvs = table.into_inner().ipvs;
    state.pulse = Some(pulse);
    Ok(())
}
