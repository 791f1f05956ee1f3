//! A file for /etc/cron.d (crontab(5), cron(8)).

use super::{Job, Unit};
use crate::format::sh;
use camino::Utf8Path;

/// Debian's cron passes over a line whose command is longer (MAX_COMMAND, with its end).
const LONGEST: usize = 999;

/// The file.
pub(super) fn file(job: &Job<'_>) -> Result<Unit, String> {
    let schedule = job.schedule;
    let (minute, hour) = schedule.every.cron(schedule.offset)?;
    let mailto = schedule.mailto.as_ref().map(|address| format!("MAILTO={address}\n")).unwrap_or_default();
    Ok(Unit {
        path: Utf8Path::new("/etc/cron.d").join(&schedule.name),
        text: format!(
            "# Kept by `lvs-ftp schedule cron --install`.\nSHELL=/bin/sh\n\
             PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n{mailto}\
             {minute} {hour} * * * {} {}\n",
            schedule.user,
            command(job)?
        ),
    })
}

fn command(job: &Job<'_>) -> Result<String, String> {
    let words = job.words.iter().map(String::as_str).chain([job.folder.as_str()]);
    if let Some(word) = words.into_iter().find(|word| word.contains('\\')) {
        return Err(format!("crons read a backslash in different ways: leave it out of {word:?}, or use systemd"));
    }
    let line = format!("cd {} && exec {}", sh::words([job.folder.as_str()]), sh::words(&job.words));
    // cron takes a bare % for the end of the command, whatever the quotes around it.
    let line = line.replace('%', "\\%");
    if line.len() > LONGEST {
        let hint = "shorten the paths, or use systemd";
        return Err(format!("cron takes a command of {LONGEST} bytes, and this one has {}: {hint}", line.len()));
    }
    Ok(line)
}
