//! Converged runs leave nothing behind, however many: no file grows but the log, nothing stays in /tmp or /run of either
//! side, and no process.

use super::{
    control::{Control, RUNNING},
    human::cluster,
};
use camino::Utf8Path;
use std::collections::BTreeMap;

/// Names and sizes of all files that a run could leave or let grow.
fn files(folders: &[&Utf8Path]) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for folder in folders {
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            let meta = std::fs::symlink_metadata(&path).unwrap();
            // A folder's own size is the file system's affair.
            all.insert(path.to_string(), if meta.is_dir() { 0 } else { meta.len() });
            if meta.is_dir() {
                all.extend(files(&[&path]));
            }
        }
    }
    all
}

/// The processes of the control host and of hosts, by their folder, their program or their network.
fn processes(control: &Control, networks: &[String]) -> Vec<String> {
    let all = Utf8Path::new("/proc").read_dir_utf8().unwrap().flatten();
    let link = |path: &Utf8Path, name: &str| path.join(name).read_link_utf8().map(String::from).unwrap_or_default();
    let here = control.path("");
    let is_of_them = |path: &Utf8Path| {
        ["cwd", "exe"].iter().any(|name| link(path, name).starts_with(here.as_str().trim_end_matches('/')))
            || networks.contains(&link(path, "ns/net"))
    };
    let name = |path: &Utf8Path| std::fs::read_to_string(path.join("cmdline")).unwrap_or_default().replace('\0', " ");
    all.filter(|entry| is_of_them(entry.path())).map(|entry| name(entry.path())).collect()
}

/// So many runs; `make soak` makes 500 of them.
fn runs() -> usize {
    std::env::var("CLI_RUNS").map_or(20, |count| count.parse().unwrap())
}

#[test]
fn converged_runs_leave_nothing() {
    let (control, router, server) = cluster(None);
    for folder in ["tmp", "run", "collected"] {
        std::fs::create_dir(control.path(folder)).unwrap();
    }
    // The control host's own /tmp and /run, in which the program and the hosts still are.
    std::fs::copy(env!("CARGO_BIN_EXE_lvs-ftp"), control.path("lvs-ftp")).unwrap();
    let here = control.path("");
    let script = format!(
        "mkdir -p run/netns tmp/{name} && mount --rbind /run/netns run/netns && mount --rbind run /run && \
         mount --rbind . tmp/{name} && mount --rbind tmp /tmp && cd {here} && exec \"$@\"",
        name = here.file_name().unwrap()
    );
    let run = |control: &Control| {
        let program = ["./lvs-ftp", "apply"];
        let records = ["-q", "--log", "collected/runs", "--metrics", "collected/lvs-ftp.prom"];
        let words = [&["-m", "sh", "-c", &script, "sh"][..], &program, RUNNING, &records].concat();
        let ran = control.finish(&duct::cmd("unshare", words).dir(control.path(""))).ended(0);
        (ran.stdout, ran.stderr)
    };
    assert!(!run(&control).0.is_empty());
    assert_eq!(run(&control), (String::new(), String::new()));
    let folders = ["tmp", "run", "collected", "inventory", "playbooks"].map(|name| control.path(name));
    let hosts = [&router, &server].map(|host| host.path(""));
    let folders: Vec<&Utf8Path> = folders.iter().chain(&hosts).map(camino::Utf8PathBuf::as_path).collect();
    let before = files(&folders);
    let log = control.path("collected/runs");
    let size = || std::fs::metadata(&log).unwrap().len();
    let begin = size();
    for number in 1..=runs() {
        assert_eq!(run(&control), (String::new(), String::new()), "run {number}");
    }
    let line = (size() - begin) / u64::try_from(runs()).unwrap();
    assert!((100..400).contains(&line), "a line of the log has {line} bytes");
    let (mut before, mut after) = (before, files(&folders));
    for known in [&mut before, &mut after] {
        let log = known.remove(log.as_str()).unwrap();
        let metrics = known.remove(control.path("collected/lvs-ftp.prom").as_str()).unwrap();
        assert!(log > 0 && (500..20_000).contains(&metrics), "{metrics}");
    }
    assert_eq!(before, after);
    let networks = [&router, &server].map(|host| host.sh("readlink /proc/self/ns/net"));
    super::background::until("no process is left", || processes(&control, &networks).is_empty());
    let sleeper = router.command(&["sleep", "1000"]).unchecked().start().unwrap();
    super::background::until("one that is left is seen", || processes(&control, &networks).len() == 1);
    sleeper.kill().unwrap();
}
