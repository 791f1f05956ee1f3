//! An edit of the IPVS table as sh text: made only while the kernel shows what the edit starts from. What is new the kernel
//! itself refuses when it is there already.

use crate::{
    format::{ipvs::ServiceKey, sh},
    plan::{IpvsEdit, Sight},
};

/// The text that makes an edit, or fails with what it is about and this complaint.
pub(super) fn script(edit: &IpvsEdit, complaint: &str) -> String {
    let make = sh::words(std::iter::once("ipvsadm".to_owned()).chain(edit.words()));
    let sight = edit.sight();
    if sight.lines.is_empty() {
        return make;
    }
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
    text.push_str(&make);
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::script;
    use crate::{
        format::{ipvs::IpvsTable, ipvs_thresholds, sh},
        plan::{Edit, IpvsEdit},
    };

    const SHELLS: [&[&str]; 3] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"]];

    /// Every table that the real ipvsadm printed in the lab is seen as it was read: each service and destination could go.
    /// With another weight or threshold it could not.
    #[test]
    fn recorded_tables_are_seen_as_they_were_read() {
        let cases = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/recorded")).unwrap();
        let mut edits = 0;
        for folder in cases.map(|case| case.unwrap().path()) {
            let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
            let (Ok(saved), Ok(listed)) =
                (std::fs::read(file("save.stdout")), std::fs::read(file("thresholds.stdout")))
            else {
                continue;
            };
            let mut table = IpvsTable::parse(&saved).unwrap();
            ipvs_thresholds::join(&mut table, &listed).unwrap();
            let ipvsadm = format!(
                "ipvsadm() {{ case \"$*\" in '-S -n') cat {} ;; '-L -n --thresholds') cat {} ;; *) echo \"made $*\" ;; esac; }}\n",
                sh::word(&file("save.stdout")),
                sh::word(&file("thresholds.stdout"))
            );
            for service in table.services {
                let shell = SHELLS[edits % 3];
                let made = |edit: &IpvsEdit| {
                    let text = format!("{ipvsadm}{}", script(edit, "is another"));
                    let command = duct::cmd(shell[0], &shell[1..]).stdin_bytes(text).stderr_to_stdout();
                    command.unchecked().read().unwrap()
                };
                for one in &service.destinations {
                    let edit = |one| IpvsEdit::Destination(service.key.clone(), Edit::Remove(one));
                    assert_eq!(made(&edit(one.clone())), format!("made -d {} -r {}", service.key, one.address));
                    for other in [(one.weight + 1, one.thresholds), (one.weight, (77, 7))] {
                        let (weight, thresholds) = other;
                        let edit = edit(crate::format::ipvs::Destination { weight, thresholds, ..one.clone() });
                        assert_eq!(made(&edit), format!("{edit} is another"));
                    }
                }
                let edit = IpvsEdit::Service(Edit::Remove(service));
                // ipvsadm 1.31 prints a flag that it has no name for as nothing; that blank is not kept.
                assert_eq!(made(&edit), format!("made -D {}", edit.key()), "{folder:?} {shell:?}");
                edits += 1;
            }
        }
        assert!(edits > 20, "{edits}");
    }
}
