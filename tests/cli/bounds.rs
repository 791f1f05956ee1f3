//! Inputs and hosts that would fill the memory, or take time with the square of their size: each is read, or refused, by a
//! program that may have no more than some memory and some processor time.

use super::control::{Control, Ran};
use serde_json::{Value, json};

/// Runs with so many MiB of memory, and a minute of the processor.
fn run(control: &Control, mebibytes: usize, arguments: &[&str]) -> Ran {
    let script = format!("ulimit -d {} && ulimit -t 60 && exec \"$@\"", mebibytes << 10);
    let words = ["-c", &script, "sh", env!("CARGO_BIN_EXE_lvs-ftp")].into_iter().chain(arguments.iter().copied());
    let command = duct::cmd("sh", words.collect::<Vec<_>>()).dir(control.path(""));
    // glibc sets memory aside for each thread, which would count.
    control.finish(&command.env("HOME", control.path("").as_str()).env("MALLOC_ARENA_MAX", "1"))
}

#[track_caller]
fn listed(control: &Control, source: &str, says: &str) {
    let ran = run(control, 512, &["inventory", "--list", "-i", source]);
    let expected = i32::from(!says.is_empty());
    let shown: String = ran.stderr.chars().take(2000).collect();
    assert_eq!(ran.status, Some(expected), "{source}: {shown}");
    assert!(ran.stderr.contains(says), "{source}: {shown}");
    assert!(ran.stderr.len() < 64 << 10, "{source}: {} bytes of messages", ran.stderr.len());
}

#[test]
fn names_and_ranges_are_bounded() {
    let control = Control::empty();
    let long = "a host's name is longer than 253 bytes";
    for length in [20_000, 200_000] {
        let name = "x".repeat(length);
        control.file("long", format!("{name}[0:65535]\n"));
        listed(&control, "long", long);
        control.file("long.yml", format!("web:\n  hosts:\n    {name}[0:65535]:\n"));
        // YAML itself has no such key.
        listed(&control, "long.yml", "this is not YAML");
        control.file("long.json", json!({"web": {"hosts": {format!("{name}[0:65535]"): {}}}}).to_string());
        listed(&control, "long.json", long);
        let zeros = "0".repeat(length);
        control.file("zeros", format!("x[{zeros}1:{zeros}2]\n"));
        listed(&control, "zeros", "numbers of more than 20 digits");
        control.file("brackets", format!("{}\n", "x[0:1]".repeat(length / 6)));
        listed(&control, "brackets", long);
    }
    // Each alone is fine, and two are too many: in one source, in a file of another kind, in several sources.
    let variables: String = (0..8).map(|n| format!(" v{n}=1")).collect();
    let in_all = "the inventory's ranges stand for more than 1000000 names and variables in all";
    control.file("groups", format!("[a]\na[0:65535]{variables}\n[b]\nb[0:65535]{variables}\n"));
    listed(&control, "groups", in_all);
    let variables: Value = (0..8).map(|n| (format!("v{n}"), json!(1))).collect();
    let group = |name: &str| json!({"hosts": {format!("{name}[0:65535]"): variables}});
    control.file("groups.json", json!({"a": group("a"), "b": group("b")}).to_string());
    listed(&control, "groups.json", in_all);
    control.file("many/a.json", json!({"a": group("a")}).to_string());
    control.file("many/b.json", json!({"b": group("b")}).to_string());
    listed(&control, "many", in_all);
    let variables: String = (0..1000).map(|n| format!(" v{n}=1")).collect();
    control.file("variables", format!("h[0:65535]{variables}\n"));
    listed(&control, "variables", in_all);
    // What is written in full is no matter of ranges.
    control.file("fine", format!("[web]\nweb[0:9999] a=1 b=2\n{}", "h a=1\n".repeat(10_000)));
    listed(&control, "fine", "");
}

