//! `--syslog`: lines to /dev/log as syslog(3) sends them, which journald reads too.
//!
//! No crate: those that are kept well wait without end for a daemon that does not read, and a run must not.

use crate::report::Severity;
use jiff::Zoned;
use std::{io::Result, os::unix::net::UnixDatagram, time::Duration};

const SOCKET: &str = "/dev/log";
/// The facility `daemon`.
const DAEMON: u8 = 3;
/// RFC 3164 has no longer messages.
const LONGEST: usize = 1024;
/// How long a daemon that does not read is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends the lines, and stops at the first that cannot be sent.
pub(super) fn send(lines: &[(Severity, String)]) -> Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.connect(SOCKET)?;
    let now = Zoned::now();
    for (severity, text) in lines {
        socket.send(message(*severity, &now, text).as_bytes())?;
    }
    Ok(())
}

/// `<29>Nov  6 20:55:00 lvs-ftp[123]: text`, in local time; what is cut off is shown to be.
fn message(severity: Severity, now: &Zoned, text: &str) -> String {
    let priority = DAEMON * 8 + severity as u8;
    let mut message = format!("<{priority}>{} lvs-ftp[{}]: {text}", now.strftime("%b %e %H:%M:%S"), std::process::id());
    if message.len() > LONGEST {
        let end = (0..=LONGEST - '…'.len_utf8()).rev().find(|at| message.is_char_boundary(*at)).unwrap_or_default();
        message.truncate(end);
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::{LONGEST, message};
    use crate::report::Severity;

    #[test]
    fn as_syslog_sends_it() {
        let now = "2026-11-06T20:55:00+01:00[+01:00]".parse().unwrap();
        let text = message(Severity::Notice, &now, "lvs1: changed");
        assert_eq!(text, format!("<29>Nov  6 20:55:00 lvs-ftp[{}]: lvs1: changed", std::process::id()));
        for long in ["x".repeat(5000), "東".repeat(5000)] {
            let text = message(Severity::Error, &now, &long);
            assert!(text.len() <= LONGEST && text.len() > LONGEST - 6 && text.ends_with('…'), "{}", text.len());
        }
    }
}
