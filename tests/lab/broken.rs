//! A broken host is named with its cause and left as it is; the others converge.

use crate::{
    breakage_table::{Breakage, ROUNDS},
    compare::{difference, lines, same},
    hosts::{MANAGED, ROUTERS, on, path},
    listing,
    machines::{Trial, trial},
    product::{Run, Site},
    state::{cluster, converged, differences, parts, same_cluster},
};
use std::{
    collections::BTreeMap,
    fs,
    sync::{Mutex, PoisonError},
};

/// What is wrong with the handling of each breakage; empty is well.
static VERDICTS: Mutex<BTreeMap<&'static str, String>> = Mutex::new(BTreeMap::new());

pub fn trials() -> Vec<Trial> {
    let of = |breakage: &'static Breakage| {
        Trial::new(format!("broken::{}", breakage.name), move || match verdict(breakage.name) {
            text if text.is_empty() => Ok(()),
            text => Err(text),
        })
        .in_group("broken")
    };
    let mut trials: Vec<Trial> = ROUNDS.iter().flat_map(|round| *round).map(of).collect();
    trials.push(trial("broken::vsftpd_refuses_the_new_file", vsftpd_refuses_the_new_file));
    trials.push(trial("broken::a_full_disk", a_full_disk));
    trials
}

/// The first breakage to be asked for runs all rounds.
fn verdict(name: &str) -> String {
    let mut verdicts = VERDICTS.lock().unwrap_or_else(PoisonError::into_inner);
    if verdicts.is_empty() {
        converged();
        let healthy = cluster();
        for round in ROUNDS {
            verdicts.extend(run(round, &healthy));
        }
        Site::project().converge();
        same_cluster("when all is mended", &healthy, &cluster());
    }
    verdicts[name].clone()
}

fn run(round: &'static [Breakage], healthy: &crate::state::Cluster) -> Vec<(&'static str, String)> {
    for host in MANAGED {
        on(
            host,
            if ROUTERS.contains(&host) {
                "iptables -t nat -F POSTROUTING; echo 0 >/proc/sys/net/ipv4/ip_forward"
            } else {
                "sed -i s/^pasv_max_port=.*/pasv_max_port=15000/ /etc/vsftpd.conf"
            },
        );
    }
    for breakage in round {
        on(breakage.host, breakage.make);
    }
    let site = if round.iter().any(|breakage| breakage.without_become) { without_become() } else { Site::project() };
    let all = |host| (parts(host), listing::lines(&listing::files(host)), listing::tables(host));
    let before: Vec<_> = round.iter().map(|breakage| all(breakage.host)).collect();
    let run = site.apply("");
    let after: Vec<_> = round.iter().map(|breakage| all(breakage.host)).collect();
    for breakage in round {
        on(breakage.host, breakage.undo);
    }
    let of_all = others(round, &run, healthy);
    let judge = |(number, breakage): (usize, &'static Breakage)| {
        let Breakage { name, host, error, .. } = breakage;
        let mine = run.errors.iter().filter(|line| line.starts_with(host));
        let expected = format!("{host} failed: {error}\n");
        let faults = [
            difference("the error", &expected, &lines(mine.map(|line| without_line_number(line)))).unwrap_or_default(),
            difference(&format!("files of {host}"), &before[number].1, &after[number].1).unwrap_or_default(),
            difference(&format!("tables of {host}"), &before[number].2, &after[number].2).unwrap_or_default(),
            differences(host, &before[number].0, &after[number].0),
            of_all.clone(),
        ];
        (*name, faults.concat())
    };
    round.iter().enumerate().map(judge).collect()
}

/// dash says in which line of the script it missed a command.
fn without_line_number(text: &str) -> String {
    let Some((head, tail)) = text.split_once("(/bin/sh: ") else { return text.to_owned() };
    format!("{head}(/bin/sh: N{}", tail.trim_start_matches(|next: char| next.is_ascii_digit()))
}

/// What is wrong with the run as a whole, and with the hosts that are not broken.
fn others(round: &[Breakage], run: &Run, healthy: &crate::state::Cluster) -> String {
    let mut faults = String::new();
    if run.status != 2 || run.errors.len() != round.len() {
        faults.push_str(&format!("status {}, errors {:#?}\n", run.status, run.errors));
    }
    for host in MANAGED.iter().filter(|host| round.iter().all(|breakage| breakage.host != **host)) {
        faults.push_str(&differences(&format!("{host}, not broken"), &healthy[host], &parts(host)));
    }
    faults
}

/// The project's inventory, but ops of ftp3 stays ops.
fn without_become() -> Site {
    let site = Site::with("without_become", |_| {}, |_| {});
    fs::write(path("control", "/root/without_become/inventory/host_vars/ftp3.json"), r#"{"ansible_user": "ops"}"#)
        .unwrap();
    site
}

/// An option that no vsftpd knows: the old file stays, the daemon stays, nothing is left behind.
fn vsftpd_refuses_the_new_file() {
    converged();
    let before = (cluster(), listing::files("ftp1"));
    let site = Site::playing("refused", |plays| {
        plays[0]["ftp_cluster"]["real_servers"]["vsftpd"]["settings"]["no_such_option"] = "1".into();
    });
    let run = site.apply("");
    run.expect_status(2);
    run.expect_errors(["ftp1", "ftp2", "ftp3"].map(|host| {
        format!(
            "{host} failed: failed to replace /etc/vsftpd.conf: vsftpd refuses the new /etc/vsftpd.conf: \
             500 OOPS: unrecognised variable in config file: no_such_option"
        )
    }));
    same_cluster("after the refusal", &before.0, &cluster());
    let mut after = listing::files("ftp1");
    // A file was written beside the old one and is gone again, which is to be seen in its folder's times.
    let mut before = before.1;
    assert!(before.remove("/etc").is_some() && after.remove("/etc").is_some());
    same("files of ftp1", &listing::lines(&before), &listing::lines(&after));
}

/// No room for the new file: the old one stays, nothing is left behind.
fn a_full_disk() {
    converged();
    on(
        "ftp1",
        "mkdir -p /etc/full; mount -t tmpfs -o size=16k full /etc/full
        cp /etc/vsftpd.conf /etc/full/vsftpd.conf; sed -i /^pasv_max_port/d /etc/full/vsftpd.conf
        dd if=/dev/zero of=/etc/full/filler bs=4096 2>/dev/null || :",
    );
    let names = || on("ftp1", "ls -A /etc/full; cksum /etc/full/*; df -k /etc/full | tail -n 1");
    let before = names();
    let site = Site::playing("full", |plays| {
        plays[0]["ftp_cluster"]["real_servers"]["vsftpd"]["conf"] = "/etc/full/vsftpd.conf".into();
    });
    let run = site.apply("-l ftp1");
    let after = names();
    on("ftp1", "umount /etc/full; rmdir /etc/full");
    run.expect_status(2);
    run.expect_errors([
        "ftp1 failed: failed to replace /etc/full/vsftpd.conf: cp: error copying '/etc/full/vsftpd.conf' to '/etc/full/.vsftpd.conf.lvs-ftp-new': No space left on device",
    ]);
    same("the full folder", &before, &after);
}
