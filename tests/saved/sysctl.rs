//! The order in which kernel parameters are set at boot: what we believe is what `sysctl --system` and systemd-sysctl do.
//! `net.ipv4.ip_forward` is each network namespace's own, so they really run.

use crate::{
    root::Root,
    support::{Netns, connection},
};
use lvs_ftp::{
    host::{Change, Observe, Session, Writable},
    plan::{Diff, Stage, steps},
    resource::{BootSysctl, Parameter, Resource},
};
use proptest::prelude::*;
use serde_json::json;

/// A host with files of its own, and the tool that reads them at boot.
struct Host {
    root: Root,
    netns: Netns,
    systemd: bool,
    connection: Writable,
    _session: Session,
}

impl Host {
    fn new(systemd: bool, files: &[(&str, &str)]) -> Self {
        let root = Root::new();
        if systemd {
            std::fs::create_dir_all(root.path("run/systemd/system")).unwrap();
        }
        if !files.is_empty() {
            std::fs::create_dir_all(root.path("etc/sysctl.d")).unwrap();
        }
        for (path, text) in files {
            match text.strip_prefix("-> ") {
                None => root.write(path, text),
                Some(target) => {
                    std::fs::create_dir_all(root.path(path).parent().unwrap()).unwrap();
                    std::os::unix::fs::symlink(target, root.path(path)).unwrap();
                }
            }
        }
        let session = Session::new(10, true);
        let netns = Netns::new();
        let connection = connection(&session, &json!({"lvs_ftp_exec": root.words(Vec::new())}));
        Self { root, netns, systemd, connection, _session: session }
    }

    /// Whether the kernel forwards after a boot.
    fn boot(&self) -> bool {
        let tool = if self.systemd { "/usr/lib/systemd/systemd-sysctl" } else { "sysctl -q --system" };
        let script = format!("echo 0 >/proc/sys/net/ipv4/ip_forward; {tool} || :; cat /proc/sys/net/ipv4/ip_forward");
        let words = [self.root.words(self.netns.words()), ["sh", "-ec", &script].map(str::to_owned).into()].concat();
        let said = duct::cmd(&words[0], &words[1..]).stderr_null().read().unwrap();
        match said.as_str() {
            "0" => false,
            "1" => true,
            other => panic!("{other}"),
        }
    }

    fn diff(&self) -> Result<Diff, String> {
        let resource = BootSysctl(vec![Parameter::IP_FORWARD]);
        let facts = self.connection.observe(&resource.probes()).unwrap();
        resource.diff(&facts).map_err(|unknown| unknown.to_string())
    }

