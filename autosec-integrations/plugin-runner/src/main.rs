//! A process for one plugin: orders come on standard input, reports go to standard output.
//!
//! The host starts it, with no environment, and ends it; nobody else has a use for it. It ends by itself when the host is gone.

#[cfg(unix)]
mod descriptor;
#[cfg(unix)]
mod process;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    match process::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("autosec-plugin-runner: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("autosec-plugin-runner: isolated plugins need pipes and limits as Unix has them");
    ExitCode::FAILURE
}
