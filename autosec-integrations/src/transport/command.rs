use std::fmt::Debug;
use std::io;
use std::process::Stdio;

use async_trait::async_trait;
use tokio::process::Command;

/// The most of what a command writes that is kept, in bytes, of each of its two outputs.
const OUTPUT_LIMIT: usize = 64 << 10;

/// Runs commands.
///
/// There is no shell between: a program is named and given its arguments one by one, so that nothing in them can be taken for
/// anything else.
#[async_trait]
pub trait CommandRunner: Debug + Send + Sync {
    /// Runs a program to its end. When the future is dropped, the program is ended.
    ///
    /// # Errors
    /// The program could not be started or waited for. One that ends with a status of failure is no error here.
    async fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Finished>;
}

/// What became of a command.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finished {
    /// Its exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// What it wrote to standard output, at most 64 KiB.
    pub output: String,
    /// What it wrote to standard error, at most 64 KiB.
    pub errors: String,
}

impl Finished {
    /// An end with this status and these outputs.
    pub fn new(status: Option<i32>, output: impl Into<String>, errors: impl Into<String>) -> Self {
        Self { status, output: output.into(), errors: errors.into() }
    }

    /// Whether it says that it succeeded.
    pub fn is_success(&self) -> bool {
        self.status == Some(0)
    }
}

/// Commands of this machine, run as the user of the host program, in the C locale.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalCommands;

#[async_trait]
impl CommandRunner for LocalCommands {
    async fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Finished> {
        let mut command = Command::new(program);
        command.args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
        let ended = command.output().await?;
        Ok(Finished::new(ended.status.code(), text(&ended.stdout), text(&ended.stderr)))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..OUTPUT_LIMIT).unwrap_or(bytes)).into_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_how_a_command_ended() {
        let said = LocalCommands.run("printf", &["%s", "a; b $HOME"]).await.unwrap();
        assert!(said.is_success() && said.output == "a; b $HOME", "{said:?}");
        assert_eq!(LocalCommands.run("false", &[]).await.unwrap().status, Some(1));
        let missing = LocalCommands.run("/nonexistent/program", &[]).await.unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
