//! The control host: its cron, the stand-in that takes cron's mail, the log and the metrics; and what a minute left there
//! and on the hosts.

use super::fault::{self, Fault};
use crate::{
    compare::{difference, lines, same},
    hosts::{MANAGED, on, path, text},
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    thread::sleep,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const LOG: &str = "/var/log/lvs-ftp/runs.jsonl";
const METRICS: &str = "/var/lib/node_exporter/lvs-ftp.prom";
const MAIL: &str = "/var/mail/filed";

/// For cron's mail: it files each mail under a number, whole or not at all. No mail leaves the lab.
const SENDMAIL: &str = "#!/bin/sh
cat >/var/mail/coming.$$ && mv /var/mail/coming.$$ /var/mail/filed/$$
";

/// A schedule that is installed, its first two runs, which leave what runs leave, and cron, started as Debian does.
pub fn set_up() {
    let product = std::env::var("LAB_BIN").unwrap() + "/lvs-ftp";
    let records = format!("--quiet --lock-wait 30 --log {LOG} --metrics {METRICS}");
    on(
        "control",
        &format!(
            "rm -f /etc/crontab /etc/cron.d/*
        for folder in /var/log/lvs-ftp /var/lib/node_exporter; do
            mkdir -p $folder
            mount -t tmpfs -o size=256k tmpfs $folder
        done
        mkdir -p {MAIL}
        cat >/usr/sbin/sendmail <<'end'\n{SENDMAIL}end
        chmod +x /usr/sbin/sendmail
        cd /root/project
        '{product}' schedule cron --install --every 1 --mailto root -- {records} >/dev/null
        '{product}' schedule cron --check --every 1 --mailto root -- {records} >/dev/null
        [ -z \"$('{product}' apply {records} 2>&1)\" ]
        [ -z \"$('{product}' apply {records} 2>&1)\" ]
        cron"
        ),
    );
}

/// What came of one run of cron.
pub struct Minute {
    pub mail: Option<String>,
    pub took: Duration,
    log: String,
    metrics: String,
    before: String,
}

impl Minute {
    /// Lets these happen, has cron make its next run, and ends them. Where a mail is due it is waited for, and else the
    /// end of all that could send one.
    pub fn of(faults: &[Fault], is_mail_due: bool, what: &str) -> Self {
        // They are to meet one run, and as a whole.
        until(&format!("{what}: cron rests"), || second() < 30 && !is_at_work());
        for fault in faults {
            (fault.strike)();
        }
        let (mails, lines) = (filed(), logged());
        let before = text("control", METRICS);
        assert!(second() < 58, "{what}: too late for this minute");
        let begun = Instant::now();
        until(&format!("{what}: a run has ended, and its mail has come: {is_mail_due}"), || {
            if is_mail_due { filed() != mails } else { logged() != lines && !is_at_work() }
        });
        let took = begun.elapsed();
        for fault in faults {
            (fault.end)();
        }
        let mut new: Vec<String> =
            filed().difference(&mails).map(|name| text("control", &format!("{MAIL}/{name}"))).collect();
        assert!(new.len() < 2, "{what}: {new:#?}");
        let log = fs::read_to_string(path("control", LOG)).unwrap_or_default();
        Self { mail: new.pop(), took, log, metrics: text("control", METRICS), before }
    }

    /// The log's last line and the metrics tell of these faults and of nothing else. On full disks both are left as they
    /// were.
    pub fn expect_records(&self, what: &str, faults: &[Fault], status: u8, is_full: bool) {
        if is_full {
            assert_eq!(self.log, "", "{what}");
            same(&format!("metrics, {what}"), &self.before, &self.metrics);
            return;
        }
        let record: Value = serde_json::from_str(self.log.lines().last().unwrap()).unwrap();
        assert_eq!(record["status"], status, "{what}: {record}");
        let check = duct::cmd!("promtool", "check", "metrics").stdin_bytes(self.metrics.clone());
        same(&format!("promtool, {what}"), "", &check.stderr_to_stdout().unchecked().read().unwrap());
        let mut expected = BTreeSet::from([format!("lvs_ftp_last_run_status {status}")]);
        for (host, resource, count) in faults.iter().flat_map(|fault| fault.repaired) {
            for name in ["drift", "changed"] {
                expected.insert(format!("lvs_ftp_{name}{{host=\"{host}\",resource=\"{resource}\"}} {count}"));
            }
        }
        for host in faults.iter().flat_map(|fault| fault.unreachable) {
            expected.insert(format!("lvs_ftp_host_unreachable{{host=\"{host}\"}} 1"));
        }
        let is_of_it = |line: &&str| {
            [
                "lvs_ftp_last_run_status ",
                "lvs_ftp_host_",
                "lvs_ftp_drift",
                "lvs_ftp_changed",
                "lvs_ftp_left",
                "lvs_ftp_drain",
            ]
            .iter()
            .any(|name| line.starts_with(name))
        };
        let is_told = |line: &&str| line.starts_with("lvs_ftp_last_run_status ") || !line.ends_with(" 0");
        let found: BTreeSet<&str> = self.metrics.lines().filter(is_of_it).filter(is_told).collect();
        same(&format!("metrics, {what}"), &lines(&expected), &lines(&found));
        let time = |name: &str| self.metrics.lines().find_map(|line| line.strip_prefix(name));
        let [success, last] =
            ["lvs_ftp_last_success_timestamp_seconds ", "lvs_ftp_last_run_timestamp_seconds "].map(time);
        assert_eq!(success == last, status == 0, "{what}: {}", self.metrics);
    }
}

/// `history` counts the runs that were recorded, in the log that is there now and in the one that was put aside.
pub fn expect_history() {
    let product = std::env::var("LAB_BIN").unwrap() + "/lvs-ftp";
    let recorded: usize =
        [LOG.to_owned(), format!("{LOG}.1")].map(|log| text("control", &log).lines().count()).iter().sum();
    let said = on("control", &format!("'{product}' history --log {LOG}.1 --log {LOG}"));
    assert!(said.starts_with(&format!("{recorded} runs since ")), "{recorded}: {said}");
}

/// Waits for this, longer than any run takes, on a busy machine too.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(300), "not so: {what}");
        sleep(Duration::from_millis(100));
    }
}

/// The second of the minute, by the clock that cron goes by.
fn second() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() % 60
}

