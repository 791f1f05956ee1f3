//! The real vsftpd: it judges every new file, and what we believe about SIGHUP is what it does. Needs root and the
//! Debian package vsftpd.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod support;

use camino::{Utf8Path, Utf8PathBuf};
use lvs_ftp::{
    format::cksum::cksum,
    host::{Change, Observe, Session},
    plan::{Proof, Step},
    probe::{Probe, Vsftpd},
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    time::Duration,
};
use support::{Netns, connection};

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let conf = Utf8PathBuf::from_path_buf(folder.path().join("vsftpd.conf")).unwrap();
    (folder, conf)
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn replace(conf: &Utf8Path, old: &[u8], new: &[u8]) -> Step {
    Step::File { path: conf.to_owned(), observed: Some(cksum(old)), text: new.to_vec(), proof: Proof::Vsftpd }
}

/// Every measured text is taken, or refused with vsftpd's own words, just as vsftpd did when it was asked by hand.
#[test]
fn the_hosts_own_vsftpd_judges_the_new_file() {
    let session = Session::new(10, true);
    let host = connection(&session, &json!({"ansible_connection": "local"}));
    let mut judged = 0;
    for line in include_str!("facts/vsftpd_parse.jsonl").lines() {
        let fact: Value = serde_json::from_str(line).unwrap();
        let (Some(text), Some(says)) = (fact["text"].as_str(), fact["dry_check"]["says"].as_str()) else { continue };
        let (folder, conf) = folder();
        std::fs::write(&conf, "old=1\n").unwrap();
        let result = host.change(&[replace(&conf, b"old=1\n", text.as_bytes())]);
        let content = std::fs::read(&conf).unwrap();
        if says.contains("not configured for standalone") {
            result.unwrap_or_else(|error| panic!("{}: {error}", fact["id"]));
            assert_eq!(content, text.as_bytes(), "{}", fact["id"]);
            assert_eq!(files(folder.path()), ["vsftpd.conf", "vsftpd.conf.lvs-ftp-old"]);
            assert_eq!(std::fs::read(format!("{conf}.lvs-ftp-old")).unwrap(), b"old=1\n");
        } else {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(says), "{}: {error}", fact["id"]);
            assert_eq!(content, b"old=1\n");
            assert_eq!(files(folder.path()), ["vsftpd.conf"], "nothing is left behind");
        }
        judged += 1;
    }
    assert!(judged >= 25, "only {judged} texts were judged");
}

/// Bytes of every value arrive as they are; owner, mode and link are kept; a changed file is not overwritten.
#[test]
fn the_file_keeps_what_is_not_its_text() {
    let session = Session::new(10, true);
    let host = connection(&session, &json!({"ansible_connection": "local"}));
    let (folder, conf) = folder();
    let real = Utf8PathBuf::from_path_buf(folder.path().join("real $(id).conf")).unwrap();
    std::fs::write(&real, "a").unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, &conf).unwrap();
    std::os::unix::fs::chown(&real, None, Some(1)).unwrap();
    let mut text: Vec<u8> = b"#".to_vec();
    text.extend((0..=255_u8).filter(|byte| *byte != b'\n'));
    text.extend(b"\nftpd_banner='; touch /tmp/x; $(id) `id` %s \\n\n");
    host.change(&[replace(&conf, b"a", &text)]).unwrap();
    assert_eq!(std::fs::read(&real).unwrap(), text);
    let meta = std::fs::metadata(&real).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.gid()), (0o640, 1));
    assert!(std::fs::symlink_metadata(&conf).unwrap().is_symlink());
    let error = host.change(&[replace(&conf, b"a", b"anonymous_enable=NO\n")]).unwrap_err().to_string();
    assert!(error.contains("was changed by somebody else"), "{error}");
    assert_eq!(std::fs::read(&real).unwrap(), text);
}

/// The first bytes that a daemon sends to a new client.
fn greeting(netns: &Netns) -> String {
    netns.sh("timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2121 && head -n 1 <&3'")
}

