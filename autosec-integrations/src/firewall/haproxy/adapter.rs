use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use autosec_core::enforce::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome};
use ipnet::IpNet;
use tokio::sync::Mutex;

use super::dialect::{self, Process};
use super::{RuntimeSocket, UnixSocket};
use crate::firewall::done;

/// How [`Haproxy`] is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HaproxyConfig {
    /// The firewall's name in reports; default `haproxy`.
    pub name: String,
    /// The path of `stats socket`, with `level admin`; default `/run/haproxy/admin.sock`.
    pub socket: PathBuf,
    /// The file behind `-f` in HAProxy's configuration, which is AutoSec's alone; default `/etc/haproxy/autosec.acl`.
    pub list: PathBuf,
    /// Whether the file is rewritten with each change, so that a reload starts with what is in force; default true.
    /// Without it a reload loses all, and the next call or reconciliation puts it back.
    pub rewrite: bool,
}

impl Default for HaproxyConfig {
    fn default() -> Self {
        Self {
            name: "haproxy".to_owned(),
            socket: "/run/haproxy/admin.sock".into(),
            list: "/etc/haproxy/autosec.acl".into(),
            rewrite: true,
        }
    }
}

/// A running HAProxy that refuses the clients on a list of ours.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use autosec_core::engine::Engine;
/// use autosec_integrations::firewall::haproxy::{Haproxy, HaproxyConfig};
///
/// let engine = Engine::builder().firewall(Haproxy::new(HaproxyConfig::default())?).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Haproxy {
    config: HaproxyConfig,
    list: String,
    socket: Arc<dyn RuntimeSocket>,
    /// What the process is known to hold; held through a change, so that two never mix.
    known: Mutex<Option<Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    process: Process,
    held: BTreeSet<IpNet>,
}

impl Haproxy {
    /// HAProxy behind the configured socket; nothing is sent yet.
    ///
    /// # Errors
    /// [`EnforceError::Rejected`] where the list's path cannot be said over the runtime API.
    pub fn new(config: HaproxyConfig) -> Result<Self, EnforceError> {
        let socket = Arc::new(UnixSocket::new(&config.socket));
        Self::over(socket, config)
    }

    /// HAProxy behind a connection of the host's own.
    ///
    /// # Errors
    /// As [`Haproxy::new`].
    pub fn over(socket: Arc<dyn RuntimeSocket>, config: HaproxyConfig) -> Result<Self, EnforceError> {
        let list = config.list.to_str().filter(|list| {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@".contains(&byte);
            list.starts_with('/') && list.bytes().all(legal)
        });
        let Some(list) = list.map(str::to_owned) else {
            let reason = "the list's path has to be absolute, of letters, digits and `/._-+@`".to_owned();
            return Err(EnforceError::Rejected { firewall: config.name, target: None, reason });
        };
        Ok(Self { config, list, socket, known: Mutex::new(None) })
    }

    async fn exchange(&self, line: &str) -> Result<String, EnforceError> {
        self.socket.exchange(line).await.map_err(|error| self.unreached(&error))
    }

    /// What the process holds: as remembered, or read anew from one that is new to us. `slot` is empty from then on until a
    /// change has succeeded: of one that broke off it is not known how far it got.
    async fn held(&self, slot: &mut Option<Known>) -> Result<(Known, bool), EnforceError> {
        let info = self.exchange("show info").await?;
        let process = dialect::process(&info).ok_or_else(|| self.refused(info.trim()))?;
        match slot.take() {
            Some(known) if known.process == process => Ok((known, false)),
            known => {
                let held = self.listed().await?;
                let lost = known.is_some_and(|known| !known.held.is_subset(&held));
                Ok((Known { process, held }, lost))
            }
        }
    }

    async fn listed(&self) -> Result<BTreeSet<IpNet>, EnforceError> {
        let answer = self.exchange(&format!("show acl {}", self.list)).await?;
        dialect::entries(&answer).map_err(|line| self.refused(&line))
    }

    /// Takes `taken` from what is held and adds `added`, of which all are held and none is; then the file.
    async fn change(&self, known: &mut Known, taken: &[IpNet], added: &[IpNet]) -> Result<(), EnforceError> {
        let list = &self.list;
        let before = known.held.len();
        for target in taken {
            known.held.remove(target);
        }
        known.held.extend(added);
        if added.len() > before.max(64) {
            self.replace(&known.held).await?;
        } else {
            let command = |verb, target| format!("{verb} acl {list} {}", dialect::pattern(target));
            let taken = taken.iter().map(|target| command("del", target));
            self.send(taken.chain(added.iter().map(|target| command("add", target)))).await?;
        }
        if self.config.rewrite && !(taken.is_empty() && added.is_empty()) {
            self.write(&known.held).map_err(|error| self.unwritten(&error))?;
        }
        Ok(())
    }

