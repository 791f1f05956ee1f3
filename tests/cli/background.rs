//! Runs that are watched while they work, and hosts that hold them up at a chosen point.

use super::{
    control::{Control, RUNNING, Ran, is_there},
    host::Host,
};
use camino::Utf8Path;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::time::{Duration, Instant};

/// A run in a session of its own. It is killed with the value.
pub struct Running<'a> {
    control: &'a Control,
    child: duct::Handle,
}

impl<'a> Running<'a> {
    /// Starts `lvs-ftp apply` for running state with more arguments. Who runs the tests in the background may have had
    /// signals ignored; here they are not.
    pub fn start(control: &'a Control, arguments: &[&str]) -> Self {
        Self::start_by(control, "exec env --default-signal=INT,TERM,HUP setsid \"$@\"", arguments)
    }

    /// The same by this shell script, which has the command as its arguments.
    pub fn start_by(control: &'a Control, script: &str, arguments: &[&str]) -> Self {
        let program = env!("CARGO_BIN_EXE_lvs-ftp");
        let words = [&["-c", script, "sh", program, "apply"], RUNNING, arguments].concat();
        let command = duct::cmd("sh", words).dir(control.path("")).env("HOME", control.path(""));
        let child = command.stdin_null().stdout_capture().stderr_capture().unchecked().start().unwrap();
        Self { control, child }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.pids()[0]).unwrap()).unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Sends a signal to its whole process group, as a terminal does at Ctrl-C.
    pub fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).unwrap();
    }

    /// Waits for its end. No run may take longer than a minute.
    pub fn finish(self) -> Ran {
        let Some(output) = self.child.wait_timeout(Duration::from_secs(60)).unwrap().cloned() else {
            panic!("the program does not end");
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(self.control.path("").as_str(), "DIR/");
        Ran { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// A tool of a host waits when it is called with words that match a pattern of sh, as long as /run/gate is there.
pub struct Gate<'a>(&'a Host);

impl<'a> Gate<'a> {
    /// A gate that is shut.
    pub fn shut(control: &Control, host: &'a Host, name: &str, tool: &str, pattern: &str) -> Self {
        Self::shut_if(control, host, name, tool, pattern, "true")
    }

    /// A gate that is shut for those who come while a run has the host's lock. They come, because whoever had it last did
    /// not give it back: then a run looks again under its lock.
    pub fn shut_while_locked(control: &Control, host: &'a Host, name: &str, tool: &str, pattern: &str) -> Self {
        host.sh("umask 022; mkdir -p /run/lvs-ftp; umask 077; echo 'dead 1 1 a run' >/run/lvs-ftp/lock");
        Self::shut_if(control, host, name, tool, pattern, "! grep -q '^dead ' /run/lvs-ftp/lock")
    }

    fn shut_if(control: &Control, host: &'a Host, name: &str, tool: &str, pattern: &str, when: &str) -> Self {
        let path = format!("hosts/{name}/tools/{tool}");
        let own = std::fs::read_to_string(control.path(&path)).unwrap_or_default();
        let rest =
            own.strip_prefix("#!/bin/bash\n").map_or_else(|| format!("exec /usr/sbin/{tool} \"$@\""), str::to_owned);
        let wait = format!("if {when}; then touch /run/reached; while [ -e /run/gate ]; do sleep 0.05; done; fi");
        control.script(&path, &format!("case \"$*\" in {pattern}) {wait} ;; esac\n{rest}"));
        host.write("run/gate", "");
        Self(host)
    }

    /// Waits until somebody stands before it.
    #[track_caller]
    pub fn reached(&self) {
        until("the gate is reached", || is_there(&self.0.path("run/reached")));
    }

    /// Opens it for good.
    pub fn open(&self) {
        let _ = std::fs::remove_file(self.0.path("run/gate"));
    }
}

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        self.open();
    }
}

/// Waits for this, twenty seconds at most.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < crate::support::within(20), "not so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that have a file open.
pub fn who_has(file: &Utf8Path) -> Vec<Pid> {
    use std::os::unix::fs::MetadataExt;
    let Ok(wanted) = std::fs::metadata(file).map(|found| (found.dev(), found.ino())) else { return Vec::new() };
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let has = |process: &std::fs::DirEntry| {
        let files = std::fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        files.filter_map(|file| std::fs::metadata(file.path()).ok()).any(|file| (file.dev(), file.ino()) == wanted)
    };
    let pids = processes.filter(has).filter_map(|process| process.file_name().to_str()?.parse().ok());
    pids.filter_map(Pid::from_raw).collect()
}
