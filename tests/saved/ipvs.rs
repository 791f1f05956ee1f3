//! Saved IPVS tables. This machine's kernel has no IPVS, so a file is loaded by a loader of the test's own, which takes a
//! line after the other as `ipvsadm -R` does: a service that is there already, and a destination without its service,
//! are refused.

use lvs_ftp::{
    format::ipvs_file::IpvsFile,
    lvs::{ForwardingMethod, Netmask, Persistence, Weight},
    plan::Step,
    probe::{Answer, Facts, IptablesCommand, Probe},
    resource::{RealServer, Resource, SavedIpvs, VirtualService},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn resource() -> SavedIpvs {
    let server = |(last, weight): (u8, u64)| RealServer {
        host: Some(format!("ftp{last}")),
        address: [10, 1, 1, last].into(),
        weight: Weight::try_from(weight).unwrap(),
    };
    SavedIpvs {
        gone: Vec::new(),
        services: vec![VirtualService {
            play: Some("Public FTP".to_owned()),
            command: IptablesCommand::default(),
            mark: 21.try_into().unwrap(),
            other_marks: Vec::new(),
            scheduler: "wlc".parse().unwrap(),
            persistence: Some(Persistence::new(300, Netmask::HOST).unwrap()),
            forwarding: ForwardingMethod::Nat,
            real_servers: [(11, 1), (12, 2)].map(server).into(),
            drain_timeout: 300,
        }],
    }
}

/// What the two files become, by path; nothing for a file that stays.
fn edited(text: Option<&str>, defaults: Option<&str>) -> Result<BTreeMap<String, String>, String> {
    let resource = resource();
    let said = |text: String| Answer { status: 0, stdout: text.into_bytes(), stderr: Vec::new() };
    let word = |there: bool| if there { "there" } else { "absent" };
    let found = format!("/etc/ipvsadm.rules\n{}\n{}\n", word(text.is_some()), word(defaults.is_some()));
    let probes = resource.probes();
    let answers = probes.iter().flat_map(|probe| match probe {
        Probe::SavedIpvs => {
            vec![said(format!("{found}{}", text.unwrap_or_default())), said(defaults.unwrap_or_default().to_owned())]
        }
        Probe::SavedFilter => vec![said("\n".to_owned())],
        _ => vec![said(String::new()), said("iptables v1.8.9 (legacy)\n".to_owned())],
    });
    let facts = Facts::read(&probes, answers);
    let diff = resource.diff(&facts).map_err(|unknown| unknown.to_string())?;
    let files = diff.changes.into_iter().map(|change| match change.step {
        Step::File { path, text, .. } => (path.into_string(), String::from_utf8(text).unwrap()),
        other => panic!("{other:?}"),
    });
    Ok(files.collect())
}

/// A loaded table: services by their key words, with the rest of their words, and their destinations.
type Table = BTreeMap<String, (String, BTreeMap<String, String>)>;

fn load(text: &str) -> Table {
    let mut table = Table::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let line = line.replace("-f21", "-f 21").replace("--fwmark-service", "-f");
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| ["-f", "-t", "-u"].contains(word)).unwrap();
        let key = format!("{} {}", words[at], words[at + 1]);
        let rest = |skip: &[usize]| {
            let kept = words.iter().enumerate().filter(|(index, _)| *index > 0 && !skip.contains(index));
            kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
        };
        match (words[0], table.get_mut(&key)) {
            ("-A" | "--add-service", None) => drop(table.insert(key, (rest(&[at, at + 1]), BTreeMap::new()))),
            ("-a", Some((_, destinations))) => {
                let server = words.iter().position(|word| *word == "-r").unwrap();
                let address = words[server + 1].to_owned();
                let address = if address.contains(':') { address } else { format!("{address}:0") };
                let mut attributes: Vec<String> = Vec::new();
                for word in rest(&[at, at + 1, server, server + 1]).split(" -").filter(|word| !word.is_empty()) {
                    attributes.push(word.trim_start_matches('-').to_owned());
                }
                attributes.sort();
                destinations.entry(address).or_insert(attributes.join(" "));
            }
            _ => {}
        }
    }
    table
}

const KEY: &str = "-f 21";

#[track_caller]
fn holds(text: &str) {
    assert_eq!(IpvsFile::parse(text.as_bytes()).unwrap().render(), text.as_bytes());
    let new = edited(Some(text), None).unwrap().remove("/etc/ipvsadm.rules").unwrap_or_else(|| text.to_owned());
    assert_eq!(edited(Some(&new), None), Ok(BTreeMap::new()), "editing twice changes nothing\n{new}");
    let (mut old, mut loaded) = (load(text), load(&new));
    old.remove(KEY);
    let (service, destinations) = loaded.remove(KEY).unwrap_or_else(|| panic!("{text}->\n{new}"));
    assert_eq!(loaded, old, "what is not ours\n{text}->\n{new}");
    assert!(["-s wlc -p 300", "-p 300"].contains(&service.as_str()), "{service}");
    let wanted = [("10.1.1.11:0", ["m w 1", "m"]), ("10.1.1.12:0", ["m w 2", "m w 2"])];
    assert_eq!(destinations.len(), 2, "{text}->\n{new}");
    for (address, attributes) in wanted {
        assert!(attributes.contains(&destinations[address].as_str()), "{text}->\n{new}");
    }
    // Lines of others, comments and empty lines stay as they are, in order.
    let others = |text: &str| -> Vec<String> {
        let is_other = |line: &&str| {
            line.starts_with('#') || line.trim().is_empty() || load_key(line).is_none_or(|key| key != KEY)
        };
        text.lines().filter(is_other).map(str::to_owned).collect()
    };
    assert_eq!(others(&new), others(text));
}

