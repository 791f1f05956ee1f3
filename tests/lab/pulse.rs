//! A stand-in for Piranha's daemons, which no distribution has any more: this program, called as `pulse`, `lvsd` or `nanny`.
//!
//! Like the real ones (after the source of 0.8.6): lvs.cf is read as their lexer does and refused whole; pulse reads it once,
//! brings addresses up where it is active, hands a SIGHUP on to its lvsd, and takes over when its partner is silent; lvsd
//! empties the table when it starts, compares file with file when it is told, slips included, and has a nanny for each active
//! server; a nanny connects, sends, expects, lets its server in with a part of its weight, takes it out, and tells the log.
//!
//! Not like them: heartbeats are words of our own on one address only; link and load monitors, failover services, UDP,
//! sorry_server, send_program and use_regex are not there; addresses come up by `ip`, and nobody is told (no
//! gratuitous ARP); the log is written, not sent. A
//! SIGHUP without an lvsd, which makes the real one signal itself for ever, ends this one.

use crate::model::{
    lvs_cf::{self, Config},
    lvsd::{Act, Lvsd, Nanny},
};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use signal_hook::consts::{SIGHUP, SIGTERM};
use std::{
    cell::RefCell,
    fs::{self, OpenOptions},
    io::{Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    path::Path,
    process::{Child, Command, ExitCode},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

const CONF: &str = "/etc/sysconfig/ha/lvs.cf";
const TICK: Duration = Duration::from_millis(100);

/// Which of the three this program was called as.
pub fn called() -> Option<fn() -> ExitCode> {
    let name = std::env::args_os().next()?;
    match Path::new(&name).file_name()?.to_str()? {
        "pulse" => Some(pulse),
        "lvsd" => Some(lvsd),
        "nanny" => Some(nanny),
        _ => None,
    }
}

/// Whether a signal has come since the last look.
struct Heard(Arc<AtomicBool>);

impl Heard {
    fn of(signal: i32) -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal, Arc::clone(&flag)).unwrap();
        Self(flag)
    }

    fn once(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

fn read() -> Result<Config, String> {
    lvs_cf::read(&fs::read(CONF).map_err(|error| error.to_string())?)
}

fn log(name: &str, text: &str) {
    let time = jiff::Timestamp::now().strftime("%b %e %H:%M:%S").to_string();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let line = format!("{time} {host} {name}[{}]: {text}\n", std::process::id());
    let mut file = OpenOptions::new().create(true).append(true).open("/var/log/messages").unwrap();
    // A log begins as one does where the power was lost.
    let begin = if file.metadata().unwrap().len() == 0 { "\0\0\0\n" } else { "" };
    file.write_all(format!("{begin}{line}").as_bytes()).unwrap();
}

fn run(program: &str, words: &[String]) -> bool {
    Command::new(program).args(words).status().is_ok_and(|status| status.success())
}

fn end(mut child: Child) {
    tell(&child, Signal::TERM);
    child.wait().unwrap();
}

fn tell(child: &Child, signal: Signal) {
    let _ = kill_process(Pid::from_child(child), signal);
}

// --- pulse -----------------------------------------------------------------------------------------------------------

/// What pulse keeps of its file for as long as it lives.
struct Pulse {
    /// `ADDRESS/LENGTH` and device or label.
    addresses: Vec<(String, String)>,
    lvsd: Option<Child>,
}

fn pulse() -> ExitCode {
    let config = match read() {
        Ok(config) if config.virtuals.iter().any(lvs_cf::Virtual::is_active) => config,
        Ok(_) => return refuse("no active lvs services defined"),
        Err(why) => return refuse(&format!("error parsing {CONF}: {why}")),
    };
    if std::env::args().any(|word| word == "--test-start") {
        return ExitCode::SUCCESS;
    }
    let word = |key: &str| config.globals.get(key).map(|words| words[0].clone());
    let seconds =
        |key: &str, default: u64| Duration::from_secs(word(key).map_or(default, |word| word.parse().unwrap()));
    let (keepalive, deadtime) = (seconds("keepalive", 2), seconds("deadtime", 5));
    let port: u16 = word("heartbeat_port").map_or(539, |word| word.parse().unwrap());
    let (primary, backup) = (word("primary").unwrap(), word("backup").unwrap_or_default());
    let is_master = output("ip -4 -o addr show").contains(&format!(" {primary}/"));
    let has_backup = word("backup_active").as_deref() == Some("1");
    let (own, partner) = if is_master { (primary, backup) } else { (backup, primary) };
    let Ok(socket) = UdpSocket::bind((own.as_str(), port)) else {
        return refuse("cannot create heartbeat socket");
    };
    socket.set_read_timeout(Some(TICK)).unwrap();
    let (hup, term) = (Heard::of(SIGHUP), Heard::of(SIGTERM));
    let mut pulse = Pulse { addresses: addresses(&config), lvsd: None };
    let (mut heard, mut sent, mut has_lost_child) = (Instant::now(), Instant::now(), false);
    loop {
        if term.once() {
            pulse.deactivate();
            return ExitCode::SUCCESS;
        }
        if hup.once() {
            match &pulse.lvsd {
                Some(lvsd) => tell(lvsd, Signal::HUP),
                None => return refuse("SIGHUP without an lvsd"),
            }
        }
        if pulse.lvsd.as_mut().is_some_and(|lvsd| lvsd.try_wait().unwrap().is_some()) {
            pulse.deactivate();
            has_lost_child = true;
        }
        let mut word = [0; 4];
        if let Ok((4, _)) = socket.recv_from(&mut word) {
            heard = Instant::now();
            let is_active = pulse.lvsd.is_some();
            match &word {
                b"runs" if is_active && !is_master => pulse.deactivate(),
                b"idle" if !is_active && is_master && !has_lost_child => pulse.activate(),
                _ => {}
            }
        }
        if heard.elapsed() > deadtime {
            heard = Instant::now();
            if pulse.lvsd.is_none() && !has_lost_child {
                pulse.activate();
            }
        }
        if has_backup && sent.elapsed() >= keepalive {
            sent = Instant::now();
            let word = if pulse.lvsd.is_some() { b"runs" } else { b"idle" };
            let _ = socket.send_to(word, (partner.as_str(), port));
        }
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("pulse: {why}");
    log("pulse", why);
    ExitCode::FAILURE
}

fn output(command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The virtual servers' and the NAT router's; with the netmask of their class where none is given.
fn addresses(config: &Config) -> Vec<(String, String)> {
    let with = |address: &str, mask: Option<&str>, device: &str| {
        let first: u8 = address.split('.').next().unwrap().parse().unwrap();
        let class = if first < 128 {
            "255.0.0.0"
        } else if first < 192 {
            "255.255.0.0"
        } else {
            "255.255.255.0"
        };
        let mask = mask.filter(|mask| *mask != "0.0.0.0").unwrap_or(class);
        let length = u32::from(mask.parse::<std::net::Ipv4Addr>().unwrap()).leading_ones();
        (format!("{address}/{length}"), device.to_owned())
    };
    let mut all: Vec<(String, String)> = Vec::new();
    for one in config.virtuals.iter().filter(|one| one.is_active() && !one.is_failover) {
        let words = &one.settings["address"];
        let mine = with(&words[0], one.word("vip_nmask"), &words[1]);
        if !all.iter().any(|(known, _)| *known == mine.0) {
            all.push(mine);
        }
    }
    if let (Some(words), true) =
        (config.globals.get("nat_router"), config.globals.get("network").is_none_or(|words| words[0] == "nat"))
    {
        let mask = config.globals.get("nat_nmask").map(|words| words[0].as_str());
        all.push(with(&words[0], mask, &words[1]));
    }
    all
}

impl Pulse {
    fn activate(&mut self) {
        log("pulse", "activating lvs");
        self.lvsd = Some(Command::new("/usr/sbin/lvsd").args(["--nofork", "-c", CONF]).spawn().unwrap());
        for (address, label) in &self.addresses {
            let device = label.split(':').next().unwrap();
            output(&format!("ip addr add {address} dev {device} label {label}"));
        }
    }

    fn deactivate(&mut self) {
        log("pulse", "deactivating lvs");
        if let Some(lvsd) = self.lvsd.take() {
            end(lvsd);
        }
        for (address, label) in &self.addresses {
            output(&format!("ip addr del {address} dev {}", label.split(':').next().unwrap()));
        }
    }
}

// --- lvsd ------------------------------------------------------------------------------------------------------------

fn lvsd() -> ExitCode {
    let (hup, term) = (Heard::of(SIGHUP), Heard::of(SIGTERM));
    set_parent_process_death_signal(Some(Signal::TERM)).unwrap();
    let Ok(config) = read() else { return ExitCode::FAILURE };
    let nannies: RefCell<Vec<(Nanny, Child)>> = RefCell::default();
    let mut does = |act: Act| match act {
        Act::Ipvsadm(words) => run("ipvsadm", &words),
        Act::Start(one) => {
            let child = Command::new("/usr/sbin/nanny").args(words(&one)).spawn().unwrap();
            nannies.borrow_mut().push((one, child));
            true
        }
        Act::Stop(one) => {
            let mut nannies = nannies.borrow_mut();
            let at = nannies.iter().position(|(known, _)| *known == one).unwrap();
            end(nannies.remove(at).1);
            true
        }
    };
    let mut lvsd = Lvsd::start(config, &mut does);
    loop {
        sleep(TICK);
        let lost = nannies.borrow_mut().iter_mut().any(|(_, child)| child.try_wait().unwrap().is_some());
        if lost {
            log("lvsd", "nanny died! shutting down lvs");
        }
        if lost || term.once() {
            nannies.borrow_mut().retain_mut(|(_, child)| child.try_wait().unwrap().is_none());
            let left: Vec<Nanny> = nannies.borrow().iter().map(|(nanny, _)| nanny.clone()).collect();
            lvsd.nannies.retain(|one| left.contains(one));
            lvsd.stop(&mut does);
            return ExitCode::SUCCESS;
        }
        if hup.once() {
            log("lvsd", "rereading configuration file");
            match read() {
                Ok(config) => lvsd.reread(config, &mut does),
                Err(why) => log("lvsd", &format!("error parsing {CONF}: {why}")),
            }
        }
    }
}

fn words(one: &Nanny) -> Vec<String> {
    let mut words: Vec<String> = vec!["-c".to_owned()];
    let mut say = |option: &str, value: &dyn ToString| words.extend([option.to_owned(), value.to_string()]);
    say("-h", &one.address);
    say("-p", &one.port);
    say("-r", &one.real_port);
    if one.mark != 0 {
        say("-f", &one.mark);
    }
    if let Some(send) = &one.send {
        say("-s", send);
    }
    if let Some(expect) = &one.expect {
        say("-x", expect);
    }
    say("-a", &one.reentry);
    say("-I", &"/sbin/ipvsadm");
    say("-t", &one.timeout);
    say("-w", &one.weight);
    say("-V", &one.virtual_ip);
    say("-M", &one.method);
    words.extend(one.quiesces.then(|| "-q".to_owned()));
    words.push("--lvs".to_owned());
    words
}

// --- nanny -----------------------------------------------------------------------------------------------------------

fn nanny() -> ExitCode {
    let term = Heard::of(SIGTERM);
    set_parent_process_death_signal(Some(Signal::TERM)).unwrap();
    let all: Vec<String> = std::env::args().collect();
    let word = |option: &str| all.windows(2).find(|pair| pair[0] == option).map(|pair| pair[1].clone());
    let number = |option: &str| word(option).map_or(0, |word| word.parse::<i64>().unwrap());
    let one = Nanny {
        mark: number("-f"),
        virtual_ip: word("-V").unwrap(),
        port: number("-p"),
        address: word("-h").unwrap().parse().unwrap(),
        real_port: number("-r"),
        weight: number("-w"),
        timeout: number("-t").max(1),
        reentry: number("-a"),
        quiesces: all.iter().any(|word| word == "-q"),
        send: word("-s"),
        expect: word("-x"),
        method: word("-M").unwrap().chars().next().unwrap(),
    };
    let act = |verb: &str, words: Vec<String>| run("ipvsadm", &[vec![verb.to_owned()], words].concat());
    let wanted = one.reentry / one.timeout;
    let (mut is_up, mut is_there, mut well, mut weight) = (false, false, wanted, 0);
    loop {
        let is_well = looks_well(&one);
        well = if is_well { well + 1 } else { well };
        let name = format!("{}:{}", one.address, one.real_port);
        if is_well && !is_up && well >= wanted {
            log("nanny", &format!("[ active ] making {name} available"));
            weight = one.first_weight();
            act(if one.quiesces && is_there { "-e" } else { "-a" }, one.served(weight));
            (is_up, is_there) = (true, true);
        } else if !is_well && is_up {
            log("nanny", &format!("[inactive] shutting down {name} due to connection failure"));
            if one.quiesces {
                act("-e", one.served(0));
            } else {
                act("-d", one.destination());
                is_there = false;
            }
            (is_up, well) = (false, 0);
        } else if !is_well {
            well = 0;
        }
        if is_up && weight < one.weight && well % (20 / one.timeout).max(1) == 0 {
            weight = (weight * 2).min(one.weight);
            act("-e", one.served(weight));
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(one.timeout.unsigned_abs()) {
            if term.once() {
                if is_up {
                    act("-d", one.destination());
                }
                return ExitCode::SUCCESS;
            }
            sleep(TICK);
        }
    }
}

fn looks_well(one: &Nanny) -> bool {
    let patience = Duration::from_secs(one.timeout.unsigned_abs());
    let address = SocketAddr::from((one.address, u16::try_from(one.real_port).unwrap()));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, patience) else { return false };
    stream.set_read_timeout(Some(patience)).unwrap();
    if let Some(send) = &one.send {
        let text = send.replace("\\r", "\r").replace("\\n", "\n");
        if stream.write_all(text.as_bytes()).is_err() {
            return false;
        }
    }
    let Some(expect) = &one.expect else { return true };
    let mut got = vec![0; expect.len()];
    stream.read_exact(&mut got).is_ok() && (expect == "*" || got == expect.as_bytes())
}
