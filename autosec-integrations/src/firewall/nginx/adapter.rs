use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome};
use ipnet::IpNet;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::file;
use crate::firewall::done;
use crate::transport::{CommandRunner, LocalCommands};

/// How [`Nginx`] is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NginxConfig {
    /// The firewall's name in reports; default `nginx`.
    pub name: String,
    /// The file that the configuration includes, which is AutoSec's alone; default `/etc/nginx/autosec.geo`.
    pub list: PathBuf,
    /// The program; default `nginx`.
    pub program: String,
    /// What it is given before `-t` and `-s reload`, such as `-c` and a path; default nothing.
    pub arguments: Vec<String>,
    /// How far apart reloads are kept; default 2 s. Has to be shorter than the enforcer's time limit.
    pub distance: Duration,
}

impl Default for NginxConfig {
    fn default() -> Self {
        Self {
            name: "nginx".to_owned(),
            list: "/etc/nginx/autosec.geo".into(),
            program: "nginx".to_owned(),
            arguments: Vec::new(),
            distance: Duration::from_secs(2),
        }
    }
}

/// A running nginx that refuses the clients on a list of ours.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use autosec_core::engine::Engine;
/// use autosec_integrations::firewall::nginx::{Nginx, NginxConfig};
///
/// let engine = Engine::builder().firewall(Nginx::new(NginxConfig::default())).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Nginx {
    config: NginxConfig,
    commands: Arc<dyn CommandRunner>,
    /// Held through a change. When nginx was last reloaded.
    reloaded: Mutex<Option<Instant>>,
}

impl Nginx {
    /// nginx on this machine; nothing is run yet.
    pub fn new(config: NginxConfig) -> Self {
        Self::by(Arc::new(LocalCommands), config)
    }

    /// nginx by commands that the host runs in its own way.
    pub fn by(commands: Arc<dyn CommandRunner>, config: NginxConfig) -> Self {
        Self { config, commands, reloaded: Mutex::new(None) }
    }

    async fn change(&self, edit: impl FnOnce(&mut BTreeSet<IpNet>)) -> Result<(), EnforceError> {
        let mut reloaded = self.reloaded.lock().await;
        if let Some(reloaded) = *reloaded {
            sleep_until(reloaded + self.config.distance).await;
        }
        let (mut held, before) = file::read(&self.config.list).map_err(|error| self.unusable(&error))?;
        edit(&mut held);
        let text = file::render(&held);
        if text == before {
            return Ok(());
        }
        // Dropped half-way, the file is put back: what it says is in force, or will be with the next reload.
        let undo = Undo { config: &self.config, before: Some(before) };
        file::replace(&self.config.list, &text).map_err(|error| self.unusable(&error))?;
        self.run(&["-t"]).await?;
        self.run(&["-s", "reload"]).await?;
        undo.forget();
        *reloaded = Some(Instant::now());
        Ok(())
    }

    async fn run(&self, arguments: &[&str]) -> Result<(), EnforceError> {
        let all: Vec<&str> =
            self.config.arguments.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
        let program = &self.config.program;
        let firewall = self.config.name.clone();
        let finished = self.commands.run(program, &all).await.map_err(|error| {
            let firewall = firewall.clone();
            match error.kind() {
                io::ErrorKind::NotFound => {
                    EnforceError::Absent { firewall, reason: format!("there is no program `{program}`") }
                }
                io::ErrorKind::PermissionDenied => EnforceError::Forbidden {
                    firewall,
                    reason: format!("`{program}` may not be run: {error}"),
                },
                _ => EnforceError::Transport { firewall, reason: format!("`{program}`: {error}") },
            }
        })?;
        if finished.is_success() {
            return Ok(());
        }
        let words =
            finished.errors.lines().find(|line| line.contains("[emerg]")).unwrap_or(finished.errors.trim());
        let words: String = words.chars().take(300).collect();
        let reason = format!("`{program} {}` objects, and the previous list is back: {words}", all.join(" "));
        Err(EnforceError::Rejected { firewall, target: None, reason })
    }

    fn unusable(&self, error: &io::Error) -> EnforceError {
        let (firewall, list) = (self.config.name.clone(), self.config.list.display());
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                EnforceError::Forbidden { firewall, reason: format!("`{list}` may not be written: {error}") }
            }
            io::ErrorKind::Other => {
                EnforceError::Rejected { firewall, target: None, reason: format!("`{list}`: {error}") }
            }
            _ => EnforceError::Transport { firewall, reason: format!("`{list}`: {error}") },
        }
    }
}

/// Puts the previous file back unless told to forget it.
struct Undo<'c> {
    config: &'c NginxConfig,
    before: Option<String>,
}

impl Undo<'_> {
    fn forget(mut self) {
        self.before = None;
    }
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            // Where even that fails, the next change reads what is there and goes on from it.
            let _ = file::replace(&self.config.list, &before);
        }
    }
}

#[async_trait]
impl FirewallIntegration for Nginx {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_ttl: false,
            max_ttl: None,
            prefixes: true,
            ipv6: true,
            batch: usize::MAX,
            capacity: None,
            atomic: true,
        }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.change(|held| held.extend(blocks.iter().map(|block| block.target.trunc()))).await?;
        Ok(done(blocks.iter().map(|block| block.target)))
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.change(|held| {
            for target in targets {
                held.remove(&target.trunc());
            }
        })
        .await?;
        Ok(done(targets.iter().copied()))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let (held, _) = file::read(&self.config.list).map_err(|error| self.unusable(&error))?;
        Ok(held.into_iter().map(|target| Block { target, ttl: None, reason: String::new() }).collect())
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.run(&["-t"]).await?;
        let (held, _) = file::read(&self.config.list).map_err(|error| self.unusable(&error))?;
        let list = self.config.list.display();
        let detail =
            format!("`{list}` holds {}; whether a server refuses its clients cannot be asked", held.len());
        Ok(Health { enforcing: true, detail })
    }
}