fn load_key(line: &str) -> Option<String> {
    load(&line.replacen("-a ", "-A ", 1)).into_keys().next()
}

#[test]
fn files_of_several_kinds() {
    let adopted = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 2\n";
    for text in [
        adopted,
        "# ipvsadm.rules\n-A -f21 -p 300\n-a -f 21 -r 10.1.1.12 -w 2 -m\n\n-a -f 21 -m -r 10.1.1.11\n",
        "--add-service --fwmark-service 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 2",
    ] {
        assert_eq!(edited(Some(text), None), Ok(BTreeMap::new()), "{text}");
        holds(text);
    }
    for text in [
        "",
        "# ipvsadm.rules\n",
        "-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.1.1.9:80 -m -w 1",
        // A drain was saved, a server is gone, and one is new.
        "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 0\n-a -f 21 -r 10.1.1.99:0 -m -w 1\n-A -f 22 -s rr\n",
        "-A -f 21 -s rr\n",
        "-A -f 21 -s wlc -p 360\n-A -f 21 -s wlc -p 300\n",
        // Destinations that come before their service, or without one, do not load.
        "-a -f 21 -r 10.1.1.11:0 -m -w 1\n-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.12:0 -m -w 2\n",
        "# x\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-A -u 192.0.2.1:53 -s rr\n",
        "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 2\n",
    ] {
        assert_ne!(edited(Some(text), None), Ok(BTreeMap::new()), "{text}");
        holds(text);
    }
    assert_eq!(edited(None, None).unwrap()["/etc/ipvsadm.rules"], adopted, "a file that is not there is written");
    for text in ["ipvsadm -A -f 21\n", "-C\n", "-A -f 21 -p x\n", "-E -f 21 -s wlc\n"] {
        let error = edited(Some(text), None).unwrap_err();
        assert!(error.contains("/etc/ipvsadm.rules, line 1: "), "{error}");
    }
}

/// Debian's switch is shell text: a shell says what it means.
#[test]
fn debians_switch_is_on_for_a_shell() {
    let saved = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 2\n";
    let auto = |text: &str| {
        duct::cmd!("sh", "-c", "AUTO=false; eval \"$(cat)\"; echo \"$AUTO $DAEMON\"").stdin_bytes(text).read().unwrap()
    };
    for text in [
        include_str!("default-ipvsadm"),
        "",
        "DAEMON=\"none\"",
        "AUTO=true\n",
        "AUTO='true' # yes\n",
        "AUTO=\"true\"",
        "#AUTO=\"true\"\n",
        "  AUTO=\"false\"\nDAEMON=both\n",
        "AUTO=true\nAUTO=false\n",
        "AUTO=\"yes\"\n",
        "AUTO=\"true\" ; DAEMON=master\n",
        "export AUTO=false\n",
        "AUTO=false\nexport AUTO\n",
        "AUTO=tru\"e\"\n",
        "if true; then\nAUTO=false\nfi\n",
    ] {
        let new = edited(Some(saved), Some(text)).unwrap();
        assert!(new.keys().all(|path| path == "/etc/default/ipvsadm"));
        let after = new.get("/etc/default/ipvsadm").map_or(text, |new| new);
        assert!(auto(after).starts_with("true "), "{text:?} -> {after:?}");
        assert_eq!(auto(after).split(' ').nth(1), auto(text).split(' ').nth(1), "{text:?} -> {after:?}");
        assert_eq!(edited(Some(saved), Some(after)), Ok(BTreeMap::new()), "{after:?}");
        // What is not a plain line is overruled, whatever it says.
        if auto(text).starts_with("true ") && !text.contains([';']) && !text.contains("tru\"e") {
            assert_eq!(after, text, "it was on");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_loads_as_before_with_our_service(lines in proptest::collection::vec(any_line(), 0..9), whole in any::<bool>()) {
        let text = lines.join("\n");
        holds(&if whole && !text.is_empty() { format!("{text}\n") } else { text });
    }
}

fn any_line() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("-A -f 21 -s wlc -p 300"),
        Just("-A -f 21 -s rr"),
        Just("-A -f21 -p 300"),
        Just("-a -f 21 -r 10.1.1.11:0 -m -w 1"),
        Just("-a -f 21 -r 10.1.1.11:0 -m -w 0"),
        Just("-a -f 21 -r 10.1.1.12 -w 2 -m"),
        Just("-a -f 21 -r 10.1.1.13:0 -g -w 1"),
        Just("-A -f 22 -s rr"),
        Just("-a -f 22 -r 10.1.1.11:0 -m -w 1"),
        Just("-A -t 192.0.2.1:80 -s rr"),
        Just("-a -t 192.0.2.1:80 -r 10.1.1.11:80 -m -w 1"),
        Just("# by hand"),
        Just(""),
    ]
}
