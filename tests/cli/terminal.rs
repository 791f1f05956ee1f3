//! At a terminal: a line shows how far a run has come, `-v` what it runs; and a terminal is left clean.

use super::{
    background::{Gate, until},
    control::{Control, RUNNING},
    human::cluster,
};
use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A terminal of 40 columns with a run in the foreground, whose standard output goes to a file.
struct Terminal<'a> {
    control: &'a Control,
    keys: File,
    child: duct::Handle,
    printed: Arc<Mutex<Vec<u8>>>,
    reader: std::thread::JoinHandle<()>,
}

impl<'a> Terminal<'a> {
    fn run(control: &'a Control, arguments: &[&str]) -> Self {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 40, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let script = "name=$1; shift; exec \"$@\" <$name >report 2>$name";
        let program = [env!("CARGO_BIN_EXE_lvs-ftp"), "apply"];
        let words = ["--ctty", "env", "--default-signal=INT", "sh", "-c", script, "sh", &name];
        let words = [&words[..], &program, RUNNING, arguments].concat();
        // setsid takes the terminal from its own standard input.
        let terminal = File::options().read(true).write(true).open(&name).unwrap();
        let command = duct::cmd("setsid", words).dir(control.path("")).env("TERM", "xterm").env_remove("NO_COLOR");
        let command = command.stdin_file(terminal.try_clone().unwrap()).stderr_file(terminal).unchecked();
        let child = command.start().unwrap();
        drop(command);
        let keys = File::from(master);
        let printed = Arc::new(Mutex::new(Vec::new()));
        let (mut screen, shared) = (keys.try_clone().unwrap(), Arc::clone(&printed));
        let reader = std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            // The end of a terminal that nobody has open any more is an error.
            while let Ok(count) = screen.read(&mut chunk) {
                shared.lock().unwrap().extend_from_slice(&chunk[..count]);
            }
        });
        Self { control, keys, child, printed, reader }
    }

    fn printed(&self) -> String {
        String::from_utf8_lossy(&self.printed.lock().unwrap()).into_owned()
    }

    fn press_ctrl_c(&mut self) {
        self.keys.write_all(b"\x03").unwrap();
    }

    /// Status, all that was printed on the terminal, and standard output.
    fn finish(self) -> (Option<i32>, String, String) {
        let Self { control, keys, child, printed, reader } = self;
        let status = child.wait().unwrap().status.code();
        drop(child);
        reader.join().unwrap();
        drop(keys);
        let printed = String::from_utf8_lossy(&printed.lock().unwrap()).into_owned();
        (status, printed, std::fs::read_to_string(control.path("report")).unwrap())
    }
}

/// The lines that are left on a terminal that got this.
#[track_caller]
fn screen(printed: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = printed.chars();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                lines.resize(lines.len().max(row + 1), String::new());
            }
            '\x1b' => {
                assert_eq!(rest.next(), Some('['), "{printed:?}");
                let mut number = String::new();
                let verb = rest.by_ref().find(|c| {
                    !c.is_ascii_digit() || {
                        number.push(*c);
                        false
                    }
                });
                match (number.as_str(), verb) {
                    ("2", Some('K')) => lines[row].clear(),
                    ("" | "1", Some('A')) => row -= 1,
                    other => panic!("{other:?} in {printed:?}"),
                }
            }
            c => {
                let line = &mut lines[row];
                let mut all: Vec<char> = line.chars().collect();
                all.resize(all.len().max(column + 1), ' ');
                all[column] = c;
                *line = all.into_iter().collect();
                column += 1;
            }
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

const INTERRUPTED: &str = "interrupted: each host ends the step in hand; once more ends this at once";

#[test]
fn a_line_shows_how_far_it_is_and_goes() {
    let (control, router, _server) = cluster(None);
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "\"-S -n\"");
    let run = Terminal::run(&control, &[]);
    until("who is waited for is shown", || run.printed().contains(" observe 1/2: lvs1"));
    gate.open();
    let (status, printed, report) = run.finish();
    assert_eq!(status, Some(0), "{printed}");
    for phase in ["lock", "expand", "serve", "steer", "verify"] {
        assert!(printed.contains(&format!(" {phase} 0/")), "{phase}: {printed:?}");
    }
    assert_eq!(screen(&printed), [""; 0]);
    assert!(report.contains("PLAY RECAP"), "{report}");
}

