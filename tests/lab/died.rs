//! A run that died at any moment: the next one heals, and the one after finds nothing to do.

use crate::{
    hosts::{MANAGED, ROUTERS, SERVERS, on, path, pid, text},
    machines::{Trial, trial},
    product::Site,
    state::{Cluster, cluster, converged, same_parts},
};
use std::{
    fs,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("died::between_the_file_and_the_reload", between_the_file_and_the_reload),
        trial("died::killed_at_some_moment", killed_at_some_moment),
    ]
}

const RELOAD: &str = "vsftpd_reload reload serve: vsftpd reads /etc/vsftpd.conf again (SIGHUP): it changed after the daemon last read it";

/// The new file is there, the daemon was not told of it but of another one: with the stamp of an older reload (even of
/// the same content), without any, and with half of one.
fn between_the_file_and_the_reload() {
    let site = converged();
    let healthy = cluster();
    for host in SERVERS {
        on(
            host,
            "cp /etc/vsftpd.conf /root/good
            sed -i s/^pasv_max_port=.*/pasv_max_port=15000/ /etc/vsftpd.conf
            kill -HUP $(cat /run/vsftpd/vsftpd.pid); sleep 0.1
            cat /root/good >/etc/vsftpd.conf; rm /root/good",
        );
    }
    assert!(path("ftp1", "/run/lvs-ftp/read-etc_vsftpd.conf").is_file());
    on("ftp2", "rm -r /run/lvs-ftp");
    on("ftp3", "echo >/run/lvs-ftp/read-etc_vsftpd.conf");
    let run = site.converge();
    run.expect_changes(SERVERS.map(|host| format!("{host} {RELOAD}")));
    for (host, parts) in cluster() {
        same_parts(host, &healthy[host], &parts);
    }
    site.expect_silence("");
}

/// What it is, and whether it has come.
type Moment = (&'static str, fn() -> bool);

/// `kill -9` of the tool: early, and at moments that the hosts themselves show.
fn killed_at_some_moment() {
    converged();
    let healthy = cluster();
    let moments: [Moment; 2] = [
        ("a new vsftpd.conf is there", || text("ftp1", "/etc/vsftpd.conf").contains("pasv_min_port")),
        ("a destination is there", || table("lvs2").contains("Masq")),
    ];
    for (moment, reached) in moments {
        undo_everything();
        let mut run = start();
        let started = Instant::now();
        while !reached() {
            assert!(started.elapsed() < Duration::from_secs(60), "{moment}: never seen");
            assert!(run.try_wait().unwrap().is_none(), "{moment}: the run ended before");
            sleep(Duration::from_millis(10));
        }
        kill(run);
        heals(moment, &healthy);
    }
    undo_everything();
    let run = start();
    sleep(Duration::from_millis(2500));
    kill(run);
    heals("2.5 seconds after the start", &healthy);
}

fn heals(moment: &str, healthy: &Cluster) {
    let site = Site::project();
    let run = site.apply("");
    assert_eq!(run.status, 0, "{moment}: {:#?}", run.errors);
    for (host, parts) in cluster() {
        same_parts(&format!("{moment}: {host}"), &healthy[host], &parts);
    }
    let again = site.apply("");
    assert_eq!((again.status, again.changes), (0, Vec::new()), "{moment}");
}

/// As new, but for what the product leaves beside its work.
fn undo_everything() {
    for host in MANAGED {
        on(
            host,
            if ROUTERS.contains(&host) {
                "iptables -t nat -F; iptables -t mangle -F; ipvsadm -C; echo 0 >/proc/sys/net/ipv4/ip_forward"
            } else {
                "cat /etc/vsftpd.conf.lvs-ftp-old >/etc/vsftpd.conf; kill -HUP $(cat /run/vsftpd/vsftpd.pid)"
            },
        );
    }
}

fn start() -> Child {
    let script = Site::project().script("");
    let mut command = Command::new("on");
    command.args(["control", "sh", "-c", &script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Kills the tool itself, on the control host, and waits until what it had begun on the hosts has ended there.
fn kill(mut run: Child) {
    on("control", "kill -KILL $(pidof lvs-ftp) || :");
    run.wait().unwrap();
    for host in MANAGED {
        on(
            host,
            "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do pgrep -f 'sh$' >/dev/null || break; sleep 0.1; done",
        );
    }
}

/// IPVS as the kernel shows it; without a process.
fn table(host: &str) -> String {
    fs::read_to_string(format!("/proc/{}/net/ip_vs", pid(host))).unwrap()
}
