//! `--forks`: how many hosts are worked on at a time.

use super::control::Control;
use serde_json::json;
use std::time::{Duration, Instant};

const HOSTS: usize = 30;

/// Thirty hosts, each of which takes a second and notes how many are there with it.
fn slow_hosts() -> Control {
    let control = Control::new();
    let slow = format!(
        "cd {}; mkdir -p here; touch here/$$; ls here | wc -l >>overlaps; sleep $(cat seconds); rm here/$$; exit 1",
        control.path("")
    );
    let words = control.exec("slow", &slow);
    let server = |number: usize| {
        let mut host = words.clone();
        host["lvs_real_ip"] = format!("10.1.1.{number}").into();
        host
    };
    let names: Vec<String> = (1..=HOSTS).map(|number| format!("host{number}")).collect();
    let servers: Vec<(&str, serde_json::Value)> =
        names.iter().zip(2..).map(|(name, number)| (name.as_str(), server(number))).collect();
    control.inventory(&[("lvs1", json!({"ansible_connection": "local"}))], &servers);
    control
}

/// The most hosts that were there at one time.
fn most(control: &Control) -> usize {
    let overlaps = std::fs::read_to_string(control.path("overlaps")).unwrap();
    overlaps.lines().map(|line| line.trim().parse::<usize>().unwrap()).max().unwrap()
}

#[test]
fn many_forks_work_at_once() {
    let control = slow_hosts();
    control.file("seconds", "3");
    let start = Instant::now();
    control.apply(&["--check", "-l", "ftp_servers", "--forks", "30"]).ended(2);
    assert!(start.elapsed() < Duration::from_secs(45), "one by one they take 90 s: {:?}", start.elapsed());
    assert!(most(&control) > 10, "{}", most(&control));
}

#[test]
fn few_forks_are_never_exceeded() {
    for forks in [1, 4] {
        let control = slow_hosts();
        control.file("seconds", "0.05");
        let ran = control.apply(&["--check", "-l", "ftp_servers", "--forks", &forks.to_string()]).ended(2);
        assert!(most(&control) <= forks, "{forks}: {}", most(&control));
        let order: Vec<&str> =
            ran.stdout.lines().filter_map(|line| line.strip_prefix("failed: [")?.split(']').next()).collect();
        let wanted: Vec<String> = (1..=HOSTS).map(|number| format!("host{number}")).collect();
        assert_eq!(order, wanted, "the report is in the inventory's order");
    }
}
