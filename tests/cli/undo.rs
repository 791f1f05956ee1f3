//! The undo guard, with a real sshd, the real iptables of both backends, and every shell.

use super::{control::Control, host::Host, router::Router};
use crate::support::{nft, within};
use std::time::{Duration, Instant};

const LEGACY: &str = "iptables-legacy";

/// The confirmations of one run: of new rules, of the IPVS table's new things, of what goes.
const EXPAND: u32 = 1;
const STEER: u32 = 2;
const CONTRACT: u32 = 3;

/// A change that is not confirmed is undone exactly, counters too; what was confirmed before it stays.
fn undone(backend: &str, shell: &str, refused: u32) {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let router = Router::new(&control, &host, backend, shell);
    router.refuse(refused);
    let ran = router.apply(&["--confirm-timeout", "6"]).ended(2);
    let says = "failed: [lvs1] => the host cannot be reached anew after the change: no way; the host undoes the change within 6 s";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
    let report = router.report();
    let (before, ipvs) = router.before_the_last_change();
    assert_eq!((router.rules(), router.ipvs()), (before, ipvs), "{report}");
    let expected: &[&str] = match refused {
        EXPAND => &["table mangle: is as it was", "table nat: is as it was"],
        STEER => &["IPVS: taken back: destination 10.1.1.11:0 of virtual service -f 21"],
        _ => &["table mangle: is as it was", "IPVS: taken back: destination 10.1.1.99:0 of virtual service -f 21"],
    };
    for line in expected {
        assert!(report.lines().any(|one| one == *line), "{report}");
    }
}

#[test]
fn what_is_not_confirmed_is_undone() {
    std::thread::scope(|scope| {
        scope.spawn(|| undone(LEGACY, "/usr/bin/dash", EXPAND));
        scope.spawn(|| undone(nft(), "/usr/bin/busybox", STEER));
        scope.spawn(|| undone(nft(), "/usr/bin/bash", CONTRACT));
        scope.spawn(|| undone(LEGACY, "/usr/bin/busybox", CONTRACT));
    });
}

/// What somebody else changes before the guard fires stays, in our tables and in others; ours is undone all the same.
fn strangers(backend: &str, shell: &str) {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let router = Router::new(&control, &host, backend, shell);
    router.refuse(CONTRACT);
    router.apply(&["--confirm-timeout", "8"]).ended(2);
    let (before, ipvs) = router.before_the_last_change();
    host.sh(&format!(
        "{backend} -t mangle -A PREROUTING -i eth7 -j RETURN; {backend} -D INPUT -s 192.0.2.9 -j DROP\n\
         {backend} -I FORWARD -s 192.0.2.8 -j ACCEPT\n\
         sed -i -e 's/10.1.1.98:0 -m -w 0/10.1.1.98:0 -m -w 6/' -e '1i -A -f 99 -s rr' /run/ipvs"
    ));
    let report = router.report();
    let want = before
        .replace("[3:180] -A INPUT -s 192.0.2.9/32 -j DROP\n", "")
        .replace("[0:0] -A other", "[0:0] -A FORWARD -s 192.0.2.8/32 -j ACCEPT\n[0:0] -A other")
        .replace("-i eth8 -j RETURN\n", "-i eth8 -j RETURN\nHERE\n");
    let last = want.lines().skip_while(|line| !line.ends_with("HERE")).skip(1).take_while(|line| line.starts_with('['));
    let last = last.map(|line| format!("{line}\n")).collect::<String>();
    let want = want.replace(&format!("HERE\n{last}"), &format!("{last}[0:0] -A PREROUTING -i eth7 -j RETURN\n"));
    assert_eq!(router.rules(), want, "{report}");
    assert!(
        report.contains("table mangle: somebody else changed it meanwhile; our own changes are taken back"),
        "{report}"
    );
    let ipvs = ipvs.replace("-A -f 21 -s wlc -p 300\n", "-A -f 21 -s wlc -p 300\n-A -f 99 -s rr\n");
    assert_eq!(router.ipvs(), ipvs.replace("10.1.1.98:0 -m -w 5", "10.1.1.98:0 -m -w 6"), "{report}");
    router.allow();
    router.converges();
}

