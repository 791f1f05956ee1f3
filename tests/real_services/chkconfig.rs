//! chkconfig, which no system of today has as it was: its answers as published (each transcript says how), and a stand-in over links in
//! /etc/rc?.d that is held against them.

use super::{Host, Root, at_boot, init_script};
use std::collections::BTreeSet;

/// A recorded transcript: `$ command`, what it printed (`2> ` marks standard error), and its status.
struct Recorded {
    /// Lines `@ NAME LEVELS…`: init scripts, with the runlevels in which they are on or `off`, `-` for no links at all, and
    /// `none` for a script without a `# chkconfig:` line; `@ NAME xinetd on` for one of xinetd's.
    services: Vec<(String, Vec<String>)>,
    calls: Vec<Call>,
}

#[derive(Debug, PartialEq, Eq, Clone)]
struct Call {
    command: String,
    stdout: String,
    stderr: String,
    status: i32,
}

const TRANSCRIPTS: [(&str, &str); 3] = [
    ("1.3.30", include_str!("../transcripts/chkconfig/1.3.30.txt")),
    ("1.3.49", include_str!("../transcripts/chkconfig/1.3.49.txt")),
    ("1.7.4", include_str!("../transcripts/chkconfig/1.7.4.txt")),
];

impl Recorded {
    fn parse(text: &str) -> Self {
        let mut recorded = Self { services: Vec::new(), calls: Vec::<Call>::new() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(service) = line.strip_prefix("@ ") {
                let mut words = service.split(' ').map(str::to_owned);
                recorded.services.push((words.next().unwrap(), words.collect()));
            } else if let Some(command) = line.strip_prefix("$ ") {
                let call =
                    Call { command: command.to_owned(), stdout: String::new(), stderr: String::new(), status: 0 };
                recorded.calls.push(call);
            } else if let Some(call) = recorded.calls.last_mut() {
                match (line.strip_prefix("2>"), line.strip_prefix("status ")) {
                    (Some(line), _) => call.stderr += &format!("{}\n", line.strip_prefix(' ').unwrap_or(line)),
                    (None, Some(status)) => call.status = status.parse().unwrap(),
                    (None, None) => call.stdout += &format!("{line}\n"),
                }
            }
        }
        recorded
    }

    /// What the transcript means for a service: whether it is there, and where it starts.
    fn truth(&self, name: &str) -> (bool, BTreeSet<u8>) {
        match self.services.iter().find(|(known, _)| known == name) {
            Some((_, words)) if words[0] != "xinetd" => {
                (true, words.iter().filter_map(|word| word.parse().ok()).collect())
            }
            _ => (false, BTreeSet::new()),
        }
    }

    /// A host with these services' scripts and links.
    fn root(&self) -> Root {
        let root = red_hat();
        for (name, words) in &self.services {
            match words[0].as_str() {
                "xinetd" => {
                    let disable = if words[1] == "on" { "no" } else { "yes" };
                    root.write(
                        &format!("etc/xinetd.d/{name}"),
                        format!("service {name}\n{{\n\tdisable = {disable}\n}}\n"),
                    );
                }
                "none" => root.program(&format!("etc/init.d/{name}"), "#!/bin/sh\nexit 0\n"),
                "-" => root.program(&format!("etc/init.d/{name}"), &init_script(name, "")),
                _ => {
                    root.program(&format!("etc/init.d/{name}"), &init_script(name, ""));
                    for level in 0..7 {
                        let kind = if words.contains(&level.to_string()) { "S64" } else { "K36" };
                        root.sh(&format!("ln -s ../init.d/{name} /etc/rc{level}.d/{kind}{name}"));
                    }
                }
            }
        }
        root
    }
}

/// A host with SysV links and without any manager but what a test puts there.
fn red_hat() -> Root {
    let root = Root::new();
    for level in 0..7 {
        std::fs::create_dir_all(root.path(&format!("etc/rc{level}.d"))).unwrap();
    }
    std::fs::create_dir_all(root.path("etc/xinetd.d")).unwrap();
    root
}

fn with_stand_in(root: Root) -> Host {
    root.program("usr/local/sbin/chkconfig", include_str!("chkconfig"));
    Host::new(root)
}

