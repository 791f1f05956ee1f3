//! One case: a run with a fault, then a plain run, which heals, and one more, which finds nothing to do.

use super::{
    Case,
    boundary::{self, Boundary},
    snapshot::{self, HOSTS, Host, differences},
    start::{self, Start},
    strike::{Fault, ended, strike},
};
use crate::{
    compare::lines,
    hosts::{lab, on, path},
    product::{Run, Site},
};
use rustix::fs::{FlockOperation, flock};
use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The hosts, what they start from, and what a run without a fault makes of that.
pub struct Stage {
    pub site: Site,
    start: Start,
    healthy: BTreeMap<&'static str, Host>,
    boundaries: Vec<Boundary>,
}

impl Stage {
    /// Builds all of it; a run without a fault counts the boundaries.
    pub fn set_up() -> Self {
        lab(if std::path::Path::new("/run/lab/hosts").is_dir() { "cluster reset" } else { "cluster up" });
        for host in HOSTS {
            boundary::install(host);
        }
        let (site, start) = (start::site(), Start::make());
        for host in HOSTS {
            boundary::arm(host, None);
        }
        let run = site.run("");
        for host in HOSTS {
            boundary::disarm(host);
        }
        run.expect_status(0);
        assert!(run.made, "every change was made");
        let boundaries = HOSTS.map(boundary::calls).concat();
        let again = site.run("");
        again.expect_changes::<&str>([]);
        again.expect_status(0);
        // A guard that was disarmed ends within a second.
        let begun = Instant::now();
        while HOSTS.iter().any(|host| snapshot::processes(host).contains("/lvs-ftp/undo/")) {
            assert!(begun.elapsed() < Duration::from_secs(10), "a guard is left");
            std::thread::sleep(Duration::from_millis(100));
        }
        let healthy: BTreeMap<_, _> = HOSTS.map(|host| (host, snapshot::host(host))).into();
        expect_all_of_it(&run.changes, &healthy);
        Self { site, start, healthy, boundaries }
    }

    pub fn boundaries(&self) -> Vec<Boundary> {
        self.boundaries.clone()
    }

    pub fn restore(&self) {
        self.start.restore();
    }

    /// What went wrong, as a text; else whether the run came to that boundary at all.
    pub fn run(&self, case: &Case) -> Result<bool, String> {
        self.restore();
        let host = case.boundary.host;
        boundary::arm(host, Some((case.boundary.number, case.when)));
        let mut run = start_run(&self.site, "");
        let asking = wait(&mut run, host);
        let rest = asking.map(|asking| strike(case.fault, host, asking));
        run.wait().unwrap();
        if rest.is_some() && case.fault == Fault::Haste {
            let hasty = plain(&self.site)?;
            if ![0, 2, 5].contains(&hasty.status) {
                return Err(format!("the run that began at once: status {}\n{}", hasty.status, told(&hasty)));
            }
        }
        let left = rest.as_ref().map(|(_, script)| ended(script));
        // Not before: what the run had begun still calls tools.
        boundary::disarm(host);
        match left {
            Some(left) if left.is_empty() => self.heals().map(|()| true),
            Some(left) => Err(format!("what the run had begun on {host} has not ended: {left:#?}")),
            None => Ok(false),
        }
    }

    /// One run heals, the next finds nothing, and all is as after a run without a fault.
    pub fn heals(&self) -> Result<(), String> {
        let first = plain(&self.site)?;
        if first.status != 0 {
            return Err(format!("the next run: status {}\n{}", first.status, told(&first)));
        }
        let second = plain(&self.site)?;
        if second.status != 0 || !second.changes.is_empty() {
            return Err(format!("the run after that: status {}\n{}", second.status, told(&second)));
        }
        let text: String = HOSTS.map(|host| self.trouble(host)).concat();
        if text.is_empty() { Ok(()) } else { Err(text) }
    }

    fn trouble(&self, host: &'static str) -> String {
        // What ends with a connection needs a moment.
        let begun = Instant::now();
        while snapshot::processes(host) != self.healthy[host].processes && begun.elapsed() < Duration::from_secs(3) {
            sleep(Duration::from_millis(20));
        }
        let mut text = differences(host, &self.healthy[host], &snapshot::host(host));
        if fs::read_dir(path(host, "/run/lvs-ftp/undo")).is_ok_and(|mut left| left.next().is_some()) {
            text.push_str(&format!("{host}: a guard is armed\n"));
        }
        let lock = fs::File::open(path(host, "/run/lvs-ftp/lock"));
        if lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err()) {
            text.push_str(&format!("{host}: something holds the lock\n"));
        }
        text
    }
}

/// FTP through the virtual IP works, where there is IPVS.
pub fn expect_service() {
    if std::env::var("LAB_IPVS").is_ok_and(|ipvs| ipvs == "kernel") {
        for mode in ["passive", "active"] {
            let got = on("client", &format!("ftp-get {mode} curl hello.txt"));
            assert!(got == "hello from ftp1\n" || got == "hello from ftp2\n", "{mode}: {got:?}");
        }
    }
}

/// The plan touches everything, and every rule is there once.
fn expect_all_of_it(changes: &[String], healthy: &BTreeMap<&str, Host>) {
    for (host, kinds) in [
        ("lvs1", &["ip_forward", "nat_rule", "mark_rules", "virtual_service", "saved_filter", "saved_ipvs"][..]),
        ("lvs1", &["boot_sysctl", "service_at_boot"]),
        ("ftp1", &["vsftpd_conf", "vsftpd_reload", "service_at_boot"]),
        ("ftp2", &["vsftpd_conf", "service", "service_at_boot"]),
    ] {
        for kind in kinds {
            let start = format!("{host} {kind} ");
            assert!(changes.iter().any(|change| change.starts_with(&start)), "{start}: {}", lines(changes));
        }
    }
    let tables = &healthy["lvs1"].tables;
    let count = |text: &str| tables.lines().filter(|line| line.contains(text)).count();
    for once in ["--dport 21 -m comment --comment \"lvs-ftp: Public FTP\"", "--dport 10000:20000", "-s 10.1.1.0/24 "] {
        assert_eq!(count(once), 1, "{once}: {tables}");
    }
    assert_eq!([count("9000:9999"), count("10.9.0.0/24"), count("-f 20 "), count("10.1.1.99:0")], [0; 4], "{tables}");
    assert_eq!(count("-A -f 21 -s wlc -p 300"), 1, "{tables}");
    for server in ["ftp1", "ftp2"] {
        assert_eq!(healthy[server].tables, "passive range as wanted\n", "{server}");
    }
}

/// A run of its own.
pub fn start_run(site: &Site, arguments: &str) -> Child {
    let mut command = Command::new("on");
    command.args(["control", "sh", "-c", &site.script(arguments)]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until the run has come to the chosen call, or has ended.
fn wait(run: &mut Child, host: &str) -> Option<u32> {
    loop {
        if let Some(asking) = boundary::asking(host) {
            return Some(asking);
        }
        if run.try_wait().unwrap().is_some() {
            return None;
        }
        sleep(Duration::from_millis(5));
    }
}

/// A plain run. One that prints no report is a failure like others.
fn plain(site: &Site) -> Result<Run, String> {
    catch_unwind(AssertUnwindSafe(|| site.run(""))).map_err(|_| "the next run printed no report".to_owned())
}

fn told(run: &Run) -> String {
    let Run { errors, changes, warnings, .. } = run;
    format!("errors {errors:#?}\nchanges {changes:#?}\nwarnings {warnings:#?}\n")
}
