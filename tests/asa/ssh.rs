//! The simulator's SSH server: a real one, with a terminal that echoes, pages and asks for passwords.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session, VerifiedPublicKey, run_stream,
};
use russh::{Channel, ChannelId, Error, MethodKind, MethodSet, Preferred, Pty, cipher, kex};
use tokio::net::TcpListener;

use super::device::{Console, Device, ENABLE_PASSWORD, SSH_PASSWORD, USER};

const PAGE: &str = "<--- More --->";

/// How the server is.
#[derive(Clone, Debug)]
pub struct Door {
    /// Whose key it shows.
    pub host: u8,
    /// Which ways to log in it knows.
    pub methods: MethodSet,
    pub preferred: Preferred,
    /// Whether it gives anybody a shell.
    pub gives_shells: bool,
    /// What it shows before the first prompt.
    pub banner: &'static str,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            host: 1,
            methods: MethodSet::from(&[MethodKind::Password, MethodKind::PublicKey][..]),
            // What costs least without optimisation.
            preferred: Preferred {
                kex: Cow::Borrowed(&[kex::CURVE25519]),
                cipher: Cow::Borrowed(&[cipher::AES_256_GCM]),
                ..Preferred::DEFAULT
            },
            gives_shells: true,
            banner: "User autosec logged in to ciscoasa\r\nType help or '?' for a list of available commands.\r\n",
        }
    }
}

/// A key made of a number.
pub fn key(number: u8) -> PrivateKey {
    Ed25519Keypair::from_seed(&[number; 32]).into()
}

/// A server that runs until the test ends.
#[derive(Clone, Debug)]
pub struct Server {
    pub address: SocketAddr,
    /// All that terminals showed, echoes included.
    pub transcript: Arc<Mutex<String>>,
}

impl Server {
    pub async fn start(device: &Device, door: Door) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), transcript: Arc::default() };
        let config = Arc::new(Config {
            keys: vec![key(door.host)],
            methods: door.methods.clone(),
            preferred: door.preferred.clone(),
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            ..Config::default()
        });
        let (device, transcript) = (device.clone(), Arc::clone(&server.transcript));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let visitor = Visitor {
                    device: device.clone(),
                    door: door.clone(),
                    transcript: Arc::clone(&transcript),
                    terminal: None,
                };
                let config = Arc::clone(&config);
                stream.set_nodelay(true).unwrap();
                tokio::spawn(async move {
                    if let Ok(session) = run_stream(config, stream, visitor).await {
                        // However it ends is the client's to notice.
                        let _ = session.await;
                    }
                });
            }
        });
        server
    }
}

struct Visitor {
    device: Device,
    door: Door,
    transcript: Arc<Mutex<String>>,
    terminal: Option<Terminal>,
}

/// What is typed and shown.
struct Terminal {
    console: Console,
    device: Device,
    typed: Vec<u8>,
    is_password_asked: bool,
    /// How many lines were typed.
    lines: usize,
    /// Lines of an answer that wait for the page to be turned.
    waiting: VecDeque<String>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.device.state().terminals -= 1;
    }
}

impl Terminal {
    fn new(device: &Device) -> Self {
        device.state().terminals += 1;
        device.state().logins += 1;
        let console = Console::user(device);
        Self {
            console,
            device: device.clone(),
            typed: Vec::new(),
            is_password_asked: false,
            lines: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Takes a byte that was typed; what is shown for it.
    async fn take(&mut self, byte: u8) -> Result<String, Error> {
        if !self.waiting.is_empty() {
            return Ok(if byte == b' ' {
                format!("\r{}\r{}", " ".repeat(PAGE.len()), self.page())
            } else {
                String::new()
            });
        }
        if byte != b'\n' {
            self.typed.push(byte);
            return Ok(if self.is_password_asked { String::new() } else { char::from(byte).to_string() });
        }
        let line = String::from_utf8(std::mem::take(&mut self.typed)).unwrap();
        if std::mem::take(&mut self.is_password_asked) {
            return Ok(self.password(&line));
        }
        self.line(&line).await
    }

    fn password(&mut self, password: &str) -> String {
        if password == ENABLE_PASSWORD {
            self.console.enable();
            return format!("\r\n{}", self.console.prompt());
        }
        self.is_password_asked = true;
        "\r\nInvalid password\r\nPassword: ".to_owned()
    }

    async fn line(&mut self, line: &str) -> Result<String, Error> {
        let mishap = self.device.mishap(line);
        tokio::time::sleep(mishap.delay).await;
        if mishap.is_cut_before {
            return Err(Error::Disconnect);
        }
        self.lines += 1;
        if self.device.state().lines_a_session.is_some_and(|most| self.lines > most) {
            return Err(Error::Disconnect);
        }
        if let Some(question) = mishap.question {
            return Ok(format!("\r\n{question}"));
        }
        if line == "enable" && self.console.prompt().ends_with("> ") {
            self.is_password_asked = true;
            return Ok("\r\nPassword: ".to_owned());
        }
        let answer = match mishap.answer {
            Some(answer) => answer.to_owned(),
            None => self.console.enter(line),
        };
        if mishap.is_cut_after {
            return Err(Error::Disconnect);
        }
        self.waiting = answer.lines().map(str::to_owned).collect();
        Ok(format!("\r\n{}", self.page()))
    }

    /// The next page, and the prompt behind the last.
    fn page(&mut self) -> String {
        let is_stuck = self.device.state().is_pager_stuck;
        let lines = if is_stuck { 3 } else { self.console.pager };
        let lines = if lines == 0 { self.waiting.len() } else { lines.min(self.waiting.len()) };
        let mut shown: String = self.waiting.drain(..lines).map(|line| line + "\r\n").collect();
        if self.waiting.is_empty() {
            shown.push_str(&self.console.prompt());
        } else {
            shown.push_str(PAGE);
        }
        shown
    }
}

impl Visitor {
    fn show(&self, channel: ChannelId, session: &mut Session, text: &str) -> Result<(), Error> {
        self.transcript.lock().unwrap().push_str(text);
        session.data(channel, text.as_bytes().to_vec())
    }
}

impl Handler for Visitor {
    type Error = Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        Ok(if user == USER && password == SSH_PASSWORD { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, shown: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let expected: &PublicKey = &key(9).public_key().clone();
        let fits = user == USER && shown.public_key.key_data() == expected.key_data();
        Ok(if fits { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        let Some(mut response) = response else {
            let prompts = vec![("Password: ".into(), false)];
            return Ok(Auth::Partial { name: "".into(), instructions: "".into(), prompts: prompts.into() });
        };
        let fits = user == USER && response.next().is_some_and(|answer| *answer == *SSH_PASSWORD.as_bytes());
        Ok(if fits { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        _channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        _session: &mut Session,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        if !self.door.gives_shells {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        let terminal = Terminal::new(&self.device);
        let greeting = format!("{}{}", self.door.banner, terminal.console.prompt());
        self.terminal = Some(terminal);
        self.transcript.lock().unwrap().push_str("\n\n--- a session\n");
        self.show(channel, session, &greeting)
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Error> {
        for byte in data {
            let Some(terminal) = &mut self.terminal else { return Err(Error::Disconnect) };
            let shown = terminal.take(*byte).await?;
            self.show(channel, session, &shown)?;
        }
        Ok(())
    }
}
