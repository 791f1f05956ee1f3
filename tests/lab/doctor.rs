//! `lvs-ftp doctor` on the cluster: a healthy one is served, each fault is named where it is, and no host is changed.

use crate::{
    compare,
    hosts::on,
    listing,
    machines::{Trial, trial},
    product::Site,
    state::{converged, fresh},
};
use serde_json::{Value, json};

pub fn trials() -> Vec<Trial> {
    vec![trial("doctor::names_the_cause", names_the_cause)]
}

/// The status, and the document.
fn doctor(site: &Site, arguments: &str) -> (i32, Value) {
    let script = site.script_of("doctor", &format!("--from client --wait 2 --output json {arguments}"));
    let output = duct::cmd!("on", "control", "sh", "-c", script).stdout_capture().unchecked().run().unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), document)
}

/// Panics unless there is one finding, whose cause has all of these words.
fn expect_cause(site: &Site, words: &[&str]) {
    let (status, document) = doctor(site, "");
    let cluster = &document["clusters"][0];
    let causes: Vec<&str> =
        cluster["findings"].as_array().unwrap().iter().map(|finding| finding["cause"].as_str().unwrap()).collect();
    let [cause] = causes[..] else { panic!("{document:#}") };
    assert!(status == 6 && words.iter().all(|word| cause.contains(word)), "{status}: {document:#}");
}

/// All files of a host. The folder that the program stood in for a moment has another time.
fn left(host: &str) -> String {
    let mut files = listing::files(host);
    files.remove("/tmp");
    listing::lines(&files)
}

fn names_the_cause() {
    converged();
    let site = Site::with(
        "doctor",
        |all| all["hosts"] = json!({"client": {"ansible_host": "198.51.100.20", "ansible_user": "root"}}),
        |_| {},
    );
    let before = ["lvs1", "client"].map(left);
    let (status, document) = doctor(&site, "");
    let cluster = &document["clusters"][0];
    assert_eq!((status, &cluster["served"], &cluster["findings"]), (0, &json!(true), &json!([])), "{document:#}");
    let sessions = cluster["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 4 + 3 * 4, "each mode through the virtual IP, and to each real server");
    let first = &sessions[0];
    assert!(first["trial"]["named"].as_str().unwrap().starts_with("192.0.2.10:1"), "{first:#}");
    assert!(first["server"].as_str().unwrap().starts_with("ftp"), "{first:#}");
    assert_eq!(sessions[2]["trial"]["data_from"], "192.0.2.2:20", "the router's own address: masquerade");
    let after = ["lvs1", "client"].map(left);
    compare::same("what a doctor's look leaves on the router and the client", &before.concat(), &after.concat());

    on("lvs1", "iptables -I FORWARD -p tcp --sport 20 -j DROP");
    expect_cause(&site, &["lvs1", "FORWARD", "--sport 20"]);
    on("lvs1", "iptables -D FORWARD -p tcp --sport 20 -j DROP");

    on("ftp2", "kill $(cat /run/vsftpd/vsftpd.pid)");
    expect_cause(&site, &["ftp2", "10.1.1.12:21"]);
    fresh();
}
