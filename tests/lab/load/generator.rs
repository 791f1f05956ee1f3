//! The load itself: a process on the client host, full of FTP clients that come, fetch and go. It always ends.
//!
//! Persistence keeps an address on its real server, so each visitor has an address of its own: servers that were added
//! get clients, and those that go can drain.

use super::{
    Event, FOLDER, Kind, Rates, VIRTUAL_IP,
    session::{Mode, Session, cause},
};
use std::{
    fs::File,
    io::{Read, Write},
    net::Ipv4Addr,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

const PASSIVE: [Mode; 2] = [Mode::Epsv, Mode::Pasv];
const ALL: [Mode; 4] = [Mode::Epsv, Mode::Port, Mode::Pasv, Mode::Eprt];

/// After a failure, so that a broken cluster is not stormed.
const BREATH: Duration = Duration::from_millis(500);

struct Clients {
    rates: Rates,
    file: Vec<u8>,
    log: Mutex<File>,
    visitors: AtomicU32,
    stop: AtomicBool,
}

/// What visitors of a kind do, by turns in one mode or another.
type Work = fn(&Clients, usize);

/// What went on until an event.
struct Story {
    kind: Kind,
    mode: Mode,
    from: Ipv4Addr,
    server: String,
    start: SystemTime,
}

/// Runs until the stop file is there, and not longer than the rates allow.
pub fn generate(rates: Rates) {
    let folder = Path::new(FOLDER);
    let file = std::fs::read(folder.join("long.bin")).unwrap();
    let log = Mutex::new(File::create(folder.join("events")).unwrap());
    let clients = Clients { rates, file, log, visitors: AtomicU32::new(0), stop: AtomicBool::new(false) };
    let all: [(usize, Work); 3] =
        [(rates.short, Clients::browse), (rates.stay, Clients::stay), (rates.long, Clients::download)];
    thread::scope(|scope| {
        let end = Instant::now() + Duration::from_secs(rates.at_most);
        for (count, work) in all {
            for number in 0..count {
                let clients = &clients;
                scope.spawn(move || {
                    // Not all at the same moment.
                    clients.rest(Duration::from_millis(number as u64 * 700));
                    let mut turn = number;
                    while !clients.stopped() {
                        work(clients, turn);
                        turn += 1;
                    }
                });
            }
        }
        while Instant::now() < end && !folder.join("stop").exists() {
            thread::sleep(Duration::from_millis(200));
        }
        clients.stop.store(true, Ordering::Relaxed);
    });
}

impl Clients {
    /// One visitor with short sessions, each in another mode.
    fn browse(&self, turn: usize) {
        let from = self.visitor();
        let leave = Instant::now() + Duration::from_secs(self.rates.visit_seconds);
        let mut count = turn;
        while Instant::now() < leave && !self.stopped() {
            let mut story = Story::new(Kind::Short, ALL[count % ALL.len()], from);
            count += 1;
            let mut last_good = story.start;
            let whole = Session::open(from, VIRTUAL_IP).and_then(|mut session| {
                let fetched = story.hello(&mut session);
                last_good = session.last_good;
                fetched?;
                session.quit()
            });
            self.tell(&story, last_good, whole);
            self.rest(Duration::from_millis(self.rates.pause_millis));
        }
    }

    /// One visitor whose session stays open, and who fetches something every other second.
    fn stay(&self, turn: usize) {
        let from = self.visitor();
        let mut story = Story::new(Kind::Stay, PASSIVE[turn % 2], from);
        let mut session = match Session::open(from, VIRTUAL_IP) {
            Ok(session) => session,
            Err(error) => return self.tell(&story, story.start, Err(error)),
        };
        let leave = Instant::now() + Duration::from_secs(self.rates.stay_seconds);
        for mode in PASSIVE.iter().cycle().skip(turn) {
            story = Story { mode: *mode, start: SystemTime::now(), ..story };
            session.last_good = story.start;
            let fetched = story.hello(&mut session);
            let failed = fetched.is_err();
            self.tell(&story, session.last_good, fetched);
            if failed {
                return;
            }
            self.rest(Duration::from_secs(2));
            if Instant::now() >= leave || self.stopped() {
                break;
            }
        }
        story.start = SystemTime::now();
        if let Err(error) = session.quit() {
            self.tell(&story, story.start, Err(error));
        }
    }

    /// One visitor with one long download, read slowly and compared byte by byte.
    fn download(&self, turn: usize) {
        let from = self.visitor();
        let mut story = Story::new(Kind::Long, ALL[turn % ALL.len()], from);
        let mut session = match Session::open(from, VIRTUAL_IP) {
            Ok(session) => session,
            Err(error) => return self.tell(&story, story.start, Err(error)),
        };
        let read = story.hello(&mut session).and_then(|()| self.read_slowly(&mut session, story.mode));
        match read {
            Ok(false) => {}
            Ok(true) => {
                let last_good = session.last_good;
                self.tell(&story, last_good, session.quit());
            }
            Err(error) => self.tell(&story, session.last_good, Err(error)),
        }
    }

    /// Whether the file was read to its end: not when the load ended before.
    fn read_slowly(&self, session: &mut Session, mode: Mode) -> Result<bool, String> {
        let mut data = session.retrieve(mode, "long.bin")?;
        let start = Instant::now();
        let whole = Duration::from_secs(self.rates.long_seconds).as_secs_f64();
        let mut buffer = [0; 8192];
        let mut left = self.file.as_slice();
        loop {
            let here = self.file.len() - left.len();
            let count = data.read(&mut buffer).map_err(|error| format!("reading at byte {here}: {}", cause(&error)))?;
            if count == 0 {
                break;
            }
            left = left.strip_prefix(&buffer[..count]).ok_or_else(|| format!("wrong bytes at byte {here}"))?;
            session.last_good = SystemTime::now();
            #[allow(clippy::cast_precision_loss, reason = "a file of the lab")]
            let part = 1.0 - left.len() as f64 / self.file.len() as f64;
            self.rest(Duration::from_secs_f64(whole * part).saturating_sub(start.elapsed()));
            if self.stopped() {
                return Ok(false);
            }
        }
        if !left.is_empty() {
            return Err(format!("{} bytes of the file are missing", left.len()));
        }
        session.finish()?;
        Ok(true)
    }

    /// An address that nobody had before; each in another network of /24, so that a coarser persistence spreads, too.
    fn visitor(&self) -> Ipv4Addr {
        let number = self.visitors.fetch_add(1, Ordering::Relaxed);
        let [_, _, _, network] = number.to_be_bytes();
        let [.., host] = (number / 256 % 254 + 1).to_be_bytes();
        Ipv4Addr::new(198, 18, network, host)
    }

    fn tell(&self, story: &Story, last_good: SystemTime, result: Result<(), String>) {
        let failed = result.is_err();
        let event = Event {
            kind: story.kind,
            mode: story.mode,
            from: story.from,
            server: story.server.clone(),
            start: super::millis(story.start),
            last_good: super::millis(last_good),
            end: super::millis(SystemTime::now()),
            error: result.err(),
        };
        let line = serde_json::to_string(&event).unwrap() + "\n";
        self.log.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes()).unwrap();
        if failed {
            self.rest(BREATH);
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Sleeps, but not after the end of the load.
    fn rest(&self, duration: Duration) {
        let end = Instant::now() + duration;
        while !self.stopped() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(Duration::from_millis(200)));
        }
    }
}

impl Story {
    fn new(kind: Kind, mode: Mode, from: Ipv4Addr) -> Self {
        Self { kind, mode, from, server: "?".to_owned(), start: SystemTime::now() }
    }

    /// Fetches the small file, which names the real server: the same one during a session.
    fn hello(&mut self, session: &mut Session) -> Result<(), String> {
        let mut data = session.retrieve(self.mode, "hello.txt")?;
        let mut text = String::new();
        data.read_to_string(&mut text).map_err(|error| format!("reading hello.txt: {}", cause(&error)))?;
        session.finish()?;
        let server = text.strip_prefix("hello from ").ok_or_else(|| format!("not hello.txt: {text:?}"))?.trim_end();
        if self.server != "?" && self.server != server {
            return Err(format!("a file of {server} in a session with {}", self.server));
        }
        server.clone_into(&mut self.server);
        Ok(())
    }
}
