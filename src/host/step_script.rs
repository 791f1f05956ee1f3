//! Each step as sh text. Plain POSIX sh: dash, bash 3 and busybox run it alike.

use super::{director_script, guard, ipvs_script};
use crate::{
    format::{cksum::cksum, sh},
    lvs::InterfaceAddress,
    plan::{Place, Proof, RuleEdit, Step, block},
    probe::{ARP_FOLDER, CHANGED, EXPIRE_QUIESCENT_TEMPLATE, IptablesCommand, TICKS, stamp_path, sysctl_path},
};
use camino::Utf8Path;

/// Seconds that a rule change waits for somebody else's lock on the packet filter.
const LOCK_WAIT: &str = "10";

/// The text that makes a step. It ends with status 0 only when the step was made.
pub(super) fn script(step: &Step) -> String {
    match step {
        Step::Rules { command, waits_for_lock, table, edits } => rules(command, *waits_for_lock, table, edits),
        Step::Ipvsadm(edit) => ipvs_script::script(edit, "was changed by somebody else since it was read; run again"),
        Step::EndUndoGuard { name, armed } => guard::end(name, *armed),
        Step::IpForward => "echo 1 >/proc/sys/net/ipv4/ip_forward".to_owned(),
        Step::KeepTemplates => format!("echo 0 >{EXPIRE_QUIESCENT_TEMPLATE}"),
        Step::Sysctl { name, value } => {
            format!("printf '%s\\n' {} >{}", sh::word(value), sh::word(&sysctl_path(name)))
        }
        Step::QuietArp => format!("echo 1 >{ARP_FOLDER}/arp_ignore && echo 2 >{ARP_FOLDER}/arp_announce"),
        Step::Address(address) => bring_up(address),
        Step::File { path, observed, text, proof } => file(path, observed.as_deref(), text, proof),
        Step::VsftpdReload { conf, tried, daemons } => reload(conf, tried.as_deref(), daemons),
        Step::Director { daemon, act, shows, patience } => director_script::script(*daemon, act, shows, *patience),
        Step::Service { manager, name, act } => service(&manager.command(name, act)),
        Step::Person(what) => format!("echo {} >&2; exit 1", sh::word(what)),
    }
}

/// Brings an address up, and tells its network where there is a tool for that. tunl0 comes with its module.
fn bring_up(address: &InterfaceAddress) -> String {
    let InterfaceAddress { address, prefix, device } = address;
    let device = sh::word(device);
    let tunnel = if device == "tunl0" { "modprobe ipip 2>/dev/null || :; ip link set tunl0 up || exit\n" } else { "" };
    let tell = if device == "lo" || device == "tunl0" {
        ":".to_owned()
    } else {
        format!("! command -v arping >/dev/null 2>&1 || arping -q -U -c 2 -I {device} {address} >/dev/null 2>&1 || :")
    };
    format!("{tunnel}ip addr add {address}/{prefix} dev {device} || exit\n{tell}")
}

/// A new file gets the label that the host's SELinux policy has for it; a replaced one keeps its own.
const LABEL: &str = "! command -v restorecon >/dev/null 2>&1 || restorecon -- \"$conf\" 2>/dev/null || :";

/// The copy of the old file. A run that died may have made it already: as a link, which mv refuses to overwrite.
const KEEP: &str = r#"older=; [ ! -e "$kept" ] || older=yes
if ! [ "$conf" -ef "$kept" ]; then
  [ -d "${kept%/*}" ] || (umask 077; mkdir -p -- "${kept%/*}") || exit
  if [ -n "$older" ] || ! ln -- "$conf" "$kept" 2>/dev/null; then
    ln -- "$conf" "$half" 2>/dev/null || cp -a -- "$conf" "$half" 2>/dev/null || cp -p -- "$conf" "$half" || exit
    mv -f -- "$half" "$kept" || exit
  fi
fi"#;

