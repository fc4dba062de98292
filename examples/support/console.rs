//! What a program says to the terminal.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Prints the text; a reader who has seen enough is no failure.
pub fn print(text: &str, code: ExitCode) -> ExitCode {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("cannot write the report: {error}"), ExitCode::FAILURE)
        }
        _ => code,
    }
}

pub fn complain(message: &str, code: ExitCode) -> ExitCode {
    // Where nobody can be told, nobody is.
    let _ = writeln!(io::stderr(), "{message}");
    code
}