    /// What is planned is what is missing; once made, the host forwards after a boot, and nothing more is planned.
    #[track_caller]
    fn converges(&self, name: &str) {
        let boots = self.boot();
        let diff = self.diff().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(diff.changes.is_empty(), boots, "{name}: {:?}", diff.changes);
        if boots {
            return;
        }
        let vendor = self.root.listing("usr/lib/sysctl.d");
        self.connection.change(&steps(&diff.changes, Stage::Persist)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(self.boot(), "{name}: {:?}", diff.changes);
        assert_eq!(self.diff().unwrap().changes, [], "{name}");
        assert_eq!(self.root.listing("usr/lib/sysctl.d"), vendor, "{name}: what a package owns is not edited");
    }
}

const ON: &str = "net.ipv4.ip_forward = 1\n";
const OFF: &str = "net.ipv4.ip_forward = 0\n";
const LINK: (&str, &str) = ("etc/sysctl.d/99-sysctl.conf", "-> ../sysctl.conf");

#[test]
fn the_last_file_wins_as_the_host_reads_them() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("an empty folder", &[("etc/sysctl.d/README", "net.ipv4.ip_forward = 1\n")]),
        ("main file only", &[("etc/sysctl.conf", ON)]),
        ("main file says 0", &[("etc/sysctl.conf", OFF)]),
        ("main file and its link", &[("etc/sysctl.conf", ON), LINK]),
        ("main file says 0, and its link", &[("etc/sysctl.conf", OFF), LINK]),
        ("link, nothing said", &[("etc/sysctl.conf", "# no\n"), LINK]),
        ("later drop-in says 0", &[("etc/sysctl.d/10-a.conf", ON), ("etc/sysctl.d/20-b.conf", OFF)]),
        ("drop-in against main", &[("etc/sysctl.d/10-a.conf", OFF), ("etc/sysctl.conf", ON)]),
        ("drop-in against main, 0", &[("etc/sysctl.d/10-a.conf", ON), ("etc/sysctl.conf", OFF)]),
        ("drop-in against main by link", &[("etc/sysctl.d/10-a.conf", OFF), ("etc/sysctl.conf", ON), LINK]),
        ("one name in two folders", &[("etc/sysctl.d/50-x.conf", ON), ("usr/lib/sysctl.d/50-x.conf", OFF)]),
        ("one name in two folders, 0", &[("etc/sysctl.d/50-x.conf", OFF), ("usr/lib/sysctl.d/50-x.conf", ON)]),
        ("by name across folders", &[("etc/sysctl.d/10-x.conf", ON), ("usr/lib/sysctl.d/50-x.conf", OFF)]),
        ("run before lib", &[("run/sysctl.d/50-x.conf", OFF), ("usr/lib/sysctl.d/50-x.conf", ON)]),
        ("etc before run", &[("etc/sysctl.d/50-x.conf", ON), ("run/sysctl.d/50-x.conf", OFF)]),
        ("etc before run, 0", &[("etc/sysctl.d/50-x.conf", OFF), ("run/sysctl.d/50-x.conf", ON)]),
        ("local before lib", &[("usr/local/lib/sysctl.d/50-x.conf", ON), ("usr/lib/sysctl.d/50-x.conf", OFF)]),
        ("masked by /dev/null", &[("etc/sysctl.d/50-x.conf", "-> /dev/null"), ("usr/lib/sysctl.d/50-x.conf", ON)]),
        (
            "masked 0",
            &[
                ("etc/sysctl.d/50-x.conf", "-> /dev/null"),
                ("usr/lib/sysctl.d/50-x.conf", OFF),
                ("etc/sysctl.d/10-a.conf", ON),
            ],
        ),
        ("dangling link", &[("etc/sysctl.d/50-x.conf", "-> nowhere"), ("usr/lib/sysctl.d/50-y.conf", ON)]),
        (
            "the other name of it",
            &[("etc/sysctl.d/10-a.conf", ON), ("etc/sysctl.d/20-b.conf", "net.ipv4.conf.all.forwarding=0\n")],
        ),
        (
            "the other name of it, with slashes",
            &[("etc/sysctl.d/10-a.conf", OFF), ("etc/sysctl.d/20-b.conf", "net/ipv4/conf/all/forwarding=1")],
        ),
        (
            "twice in one file",
            &[(
                "etc/sysctl.d/10-a.conf",
                "net.ipv4.ip_forward=1\n;net.ipv4.ip_forward=1\n  net.ipv4.ip_forward =  0  \n",
            )],
        ),
        ("no newline at the end", &[("etc/sysctl.d/10-a.conf", "kernel.nothing = 1\nnet.ipv4.ip_forward=0")]),
        ("errors ignored", &[("etc/sysctl.d/10-a.conf", "-net.ipv4.ip_forward = 0\n")]),
        ("windows line ends", &[("etc/sysctl.d/10-a.conf", "net.ipv4.ip_forward = 1\r\n")]),
        ("main file is nothing", &[("etc/sysctl.conf", "-> /dev/null"), ("etc/sysctl.d/10-a.conf", "# x\n")]),
        ("main file leads nowhere", &[("etc/sysctl.conf", "-> /nowhere"), ("etc/sysctl.d/10-a.conf", OFF)]),
        ("the link leads to nothing", &[("etc/sysctl.conf", OFF), ("etc/sysctl.d/99-sysctl.conf", "-> /dev/null")]),
        ("another suffix", &[("etc/sysctl.d/10-a.conf.bak", ON)]),
        ("names with blanks and colons", &[("etc/sysctl.d/10 a: b.conf", OFF), ("etc/sysctl.d/a=b.conf", "# x\n")]),
        ("vendor's late 0", &[("usr/lib/sysctl.d/60-x.conf", OFF)]),
    ];
    for systemd in [true, false] {
        for (name, files) in cases {
            Host::new(systemd, files).converges(&format!("{name}, systemd {systemd}"));
        }
    }
}

