//! The steps of daemons that own the IPVS table as sh text: keepalived tries a file before it counts, and a reload or start
//! waits until the kernel shows it.

use super::step_script::service;
use crate::{
    format::sh,
    plan::{DaemonAct, ServiceAct},
    probe::{
        CHANGED, DirectorDaemon, KEEPALIVED_CONF, LVS_CF, PULSE_OWES, PULSE_READ, ServiceManager, TICKS, stamp_path,
    },
};
use camino::Utf8Path;

/// keepalived tries the file `$tried`. It ends with 4 to 6 for a file that it would run with all the same; what it then
/// complains of must be what it complains of in the present file. That scripts run without `enable_script_security` is no
/// complaint of ours. Versions before 2.0 have no way to try a file.
const TRY: &str = r#"command -v keepalived >/dev/null 2>&1 || fail "keepalived is not there: install it, or mend the PATH"
plain() { sed -e 's/^([^)]*Line [0-9]*) *//' -e '/SECURITY VIOLATION/d' -e '/^[[:space:]]*$/d'; }
if keepalived --help 2>&1 | grep -q -e --config-test; then
  says=$(keepalived -t -f "$tried" 2>&1); status=$?
  case $status in
  0) ;;
  4 | 5 | 6)
    known=
    [ ! -e "$conf" ] || known=$(keepalived -t -f "$conf" 2>&1 | plain)
    more=$(printf '%s\n' "$says" | plain | while read -r line; do
      case "
$known
" in
      (*"
$line
"*) ;;
      (*) printf '%s\n' "$line" ;;
      esac
    done)
    [ -z "$more" ] || fail "keepalived refuses $what: $more" ;;
  *) fail "keepalived refuses $what: $says" ;;
  esac
fi"#;

/// The text that shows a new file to be fit, or fails. Health checks that log in must let at least one server pass:
/// with a wrong account, or without curl, keepalived would take every server out.
pub(super) fn prove(checks: &[String]) -> String {
    let mut text = format!("tried=$new; what=\"the new $conf\"\n{TRY}");
    if !checks.is_empty() {
        text.push_str("\npassed=\n");
        for check in checks {
            text.push_str(&format!(
                "[ -n \"$passed\" ] || {{ says=$(sh -c {} 2>&1 </dev/null) && passed=yes; }}\n",
                sh::word(check)
            ));
        }
        text.push_str("[ -n \"$passed\" ] || fail \"no real server lets the new check log in: $says\"");
    }
    text
}

/// Makes a daemon read its file, and waits a while for the kernel to show what the file says. A real server that is not well
/// keeps it from ever showing that; so the wait ends, and that is no failure.
pub(super) fn script(daemon: DirectorDaemon, act: &DaemonAct, shows: &[String], patience: u32) -> String {
    let name = daemon.name();
    let made = match act {
        DaemonAct::Reload { pid, start_ticks, .. } if daemon != DirectorDaemon::Pulse => reload(*pid, *start_ticks),
        DaemonAct::Reload { pid, start_ticks, owes_restart } => reload_pulse(*pid, *start_ticks, *owes_restart),
        DaemonAct::Start(manager) => in_shell(&manager.command(name, &ServiceAct::Start)),
        DaemonAct::Restart { manager: ServiceManager::Systemd, .. } => in_shell(&format!("systemctl restart {name}")),
        // Some restart scripts start before the old process has ended.
        DaemonAct::Restart { manager, pid } => format!(
            "{}\ncount=0; while [ -e /proc/{pid} ] && [ $count -lt 20 ]; do sleep 1; count=$((count + 1)); done\n{}",
            in_shell(&manager.command(name, &ServiceAct::Stop)),
            in_shell(&manager.command(name, &ServiceAct::Start))
        ),
    };
    let (before, behind) = if daemon == DirectorDaemon::Pulse { (NOTE_PULSE, STAMP_PULSE) } else { (":", ":") };
    let stamp = stamp_path(Utf8Path::new(LVS_CF));
    let notes = format!("conf={LVS_CF}; stamp={stamp}; copy={PULSE_READ}\n{before}");
    format!("{notes}\n{made}\n{behind}\n{}", await_kernel(shows, patience, daemon == DirectorDaemon::Pulse))
}

fn in_shell(command: &str) -> String {
    format!("( {} ) || exit", service(command))
}

