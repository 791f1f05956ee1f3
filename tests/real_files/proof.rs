//! A new text is tried by the program that reads it, before it takes the old one's place.

use super::{Host, NEW, OLD};
use crate::root::content;
use lvs_ftp::{
    format::cksum::cksum,
    host::Change,
    plan::{Proof, Step},
    probe::IptablesCommand,
};
use serde_json::json;

const RULES: &str =
    "*mangle\n:PREROUTING ACCEPT [0:0]\n[5:300] -A PREROUTING -d 192.0.2.10/32 -j MARK --set-mark 21\nCOMMIT\n";

fn proof(command: &str) -> Proof {
    Proof::PacketFilter {
        command: IptablesCommand::new(vec![command.to_owned()]).unwrap(),
        waits_for_lock: command.ends_with("legacy"),
    }
}

/// A host whose packet filter is a network namespace of its own, with rules and counters in it.
struct Filter {
    host: Host,
    netns: crate::support::Netns,
    backend: &'static str,
}

impl Filter {
    /// `before` is sh text on the way in.
    fn new(backend: &'static str, before: &str) -> Self {
        let mut host = Host::with_file(before);
        std::fs::write(host.conf(), RULES).unwrap();
        let netns = crate::support::Netns::new();
        netns.sh(&format!("{backend}-restore -c {}", host.conf()));
        let enter = host.folder.join("enter");
        let words = [netns.words(), ["unshare", "-m", "--", "sh", enter.as_str()].map(str::to_owned).into()].concat();
        host.connection = crate::support::connection(&host.session, &json!({ "lvs_ftp_exec": words }));
        Self { host, netns, backend }
    }

    /// The running rules, with counters.
    fn running(&self) -> String {
        self.netns.sh(&format!("{}-save -c | grep -v ^#", self.backend))
    }

    fn try_file(&self, old: Option<&str>, new: &str) -> Result<(), String> {
        self.host.replace(&self.host.conf(), old, new, proof(self.backend))
    }
}

/// Without unshare there is only --test, which finds less.
const WITHOUT_UNSHARE: &str = "mount --bind /bin/false $(readlink -f /usr/bin/unshare) || exit";

#[test]
fn a_saved_filter_that_does_not_load_is_refused() {
    let bad_words = RULES.replace("--set-mark 21", "--set-mark no");
    let bad_chain = RULES.replace("COMMIT", "-A NOWHERE -j ACCEPT\nCOMMIT");
    for backend in crate::support::backends() {
        for (before, texts) in [
            ("", vec![(&bad_words, "--set-mark"), (&bad_chain, "line")]),
            (WITHOUT_UNSHARE, vec![(&bad_words, "line: 3")]),
        ] {
            let filter = Filter::new(backend, before);
            let running = filter.running();
            assert!(running.contains("[5:300] -A PREROUTING"), "{running}");
            let files = content(&filter.host.folder);
            for (text, says) in texts {
                let error = filter.try_file(Some(RULES), text).unwrap_err();
                assert!(error.contains(says) && error.contains("does not load"), "{backend}: {error}");
                assert_eq!(content(&filter.host.folder), files, "{error}");
                assert_eq!(filter.running(), running, "{error}");
            }
            // A good one is taken, and still nothing runs otherwise: nor is a table made that the kernel never had.
            let unused = if before.is_empty() { "*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n" } else { "" };
            let good = RULES.replace("COMMIT", "-A PREROUTING -j ACCEPT\nCOMMIT") + unused;
            filter.try_file(Some(RULES), &good).unwrap();
            assert_eq!(filter.host.read(), good);
            assert_eq!(filter.running(), running);
        }
    }
}

/// A command or a program that leads to another network namespace leads out of a scratch one, too: the file is only tried.
#[test]
fn a_prefix_keeps_a_proof_from_the_running_table() {
    for backend in crate::support::backends() {
        let mut filter = Filter::new(backend, "");
        let enter = filter.host.folder.join("enter");
        let words = ["unshare", "-m", "--", "sh", enter.as_str()];
        filter.host.connection = crate::support::connection(&filter.host.session, &json!({ "lvs_ftp_exec": words }));
        let program = filter.host.folder.join("led");
        for suffix in ["", "-save", "-restore"] {
            let led = [filter.netns.words(), vec![format!("{backend}{suffix}")]].concat().join(" ");
            std::fs::write(format!("{program}{suffix}"), format!("#!/bin/sh\nexec {led} \"$@\"\n")).unwrap();
            duct::cmd!("chmod", "+x", format!("{program}{suffix}")).run().unwrap();
        }
        let words = [filter.netns.words(), vec![backend.to_owned()]].concat();
        for command in [words, vec![program.to_string()]] {
            let proof = Proof::PacketFilter {
                command: IptablesCommand::new(command).unwrap(),
                waits_for_lock: backend.ends_with("legacy"),
            };
            std::fs::write(filter.host.conf(), RULES).unwrap();
            let running = filter.running();
            let bad = RULES.replace("--set-mark 21", "--set-mark no");
            let error = filter.host.replace(&filter.host.conf(), Some(RULES), &bad, proof.clone()).unwrap_err();
            assert!(error.contains("does not load"), "{error}");
            let good = RULES.replace("COMMIT", "-A PREROUTING -j ACCEPT\nCOMMIT");
            filter.host.replace(&filter.host.conf(), Some(RULES), &good, proof).unwrap();
            assert_eq!(filter.host.read(), good);
            assert_eq!(filter.running(), running, "{backend}");
        }
    }
}