/// Where the copy goes: beside the file. Of a folder of /etc that is not known to be read by names alone, a daemon may
/// read every file (ifupdown, cron, logrotate, network-scripts), whatever its name: then it goes where nobody reads.
const KEPT: &str = r"kept=$conf.lvs-ftp-old half=$new-old
case ${conf%/*} in
/etc/vsftpd | /etc/keepalived | /etc/sysconfig/ha | /etc/default | /etc/sysconfig | /etc/iptables) ;;
/etc/*) kept=/var/lib/lvs-ftp/old$conf; half=$kept.lvs-ftp-new ;;
esac";

/// Writes a folder to the disk, or with older tools a file of it, with which its name goes there. Tools of before
/// coreutils 8.24, and of some busybox, take a file's name and then write out the whole system, which may take minutes.
const SYNC: &str = r#"how=
to_disk() {
  [ -n "$how" ] || how=$(sync --help 2>&1) || :
  case $how in
  *FILE*) sync -- "$1" 2>/dev/null ;;
  *) dd if=/dev/null of="$2" conv=notrunc,fsync 2>/dev/null || { sync >/dev/null 2>&1 & } ;;
  esac
}"#;

/// Removes what may be left of a file's making, `-says` by versions before this. Mostly nothing is: then no process is needed.
const CLEAR: &str = r#"set --
for left in "$new" "$new-try" "$new-says" "$half"; do
  ! [ -e "$left" ] && ! [ -h "$left" ] || set -- "$@" "$left"
done
[ $# = 0 ] || rm -f -- "$@""#;

/// Replaces a file, or writes a new one: written beside, proved, compared, then renamed. Whatever fails before the rename
/// leaves the old file, and nothing else. Whoever is killed behind it leaves the new file, the copy of the old one and
/// nothing else: no later run would look here again. What is left before it, the next run clears away.
fn file(path: &Utf8Path, observed: Option<&str>, text: &[u8], proof: &Proof) -> String {
    let changed = r#"fail "$conf was changed by somebody else since it was read; run again""#;
    let made = r#"[ ! -e "$conf" ] || fail "$conf was made by somebody else since it was looked for; run again""#;
    // A copy of what is no file would not be cleared away.
    let (ready, compare) = match observed {
        Some(sum) => {
            (format!(r#"[ -f "$conf" ] || {changed}"#), format!(r#"[ "$(cksum <"$conf")" = '{sum}' ] || {changed}"#))
        }
        None => (made.to_owned(), made.to_owned()),
    };
    let (copy, keep, unkeep, label) = match observed {
        Some(_) => (
            "cp -a -- \"$conf\" \"$new\" 2>/dev/null || cp -p -- \"$conf\" \"$new\" || exit",
            KEEP,
            "[ -n \"$older\" ] || rm -f -- \"$kept\"",
            ":",
        ),
        None if matches!(proof, Proof::PacketFilter { .. }) => ("(umask 077; : >\"$new\") || exit", ":", ":", LABEL),
        None => (": >\"$new\" || exit", ":", ":", LABEL),
    };
    let (needs, first) = if *proof == Proof::Vsftpd {
        let try_it =
            format!("{{ text; {STAY_AWAY}; }} >\"$new\" || exit\ntried=$new what=\"the new $conf\"\n{ASK_VSFTPD}");
        (VSFTPD_IS_THERE, try_it)
    } else {
        (":", ":".to_owned())
    };
    format!(
        r#"conf={path}
fail() {{ printf '%s\n' "$1" >&2; exit 1; }}
if [ -h "$conf" ]; then
  real=$(readlink -f -- "$conf") || fail "$conf is a link that leads nowhere: mend it or remove it"
  conf=$real
fi
{ready}
{needs}
new=${{conf%/*}}/.${{conf##*/}}.lvs-ftp-new
{KEPT}
{SYNC}
clear() {{ {CLEAR}
}}
trap clear EXIT
clear || exit
{copy}
text() {{ {print}; }}
{first}
text >"$new" || exit
[ "$(cksum <"$new")" = '{wanted}' ] || fail "the new $conf was not written whole: is the disk full?"
{prove}
to_disk "$new" "$new"
{compare}
{keep}
mv -f -- "$new" "$conf" || {{
  {unkeep}
  fail "$conf cannot be replaced: is it immutable, or a mount point of its own?"
}}
{label}
to_disk "${{conf%/*}}" "$conf" || :"#,
        path = sh::word(path.as_str()),
        print = sh::print(text),
        wanted = cksum(text),
        prove = prove(proof),
    )
}

/// The text that shows a new file to be fit, or fails.
fn prove(proof: &Proof) -> String {
    match proof {
        // vsftpd has tried the text already.
        Proof::None | Proof::Vsftpd => ":".to_owned(),
        Proof::Keepalived { checks } => director_script::prove(checks),
        // A scratch namespace shows more than --test, and cannot touch the running table: there, a legacy --test makes each
        // table that the file names and the kernel never had. Where none can be made, or where the old file does not load
        // in one either (it names an ipset of the host, say), --test has to do. So it has where the command is more than
        // its program: `ip netns exec …` would lead out of the scratch namespace again, to the running table.
        Proof::PacketFilter { command, waits_for_lock } => {
            let restore = sh::words(restore_words(command, *waits_for_lock));
            // A program may lead out of it too: one that sees rules in a fresh namespace does not look at that.
            let scratch = if command.prefix().is_empty() {
                let save = sh::words(command.sibling("-save"));
                format!("unshare -n true 2>/dev/null && ! unshare -n {save} 2>/dev/null | grep -q -e '^-A'")
            } else {
                "false".to_owned()
            };
            format!(
                r#"refuse() {{ fail "the new $conf does not load:
$(printf '%s\n' "$says" | grep -v -e '^Try ' -e '^$')"; }}
loads=
if {scratch}; then
  if says=$(unshare -n {restore} <"$new" 2>&1); then
    loads=yes
  elif [ ! -e "$conf" ] || unshare -n {restore} <"$conf" >/dev/null 2>&1; then
    refuse
  fi
fi
[ -n "$loads" ] || says=$({restore} --test <"$new" 2>&1) || refuse"#
            )
        }
    }
}

