//! A conversation with a device that asks for the next line with a prompt.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::transport::{Shell, Terminal};

/// The most that a device may show before it asks for the next line, in bytes.
const SCREEN_LIMIT: usize = 256 << 10;

/// The longest line that can be a prompt, in bytes.
const PROMPT_LIMIT: usize = 200;

/// Types lines, each when the device asks for it, and gives what it showed to each.
///
/// # Errors
/// There is no session, the device shows too much, in answer to one line or to all, or ends it.
pub(super) async fn converse(shell: &dyn Shell, lines: &[String], largest: u64) -> io::Result<Vec<String>> {
    let mut terminal = shell.open().await?;
    let greeting = shown(&mut *terminal, None).await?;
    let stem = stem(last_line(&greeting)).to_owned();
    let mut answers = Vec::with_capacity(lines.len());
    let mut bytes = 0;
    for line in lines {
        terminal.write_all(format!("{line}\r").as_bytes()).await?;
        terminal.flush().await?;
        let screen = shown(&mut *terminal, Some(&stem)).await?;
        let answer = answer(&screen, line);
        bytes += answer.len() as u64;
        if bytes > largest {
            let why = format!("the device shows more than {largest} bytes in answer to all lines");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        answers.push(answer);
    }
    Ok(answers)
}

/// What is shown until the device asks for a line. A prompt begins as the first one did, where that is known.
async fn shown(terminal: &mut dyn Terminal, stem: Option<&str>) -> io::Result<String> {
    let mut screen = Vec::new();
    let mut buffer = [0; 4096];
    let mut has_line = false;
    loop {
        let read = terminal.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the device ended the session"));
        }
        screen.extend_from_slice(buffer.get(..read).unwrap_or_default());
        if screen.len() > SCREEN_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the device shows more than 256 KiB"));
        }
        // Only the end of it may be a prompt: to look at all of it each time would cost a device that sends single bytes
        // nothing, and the host the square of them.
        let from = screen.len().saturating_sub(2 * PROMPT_LIMIT);
        let text = String::from_utf8_lossy(screen.get(from..).unwrap_or_default());
        has_line |= buffer.get(..read).is_some_and(|read| read.contains(&b'\n'));
        // What was typed is echoed behind the old prompt: a new one stands on a line of its own.
        if (stem.is_none() || has_line) && is_prompt(last_line(&text), stem) {
            return Ok(String::from_utf8_lossy(&screen).into_owned());
        }
    }
}

fn last_line(text: &str) -> &str {
    text.rsplit(['\n', '\r']).next().unwrap_or_default()
}

/// `name#`, `name>`, `name(mode)#`, `user@name$`, with a space behind or not.
fn is_prompt(line: &str, stem: Option<&str>) -> bool {
    let line = line.trim_end_matches(' ');
    let ends = line.ends_with(['#', '>', '$', '%']) && line.len() > 1 && line.len() <= PROMPT_LIMIT;
    ends && stem.is_none_or(|known| stem_of(line) == known)
}

fn stem(line: &str) -> &str {
    stem_of(line.trim_end_matches(' '))
}

/// What stands before the mode, which changes in a session.
fn stem_of(prompt: &str) -> &str {
    prompt.split(['(', '#', '>', '$', '%']).next().unwrap_or_default()
}

/// What stands between the line as it was echoed and the prompt.
fn answer(screen: &str, line: &str) -> String {
    let shown = screen.rsplit_once('\n').map_or("", |(shown, _)| shown);
    let (first, rest) = shown.split_once('\n').unwrap_or((shown, ""));
    let kept = if first.trim_end().ends_with(line) { rest } else { shown };
    kept.replace('\r', "").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream, duplex};

    use super::*;

    /// A device that greets, echoes, answers and asks again; `exit` ends it.
    #[derive(Debug)]
    struct Device(&'static str);

    #[async_trait]
    impl Shell for Device {
        async fn open(&self) -> io::Result<Box<dyn Terminal>> {
            let (here, there) = duplex(1 << 20);
            tokio::spawn(play(there, self.0));
            Ok(Box::new(here))
        }
    }

    async fn play(stream: DuplexStream, answer: &str) -> io::Result<()> {
        let mut device = BufReader::new(stream);
        device.write_all(b"Welcome # to edge\r\n\r\nedge# ").await?;
        loop {
            let mut typed = Vec::new();
            device.read_until(b'\r', &mut typed).await?;
            let typed = String::from_utf8_lossy(&typed).trim_end().to_owned();
            if typed == "exit" || typed.is_empty() {
                return Ok(());
            }
            let mode = if typed == "configure" { "(config)" } else { "" };
            device.write_all(format!("{typed}\r\n{answer}\r\nedge{mode}# ").as_bytes()).await?;
        }
    }

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[tokio::test]
    async fn has_an_answer_to_each_line() {
        let answers = converse(&Device("one\r\nother# two"), &lines(&["configure", "show x"])).await.unwrap();
        assert_eq!(answers, ["one\nother# two", "one\nother# two"]);
    }

    #[tokio::test]
    async fn ends_where_the_device_ends() {
        let ended = converse(&Device(""), &lines(&["exit", "show"])).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
        let long: &'static str = Box::leak("x".repeat(300_000).into_boxed_str());
        let flooded = converse(&Device(long), &lines(&["show"])).await.unwrap_err();
        assert_eq!(flooded.kind(), io::ErrorKind::InvalidData);
    }
}
