//! The guard's own process in every shell, with a packet filter that is a file.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{SCRIPT, end};
use crate::probe::UNDO_FOLDER;
use camino::{Utf8Path, Utf8PathBuf};

const SHELLS: [&[&str]; 3] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"]];

/// The "packet filter" is the file `rules` of one table.
const FILTER: &str = r#"save() { case $* in '') sed 's/^\[[0-9:]*\] //' "$g/../rules" ;; *) cat "$g/../rules" ;; esac; }
restore() { cat >"$g/../rules"; }
"#;

const WAS: &str = "*nat\n:POSTROUTING ACCEPT [1:2]\n[3:4] -A POSTROUTING -j ACCEPT\nCOMMIT\n";
const IS: &str = "*nat\n:POSTROUTING ACCEPT [5:6]\n-A POSTROUTING -j DROP\nCOMMIT\n";

fn sh(shell: &[&str], script: &str) -> (bool, String) {
    let command = duct::cmd(shell[0], &shell[1..]).stdin_bytes(script).stderr_to_stdout().stdout_capture();
    let output = command.unchecked().run().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// A guard that is armed and has one step behind it; its time is over so many seconds from now.
fn armed(shell: &[&str], parent: &Utf8Path, seconds: u32) -> Utf8PathBuf {
    let g = parent.join("guard");
    std::fs::create_dir_all(g.join("000001.new")).unwrap();
    for (name, text) in [
        ("guard", SCRIPT),
        ("armed", ""),
        ("filter0", FILTER),
        ("../rules", WAS),
        ("000001.new/table", "nat\n"),
        ("000001.new/filter", "0\n"),
        ("000001.new/come", "-D POSTROUTING -j DROP\n"),
        ("000001.new/gone", "-A POSTROUTING -j ACCEPT\n"),
    ] {
        std::fs::write(g.join(name), text).unwrap();
    }
    let words = shell.join(" ");
    let (done, said) = sh(
        shell,
        &format!(
            "read -r up rest </proc/uptime; echo $((${{up%%.*}} + {seconds})) >{g}/end\n\
             {words} {g}/guard {g} start && {words} {g}/guard {g} begin 000001 parent 0 nat || exit\n\
             cat >{parent}/rules <<'END'\n{IS}END\n{words} {g}/guard {g} end 000001 0 0 nat"
        ),
    );
    assert!(done, "{shell:?}: {said}");
    g
}

fn disarm(shell: &[&str], g: &Utf8Path) -> (bool, String) {
    let text = end("name", true).replace(&format!("{UNDO_FOLDER}/name"), g.as_str());
    sh(shell, &text)
}

fn wait_for(what: &str, there: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !there() {
        assert!(start.elapsed().as_secs() < 20, "{what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Disarmed and fired at the same moment, again and again: one of the two wins, and the tables tell which.
#[test]
fn either_disarmed_or_fired() {
    let (mut disarmed, mut fired) = (0, 0);
    let one = |number: u64| {
        let shell = SHELLS[usize::try_from(number).unwrap() % 3];
        let folder = tempfile::tempdir().unwrap();
        let parent = Utf8Path::from_path(folder.path()).unwrap();
        let g = armed(shell, parent, 4);
        std::thread::sleep(std::time::Duration::from_millis(number * 220));
        let (done, said) = disarm(shell, &g);
        if done {
            std::thread::sleep(std::time::Duration::from_millis(1500));
            assert!(!g.exists(), "{shell:?}");
        } else {
            assert!(said.starts_with("the undo guard fired before that"), "{shell:?}: {said}");
            wait_for("no report", || g.join("report").exists());
            let report = std::fs::read_to_string(g.join("report")).unwrap();
            assert!(report.ends_with("\ntable nat: is as it was\n"), "{shell:?}: {report}");
        }
        let rules = std::fs::read_to_string(parent.join("rules")).unwrap();
        assert_eq!(rules, if done { IS } else { WAS }, "{shell:?}");
        done
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..30).map(|number| scope.spawn(move || one(number))).collect();
        for run in all {
            *(if run.join().unwrap() { &mut disarmed } else { &mut fired }) += 1;
        }
    });
    assert!(disarmed > 0 && fired > 0, "{disarmed} disarmed, {fired} fired");
}

/// A guard holds nothing of whoever started it, ends soon when it is disarmed, and refuses a step once it fired.
#[test]
fn a_guard_ends_and_a_late_step_is_refused() {
    for shell in SHELLS {
        let folder = tempfile::tempdir().unwrap();
        let parent = Utf8Path::from_path(folder.path()).unwrap();
        // `armed` would not return while the guard holds the output.
        let g = armed(shell, parent, 3600);
        let pid = std::fs::read_to_string(g.join("pid")).unwrap();
        let process = Utf8PathBuf::from(format!("/proc/{}", pid.trim_end()));
        let files = std::fs::read_dir(process.join("fd")).unwrap().map(|file| file.unwrap().path());
        // Higher numbers are the test's own, from whatever runs it.
        let number = |file: &std::path::PathBuf| file.file_name().unwrap().to_str().unwrap().parse::<u32>().unwrap();
        for file in files.filter(|file| number(file) < 10) {
            let target = std::fs::read_link(&file).unwrap_or_default();
            assert!(
                target.starts_with("/dev/null") || target.ends_with("guard/guard"),
                "{shell:?}: {file:?} {target:?}"
            );
        }
        assert_eq!(std::fs::read_link(process.join("cwd")).unwrap(), Utf8PathBuf::from("/"));
        assert_eq!(disarm(shell, &g), (true, String::new()));
        wait_for("the guard does not end", || !process.exists());

        let g = armed(shell, parent, 2);
        wait_for("no report", || g.join("report").exists());
        let (done, said) = sh(shell, &format!("{} {g}/guard {g} begin 000002 $$", shell.join(" ")));
        assert!(!done && said.starts_with("the undo guard fired meanwhile"), "{said}");
        // So is one of a series that began before.
        let (done, said) = sh(shell, &format!("g={g}\n{}echo made", super::STILL_WORKING));
        assert!(!done && said.starts_with("the undo guard fired meanwhile"), "{said}");
    }
}

/// An IPVS table that is a file, and in which one server cannot be added.
const IPVSADM: &str = r#"#!/bin/sh
cd "${0%/*}" || exit
touch table
case "$*" in
'-S -n') exec cat table ;;
'-L -n --thresholds') sed -n -e 's/^-A -f \([0-9]*\) -s .*/FWM  \1 wlc/p' -e 's/^-a .* -r \([^ ]*\) .*/  -> \1 0 0 0 0/p' table ;;
*10.1.1.13:0*) echo 'no memory' >&2; exit 255 ;;
-[Aa]*) echo "$*" >>table ;;
-d*) grep -v "^-a -f 21 -r $5 " table >rest || :; mv rest table ;;
-D*) grep -v '^-A -f 21 ' table >rest || :; mv rest table ;;
esac
"#;