#[test]
fn a_strangers_changes_stay() {
    std::thread::scope(|scope| {
        scope.spawn(|| strangers(LEGACY, "/usr/bin/busybox"));
        scope.spawn(|| strangers(nft(), "/usr/bin/dash"));
    });
}

/// The shell there is killed behind a change, before it can say how it left the tables.
#[test]
fn a_killed_shell_is_undone() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let router = Router::new(&control, &host, LEGACY, "/usr/bin/dash");
    let before = (router.rules(), router.ipvs());
    host.sh("touch /run/armed");
    router.tool(
        "iptables-legacy-restore",
        "/usr/sbin/iptables-legacy-restore \"$@\"; status=$?; rm /run/armed 2>/dev/null && kill -9 0; exit $status",
    );
    let ran = router.apply(&["--confirm-timeout", "5"]).ended(2);
    assert!(ran.stdout.contains("; the host undoes the change within 5 s"), "{}", ran.stdout);
    assert_ne!(router.rules(), before.0);
    let report = router.report();
    assert_eq!((router.rules(), router.ipvs()), before, "{report}");
    router.converges();
}

/// While rules are changed, something closes the port of ssh. The host opens it again.
fn cut_off(backend: &str, setsid: bool) {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let router = Router::new(&control, &host, backend, "/usr/bin/dash");
    let before = (router.rules(), router.ipvs());
    host.sh("touch /run/armed");
    router.tool(
        &format!("{backend}-restore"),
        &format!(
            "! rm /run/armed 2>/dev/null || {{ {backend} -I INPUT -p tcp --dport 2222 -j DROP; {backend} -P FORWARD ACCEPT; }}; \
             exec /usr/sbin/{backend}-restore \"$@\""
        ),
    );
    if !setsid {
        // As good as none: the guard stays in the session of the connection.
        router.tool("setsid", "exec \"$@\"");
    }
    let start = Instant::now();
    let ran = router.apply(&["--confirm-timeout", "8", "--timeout", "3"]).ended(2);
    // The connection may come back to life by the very undoing.
    let says = ["; the host undoes the change within 8 s", "the undo guard fired before that"];
    assert!(says.iter().any(|text| ran.stdout.contains(text)), "{}", ran.stdout);
    let report = router.report();
    assert!(start.elapsed() < within(25));
    assert_eq!((router.rules(), router.ipvs()), before, "{report}");
    router.converges();
}

#[test]
fn a_host_that_cuts_itself_off_comes_back() {
    std::thread::scope(|scope| {
        scope.spawn(|| cut_off(LEGACY, true));
        scope.spawn(|| cut_off(nft(), false));
    });
}

