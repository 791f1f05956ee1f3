//! An edit of the IPVS table as sh text: made only while the kernel shows what the edit starts from.

use crate::{
    format::{ipvs::ServiceKey, sh},
    plan::{IpvsEdit, Sight},
};

/// The text that makes an edit, or fails with what it is about and this complaint.
pub(super) fn script(edit: &IpvsEdit, complaint: &str) -> String {
    let sight = edit.sight();
    let shown = |lines: &[String]| sh::word(&lines.join("\n"));
    let cases: Vec<String> = sight.prefixes.iter().map(|prefix| format!("{}*", quoted(prefix))).collect();
    // No test makes the kernel wait for us: somebody can still come between this and the edit, but hardly.
    let mut text = format!(
        r#"fail() {{ printf '%s\n' {complaint} >&2; exit 1; }}
table=$(ipvsadm -S -n) || exit
[ "$(printf '%s\n' "$table" | sed -e 's/  */ /g' -e 's/ $//' -e {implied} | while read -r line; do
  case $line in ({cases}) printf '%s\n' "$line" ;; esac
done | sort)" = {lines} ] || fail
"#,
        complaint = sh::word(&format!("{edit} {complaint}")),
        implied = sh::word(&format!("s/{}//", Sight::IMPLIED)),
        cases = cases.join("|"),
        lines = shown(&sight.lines),
    );
    if !sight.thresholds.is_empty() {
        let addresses: Vec<String> =
            sight.thresholds.iter().filter_map(|line| line.split(' ').next()).map(quoted).collect();
        text.push_str(&format!(
            r#"table=$(ipvsadm -L -n --thresholds) || exit
[ "$(printf '%s\n' "$table" | while read -r first second third fourth rest; do
  case $first in (FWM | TCP | UDP | SCTP)
    service="$first $second"; [ "$third" != IPv6 ] || service="$service IPv6" ;;
  ('->') [ "$service" != {service} ] || case $second in ({addresses}) echo "$second $third $fourth" ;; esac ;;
  esac
done | sort)" = {thresholds} ] || fail
"#,
            service = sh::word(&listed(edit.key())),
            addresses = addresses.join("|"),
            thresholds = shown(&sight.thresholds),
        ));
    }
    text.push_str(&sh::words(std::iter::once("ipvsadm".to_owned()).chain(edit.words())));
    text
}

/// A word in a pattern of `case`, where a blank would end it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// How `ipvsadm -L` begins a service's line.
fn listed(key: &ServiceKey) -> String {
    let words: Vec<&str> = key.words().iter().map(String::as_str).collect();
    match words[..] {
        ["-f", mark, "-6"] => format!("FWM {mark} IPv6"),
        ["-f", mark, ..] => format!("FWM {mark}"),
        ["-t", address, ..] => format!("TCP {address}"),
        ["-u", address, ..] => format!("UDP {address}"),
        _ => format!("SCTP {}", words.last().copied().unwrap_or_default()),
    }
}
