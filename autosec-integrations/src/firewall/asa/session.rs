use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::answer::{Reaction, reaction, words};
use super::command::{CONFIGURE, ENABLE, END, Line, PAGER};
use super::screen::{Ending, Prompt, SCREEN_LIMIT, Screen};
use super::trouble::Trouble;
use crate::transport::Terminal;

/// A terminal at a privileged prompt.
///
/// One line is typed at a time, and nothing before the device asks for the next: so an answer is the answer to its line, and
/// nothing that is shown is ever typed.
pub(super) struct Session {
    terminal: Box<dyn Terminal>,
    /// What every prompt of the device begins with.
    base: String,
}

impl Session {
    /// Waits for the prompt, gets the rights that are needed and turns paging off.
    pub(super) async fn start(
        terminal: Box<dyn Terminal>,
        enable: Option<&SecretString>,
    ) -> Result<Self, Trouble> {
        let mut session = Self { terminal, base: String::new() };
        let mut prompt = session.first_prompt().await?;
        if !prompt.is_privileged {
            let Some(password) = enable else {
                let reason =
                    "the user has no rights at once, and no secret for `enable` is configured".to_owned();
                return Err(Trouble::Forbidden(reason));
            };
            prompt = session.enable(password).await?;
        }
        session.base = prompt.base;
        session.run(&PAGER.into()).await?;
        Ok(session)
    }

    /// Types a line and gives what is shown until the next prompt.
    pub(super) async fn run(&mut self, line: &Line) -> Result<String, Trouble> {
        self.enter(line.as_str()).await?;
        let mut screen = Screen::default();
        loop {
            self.read(&mut screen).await?;
            match screen.ending() {
                Ending::Prompt(prompt) if screen.has_line() && prompt.base == self.base => {
                    return Ok(screen.answer());
                }
                Ending::Password => {
                    let reason = format!("it asked for a password after `{}`", line.as_str());
                    return Err(Trouble::Forbidden(reason));
                }
                // What is answered is the administrator's to decide, and the next line would be taken for it.
                Ending::Question(question) if screen.has_line() => {
                    let reason = format!("it asks `{}`: answer it once by hand", words(&question));
                    return Err(Trouble::Rejected(reason));
                }
                _ => {}
            }
        }
    }

    /// Types lines one by one, and gives all that is shown.
    pub(super) async fn run_all(&mut self, lines: &[Line]) -> Result<String, Trouble> {
        let mut answer = String::new();
        for line in lines {
            answer.push_str(&self.run(line).await?);
        }
        Ok(answer)
    }

    /// Types lines in configuration mode. The first leads to where the others belong: if it fails, they are not typed.
    pub(super) async fn configure(&mut self, lines: &[Line]) -> Result<String, Trouble> {
        let mut answer = self.run(&CONFIGURE.into()).await?;
        if let (Reaction::Smooth, Some((enter, rest))) = (reaction(&answer), lines.split_first()) {
            answer.push_str(&self.run(enter).await?);
            if reaction(&answer) == Reaction::Smooth {
                answer.push_str(&self.run_all(rest).await?);
            }
        }
        self.run(&END.into()).await?;
        Ok(answer)
    }

    async fn first_prompt(&mut self) -> Result<Prompt, Trouble> {
        let mut screen = Screen::default();
        loop {
            self.read(&mut screen).await?;
            if let Ending::Prompt(prompt) = screen.ending() {
                return Ok(prompt);
            }
        }
    }

    /// Asks for the rights. The first prompt may have been a line of a banner that looks like one: hence the echo of the
    /// command is waited for.
    async fn enable(&mut self, password: &SecretString) -> Result<Prompt, Trouble> {
        let mut screen = Screen::default();
        self.enter(Line::from(ENABLE).as_str()).await?;
        loop {
            self.read(&mut screen).await?;
            match screen.ending() {
                Ending::Prompt(prompt) if prompt.is_privileged && screen.has_line() => return Ok(prompt),
                Ending::Password if screen.has_echo(Line::from(ENABLE).as_str()) => break,
                _ => {}
            }
        }
        if password.expose_secret().chars().any(char::is_control) {
            let reason =
                "the secret for `enable` holds a control character, which cannot be typed".to_owned();
            return Err(Trouble::Absent(reason));
        }
        self.enter(password.expose_secret()).await?;
        let mut screen = Screen::default();
        loop {
            self.read(&mut screen).await?;
            match screen.ending() {
                Ending::Prompt(prompt) if prompt.is_privileged => return Ok(prompt),
                Ending::Prompt(_) | Ending::Password if screen.has_line() => {
                    return Err(Trouble::Forbidden("it refuses the secret for `enable`".to_owned()));
                }
                _ => {}
            }
        }
    }

    async fn enter(&mut self, text: &str) -> Result<(), Trouble> {
        // One write is one packet.
        self.terminal.write_all(format!("{text}\n").as_bytes()).await?;
        Ok(self.terminal.flush().await?)
    }

    /// Reads what is shown next, and turns the page where that is asked.
    async fn read(&mut self, screen: &mut Screen) -> Result<(), Trouble> {
        let mut bytes = [0; 4096];
        let length = self.terminal.read(&mut bytes).await?;
        if length == 0 {
            return Err(Trouble::Transport(
                "the session ended before the device asked for the next command".to_owned(),
            ));
        }
        if !screen.push(bytes.get(..length).unwrap_or_default()) {
            return Err(Trouble::Rejected(format!("it shows more than {} MiB", SCREEN_LIMIT >> 20)));
        }
        if screen.ending() == Ending::More {
            screen.turn_page();
            self.terminal.write_all(b" ").await?;
            self.terminal.flush().await?;
        }
        Ok(())
    }
}
