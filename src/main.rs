//! The program: everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    lvs_ftp::cli::main().into()
}
