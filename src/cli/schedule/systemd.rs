//! A service and its timer (systemd.service(5), systemd.timer(5)).

use super::{Job, Unit, hardening};
use camino::Utf8Path;

/// The two units.
pub(super) fn units(job: &Job<'_>) -> Result<[Unit; 2], String> {
    let schedule = job.schedule;
    let calendar = schedule.every.calendar(schedule.offset)?;
    // systemd does not wait for ssh connections that outlive a run: it ends them with the service.
    let keeps = ["--no-keep".to_owned()];
    let keeps = if job.words.iter().any(|word| *word == keeps[0]) { &[][..] } else { &keeps[..] };
    let words: Vec<String> = job.words.iter().chain(keeps).map(|word| quoted(word)).collect();
    let service = format!(
        "# Kept by `lvs-ftp schedule systemd --install`.\n[Unit]\n\
         Description=lvs-ftp keeps FTP clusters in their desired state\n\
         Documentation=man:lvs-ftp(1) man:lvs-ftp-apply(1)\n\
         Wants=network-online.target\nAfter=network-online.target\n\n\
         [Service]\nType=oneshot\nUser={}\nWorkingDirectory={}\nExecStart={}\n\
         # A stop lets each host end the step in hand; ssh must live until then.\n\
         KillMode=mixed\nTimeoutStopSec=240\n{}",
        schedule.user,
        job.folder.as_str().replace('%', "%%"),
        words.join(" "),
        hardening::lines(job)
    );
    let timer = format!(
        "# Kept by `lvs-ftp schedule systemd --install`.\n[Unit]\n\
         Description=Runs {name}.service every so often\nDocumentation=man:lvs-ftp-schedule(1)\n\n\
         [Timer]\nOnCalendar={calendar}\nAccuracySec=1s\nPersistent=true\nUnit={name}.service\n\n\
         [Install]\nWantedBy=timers.target\n",
        name = schedule.name
    );
    let unit = |kind: &str, text| Unit {
        path: Utf8Path::new("/etc/systemd/system").join(format!("{}.{kind}", schedule.name)),
        text,
    };
    Ok([unit("service", service), unit("timer", timer)])
}

/// A word of a command line: no specifier, no variable, no escape, no separator.
pub(super) fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_@+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    let escaped: String = word
        .chars()
        .flat_map(|c| match c {
            '%' | '$' => vec![c, c],
            '"' | '\\' => vec!['\\', c],
            c => vec![c],
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_systemd_would_take_for_more() {
        for (word, text) in [
            ("--log=/var/log/x.log", "--log=/var/log/x.log"),
            ("", "\"\""),
            (";", "\";\""),
            ("a b", "\"a b\""),
            ("50%", "\"50%%\""),
            ("$HOME ${x}", "\"$$HOME $${x}\""),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("it's", "\"it's\""),
        ] {
            assert_eq!(quoted(word), text);
        }
    }
}