#[test]
fn values_take_time_with_their_length_only() {
    let control = Control::empty();
    let items = |make: &dyn Fn(usize) -> String| (0..60_000).map(make).collect::<Vec<_>>().join(",");
    for (name, value) in [
        ("set", format!("{{{}}}", items(&|n| n.to_string()))),
        ("dict", format!("{{{}}}", items(&|n| format!("{n}:1")))),
        ("texts", format!("[{}]", items(&|n| format!("'{n}'")))),
        ("nones", format!("[{}]", items(&|_| "None".to_owned()))),
        ("hex", format!("[{}]", (0..200).map(|_| format!("0x{}", "f".repeat(3000))).collect::<Vec<_>>().join(","))),
        ("deep", "[".repeat(500_000)),
        ("signs", "-".repeat(500_000)),
    ] {
        control.file("hosts", format!("[web]\nh\n[web:vars]\nv={value}\n"));
        let ran = run(&control, 1024, &["inventory", "--list", "-i", "hosts"]);
        assert_eq!(ran.status, Some(0), "{name}: {}", ran.stderr);
    }
    for (name, text) in [
        ("maps.yml", format!("a: {}1{}\n", "{b: ".repeat(300_000), "}".repeat(300_000))),
        ("lists.json", format!("{{\"a\": {}1{}}}", "[".repeat(300_000), "]".repeat(300_000))),
        ("many.json", format!("{{\"a\": {{\"vars\": {{\"v\": [{}]}}}}}}", vec!["1"; 5_000_000].join(","))),
    ] {
        control.file(name, text);
        listed(&control, name, "error");
    }
}

#[test]
fn patterns_are_bounded() {
    let control = Control::empty();
    let hosts: String = (0..2000).map(|n| format!("host{n}\n")).collect();
    control.file("hosts", hosts);
    let listed = |limit: &str| run(&control, 512, &["inventory", "--list", "-i", "hosts", "-l", limit]);
    for pattern in
        ["[".repeat(99_000), "[!".repeat(45_000), "*a".repeat(45_000), format!("~{}", "(a*)*".repeat(20_000))]
    {
        let ran = listed(&pattern);
        assert_eq!(ran.status, Some(1), "{}", ran.stderr.chars().take(500).collect::<String>());
    }
    let many: String = (0..2000).map(|n| format!("host{n},")).collect();
    assert_eq!(listed(&many).status, Some(0));
    // None of them is there: not every fault of many looks for a name that is near.
    control.file("limit", (0..20_000).map(|n| format!("other{n}\n")).collect::<String>());
    let ran = listed("@limit");
    assert!(ran.status == Some(1) && ran.stderr.contains("and 19950 more"), "{:?}", ran.status);
}

/// Forty hosts, twenty at a time, of which each prints without end on either stream.
#[test]
fn hosts_that_print_without_end_do_not_fill_the_memory() {
    for script in ["exec yes", "exec yes >&2", "exec tr '\\0' '\\033' </dev/zero", "exec cat /dev/zero >&2"] {
        let control = Control::new();
        let endless = control.script("endless", script);
        let host = |number: u8| json!({"lvs_ftp_exec": [endless.as_str()], "lvs_real_ip": format!("10.1.1.{number}")});
        let names: Vec<String> = (0..40).map(|number| format!("host{number}")).collect();
        let hosts: Vec<(&str, Value)> =
            names.iter().zip(1..).map(|(name, number)| (name.as_str(), host(number))).collect();
        control.inventory(&hosts[..1], &hosts[1..]);
        let ran = run(&control, 1536, &["apply", "--check", "--forks", "20"]);
        assert_eq!(
            ran.stdout.matches("the host prints without end").count(),
            40,
            "{script}: {:?} {}",
            ran.status,
            ran.stderr
        );
        assert!(ran.stdout.len() < 64 << 10, "{script}: {} bytes", ran.stdout.len());
    }
}

/// A log of many runs: what is kept does not grow with it. As a whole it would take fifty MiB.
#[test]
fn a_history_is_read_as_a_stream() {
    let control = Control::empty();
    let host = |n: usize| format!("\"host{n}\":{{}}");
    let hosts = (0..60).map(host).collect::<Vec<_>>().join(",");
    let line = |n: usize| {
        let (hour, minute, second) = (n / 3600 % 24, n / 60 % 60, n % 60);
        let time = format!("2026-01-{:02}T{hour:02}:{minute:02}:{second:02}Z", 1 + n / 86_400);
        format!(
            "{{\"v\":1,\"start\":\"{time}\",\"end\":\"{time}\",\"lvs_ftp\":\"0.1.0\",\"status\":0,\"inputs\":\"1\",\"hosts\":{{{hosts}}}}}\n"
        )
    };
    let log: String = (0..4_000).map(line).collect();
    assert!(log.len() > 3 << 20);
    control.file("runs", &log);
    for output in ["human", "json"] {
        let arguments = ["history", "--log", "runs", "--since", "2026-01-01", "-n", "10", "--output", output];
        let ran = run(&control, 8, &arguments).ended(0);
        assert!(ran.stdout.contains("4000") && ran.stdout.len() < 128 << 10, "{}", ran.stdout.len());
    }
    run(&control, 8, &["history", "--log", "runs", "--since", "2026-01-01", "--html", "page"]).ended(0);
}
