//! A change of the IPVS table that cuts off its own ssh: the router takes it back by itself.

use crate::{
    hosts::{on, path, text},
    machines::{Trial, trial},
    product::{Run, Site},
    state::{converged, parts},
};
use serde_json::json;
use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

pub fn trials() -> Vec<Trial> {
    vec![trial("cut_off::a_router_that_cuts_itself_off_comes_back", a_router_that_cuts_itself_off_comes_back)]
}

/// The rule is a stranger's; tests/cli/undo.rs has one that comes in the middle of our own.
const CLOSES: &str = "iptables -I INPUT -p tcp --dport 22 -j DROP";
const OPENS: &str = "iptables -D INPUT -p tcp --dport 22 -j DROP";

const TOOL: &str = "/usr/local/sbin/ipvsadm";

fn a_router_that_cuts_itself_off_comes_back() {
    converged();
    let before = parts("lvs1");
    let site = Site::playing("cut_off", |plays| {
        let cluster = &mut plays[0]["ftp_cluster"];
        cluster["passive_ports"] = json!("10000:21000");
        cluster["scheduler"] = json!("rr");
        cluster["persistence"] = json!(500);
    });
    // Once: the guard's own edit comes this way, too.
    let once = "[ \"$1\" != -E ] || ! rm /run/closes 2>/dev/null";
    let script = format!("#!/bin/sh\n{once} || /usr/sbin/{CLOSES}\nexec /usr/sbin/ipvsadm \"$@\"\n");
    on("lvs1", &format!("mkdir -p /usr/local/sbin; touch /run/closes {TOOL}; chmod +x {TOOL}"));
    fs::write(path("lvs1", TOOL), script).unwrap();

    let run = site.apply("--confirm-timeout 8 --timeout 3");
    run.expect_status(2);
    let [error] = &run.errors[..] else { panic!("{:#?}", run.errors) };
    assert!(error.starts_with("lvs1 failed: "), "{error}");
    let report = report();
    assert!(report.lines().any(|line| line == "IPVS: taken back: virtual service -f 21"), "{report}");
    let after = parts("lvs1");
    assert_eq!(after["IPVS"], before["IPVS"], "{report}");
    assert!(after["packet filter"].contains("10000:21000"), "what was confirmed stays");
    on("lvs1", &format!("rm {TOOL}; {OPENS}"));

    // A host keeps the lock of a run that it has lost until it hears that the link has ended.
    let run = site.apply("--lock-wait 300");
    run.expect_status(0);
    let fired = |run: &Run| run.warnings.iter().any(|line| line.starts_with("lvs1: ") && line.contains("guard"));
    assert!(fired(&run), "{:#?}", run.warnings);
    site.expect_silence("");
    for mode in ["passive", "active"] {
        assert!(on("client", &format!("ftp-get {mode} curl hello.txt")).starts_with("hello from ftp"), "{mode}");
    }
}

/// What the host says of a guard that fired, some time after the run.
fn report() -> String {
    let begun = Instant::now();
    loop {
        let found = on("lvs1", "ls /run/lvs-ftp/undo/*/report 2>/dev/null || :");
        if let [report] = found.lines().collect::<Vec<_>>()[..] {
            return text("lvs1", report);
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "the guard has not fired");
        sleep(Duration::from_millis(500));
    }
}
