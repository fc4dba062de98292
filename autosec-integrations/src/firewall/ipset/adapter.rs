use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome};
use ipnet::IpNet;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::config::IpsetConfig;
use super::entry;
use super::error::{Failure, IN_USE, foreign, lost, rejected};
use super::family::Family;
use super::outcomes::unsupported;
use super::rule::Rules;
use super::session::Session;
use super::sets::{Ended, Sets, Standing};
use crate::transport::{CommandRunner, LocalCommands};

/// The most items of one call; they are put in one after the other.
const BATCH: usize = 250_000;
/// A set is in use for a moment longer than the rule that looked into it is there.
const DESTRUCTIONS: usize = 100;
const BETWEEN_DESTRUCTIONS: Duration = Duration::from_millis(10);

/// The Linux firewall by `iptables` rules over sets, which are spoken to over netlink.
///
/// The sets are those of the network namespace of the thread that opened it; the rules are put where the commands run,
/// which has to be the same: that of the calling thread with [`LocalCommands`]. Sets and rules are made by the first
/// [`block`](FirewallIntegration::block), also one of nothing; until then [`health`](FirewallIntegration::health)
/// says that nothing is enforced. They outlive the adapter and the process: a new adapter takes over what stands there,
/// and only [`release`](Self::release) removes it.
///
/// A time is kept in whole seconds, rounded up: at least 1, at most 2,147,483 (24.8 days). A reason is kept as printable
/// ASCII behind `autosec:`; other characters become `?`, and a double quote a single one.
///
/// Programs are run by the first call, by one after a loss, and by `health`: with [`LocalCommands`] within a tokio runtime
/// that drives I/O; [`release`](Self::release) also waits on its timer. All else is answered by the kernel before the call
/// returns: a batch of 100,000 holds the calling thread, and other callers of the same adapter, for a fraction of a second.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use autosec_core::enforce::FirewallIntegration;
/// use autosec_core::engine::Engine;
/// use autosec_integrations::firewall::ipset::{Ipset, IpsetConfig};
///
/// let firewall = Ipset::open(IpsetConfig::default())?;
/// println!("{}", firewall.health().await?.detail);
/// let engine = Engine::builder().firewall(firewall).build()?;
/// for report in engine.reconcile().await {
///     println!("{report}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Ipset {
    config: IpsetConfig,
    commands: Arc<dyn CommandRunner>,
    families: &'static [Family],
    sets: Mutex<Sets>,
    /// Held through a change. Whether sets and rules have been declared, and not been lost since.
    declared: tokio::sync::Mutex<bool>,
    /// What was missing when the health was last asked for: the next block is told of it.
    missing: Mutex<Option<String>>,
}

impl Ipset {
    /// Opens the socket, in the calling thread's network namespace. Nothing is changed yet.
    ///
    /// # Errors
    /// [`EnforceError::Rejected`] where the configuration is wrong, [`EnforceError::Absent`] where the kernel has no
    /// netfilter sockets. Whether the rights suffice is known only when a first call is made.
    pub fn open(config: IpsetConfig) -> Result<Self, EnforceError> {
        Self::by(Arc::new(LocalCommands), config)
    }

    /// The same with `iptables` run in the host's own way.
    ///
    /// # Errors
    /// As those of [`open`](Self::open).
    pub fn by(commands: Arc<dyn CommandRunner>, config: IpsetConfig) -> Result<Self, EnforceError> {
        if let Some(fault) = config.fault() {
            return Err(rejected(&config, fault));
        }
        let session =
            Session::open(config.timeout).map_err(|errno| Failure::Broken(errno).explain(&config))?;
        let families: &[Family] =
            if config.ipv6.unwrap_or_else(has_ipv6) { &[Family::V4, Family::V6] } else { &[Family::V4] };
        let sets = Mutex::new(Sets::new(session, families));
        Ok(Self {
            config,
            commands,
            families,
            sets,
            declared: tokio::sync::Mutex::new(false),
            missing: Mutex::new(None),
        })
    }