#[test]
fn who_wants_quiet_or_a_document_sees_none() {
    let (control, router, _server) = cluster(None);
    let gate = Gate::shut(&control, &router, "lvs1", "ipvsadm", "\"-S -n\"");
    for arguments in [&["-q", "-v", "-C"][..], &["--output", "json", "-C"]] {
        router.sh("touch /run/gate; rm -f /run/reached");
        let run = Terminal::run(&control, arguments);
        gate.reached();
        std::thread::sleep(Duration::from_millis(300));
        gate.open();
        let (status, printed, _) = run.finish();
        assert_eq!((status, printed.as_str()), (Some(3), ""), "{arguments:?}");
    }
}

/// Once: the line goes at once, and what is left is told. Twice: nothing is left, either.
#[test]
fn ctrl_c_leaves_a_clean_terminal() {
    let (control, router, _server) = cluster(None);
    let gate = Gate::shut(&control, &router, "lvs1", "iptables-restore", "*");
    for times in [1, 2] {
        router.sh("touch /run/gate; rm -f /run/reached; iptables -t mangle -F");
        let mut run = Terminal::run(&control, &["--lock-wait", "20"]);
        gate.reached();
        until("the line is there", || run.printed().contains(" expand 0/1: lvs1"));
        run.press_ctrl_c();
        until("the line is gone", || run.printed().contains(INTERRUPTED));
        if times == 2 {
            run.press_ctrl_c();
            let (status, printed, _) = run.finish();
            assert_eq!((status, screen(&printed)), (None, vec![INTERRUPTED.to_owned(), "^C".to_owned()]));
            gate.open();
            continue;
        }
        gate.open();
        let (status, printed, _) = run.finish();
        let last = "error: interrupted; what is not told as made is left to the next run";
        assert_eq!((status, screen(&printed)), (Some(99), vec![INTERRUPTED.to_owned(), last.to_owned()]));
    }
}

/// On standard error, so that the report stays what it is; on a terminal nothing of the line is left among it.
#[test]
fn what_is_run_is_told() {
    let (control, _router, _server) = cluster(None);
    let (status, printed, report) = Terminal::run(&control, &["-v"]).finish();
    assert_eq!(status, Some(0), "{printed}");
    let lines = screen(&printed);
    for line in [
        "lvs1: $ ipvsadm -S -n",
        "lvs1: $ flock /var/run/lvs-ftp/lock",
        "lvs1: $ iptables-restore --noflush <<END",
        "lvs1: > *mangle",
        "lvs1: $ ipvsadm -a -f 21 -r 10.1.1.11:0 -m -w 1",
        "ftp1: $ replace /srv/vsftpd.conf (156 bytes)",
    ] {
        assert!(lines.iter().any(|known| known == line), "{line}: {lines:#?}");
    }
    assert!(lines.iter().all(|line| line.starts_with("lvs1: ") || line.starts_with("ftp1: ")), "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.starts_with("ftp1: $ set --; for place in") && line.ends_with(" more lines)"))
    );
    assert!(report.contains("        $ ipvsadm -a -f 21") && !report.contains("lvs1: $"), "{report}");

    let plain = control.apply(&["-C"]).ended(0);
    let ran = control.apply(&["-C", "-vv"]).ended(0);
    assert_eq!((&ran.stdout, plain.stderr.as_str()), (&plain.stdout, ""));
    let told = "lvs1: $ exec ipvsadm -S -n\nlvs1:   -A -f 21 -s wlc -p 300\nlvs1:   -a -f 21 -r 10.1.1.11:0 -m -w 1\n";
    assert!(ran.stderr.contains(told) && ran.stderr.contains("ftp1: > done\n"), "{}", ran.stderr);
}
