//! Each step as sh text. Plain POSIX sh: dash, bash 3 and busybox run it alike.

use crate::{
    format::{cksum::cksum, sh},
    plan::{Step, block},
    probe::{CHANGED, stamp_path},
};
use camino::Utf8Path;

/// Seconds that a rule change waits for somebody else's lock on the packet filter.
const LOCK_WAIT: &str = "10";

/// The text that makes a step. It ends with status 0 only when the step was made.
pub(super) fn script(step: &Step) -> String {
    match step {
        Step::Rules { command, waits_for_lock, table, edits } => {
            let mut words = command.sibling("-restore");
            words.push("--noflush".to_owned());
            if *waits_for_lock {
                words.extend(["-w".to_owned(), LOCK_WAIT.to_owned()]);
            }
            format!("{} | {}", sh::print(&block(table, edits)), sh::words(words))
        }
        Step::Ipvsadm(words) => sh::words(std::iter::once("ipvsadm").chain(words.iter().map(String::as_str))),
        Step::IpForward => "echo 1 >/proc/sys/net/ipv4/ip_forward".to_owned(),
        Step::VsftpdConf { path, observed, text } => replace(path, observed, text),
        Step::VsftpdReload { conf, daemons } => reload(conf, daemons),
    }
}

/// Replaces vsftpd.conf: compared, written beside, compared again, tried by vsftpd itself, then renamed. Whatever
/// fails before the rename leaves the old file, and nothing else.
///
/// vsftpd tries the file with its listening switched off by two lines more, and says on its standard input, opened for
/// writing too, that it is "not configured for standalone"; an unfit file makes it say "500 OOPS".
fn replace(path: &Utf8Path, observed: &str, text: &[u8]) -> String {
    format!(
        r#"conf={path}
if [ -h "$conf" ]; then conf=$(readlink -f -- "$conf") || exit; fi
fail() {{ echo "$1" >&2; exit 1; }}
[ "$(cksum <"$conf")" = '{observed}' ] || fail "$conf was changed by somebody else since it was read; run again"
command -v vsftpd >/dev/null 2>&1 || fail "vsftpd is not there: install it, or mend the PATH"
new=${{conf%/*}}/.${{conf##*/}}.lvs-ftp-new
trap 'rm -f -- "$new" "$new-try" "$new-says" "$new-old"' EXIT
rm -f -- "$new" "$new-try" "$new-says" "$new-old" || exit
cp -a -- "$conf" "$new" 2>/dev/null || cp -p -- "$conf" "$new" || exit
{print} >"$new" || exit
[ "$(cksum <"$new")" = '{wanted}' ] || fail "the new $conf was not written whole: is the disk full?"
umask 077
{{ cat -- "$new" && printf '\nlisten=NO\nlisten_ipv6=NO\n'; }} >"$new-try" || exit
vsftpd "$new-try" 0<>"$new-says" >/dev/null
case $(cat -- "$new-says") in
*'not configured for standalone'*) ;;
*) fail "vsftpd refuses the new $conf: $(cat -- "$new-says")" ;;
esac
sync -- "$new" 2>/dev/null || sync
ln -- "$conf" "$new-old" 2>/dev/null || cp -a -- "$conf" "$new-old" 2>/dev/null || cp -p -- "$conf" "$new-old" || exit
mv -f -- "$new" "$conf" || exit
mv -f -- "$new-old" "$conf.lvs-ftp-old" || exit
sync -- "${{conf%/*}}" 2>/dev/null || sync
[ "$(cksum <"$conf")" = '{wanted}' ] || fail "$conf is not what was written""#,
        path = sh::word(path.as_str()),
        print = sh::print(text),
        wanted = cksum(text),
    )
}

/// Tells each daemon, if it is still the same process, and leaves the stamp that says what it has read.
fn reload(conf: &Utf8Path, daemons: &[(u32, u64)]) -> String {
    let stamp = stamp_path(conf);
    let (folder, _) = stamp.rsplit_once('/').unwrap_or(("/", ""));
    let mut text = format!(
        "conf={}; stamp={}\nsum=$(cksum <\"$conf\") || exit\nchanged=$({CHANGED} -- \"$conf\" 2>/dev/null)\nmkdir -p {folder} || exit\n: >\"$stamp.new\" || exit\n",
        sh::word(conf.as_str()),
        sh::word(&stamp),
    );
    for (pid, start) in daemons {
        text.push_str(&format!(
            "case $(cat /proc/{pid}/stat 2>/dev/null) in\n'{pid} (vsftpd) '*' {start} '*) ;;\n\
             *) echo 'vsftpd, process {pid}, is gone; run again' >&2; exit 1 ;;\nesac\n\
             kill -HUP {pid} || exit\necho \"{pid} {start} $sum $changed\" >>\"$stamp.new\" || exit\n"
        ));
    }
    text.push_str("mv -f -- \"$stamp.new\" \"$stamp\"");
    text
}
