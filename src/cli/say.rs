//! What the program says: data on standard output, everything else on standard error.

use super::Exit;
use std::io::Write;

/// A warning, in Ansible's shape.
pub(super) fn warning(text: &str) {
    line(&format!("[WARNING]: {}", crate::format::printable(text)));
}

/// A line on standard error. When that is closed there is nobody left to tell.
pub(super) fn line(text: &str) {
    error(&format!("{text}\n"));
}

/// Text on standard error.
pub(super) fn error(text: &str) {
    let _ = write(&mut anstream::stderr(), text);
}

/// Prints what was asked for. What cannot be printed must not end as if all were well.
pub(super) fn print(text: &str, exit: Exit) -> Exit {
    match write(&mut anstream::stdout(), text) {
        Ok(()) => exit,
        Err(error) => {
            line(&format!("error: failed to write to standard output: {error}"));
            Exit::Failed
        }
    }
}

/// A reader that went away, such as `head`, is no error.
fn write(to: &mut impl Write, text: &str) -> std::io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