/// The program is killed when the guard is armed: the next run disarms it and goes on, and nothing fires later.
#[test]
fn a_run_that_died_is_taken_over() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let router = Router::new(&control, &host, nft(), "/usr/bin/dash");
    router.tool("ssh", "case \"$*\" in *ControlMaster=no*) kill -9 $PPID; exit 1 ;; esac; exec /usr/bin/ssh \"$@\"");
    let ran = router.dies(&["--confirm-timeout", "3600"]);
    assert_eq!(ran, None, "it was killed");
    let guard = host.sh("cat /run/lvs-ftp/undo/*/pid");
    assert!(host.sh(&format!("tr '\\000' ' ' </proc/{guard}/cmdline")).contains("/guard"));
    router.allow();
    let ran = router.apply(&["--check"]).ended(3);
    assert!(ran.stdout.contains("remove: undo guard that a run left armed"), "{}", ran.stdout);
    let ran = router.apply(&[]).ended(0);
    assert!(ran.stdout.contains("remove: undo guard that a run left armed"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("WARNING"), "{}", ran.stderr);
    assert_eq!(router.guards(), "");
    router.apply(&["--check"]).ended(0);
    let start = Instant::now();
    while !host.sh(&format!("kill -0 {guard} 2>&1 || :")).contains("No such process") {
        assert!(start.elapsed() < within(10), "the guard does not end");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whoever arms or disarms a guard may be killed at it. What is left then undoes nothing, and the next run removes it.
#[test]
fn what_a_dead_run_left_of_a_guard_is_removed() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let router = Router::new(&control, &host, LEGACY, "/usr/bin/busybox");
    router.apply(&[]).ended(0);
    // The last two are what a boot may leave.
    host.sh("cd /run/lvs-ftp/undo; mkdir lvs-ftp-1.new lvs-ftp-2 lvs-ftp-3.old lvs-ftp-4 lvs-ftp-5 'not ours'
        touch lvs-ftp-1.new/armed lvs-ftp-2/disarmed lvs-ftp-3.old/fired 'not ours/armed'
        cp /proc/sys/kernel/random/boot_id lvs-ftp-2/boot
        touch lvs-ftp-5/working; echo earlier >lvs-ftp-5/boot; echo $$ >lvs-ftp-5/worker");
    let says = "remove: remains of an undo guard";
    for (arguments, status) in [(&["--check"][..], 3), (&[], 0)] {
        let ran = router.apply(arguments).ended(status);
        assert_eq!(ran.stdout.matches(says).count(), 5, "{}", ran.stdout);
        assert!(!ran.stderr.contains("WARNING"), "{}", ran.stderr);
    }
    assert_eq!(router.guards(), "/run/lvs-ftp/undo/not ours/armed");
    router.apply(&["--check"]).ended(0);
}

/// The answer to a change is lost though it was made: the host undoes it, so it is told as a failure.
#[test]
fn a_lost_answer_is_a_failure() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let router = Router::new(&control, &host, LEGACY, "/usr/bin/dash");
    router.apply(&[]).ended(0);
    host.sh("sed -i 's/10.1.1.11:0 -m -w 1/10.1.1.11:0 -m -w 9/' /run/ipvs; touch /run/armed");
    let before = router.ipvs();
    std::fs::rename(host.path("tools/ipvsadm"), host.path("tools/ipvsadm-real")).unwrap();
    router.tool(
        "ipvsadm",
        r#"${0%/*}/ipvsadm-real "$@"; status=$?
[ "$1" = -e ] && rm /run/armed 2>/dev/null || exit $status
p=$PPID
while [ "$p" -gt 1 ]; do
  case $(cat /proc/$p/comm) in sshd*) kill -9 $p; break ;; esac
  p=$(sed 's/.*) . \([0-9]*\) .*/\1/' /proc/$p/stat)
done
sleep 1
exit $status"#,
    );
    let ran = router.apply(&["--confirm-timeout", "6"]).ended(2);
    let says = "the change is not confirmed; the host undoes the change within 6 s";
    assert!(ran.stdout.contains("the connection was lost") && ran.stdout.contains(says), "{}", ran.stdout);
    assert!(ran.stdout.contains("10.1.1.11:0 -m -w 9 -> 10.1.1.11:0 -m -w 1"), "{}", ran.stdout);
    let report = router.report();
    assert_eq!(router.ipvs(), before, "{report}");
    router.converges();
}

/// Somebody edits a destination between the observation and our own edit of it: that edit is refused, and another look
/// leads to the right one.
#[test]
fn an_edit_of_what_has_changed_is_refused() {
    let control = Control::new();
    let host = Host::new(&control, "lvs1");
    let router = Router::new(&control, &host, nft(), "/usr/bin/busybox");
    router.tool(
        &format!("{}-restore", nft()),
        &format!(
            "sed -i 's/10.1.1.11:0 -m -w 7/10.1.1.11:0 -m -w 8/' /run/ipvs; exec /usr/sbin/{}-restore \"$@\"",
            nft()
        ),
    );
    host.write("run/ipvs", "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 7\n");
    let ran = router.apply(&[]).ended(0);
    assert!(ran.stdout.contains("edit: destination 10.1.1.11:0 -m -w 8 -> 10.1.1.11:0 -m -w 1\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("-w 7 -> "), "{}", ran.stdout);
    assert!(router.ipvs().ends_with("10.1.1.11:0 -m -w 1"));
    assert_eq!(router.guards(), "", "what was made before it is confirmed");
}
