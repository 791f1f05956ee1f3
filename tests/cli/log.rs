//! `--log` and `history`: a line for each run, whatever happens to the file.

use super::{
    control::{Control, RUNNING, fits},
    human::cluster,
    whole::is_as_recorded,
};
use camino::Utf8Path;
use serde_json::{Value, json};

/// The lines of a log.
fn lines(path: &Utf8Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "{text:?}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Times and digests taken out of what people read.
fn timeless(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let is_time =
            rest.get(at..at + 16).is_some_and(|time| time.as_bytes()[4] == b'-' && time.as_bytes()[13] == b':');
        let end = at + if is_time { 16 } else { 2 };
        shown.push_str(&rest[..at]);
        shown.push_str(if is_time { "YYYY-MM-DD HH:MM" } else { "20" });
        rest = &rest[end..];
    }
    shown.push_str(rest);
    let words: Vec<String> = shown
        .lines()
        .map(|line| match line.split_once(" s  ") {
            Some((before, after)) if before.contains("YYYY") => format!("  YYYY-MM-DD HH:MM  SECONDS  {after}"),
            _ => line.to_owned(),
        })
        .collect();
    words.join("\n") + "\n"
}

#[test]
fn every_run_is_a_line_and_the_history_tells_who_keeps_changing() {
    let (control, _router, server) = cluster(None);
    let log = control.path("runs");
    let run = |arguments: &[&str]| control.apply(&[&["--log", "runs", "-q"], arguments].concat());
    run(&[]).ended(0);
    run(&[]).ended(0);
    let drift = || server.sh("sed -i 's/^pasv_max_port=.*/pasv_max_port=15000/' /srv/vsftpd.conf");
    drift();
    run(&["--check"]).ended(3);
    run(&[]).ended(0);
    drift();
    run(&[]).ended(0);
    // New inputs are no drift.
    let mut playbook = super::control::playbook();
    playbook[0]["ftp_cluster"]["passive_ports"] = "10000:21000".into();
    control.file("playbooks/site.json", playbook.to_string());
    run(&[]).ended(0);
    control.file("playbooks/site.json", "[{}]");
    run(&[]).ended(1);

    let told = lines(&log);
    for line in &told {
        fits("log", line);
    }
    let statuses: Vec<u64> = told.iter().map(|line| line["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [0, 0, 3, 0, 0, 0, 1]);
    let described: Vec<bool> = told.iter().map(|line| line.get("clusters").is_some()).collect();
    assert_eq!(described, [true, false, false, false, false, true, false], "once for each inputs");
    assert_eq!(told[1]["hosts"], json!({"lvs1": {}, "ftp1": {}}), "a converged run is lean");
    let size = std::fs::read_to_string(&log).unwrap().lines().nth(1).unwrap().len();
    assert!(size < 300, "{size}");
    assert_eq!((&told[1]["inputs"], &told[2]["check"]), (&told[0]["inputs"], &json!(true)));
    assert_ne!(told[5]["inputs"], told[0]["inputs"]);
    assert!(told[6]["error"].as_str().unwrap().contains("playbooks/site.json:1:"), "{}", told[6]);
    let change = &told[3]["hosts"]["ftp1"]["changes"][0];
    assert_eq!((&change["what"], &change["made"]), (&json!(["pasv_max_port"]), &json!("yes")));
    let is_time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(told.iter().all(|line| is_time(&line["start"]) <= is_time(&line["end"])));

    let ran = control.run(&["history", "--log", "runs"]).ended(0);
    assert_eq!(ran.stderr, "");
    is_as_recorded(&timeless(&ran.stdout), "history.stdout");
    let ran = control.run(&["history", "--log", "runs", "-n", "2", "--since", "1h", "--output", "json"]).ended(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    fits("history", &document);
    assert_eq!((document["count"].as_u64(), document["runs"].as_array().unwrap().len()), (Some(7), 2));
    assert_eq!(document["runs"][1], told[6], "runs are told as the log has them");
    let drift = &document["drifts"][0];
    assert_eq!((&drift["what"], &drift["count"]), (&json!("pasv_max_port"), &json!(2)));
    let ran = control.run(&["history", "--log", "runs", "--since", "2100-01-01"]).ended(0);
    assert_eq!(ran.stdout, "No run is recorded since 2100-01-01 00:00 UTC.\n");
    let ran = control.run(&["history", "--log", "nosuch"]).ended(1);
    assert!(ran.stderr.starts_with("error: failed to read the log nosuch: "), "{}", ran.stderr);
    control.run(&["history", "--since", "yesterday"]).ended(1);
    let ran = control.run(&["history", "--log", "runs", "--html", "page.html"]).ended(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let page = std::fs::read_to_string(control.path("page.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n") && page.contains("ftp1"), "{page}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(control.path("page.html")).unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o644);
    let ran = control.run(&["history", "--log", "runs", "--html", "nosuch/page.html"]).ended(2);
    assert!(ran.stderr.starts_with("error: failed to write the page nosuch/page.html: "), "{}", ran.stderr);
}

/// What was cut stays one broken line, wherever it was cut.
#[test]
fn a_cut_line_harms_no_other() {
    let (control, _router, _server) = cluster(None);
    let run = || control.apply(&["--log", "runs", "-q"]).ended(0);
    run();
    run();
    let whole = std::fs::read_to_string(control.path("runs")).unwrap();
    for cut in [whole.len() - 1, whole.len() - 2, whole.len() - 40] {
        control.file("runs", &whole[..cut]);
        let ran = run();
        assert_eq!(ran.stderr, "");
        let ran = control.run(&["history", "--log", "runs"]).ended(0);
        // Without its line end alone it is still read.
        let is_broken = cut < whole.len() - 1;
        assert!(ran.stdout.starts_with(if is_broken { "2 runs since" } else { "3 runs since" }), "{}", ran.stdout);
        assert_eq!(ran.stderr.contains("[WARNING]: runs:2: this line is no run and is left out: "), is_broken);
    }
    // The description of the clusters is written again when it was lost.
    control.file("runs", "{\n");
    run();
    assert!(std::fs::read_to_string(control.path("runs")).unwrap().contains("\"clusters\""));
}

/// A full disk, a folder that is not there, and what is no file: a warning, and the hosts converge all the same.
#[test]
fn what_cannot_be_written_stops_nothing() {
    let (control, router, _server) = cluster(None);
    let program = [&[env!("CARGO_BIN_EXE_lvs-ftp"), "apply"], RUNNING].concat().join(" ");
    std::fs::create_dir(control.path("full")).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=8k none full && head -c 8000 /dev/zero | tr '\\0' '\\n' >full/runs && \
         {program} -q --log full/runs; echo status $?; stat -c %s full/runs"
    );
    let ran = control.finish(&duct::cmd!("unshare", "-m", "sh", "-c", script).dir(control.path("")));
    assert!(ran.stderr.starts_with("[WARNING]: the run is not recorded in full/runs: "), "{}", ran.stderr);
    assert!(ran.stdout.ends_with("status 0\n8000\n"), "nothing of the line stays: {}", ran.stdout);
    assert_eq!(router.sh("grep -c . /run/ipvs"), "2", "it converged");
    duct::cmd!("mkfifo", control.path("pipe")).run().unwrap();
    for path in ["nosuch/runs", "/dev/null", "/", "pipe"] {
        let ran = control.apply(&["-q", "--log", path]).ended(0);
        assert!(ran.stderr.starts_with(&format!("[WARNING]: the run is not recorded in {path}: ")), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

/// Many runs that end at once.
#[test]
fn two_runs_never_interleave() {
    let control = Control::empty();
    control.file("playbooks/site.json", "[]");
    let script =
        format!("for one in $(seq 40); do {} apply --log runs 2>/dev/null & done; wait", env!("CARGO_BIN_EXE_lvs-ftp"));
    duct::cmd!("sh", "-c", script).dir(control.path("")).run().unwrap();
    let told = lines(&control.path("runs"));
    assert!(told.len() == 40 && told.iter().all(|line| line["status"] == 1), "{}", told.len());
}