    /// Replaces the whole list at once.
    async fn replace(&self, wanted: &BTreeSet<IpNet>) -> Result<(), EnforceError> {
        let list = &self.list;
        let answer = self.exchange(&format!("prepare acl {list}")).await?;
        let version = dialect::version(&answer).ok_or_else(|| self.refused(answer.trim()))?;
        let added =
            wanted.iter().map(|target| format!("add acl @{version} {list} {}", dialect::pattern(target)));
        self.send(added.chain([format!("commit acl @{version} {list}")])).await
    }

    async fn send(&self, commands: impl Iterator<Item = String>) -> Result<(), EnforceError> {
        for line in dialect::lines(commands) {
            let answer = self.exchange(&line).await?;
            if let Some(objection) = dialect::objection(&answer) {
                return Err(self.refused(objection));
            }
        }
        Ok(())
    }

    fn write(&self, wanted: &BTreeSet<IpNet>) -> io::Result<()> {
        let mut text = String::new();
        for target in wanted {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{}", dialect::pattern(target));
        }
        let mut beside = self.config.list.clone().into_os_string();
        beside.push(".new");
        std::fs::write(&beside, text)?;
        std::fs::rename(&beside, &self.config.list)
    }

    fn unreached(&self, error: &io::Error) -> EnforceError {
        let (firewall, socket) = (self.config.name.clone(), self.config.socket.display());
        if error.kind() == io::ErrorKind::PermissionDenied {
            let reason =
                format!("the socket `{socket}` may not be opened; give its group or its mode to this user");
            return EnforceError::Forbidden { firewall, reason };
        }
        EnforceError::Transport { firewall, reason: format!("`{socket}`: {error}") }
    }

    fn unwritten(&self, error: &io::Error) -> EnforceError {
        let (firewall, list) = (self.config.name.clone(), &self.list);
        let reason =
            format!("it is in force, but `{list}` could not be written, and a reload would lose it: {error}");
        EnforceError::Transport { firewall, reason }
    }

    /// The error behind an answer that is not the one hoped for.
    fn refused(&self, answer: &str) -> EnforceError {
        let (firewall, list) = (self.config.name.clone(), &self.list);
        let words: String = answer.lines().next().unwrap_or_default().chars().take(200).collect();
        if words.starts_with("Unknown ACL identifier") {
            let reason =
                format!("no rule uses the list `{list}`; write `acl blocked src -f {list}` and reload");
            return EnforceError::Absent { firewall, reason };
        }
        if words.starts_with("Permission denied") {
            let reason = "the socket has no `level admin` in HAProxy's configuration".to_owned();
            return EnforceError::Forbidden { firewall, reason };
        }
        EnforceError::Rejected { firewall, target: None, reason: format!("it answered `{words}`") }
    }
}

#[async_trait]
impl FirewallIntegration for Haproxy {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_ttl: false,
            max_ttl: None,
            prefixes: true,
            ipv6: true,
            batch: 100_000,
            capacity: None,
            atomic: false,
        }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        let mut slot = self.known.lock().await;
        let (mut known, lost) = self.held(&mut slot).await?;
        if lost {
            *slot = Some(known);
            let reason = "a new process started without what was in force".to_owned();
            return Err(EnforceError::Lost { firewall: self.config.name.clone(), reason });
        }
        let targets: BTreeSet<_> = blocks.iter().map(|block| block.target.trunc()).collect();
        let added: Vec<_> = targets.into_iter().filter(|target| !known.held.contains(target)).collect();
        self.change(&mut known, &[], &added).await?;
        *slot = Some(known);
        Ok(done(blocks.iter().map(|block| block.target)))
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        let mut slot = self.known.lock().await;
        let (mut known, _) = self.held(&mut slot).await?;
        let wanted: BTreeSet<_> = targets.iter().map(IpNet::trunc).collect();
        let taken: Vec<_> = wanted.into_iter().filter(|target| known.held.contains(target)).collect();
        self.change(&mut known, &taken, &[]).await?;
        *slot = Some(known);
        Ok(done(targets.iter().copied()))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let mut slot = self.known.lock().await;
        let held = self.listed().await?;
        // What others changed is known from now on, or it would be taken for done.
        if let Some(known) = slot.as_mut() {
            known.held.clone_from(&held);
        }
        Ok(held.into_iter().map(|target| Block { target, ttl: None, reason: String::new() }).collect())
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let held = self.listed().await?.len();
        let detail = format!(
            "the list `{}` holds {held}; whether a rule refuses its clients cannot be asked",
            self.list
        );
        Ok(Health { enforcing: true, detail })
    }
}
