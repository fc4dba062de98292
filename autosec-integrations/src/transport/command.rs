use std::fmt::Debug;
use std::io;
use std::process::Stdio;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::Command;

/// The most of what a command writes that is kept, in bytes, of each of its two outputs.
const OUTPUT_LIMIT: u64 = 64 << 10;

/// What a program is told of this process's environment; the rest may hold secrets, and none of it is meant for a program.
const TOLD: [&str; 7] = ["PATH", "HOME", "TMPDIR", "XTABLES_LOCKFILE", "SystemRoot", "TEMP", "TMP"];

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

    /// The same for a program that is given something to read.
    ///
    /// # Errors
    /// As for [`run`](Self::run). A runner that cannot give programs anything is [`Unsupported`](io::ErrorKind::Unsupported)
    /// unless the input is empty.
    async fn feed(&self, program: &str, arguments: &[&str], input: &[u8]) -> io::Result<Finished> {
        if input.is_empty() {
            return self.run(program, arguments).await;
        }
        let why = "this command runner cannot give programs anything to read";
        Err(io::Error::new(io::ErrorKind::Unsupported, why))
    }
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

/// Commands of this machine, run as the user of the host program, in the C locale. Of its environment they see the path to
/// programs and the folders of its user, and nothing else: secrets may be kept in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalCommands;

#[async_trait]
impl CommandRunner for LocalCommands {
    async fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Finished> {
        self.feed(program, arguments, &[]).await
    }

    async fn feed(&self, program: &str, arguments: &[&str], input: &[u8]) -> io::Result<Finished> {
        let mut command = Command::new(program);
        let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
        let told = TOLD.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.args(arguments).env_clear().envs(told).env("LC_ALL", "C").stdin(stdin).kill_on_drop(true);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (given, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let ((), output, errors, status) =
            tokio::try_join!(give(given, input), text(output), text(errors), child.wait())?;
        Ok(Finished::new(status.code(), output, errors))
    }
}

/// Gives a program what it is to read. One that ends without having read all is no failure of ours.
async fn give(pipe: Option<impl AsyncWrite + Unpin>, input: &[u8]) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    match pipe.write_all(input).await {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// What a program writes, up to the limit; the rest is read as well, so that the program comes to its end.
async fn text(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let Some(mut pipe) = pipe else { return Ok(String::new()) };
    let mut kept = Vec::new();
    (&mut pipe).take(OUTPUT_LIMIT).read_to_end(&mut kept).await?;
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_how_a_command_ended() {
        let said = LocalCommands.run("printf", &["%s", "a; b $HOME"]).await.unwrap();
        assert!(said.is_success() && said.output == "a; b $HOME", "{said:?}");
        assert_eq!(LocalCommands.run("false", &[]).await.unwrap().status, Some(1));
        let endless = LocalCommands.run("head", &["-c", "9000000", "/dev/zero"]).await.unwrap();
        assert!(endless.is_success() && endless.output.len() == 64 << 10);
        let fed = LocalCommands.feed("cat", &[], b"a\nb").await.unwrap();
        assert_eq!(fed.output, "a\nb");
        let deaf = LocalCommands.feed("true", &[], &[b'x'; 1 << 20]).await.unwrap();
        assert!(deaf.is_success());
        let missing = LocalCommands.run("/nonexistent/program", &[]).await.unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