/// Before anything is written: without vsftpd nothing can be tried.
const VSFTPD_IS_THERE: &str =
    r#"command -v vsftpd >/dev/null 2>&1 || fail "vsftpd is not there: install it, or mend the PATH""#;

/// Prints what keeps vsftpd from listening: behind the text of a file, two lines more.
const STAY_AWAY: &str = r"printf '\nlisten=NO\nlisten_ipv6=NO\n'";

/// vsftpd tries the file `$tried`, which ends with these lines. It says on its standard input, opened for writing, that it
/// is "not configured for standalone"; of an unfit file it says "500 OOPS".
const ASK_VSFTPD: &str = r#"says=$(vsftpd "$tried" 0>&1 >/dev/null)
case $says in
*'not configured for standalone'*) ;;
*) fail "vsftpd refuses $what: $says" ;;
esac"#;

/// A block of rules, all of them or none. Numbers hold only while the chain is as it was observed.
fn rules(command: &IptablesCommand, waits_for_lock: bool, table: &str, edits: &[RuleEdit]) -> String {
    let mut text = String::new();
    let mut seen = Vec::new();
    for edit in edits {
        if let RuleEdit::Insert { chain, place: Place::Before(_), observed, .. } = edit
            && !seen.contains(&(chain, observed))
        {
            seen.push((chain, observed));
            text.push_str(&format!(
                "now=$({save}) || exit\n\
                 [ \"$(printf '%s\\n' \"$now\" | sed -n -e 's/[[:space:]]*$//' -e '/^-A {chain} /p' | cksum)\" = '{observed}' ] || \
                 {{ echo '{table} {chain} was changed by somebody else since it was read; run again' >&2; exit 1; }}\n",
                save = sh::words([&command.sibling("-save")[..], &["-t".to_owned(), table.to_owned()]].concat()),
            ));
        }
    }
    let mut words = restore_words(command, waits_for_lock);
    words.push("--noflush".to_owned());
    text.push_str(&format!("{} | {}", sh::print(&block(table, edits)), sh::words(words)));
    text
}

/// The words that restore a packet filter, waiting a while for its lock.
pub(super) fn restore_words(command: &IptablesCommand, waits_for_lock: bool) -> Vec<String> {
    let mut words = command.sibling("-restore");
    if waits_for_lock {
        words.extend(["-w".to_owned(), LOCK_WAIT.to_owned()]);
    }
    words
}

/// Runs a service command. What it starts may keep its output open for ever, so that goes through a file, which has no
/// name any more when the command begins: whoever is killed then leaves nothing.
pub(super) fn service(command: &str) -> String {
    format!(
        "says=/var/run/lvs-ftp/says; mkdir -p /var/run/lvs-ftp && : >\"$says\" && exec 4<\"$says\" || exit\n\
         (rm -f -- \"$says\"; {command}) >\"$says\" 2>&1 4<&-; status=$?\n\
         [ $status = 0 ] || cat <&4 >&2\nexit $status"
    )
}

/// Tells each daemon, if it is still the same process, and leaves the stamp that says what it has read. vsftpd tries the
/// file first, if it has not yet: a SIGHUP with a file that it refuses would end the daemon.
fn reload(conf: &Utf8Path, tried: Option<&str>, daemons: &[(u32, u64)]) -> String {
    let stamp = stamp_path(conf);
    let (folder, _) = stamp.rsplit_once('/').unwrap_or(("/", ""));
    let mut text = format!(
        r#"conf={conf}; stamp={stamp}
fail() {{ printf '%s\n' "$1" >&2; exit 1; }}
{VSFTPD_IS_THERE}
sum=$(cksum <"$conf") || exit
changed=$({CHANGED} -- "$conf" 2>/dev/null)
[ -d {folder} ] || mkdir -p {folder} || exit
new=$stamp.new half=
clear() {{ {CLEAR}
}}
trap clear EXIT
clear || exit
if [ "$sum" != '{known}' ]; then
cp -p -- "$conf" "$new-try" && {STAY_AWAY} >>"$new-try" || exit
tried=$new-try what=$conf
{ASK_VSFTPD}
rm -f -- "$new-try" || exit
fi
: >"$new" || exit
"#,
        known = tried.unwrap_or_default(),
        conf = sh::word(conf.as_str()),
        stamp = sh::word(&stamp),
    );
    for (pid, start) in daemons {
        text.push_str(&format!(
            "line=; {{ read -r line </proc/{pid}/stat; }} 2>/dev/null\n\
             case $line in\n'{pid} (vsftpd) '*' {start} '*) ;;\n\
             *) fail 'vsftpd, process {pid}, is gone; run again' ;;\nesac\n\
             kill -HUP {pid} || exit\necho \"{pid} {start} $({TICKS}) $sum $changed\" >>\"$new\" || exit\n"
        ));
    }
    text.push_str("mv -f -- \"$new\" \"$stamp\"");
    text
}