/// Of a series of edits those are taken back that were made, from the last to the first; the rest was never tried.
#[test]
fn a_series_is_taken_back_as_far_as_it_was_made() {
    use crate::{
        format::ipvs::IpvsTable,
        plan::{Edit, IpvsEdit, Step},
    };
    use std::os::unix::fs::PermissionsExt;
    let table = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n\
                 -a -f 21 -r 10.1.1.13:0 -m -w 1\n-a -f 21 -r 10.1.1.14:0 -m -w 1\n";
    let mut service = IpvsTable::parse(table.as_bytes()).unwrap().services.remove(0);
    let destinations = std::mem::take(&mut service.destinations);
    let key = service.key.clone();
    let adds = destinations.into_iter().map(|one| IpvsEdit::Destination(key.clone(), Edit::Add(one)));
    let edits = std::iter::once(IpvsEdit::Service(Edit::Add(service))).chain(adds);
    let steps: Vec<Step> = edits.map(Step::Ipvsadm).collect();
    for shell in SHELLS {
        let folder = tempfile::tempdir().unwrap();
        let parent = Utf8Path::from_path(folder.path()).unwrap();
        let tool = parent.join("ipvsadm");
        std::fs::write(&tool, IPVSADM).unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        let guard = super::Guard::new(std::time::Duration::from_secs(2), "run");
        let parts = guard.scripts(&steps).into_iter().map(|part| format!("(\n{part}\n) || exit\n"));
        let text: String = parts.collect::<String>().replace(UNDO_FOLDER, parent.join("undo").as_str());
        let (done, said) = sh(shell, &format!("PATH={parent}:$PATH main=$$\n{text}"));
        assert!(!done && said == "no memory\n", "{shell:?}: {said}");
        let table = || std::fs::read_to_string(parent.join("table")).unwrap();
        assert_eq!(
            table(),
            "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 1\n",
            "{shell:?}"
        );
        let guards: Vec<_> = parent.join("undo").read_dir_utf8().unwrap().map(|entry| entry.unwrap()).collect();
        let [g] = guards.as_slice() else { panic!("{guards:?}") };
        wait_for("no report", || g.path().join("report").exists());
        let report = std::fs::read_to_string(g.path().join("report")).unwrap();
        let lines: Vec<&str> = report.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "IPVS: taken back: destination 10.1.1.12:0 of virtual service -f 21",
                "IPVS: taken back: destination 10.1.1.11:0 of virtual service -f 21",
                "IPVS: taken back: virtual service -f 21",
            ],
            "{shell:?}"
        );
        assert_eq!(table(), "", "{shell:?}");
    }
}