/// Whether the daemon has read its file is known through start, hand edits, our reload, and a restart.
#[test]
fn a_reload_that_is_owed_is_seen() {
    let session = Session::new(10, true);
    let netns = Netns::new();
    netns.sh("ip link set lo up");
    let (folder, conf) = folder();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.display();
    let text = |banner: &str| {
        format!(
            "listen=YES\nlisten_port=2121\nlisten_address=127.0.0.1\nbackground=NO\nftpd_banner={banner}\nanonymous_enable=YES\nsecure_chroot_dir={empty}\n"
        )
    };
    std::fs::write(&conf, text("one")).unwrap();
    let host = connection(&session, &json!({"lvs_ftp_exec": netns.words()}));
    let probe = Probe::Vsftpd(Some(conf.clone()));
    let look = || -> Vsftpd {
        let facts = host.observe(std::slice::from_ref(&probe)).unwrap();
        facts.vsftpd(Some(&conf)).unwrap().clone()
    };
    let start = || {
        let words = [netns.words(), vec!["vsftpd".to_owned(), conf.to_string()]].concat();
        let daemon =
            duct::cmd(&words[0], &words[1..]).unchecked().stdin_null().stdout_null().stderr_null().start().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        daemon
    };
    assert_eq!(look().daemons, []);
    let daemon = start();
    assert_eq!(look().daemons.iter().map(|one| one.has_read).collect::<Vec<_>>(), [true], "started after the edit");
    assert!(greeting(&netns).contains("one"));

    std::fs::write(&conf, text("two")).unwrap();
    let found = look();
    assert_eq!(found.daemons.iter().map(|one| one.has_read).collect::<Vec<_>>(), [false], "edited by hand, not told");
    assert!(greeting(&netns).contains("one"), "it is true: the daemon has not read it");
    let ids: Vec<(u32, u64)> = found.daemons.iter().map(|one| (one.pid, one.start_ticks)).collect();

    // A session that is open during the reload is no daemon, and outlives it.
    let mut client = Client::connect(&netns);
    assert_eq!(look().daemons.len(), 1, "a session is not taken for a daemon");
    host.change(&[Step::VsftpdReload { conf: conf.clone(), tried: None, daemons: ids }]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(look().daemons[0].has_read);
    assert!(greeting(&netns).contains("two"), "it is true: the daemon has read it");
    assert!(client.noop().contains("530"), "the open session still answers");

    // A file that vsftpd refuses must not reach the daemon: the SIGHUP would end it.
    let ids: Vec<(u32, u64)> = look().daemons.iter().map(|one| (one.pid, one.start_ticks)).collect();
    for (unfit, says) in
        [("nonsense\n", "missing value in config file for: nonsense"), ("", "not owned by correct user")]
    {
        std::fs::write(&conf, text("unfit") + unfit).unwrap();
        std::os::unix::fs::chown(&conf, Some(u32::from(unfit.is_empty())), None).unwrap();
        let error =
            host.change(&[Step::VsftpdReload { conf: conf.clone(), tried: None, daemons: ids.clone() }]).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(greeting(&netns).contains("two"), "the daemon goes on");
    }
    std::os::unix::fs::chown(&conf, Some(0), None).unwrap();

    // The stamp is of one process: after a restart only the clock counts.
    std::fs::write(&conf, text("three")).unwrap();
    assert!(!look().daemons[0].has_read, "edited again after our reload");
    stop(&netns);
    drop(daemon);
    let daemon = start();
    assert!(look().daemons[0].has_read, "restarted by hand");
    stop(&netns);
    drop(daemon);
    std::fs::remove_file(lvs_ftp::probe::stamp_path(&conf)).unwrap();
}

/// Sessions that began before the daemon read its file are counted until they end, through reload and restart, however
/// vsftpd makes its processes.
#[test]
fn sessions_of_before_are_counted() {
    for model in ["", "setproctitle_enable=YES\n", "one_process_model=YES\n"] {
        count_sessions(model);
    }
}

fn count_sessions(model: &str) {
    let session = Session::new(10, true);
    let netns = Netns::new();
    netns.sh("ip link set lo up");
    let (folder, conf) = folder();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let base = format!(
        "listen=YES\nlisten_port=2121\nlisten_address=127.0.0.1\nbackground=NO\nanonymous_enable=YES\nsecure_chroot_dir={}\n{model}",
        empty.display()
    );
    std::fs::write(&conf, &base).unwrap();
    let host = connection(&session, &json!({"lvs_ftp_exec": netns.words()}));
    let probe = Probe::Vsftpd(Some(conf.clone()));
    let look = || -> Vsftpd {
        let facts = host.observe(std::slice::from_ref(&probe)).unwrap();
        facts.vsftpd(Some(&conf)).unwrap().clone()
    };
    let start = || {
        let words = [netns.words(), vec!["vsftpd".to_owned(), conf.to_string()]].concat();
        let daemon =
            duct::cmd(&words[0], &words[1..]).unchecked().stdin_null().stdout_null().stderr_null().start().unwrap();
        // What begins within a second counts as old.
        std::thread::sleep(Duration::from_millis(1300));
        daemon
    };
    // A busy machine tells the time by and by, so a daemon that starts right behind the change is in doubt.
    std::thread::sleep(Duration::from_millis(500));
    let daemon = start();
    let mut early = Client::connect(&netns);
    assert_eq!(look().lingering.sessions, 0, "{model}: a session of the file as it is");
    std::fs::write(&conf, format!("{base}ftpd_banner=two\n")).unwrap();
    let found = look();
    assert!(found.lingering.sessions > 0 && found.lingering.seconds == 0, "{model}: no session works by this file");
    let ids: Vec<(u32, u64)> = found.daemons.iter().map(|one| (one.pid, one.start_ticks)).collect();
    host.change(&[Step::VsftpdReload { conf: conf.clone(), tried: None, daemons: ids }]).unwrap();
    std::thread::sleep(Duration::from_millis(1300));
    let after = look();
    assert!(after.daemons[0].has_read);
    assert!(after.lingering.sessions > 0, "{model}: the reload did not change the session");
    assert_eq!(after.lingering.seconds, 1, "{model}");
    let mut late = Client::connect(&netns);
    assert_eq!(look().lingering.sessions, after.lingering.sessions, "{model}: a new session is none of them");
    assert!(early.noop().contains("530"));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(look().lingering.sessions, 0, "{model}: it has ended, the new one goes on");

    // The end of the daemon may end its sessions or leave them, by vsftpd's version.
    netns.sh(&format!("kill {}", look().daemons[0].pid));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(look().daemons, [], "{model}: an orphan is no daemon");
    drop(daemon);
    let daemon = start();
    let restarted = look();
    assert_eq!(restarted.daemons.len(), 1, "{model}");
    assert_eq!(restarted.lingering.sessions > 0, late.noop().contains("530"), "{model}: it is counted if it lives");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(look().lingering.sessions, 0, "{model}");
    stop(&netns);
    drop(daemon);
    std::fs::remove_file(lvs_ftp::probe::stamp_path(&conf)).unwrap();
}

/// Without a daemon each session reads the file when it begins: what is older than the file's change is counted.
#[test]
fn sessions_of_inetd_are_counted() {
    let (session, netns) = (Session::new(10, true), Netns::new());
    let (folder, conf) = folder();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let text = format!("anonymous_enable=YES\nsecure_chroot_dir={}\n", folder.path().join("empty").display());
    std::fs::write(&conf, &text).unwrap();
    std::thread::sleep(Duration::from_millis(1300));
    let host = connection(&session, &json!({"lvs_ftp_exec": netns.words()}));
    let probe = Probe::Vsftpd(Some(conf.clone()));
    let look = || {
        let facts = host.observe(std::slice::from_ref(&probe)).unwrap();
        let found = facts.vsftpd(Some(&conf)).unwrap();
        assert_eq!(found.daemons, [], "nothing here can be told to read the file again");
        found.lingering
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let words = [netns.words(), vec!["setsid".to_owned(), "vsftpd".to_owned(), conf.to_string()]].concat();
    let socket = std::os::fd::OwnedFd::from(server);
    let vsftpd = duct::cmd(&words[0], &words[1..])
        .unchecked()
        .stdout_file(socket.try_clone().unwrap())
        .stderr_null()
        .stdin_file(socket)
        .start()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(look().sessions, 0);
    std::fs::write(&conf, format!("{text}ftpd_banner=two\n")).unwrap();
    std::thread::sleep(Duration::from_millis(1300));
    let left = look();
    assert!(left.sessions > 0 && left.seconds == 1, "{left:?}");
    drop(client);
    vsftpd.wait().unwrap();
    assert_eq!(look().sessions, 0);
}

/// Ends every vsftpd of the namespace.
fn stop(netns: &Netns) {
    netns.sh("for pid in $(ip netns pids $(ip netns identify)); do case $(cat /proc/$pid/comm 2>/dev/null) in vsftpd) kill $pid;; esac; done");
    std::thread::sleep(Duration::from_millis(200));
}

/// An FTP session that stays open.
struct Client {
    input: std::io::PipeWriter,
    output: duct::ReaderHandle,
}

impl Client {
    /// Opens a session and hears its greeting; `NOOP` is sent when a line comes on its input.
    fn connect(netns: &Netns) -> Self {
        let script =
            "exec 3<>/dev/tcp/127.0.0.1/2121; head -n 1 <&3; read line; printf 'NOOP\\r\\n' >&3; head -n 1 <&3";
        let words = [netns.words(), ["timeout", "20", "bash", "-c", script].map(str::to_owned).into()].concat();
        let (reader, input) = std::io::pipe().unwrap();
        let output = duct::cmd(&words[0], &words[1..]).stdin_file(reader).reader().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        Self { input, output }
    }

    /// What the server says to `NOOP`, behind its greeting.
    fn noop(&mut self) -> String {
        self.input.write_all(b"go\n").unwrap();
        let mut heard = String::new();
        self.output.read_to_string(&mut heard).unwrap();
        heard
    }
}