/// systemd does not read /etc/sysctl.conf, so without a folder there is no place; others read it.
#[test]
fn without_any_file_there_is_a_place_or_an_error() {
    Host::new(false, &[]).converges("nothing at all");
    let error = Host::new(true, &[]).diff().unwrap_err();
    assert!(error.contains("there is no /etc/sysctl.d"), "{error}");
}

/// What is no file takes no text: that is said, and nothing is written.
#[test]
fn a_place_that_is_no_file_is_named() {
    let own = ("etc/sysctl.d/99-lvs-ftp.conf", "-> /dev/null");
    for (systemd, files) in [(true, vec![own]), (false, vec![own, ("etc/sysctl.conf", "-> /dev/null")])] {
        let error = Host::new(systemd, &files).diff().unwrap_err();
        assert!(error.ends_with(" is not a regular file: remove it, or put one there"), "{error}");
    }
    let host = Host::new(false, &[]);
    std::fs::create_dir_all(host.root.path("etc/sysctl.conf")).unwrap();
    let error = host.diff().unwrap_err();
    assert!(error.contains("/etc/sysctl.conf is not a regular file"), "{error}");
}

/// Two parameters in one file are one change; one that has its default where no file speaks of it needs none.
#[test]
fn parameters_share_a_file() {
    const BAD: &str = "net.ipv4.vs.expire_quiescent_template = 1\nnet.ipv4.ip_forward = 0\n";
    let resource = BootSysctl(vec![Parameter::IP_FORWARD, Parameter::EXPIRE_QUIESCENT_TEMPLATE]);
    for (text, after) in [
        (BAD, "net.ipv4.vs.expire_quiescent_template = 0\nnet.ipv4.ip_forward = 1\n"),
        ("# x\n", "# x\nnet.ipv4.ip_forward = 1\n"),
        (ON, ON),
    ] {
        let host = Host::new(false, &[("etc/sysctl.conf", text)]);
        let diff = || resource.diff(&host.connection.observe(&resource.probes()).unwrap()).unwrap().changes;
        host.connection.change(&steps(&diff(), Stage::Persist)).unwrap();
        assert_eq!(std::fs::read_to_string(host.root.path("etc/sysctl.conf")).unwrap(), after);
        assert_eq!(diff(), []);
    }
}

/// A later file that is not the administrator's cannot be edited: that is said, and nothing is written.
#[test]
fn what_cannot_be_won_is_said() {
    for systemd in [true, false] {
        let host = Host::new(systemd, &[("etc/sysctl.d/10-a.conf", ON), ("usr/lib/sysctl.d/99-zz.conf", OFF)]);
        match host.diff() {
            Ok(_) if !systemd => host.converges("/etc/sysctl.conf is read last"),
            Ok(diff) => panic!("{:?}", diff.changes),
            Err(error) => {
                assert!(error.contains("/usr/lib/sysctl.d/99-zz.conf") && error.contains("sets it to 0"), "{error}");
            }
        }
    }
}

fn any_files() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let text = prop_oneof![
        3 => Just(ON),
        3 => Just(OFF),
        2 => Just("net/ipv4/ip_forward=0"),
        1 => Just("kernel.nothing = 1\n"),
        1 => Just("-net.ipv4.ip_forward=1\n#net.ipv4.ip_forward=0\n"),
        1 => Just("-> /dev/null"),
        1 => Just(""),
    ];
    let names = [
        "etc/sysctl.conf",
        "etc/sysctl.d/10-a.conf",
        "etc/sysctl.d/50-b.conf",
        "etc/sysctl.d/99-z.conf",
        "run/sysctl.d/50-b.conf",
        "usr/local/lib/sysctl.d/60-c.conf",
        "usr/lib/sysctl.d/10-a.conf",
        "usr/lib/sysctl.d/50-a.conf",
    ];
    let files = proptest::collection::vec(proptest::option::weighted(0.5, text), names.len());
    (files, any::<bool>()).prop_map(move |(texts, linked)| {
        let files = names.into_iter().zip(texts).filter_map(|(name, text)| Some((name, text?)));
        let folder = ("etc/sysctl.d/README", "net.ipv4.ip_forward = 1\n");
        files.chain(linked.then_some(LINK)).chain([folder]).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_files_are_read_as_the_host_reads_them(files in any_files(), systemd in any::<bool>()) {
        Host::new(systemd, &files).converges(&format!("systemd {systemd}, {files:?}"));
    }
}
