//! The readers, and the host in memory, against pairs measured with the real tools (tests/facts/*.jsonl).
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod model;

use lvs_ftp::format::{
    iptables_words,
    ipvs::IpvsTable,
    rule::{Rule, Target},
    vsftpd_conf::{VsftpdConf, number},
};
use model::State;
use serde_json::Value;

fn facts(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// A rule means the same as typed and as iptables prints it, whichever backend printed it.
#[test]
fn a_typed_rule_means_what_iptables_prints() {
    let mut compared = 0;
    for fact in facts(include_str!("facts/canon.jsonl")) {
        let id = fact["id"].as_str().unwrap();
        if fact["family"] != "iptables" || fact["legacy"]["rc"] != 0 {
            continue;
        }
        let argv: Vec<String> = strings(&fact["argv"]).iter().map(|word| iptables_words::quote(word)).collect();
        let chain = fact["chain"].as_str().unwrap();
        let typed = Rule::parse(format!("-A {chain} {}", argv.join(" ")).as_bytes());
        for backend in ["legacy", "nft"] {
            // A newline in a comment is printed as it is; the fact holds only the first line.
            let printed = strings(&fact[backend]["saved"]).join("\n");
            let Some(_) = iptables_words::split(printed.as_bytes()) else {
                assert_eq!(id, "comment-newline");
                continue;
            };
            let printed = Rule::parse(printed.as_bytes());
            if typed.opaque || typed.target == Target::Other {
                // A name is not resolved; what the model does not express is not adopted either way.
                let aside = printed.opaque || printed.target == Target::Other;
                assert!(aside || id == "hostname", "{id}: {typed:?} {printed:?}");
            } else {
                assert_eq!(typed, printed, "{id}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 60, "only {compared} pairs were compared");
}

/// What ipvsadm prints is read and rendered alike, and the host in memory does what the kernel did.
#[test]
fn the_ipvs_model_does_what_the_kernel_did() {
    let mut replayed = 0;
    for fact in facts(include_str!("facts/ipvs_canon.jsonl")) {
        let id = fact["id"].as_str().unwrap();
        let saved: String = strings(&fact["saved_Sn"]).iter().map(|line| format!("{line}\n")).collect();
        assert_eq!(IpvsTable::parse(saved.as_bytes()).unwrap().render(), saved, "{id}");
        let steps = fact["steps"].as_array().unwrap();
        // Refusals of odd values are ipvsadm's own; names are resolved, and abbreviations completed, before the kernel.
        let told = |step: &Value| step["rc"] == 0 || step["rc"] == 255;
        let plain = steps.iter().all(|step| {
            let command = step["cmd"].as_str().unwrap();
            told(step)
                && !command.starts_with("-R")
                && !command.starts_with("--set")
                && step["stderr"] != "Scheduler or persistence engine not found"
        });
        if !plain || ["tcp-host", "tcp-v6-long", "tcp-leading-zero", "r-localhost", "r-tun-gue"].contains(&id) {
            continue;
        }
        let mut state = State::default();
        for step in steps {
            let words: Vec<String> = step["cmd"].as_str().unwrap().split_whitespace().map(str::to_owned).collect();
            let words = [&[words[0].replace("--add-server", "-a")], &words[1..]].concat();
            assert_eq!(state.ipvsadm(&words).is_ok(), step["rc"] == 0, "{id}: {words:?}");
        }
        assert_eq!(state.ipvs.render(), saved, "{id}");
        replayed += 1;
    }
    assert!(replayed >= 20, "only {replayed} facts were replayed");
}

/// The port that vsftpd came to listen on is the one that we read from its file.
#[test]
fn a_vsftpd_conf_says_what_vsftpd_heard() {
    let mut heard = 0;
    for fact in facts(include_str!("facts/vsftpd_parse.jsonl")) {
        let (Some(text), Some(listens)) = (fact["text"].as_str(), fact["result"]["listens"].as_array()) else {
            continue;
        };
        let conf = VsftpdConf::parse(text.as_bytes());
        let port = number(conf.value("listen_port").unwrap_or(b"21")) & 0xffff;
        let address = listens[0].as_str().unwrap();
        assert_eq!(address, format!("127.0.0.1:{port}"), "{}", fact["id"]);
        heard += 1;
    }
    assert!(heard >= 15, "only {heard} facts were compared");
}