fn reload(pid: u32, start_ticks: u64) -> String {
    let stamp = stamp_path(Utf8Path::new(KEEPALIVED_CONF));
    format!(
        r#"conf={KEEPALIVED_CONF}; stamp={stamp}
fail() {{ printf '%s\n' "$1" >&2; exit 1; }}
tried=$conf; what=$conf
{TRY}
sum=$(cksum <"$conf") || exit
changed=$({CHANGED} -- "$conf" 2>/dev/null)
mkdir -p "${{stamp%/*}}" || exit
case $(cat /proc/{pid}/stat 2>/dev/null) in
'{pid} (keepalived'*' {start_ticks} '*) ;;
*) fail 'keepalived, process {pid}, is gone; run again' ;;
esac
kill -HUP {pid} || exit
echo "{pid} {start_ticks} $({TICKS}) $sum $changed" >"$stamp.new" && mv -f -- "$stamp.new" "$stamp" || exit"#
    )
}

/// Before pulse reads its file: what it is going to read.
const NOTE_PULSE: &str = r#"mkdir -p "${stamp%/*}" && cat -- "$conf" >"$copy.new" || exit
sum=$(cksum <"$copy.new") && changed=$(TZ=UTC0 stat -L -c '%Z %z' -- "$conf" 2>/dev/null)"#;

/// Behind that: which process has read it. One that has just been started needs a moment to be there.
const STAMP_PULSE: &str = r#"told() {
  net=$(readlink /proc/self/ns/net 2>/dev/null)
  for stat in $(grep -l '^[0-9]* (pulse) ' /proc/[0-9]*/stat 2>/dev/null); do
    [ "$(readlink "${stat%/stat}/ns/net" 2>/dev/null)" = "$net" ] || continue
    set -- $(cat "$stat" 2>/dev/null)
    [ -z "${22}" ] || { echo "$1 ${22} 0 $sum $changed"; return; }
  done
}
count=0
while [ -z "$(told)" ] && [ $count -lt 5 ]; do sleep 1; count=$((count + 1)); done
told >"$stamp.new" && mv -f -- "$copy.new" "$copy" && mv -f -- "$stamp.new" "$stamp" || exit"#;

/// pulse hands the signal on to its lvsd. Without one, as on the backup, it would send it to itself again and again.
fn reload_pulse(pid: u32, start_ticks: u64, owes_restart: bool) -> String {
    let owes = if owes_restart {
        format!("echo '{pid} {start_ticks}' >{PULSE_OWES}.new && mv -f -- {PULSE_OWES}.new {PULSE_OWES} || exit")
    } else {
        ":".to_owned()
    };
    format!(
        r#"fail() {{ printf '%s\n' "$1" >&2; exit 1; }}
case $(cat /proc/{pid}/stat 2>/dev/null) in
'{pid} (pulse) '*' {start_ticks} '*) ;;
*) fail 'pulse, process {pid}, is gone; run again' ;;
esac
cat /proc/[0-9]*/stat 2>/dev/null | grep -q '^[0-9]* (lvsd) [A-Y] {pid} ' || fail 'pulse holds no service any more; run again'
{owes}
kill -HUP {pid} || exit"#
    )
}

/// Weights are no part of it where they rise slowly.
fn await_kernel(shows: &[String], patience: u32, without_weights: bool) -> String {
    let mut prefixes: Vec<String> = Vec::new();
    for line in shows.iter().filter(|line| line.starts_with("-A ")) {
        let key: Vec<&str> = line.split(' ').skip(1).take(2).collect();
        prefixes.extend([format!("'-A {} '*", key.join(" ")), format!("'-a {} '*", key.join(" "))]);
    }
    if prefixes.is_empty() {
        return ":".to_owned();
    }
    format!(
        r#"table() {{
  ipvsadm -S -n 2>/dev/null | sed -e 's/  */ /g' -e 's/ $//' -e 's/ --tun-type ipip//'{weights} | while read -r line; do
    case $line in ({cases}) printf '%s\n' "$line" ;; esac
  done | sort
}}
count=0
while [ $count -lt {tenths} ] && [ "$(table)" != {lines} ]; do
  if sleep 0.1 2>/dev/null; then count=$((count + 1)); else sleep 1; count=$((count + 10)); fi
done"#,
        cases = prefixes.join("|"),
        weights = if without_weights { " -e '/^-a/s/ -w [0-9]*//'" } else { "" },
        tenths = patience * 10,
        lines = sh::word(&shows.join("\n")),
    )
}