/// The names of the mails.
fn filed() -> BTreeSet<String> {
    names(MAIL)
}

/// How many lines the log has, as a set, so that both are compared alike.
fn logged() -> BTreeSet<String> {
    let text = fs::read_to_string(path("control", LOG)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(path("control", folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Whether cron's child, the product or the mail is still there.
fn is_at_work() -> bool {
    let all = processes("control");
    all.iter().filter(|name| *name == "cron").count() > 1
        || all.iter().any(|name| ["lvs-ftp", "sendmail"].contains(&name.as_str()))
}

/// The names of a host's processes.
fn processes(host: &str) -> Vec<String> {
    let entries = fs::read_dir(path(host, "/proc")).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| fs::read_to_string(entry.ok()?.path().join("comm")).ok();
    let mut all: Vec<String> = entries.filter_map(name).map(|name| name.trim_end().to_owned()).collect();
    all.sort();
    all
}

/// The processes and files that runs could leave, on control and on the hosts.
pub struct Left(Vec<(&'static str, String)>);

impl Left {
    pub fn now() -> Self {
        let all = ["control"].into_iter().chain(MANAGED);
        Self(all.map(|host| (host, left(host))).collect())
    }

    /// Panics when any host has more or less than then. A link's far end takes a moment to hear of its end.
    pub fn expect_same(&self) {
        let begun = Instant::now();
        while Self::now().0 != self.0 && begun.elapsed() < Duration::from_secs(30) {
            sleep(Duration::from_secs(1));
        }
        let differences = self.0.iter().zip(Self::now().0).filter_map(|((host, before), (_, after))| {
            difference(&format!("processes and files of {host}"), before, &after)
        });
        same("what piles up", "", &differences.collect::<String>());
    }
}

fn left(host: &str) -> String {
    // The mails, the log and what faults make are known; the size of a folder is the file system's affair.
    let files = on(
        host,
        "cd /; find tmp var/tmp run etc root var/lib/node_exporter var/log/lvs-ftp var/spool -xdev ! -name 'runs.jsonl*' \
         ! -name lvs-ftp.prom ! -name crond.pid ! -name '*.lvs-ftp-old' ! -name 'read-*' \\( -type d -printf '%p\n' -o -printf '%p %s\n' \\) | sort",
    );
    // cron itself goes before the last look. And sshd keeps its end of a link that was cut until TCP gives it up, hours later.
    let is_known = |name: &String| {
        ["cron", "on", "nsenter"].contains(&name.as_str()) || (host, name.as_str()) == (fault::CUT_OFF, "sshd")
    };
    let processes: Vec<String> = processes(host).into_iter().filter(|name| !is_known(name)).collect();
    format!("{}{files}", lines(processes))
}