/// A file that this kernel cannot load in a scratch namespace already, for a reason of its own, may be edited.
#[test]
fn a_file_that_loads_nowhere_but_on_the_real_table_is_taken() {
    for backend in crate::support::backends() {
        let filter = Filter::new(backend, "");
        // Stands for an ipset that the scratch namespace lacks: --test accepts it, a load does not.
        let stand_in = filter.host.folder.join("picky-restore");
        std::fs::write(&stand_in, format!("#!/bin/sh\ncase \"$*\" in *--test*) exec {backend}-restore --test ;; esac\ngrep -q set1 && {{ echo 'Set set1 does not exist.' >&2; exit 2; }}\nexit 0\n")).unwrap();
        duct::cmd!("chmod", "+x", &stand_in).run().unwrap();
        let command = filter.host.folder.join("picky").into_string();
        let old = format!("# set1\n{RULES}");
        let new = old.replace("COMMIT", "-A PREROUTING -j ACCEPT\nCOMMIT");
        std::fs::write(filter.host.conf(), &old).unwrap();
        filter.host.replace(&filter.host.conf(), Some(&old), &new, proof(&command)).unwrap();
        let plain = RULES.to_owned();
        std::fs::write(filter.host.conf(), &plain).unwrap();
        let error = filter.host.replace(&filter.host.conf(), Some(&plain), &new, proof(&command)).unwrap_err();
        assert!(error.contains("does not load:; Set set1 does not exist."), "{error}");
        // Where there was no file there is nothing to compare with.
        std::fs::remove_file(filter.host.conf()).unwrap();
        let error = filter.host.replace(&filter.host.conf(), None, &new, proof(&command)).unwrap_err();
        assert!(error.contains("does not load"), "{error}");
        assert!(!filter.host.conf().exists());
    }
}

/// Rules are not everybody's to read.
#[test]
fn a_new_saved_filter_is_roots_alone() {
    let filter = Filter::new(crate::support::nft(), "");
    std::fs::remove_file(filter.host.conf()).unwrap();
    filter.try_file(None, RULES).unwrap();
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(filter.host.conf()).unwrap());
    assert_eq!(mode & 0o7777, 0o600);
}

/// Proofs take time: somebody who writes the file meanwhile is not overwritten.
#[test]
fn what_changes_during_the_proof_is_seen() {
    for (prepare, old, meddle, says) in [
        (true, Some(OLD), "echo theirs >$conf", "was changed by somebody else"),
        (true, Some(OLD), "rm -f $conf", "was changed by somebody else"),
        (false, None, "echo theirs >$conf", "was made by somebody else"),
    ] {
        let host = Host::with_file("");
        if !prepare {
            std::fs::remove_file(host.conf()).unwrap();
        }
        let stand_in = host.folder.join("slow-restore");
        std::fs::write(&stand_in, format!("#!/bin/sh\nconf={}; {meddle}\n", host.conf())).unwrap();
        duct::cmd!("chmod", "+x", &stand_in).run().unwrap();
        let command = host.folder.join("slow").into_string();
        let error = host.replace(&host.conf(), old, NEW, proof(&command)).unwrap_err();
        assert!(error.contains(says), "{error}");
        let there = crate::root::names(&host.folder.join("etc"));
        if meddle.starts_with("rm") {
            assert_eq!(there, [""; 0], "{error}");
        } else {
            assert_eq!(there, [host.conf().as_str()], "{error}");
            assert_eq!(host.read(), "theirs\n");
        }
    }
}

/// vsftpd's own words, and an immutable file: the proof is no exception to "nothing is left behind".
#[test]
fn vsftpd_judges_and_nothing_is_left() {
    let host = Host::with_file("");
    std::fs::write(host.conf(), "listen=YES\n").unwrap();
    let before = content(&host.folder);
    let error = host.replace(&host.conf(), Some("listen=YES\n"), "listen=MAYBE\n", Proof::Vsftpd).unwrap_err();
    assert!(error.contains("500 OOPS: bad bool value in config file for: listen"), "{error}");
    assert_eq!(content(&host.folder), before);
    let step = Step::File {
        path: host.conf(),
        observed: Some(cksum(b"listen=YES\n")),
        text: b"listen=NO\n".to_vec(),
        proof: Proof::Vsftpd,
    };
    host.connection.change(&[step]).unwrap();
    assert_eq!(host.read(), "listen=NO\n");
}