    /// Deletes our rules and sets, and with them every block; succeeds where there are none. What is not ours stays.
    ///
    /// # Errors
    /// As those of the trait's methods. A set that somebody else's rule looks into is emptied and stays.
    pub async fn release(&self) -> Result<(), EnforceError> {
        let mut declared = self.declared.lock().await;
        self.sets().standing(&self.config).map_err(|failure| failure.explain(&self.config))?;
        *declared = false;
        for family in self.families {
            self.rules().delete(*family).await?;
        }
        for _ in 1..DESTRUCTIONS {
            let ended = self.sets().destroy(&self.config);
            match ended {
                Err(failure) if failure.is(IN_USE) => tokio::time::sleep(BETWEEN_DESTRUCTIONS).await,
                ended => return ended.map_err(|failure| failure.explain(&self.config)),
            }
        }
        self.sets().destroy(&self.config).map_err(|failure| failure.explain(&self.config))
    }

    /// Makes what is missing of sets and rules.
    async fn declare(&self) -> Result<(), EnforceError> {
        self.sets().declare(&self.config).map_err(|failure| failure.explain(&self.config))?;
        for family in self.families {
            self.rules().declare(*family).await?;
        }
        Ok(())
    }

    fn sets(&self) -> MutexGuard<'_, Sets> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missing(&self) -> MutexGuard<'_, Option<String>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> Rules<'_> {
        Rules { commands: &*self.commands, config: &self.config }
    }

    fn fits(&self, items: usize) -> Result<(), EnforceError> {
        if items <= BATCH {
            return Ok(());
        }
        Err(rejected(&self.config, format!("{items} items in one call; send at most {BATCH}")))
    }

    /// Why blocks do not take effect, if they do not.
    async fn fault(&self) -> Result<Option<String>, EnforceError> {
        let standing = self.sets().standing(&self.config);
        let standing = match standing {
            Ok(standing) => standing,
            Err(Failure::Foreign { set }) => return Ok(Some(foreign(&set))),
            Err(failure) => return Err(failure.explain(&self.config)),
        };
        for (family, standing) in standing {
            let set = family.set(&self.config);
            match standing {
                Standing::Absent => return Ok(Some(format!("set `{set}` is absent"))),
                Standing::Emptied => return Ok(Some(format!("set `{set}` was emptied"))),
                Standing::Ours if self.rules().stands(family).await? => {}
                Standing::Ours => return Ok(Some(format!("no rule drops what set `{set}` holds"))),
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl FirewallIntegration for Ipset {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_ttl: true,
            max_ttl: Some(Duration::from_secs(entry::LONGEST.into())),
            prefixes: true,
            ipv6: self.families.contains(&Family::V6),
            batch: BATCH,
            capacity: usize::try_from(self.config.capacity).ok(),
            atomic: false,
        }
    }

    fn obstacle(&self, target: IpNet) -> Option<String> {
        let foreign = || (!self.families.contains(&Family::of(target))).then_some("IPv6 is not blocked here");
        unsupported(target).or_else(foreign).map(str::to_owned)
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.fits(blocks.len())?;
        let mut declared = self.declared.lock().await;
        let missing = self.missing().take();
        if !*declared {
            self.declare().await?;
            *declared = true;
        } else if let Some(reason) = missing {
            *declared = false;
            return Err(lost(&self.config, reason));
        }
        let ended = self.sets().block(&self.config, blocks);
        match ended.map_err(|failure| failure.explain(&self.config))? {
            Ended::Applied(outcomes) => Ok(outcomes),
            Ended::Lost(reason) => {
                *declared = false;
                Err(lost(&self.config, reason))
            }
        }
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.fits(targets.len())?;
        let _changing = self.declared.lock().await;
        self.sets().unblock(&self.config, targets).map_err(|failure| failure.explain(&self.config))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.sets().blocked(&self.config).map_err(|failure| failure.explain(&self.config))
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let fault = self.fault().await?;
        self.missing().clone_from(&fault);
        if let Some(detail) = fault {
            return Ok(Health { enforcing: false, detail });
        }
        let version = self.rules().version(Family::V4).await?;
        let sets: Vec<String> =
            self.families.iter().map(|family| format!("`{}`", family.set(&self.config))).collect();
        Ok(Health { enforcing: true, detail: format!("{version} drops from {}", sets.join(" and ")) })
    }
}

/// Whether this kernel has IPv6: one that was started without refuses its sockets.
fn has_ipv6() -> bool {
    socket_with(AddressFamily::INET6, SocketType::DGRAM, SocketFlags::CLOEXEC, None).is_ok()
}
