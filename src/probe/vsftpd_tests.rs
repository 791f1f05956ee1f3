//! Which processes are sessions of before, by what /proc says. What the real vsftpd does is in tests/real_vsftpd.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{Lingering, Vsftpd};
use crate::{format::cksum::cksum, probe::Answer};

/// 1000 seconds after boot, at 100 ticks a second; the file was last changed 100 seconds ago.
fn read(text: &str, now: f64, lines: &[String]) -> Vsftpd {
    let facts = format!(
        "conf /etc/vsftpd.conf\nchanged 900 1970-01-01 00:15:00.5 +0000\nnow {now} 1000.00 100\nticks 100000\n{}\n",
        lines.join("\n")
    );
    let said = |text: &str| Answer { status: 0, stdout: text.into(), stderr: Vec::new() };
    super::read(&[said(&facts), said(text)]).unwrap()
}

fn process(pid: u32, parent: u32, start: u64, input: &str, errors: &str, arguments: &str) -> String {
    format!(
        "process {pid} (vsftpd) S {parent} {pid} {pid} 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 {start} 1 | {input} | {errors} | {arguments}|"
    )
}

fn session(pid: u32, parent: u32, start: u64) -> String {
    process(pid, parent, start, "socket:[7]", "socket:[7]", "vsftpd: 192.0.2.1: connected")
}

fn daemon(pid: u32, start: u64) -> String {
    process(pid, 1, start, "/dev/null", "/dev/null", "/usr/sbin/vsftpd|/etc/vsftpd.conf")
}

fn stamp(ticks: u64) -> String {
    let sum = cksum(LISTENS.as_bytes());
    format!("stamp /var/run/lvs-ftp/read-etc_vsftpd.conf 10 500 {ticks} {sum} 900 1970-01-01 00:15:00.5 +0000")
}

const LISTENS: &str = "listen=YES\n";

#[test]
fn what_began_before_the_stamp_is_counted() {
    let lines = [
        daemon(10, 500),
        stamp(95_000),
        session(20, 10, 94_000),
        session(21, 20, 96_000),
        session(22, 10, 95_090),
        session(23, 10, 95_200),
    ];
    let found = read(LISTENS, 1000.5, &lines);
    assert!(found.daemons[0].has_read);
    assert_eq!(found.lingering, Lingering { sessions: 2, seconds: 50 }, "a session within a second is a doubt");
    let ended = [&lines[..2], &lines[5..]].concat();
    assert_eq!(read(LISTENS, 1000.5, &ended).lingering.sessions, 0);
    // The wall clock says nothing here.
    assert_eq!(read(LISTENS, 5.0, &lines).lingering, found.lingering);
    assert_eq!(read(LISTENS, 9_000_000.0, &lines).lingering, found.lingering);
}

#[test]
fn a_daemon_that_has_not_read_the_file_has_only_sessions_of_before() {
    let lines = [daemon(10, 500), stamp(95_000).replace(" 900 1970", " 901 1970"), session(20, 10, 99_999)];
    assert_eq!(read(LISTENS, 1000.5, &lines).lingering, Lingering { sessions: 1, seconds: 0 });
}

#[test]
fn a_restart_leaves_orphans() {
    let lines = [daemon(11, 99_000), stamp(95_000), session(20, 1, 94_000), session(21, 11, 99_500)];
    let found = read(LISTENS, 1000.5, &lines);
    assert_eq!(found.daemons.iter().map(|daemon| daemon.pid).collect::<Vec<_>>(), [11]);
    assert_eq!(found.lingering, Lingering { sessions: 1, seconds: 10 });
}

#[test]
fn sessions_of_another_file_are_not_ours() {
    let other = process(12, 1, 400, "/dev/null", "/dev/null", "/usr/sbin/vsftpd|/etc/other.conf");
    let lines = [daemon(10, 500), stamp(95_000), other, session(20, 12, 600)];
    assert_eq!(read(LISTENS, 1000.5, &lines).lingering.sessions, 0);
    let ended = [daemon(10, 500), stamp(95_000), session(20, 10, 600).replace(" S ", " Z ")];
    assert_eq!(read(LISTENS, 1000.5, &ended).lingering.sessions, 0, "it is not waited for yet");
}

#[test]
fn without_a_daemon_the_files_change_counts() {
    let lines = [session(20, 1, 85_000), session(21, 1, 95_000)];
    let found = read("", 1000.5, &lines);
    assert_eq!((found.daemons.len(), found.lingering), (0, Lingering { sessions: 1, seconds: 100 }));
    // A clock behind the change: all are old until a person mends it, which is said.
    let unclear = read("", 5.0, &lines);
    assert_eq!((unclear.lingering, unclear.is_from_the_future), (Lingering { sessions: 2, seconds: 0 }, true));
}

/// A big server has a thousand sessions of two processes each, and is looked at once a second while it drains.
#[test]
fn a_child_says_no_more_than_that() {
    let child = |pid: u32, parent: u32| process(pid, parent, 94_000, "a child", "", "").replace(" |  | |", "");
    let mut lines = vec![daemon(10, 500), stamp(95_000)];
    for pid in (20..2020).step_by(2) {
        lines.extend([child(pid, 10), child(pid + 1, pid)]);
    }
    assert!(lines[2].ends_with("| a child"), "{}", lines[2]);
    let found = read(LISTENS, 1000.5, &lines);
    assert_eq!((found.daemons.len(), found.lingering.sessions), (1, 2000));
}

/// Over ssh, a daemon may be started with a socket on its input.
#[test]
fn a_daemon_may_have_a_socket_on_its_input() {
    let lines = [process(10, 1, 500, "socket:[7]", "socket:[8]", "vsftpd")];
    assert_eq!(read(LISTENS, 1000.5, &lines).daemons.len(), 1);
    assert_eq!(read("", 1000.5, &lines).daemons.len(), 0);
}