/// The probe reads each version's own words.
#[test]
fn recorded_answers_are_understood() {
    for (version, text) in TRANSCRIPTS {
        let recorded = Recorded::parse(text);
        let root = recorded.root();
        let mut player = "#!/bin/sh\ncase \"chkconfig $*\" in\n".to_owned();
        for call in &recorded.calls {
            player.push_str(&format!(
                "'{}') cat <<'END'\n{}END\ncat >&2 <<'END'\n{}END\nexit {} ;;\n",
                call.command, call.stdout, call.stderr, call.status
            ));
        }
        player.push_str("esac\necho \"$* was not recorded\" >&2; exit 9\n");
        root.program("usr/local/sbin/chkconfig", &player);
        let host = Host::new(root);
        let mut asked = 0;
        for call in &recorded.calls {
            let Some(name) = call.command.strip_prefix("chkconfig --list ") else { continue };
            let found = host.ask(name);
            assert_eq!((found.exists, found.runlevels), recorded.truth(name), "{version}: {name}");
            asked += 1;
        }
        assert!(asked >= 4, "{version}");
    }
}

/// The stand-in says what chkconfig said, to both channels, with its status.
#[test]
fn the_stand_in_does_what_was_recorded() {
    for (version, text) in TRANSCRIPTS {
        let recorded = Recorded::parse(text);
        let host = with_stand_in(recorded.root());
        for call in &recorded.calls {
            let script = format!("status=0; LC_ALL=C {} >/tmp/out 2>/tmp/err || status=$?; echo $status", call.command);
            let status = host.root.sh(&script).parse().unwrap();
            // The note on systemd's units comes only where systemd is.
            let stderr = call.stderr.rsplit_once("\n\n").map_or(&*call.stderr, |(_, rest)| rest);
            let expected = Call { stderr: stderr.to_owned(), ..call.clone() };
            let did = Call {
                command: call.command.clone(),
                stdout: host.root.read("tmp/out"),
                stderr: host.root.read("tmp/err"),
                status,
            };
            assert_eq!(did, expected, "{version}");
        }
    }
}

fn cycle(host: &Host) {
    for name in ["new", "off", "half"] {
        assert!(host.ask(name).exists);
        host.comes_true(name, &[3, 5], true);
    }
    host.is_so("on", &[3, 5], true);
    assert_eq!(host.ask("on").runlevels, [2, 3, 4, 5].into());
    host.comes_true("half", &[5], false);
    assert_eq!(host.ask("half").runlevels, [3].into(), "only the runlevel that was named");
    host.comes_true("on", &[3, 5], false);
    assert_eq!(host.ask("on").runlevels, [2, 4].into(), "only the runlevels that were named");
    host.is_refused("foreign", true, "failed to enable foreign at boot: service foreign does not support chkconfig");
    host.is_refused("telnet", true, "there is no service telnet");
    host.is_refused("nothing", true, "there is no service nothing");
    host.is_so("nothing", &[3, 5], false);
}

const SERVICES: &str = "@ on 2 3 4 5\n@ off off\n@ half 3\n@ new -\n@ foreign none\n@ telnet xinetd on\n";

#[test]
fn services_are_switched() {
    let root = Recorded::parse(SERVICES).root();
    root.program("usr/local/sbin/chkconfig", include_str!("chkconfig"));
    cycle(&Host::through(root, Vec::new()));
}

/// On both sides people speak Chinese: the caller's environment reaches the host's shell, and chkconfig translates all
/// that it says unless it is told not to.
#[test]
fn the_callers_language_does_not_matter() {
    let root = Recorded::parse(SERVICES).root();
    root.write("tmp/speaks", "");
    let host = with_stand_in(root);
    let words = host.connection.as_ref().words().to_vec();
    // Without our care the answer is not readable.
    let heard = duct::cmd(&words[0], &words[1..])
        .env("LC_ALL", "zh_TW.UTF-8")
        .stdin_bytes("chkconfig --list on")
        .read()
        .unwrap();
    assert!(heard.contains("3:開啟"), "{heard}");
    cycle(&host);
}

/// `chkconfig --add` gives a new service links in every runlevel, and leaves the ones that are there.
#[test]
fn nothing_but_the_links_is_touched() {
    let host = with_stand_in(Recorded::parse(SERVICES).root());
    let before = host.root.listing("etc/init.d");
    let kept = host.root.sh("ls -i /etc/rc?.d | grep -v new");
    host.comes_true("new", &[3, 5], true);
    assert_eq!(host.root.listing("etc/init.d"), before);
    assert_eq!(host.root.sh("ls -i /etc/rc?.d | grep -v new"), kept);
    assert_eq!(
        host.root.sh("ls -d /etc/rc?.d/*new | tr '\\n' ' '").trim(),
        "/etc/rc0.d/K36new /etc/rc1.d/K36new /etc/rc2.d/K36new /etc/rc3.d/S64new /etc/rc4.d/K36new /etc/rc5.d/S64new /etc/rc6.d/K36new"
    );
    assert_eq!(host.diff(&at_boot("new", &[3, 5], true)).changes, []);
}
