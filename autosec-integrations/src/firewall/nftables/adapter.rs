use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use autosec_core::enforce::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome};
use autosec_core::time::{Timer, TokioTimer};
use ipnet::IpNet;
use rustix::io::Errno;

use super::config::NftablesConfig;
use super::drift;
use super::element::{self, Element};
use super::error::{Failure, lost, rejected};
use super::ruleset::{Ended, Ruleset};
use super::session::Session;
use crate::firewall::done;

/// The Linux firewall, spoken to over netlink.
///
/// It acts in the network namespace of the thread that opened it, whichever thread calls it later. The table is made
/// by the first [`block`](FirewallIntegration::block), also one of nothing; until then
/// [`health`](FirewallIntegration::health) says that nothing is enforced. The table outlives the adapter and the process:
/// a new adapter on the same table takes over what stands there, and only [`release`](Self::release) removes it. A
/// table of that name that is not AutoSec's is left alone and refused.
///
/// A time is kept in milliseconds: at least 10, at most 100 years. A reason is kept as printable ASCII behind
/// `autosec:`; other characters become `?`, and a double quote a single one.
///
/// The kernel answers before a call to it returns, in microseconds, so the methods do not yield: they finish at their
/// first poll. A batch of 100,000 holds the calling thread, and other callers of the same adapter, for a fraction of a
/// second; one of a million, which is the most of a call, for two to three, and takes some 100 MB meanwhile, or 500 MB where
/// all reasons are as long as can be. [`blocked`](FirewallIntegration::blocked) is for reconciling, not for asking about one address: the kernel
/// takes time that grows with the square of a set's size, about half a second for 100,000 entries.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use autosec_core::enforce::FirewallIntegration;
/// use autosec_core::engine::Engine;
/// use autosec_core::event::Schema;
/// use autosec_core::rule::RuleSet;
/// use autosec_core::store::FileStore;
/// use autosec_integrations::firewall::nftables::{Nftables, NftablesConfig};
///
/// let firewall = Nftables::open(NftablesConfig::default())?;
/// println!("{}", firewall.health().await?.detail);
///
/// let engine = Engine::builder()
///     .detector(RuleSet::builder(&Schema::ecs()).starter().build()?)
///     .firewall(firewall)
///     .store(FileStore::open("/var/lib/autosec")?)
///     .build()?;
/// for report in engine.reconcile().await {
///     println!("{report}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Nftables {
    config: NftablesConfig,
    /// The most items of a call.
    batch: usize,
    ruleset: Mutex<Ruleset>,
    timer: TokioTimer,
}

impl Nftables {
    /// Opens the socket, in the calling thread's network namespace. Nothing is changed yet.
    ///
    /// # Errors
    /// [`EnforceError::Rejected`] where the configuration is wrong, [`EnforceError::Absent`] where the kernel has no
    /// netfilter sockets. Whether the rights suffice is known only when a first call is made.
    pub fn open(config: NftablesConfig) -> Result<Self, EnforceError> {
        if let Some(fault) = config.fault() {
            return Err(rejected(&config, fault));
        }
        let session =
            Session::open(config.timeout).map_err(|errno| Failure::Broken(errno).explain(&config, None))?;
        let batch = element::batch(session.longest());
        let ruleset = Mutex::new(Ruleset::new(session, config.destroy));
        Ok(Self { config, batch, ruleset, timer: TokioTimer::new() })
    }

    /// Deletes our table, and with it every block; succeeds where there is none. One that is not ours stays.
    ///
    /// # Errors
    /// As those of the trait's methods.
    pub fn release(&self) -> Result<(), EnforceError> {
        self.ruleset().release(&self.config).map_err(|failure| failure.explain(&self.config, None))
    }

    fn ruleset(&self) -> MutexGuard<'_, Ruleset> {
        self.ruleset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fits(&self, items: usize) -> Result<(), EnforceError> {
        if items <= self.batch {
            return Ok(());
        }
        let reason = format!("{items} items in one call; send at most {}", self.batch);
        Err(rejected(&self.config, &reason))
    }

    /// Makes a change; where the kernel refuses it without naming one of several items, makes it once more with each
    /// item in a message of its own. As both are all or nothing, that tells which item it is, and does no harm.
    fn change<T>(
        &self,
        elements: &[Element<'_>],
        target: impl Fn(usize) -> Option<IpNet>,
        make: impl Fn(&mut Ruleset, bool) -> Result<T, Failure>,
    ) -> Result<T, EnforceError> {
        let mut ruleset = self.ruleset();
        let answer = match make(&mut ruleset, false) {
            Err(Failure::Refused { errno, item: None }) if elements.len() > 1 && errno != Errno::PERM => {
                make(&mut ruleset, true)
            }
            answer => answer,
        };
        answer.map_err(|failure| {
            let item = if let Failure::Refused { item, .. } = failure { item } else { None };
            failure.explain(&self.config, item.and_then(target))
        })
    }
}

#[async_trait]
impl FirewallIntegration for Nftables {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_ttl: true,
            max_ttl: Some(element::LONGEST),
            prefixes: true,
            ipv6: true,
            batch: self.batch,
            capacity: self.config.capacity.and_then(|capacity| usize::try_from(capacity).ok()),
            atomic: true,
        }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.fits(blocks.len())?;
        let elements = element::of_blocks(blocks);
        let target = |item: usize| blocks.get(item).map(|block| block.target);
        let ended = self.change(&elements, target, |ruleset, separately| {
            ruleset.block(&self.config, &elements, separately)
        })?;
        match ended {
            Ended::Applied => Ok(done(blocks.iter().map(|block| block.target))),
            Ended::Lost(reason) => Err(lost(&self.config, &reason)),
        }
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.fits(targets.len())?;
        let elements = element::of_targets(targets);
        self.change(
            &elements,
            |item| targets.get(item).copied(),
            |ruleset, separately| ruleset.unblock(&self.config, &elements, separately),
        )?;
        Ok(done(targets.iter().copied()))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.ruleset().blocked(&self.config).map_err(|failure| failure.explain(&self.config, None))
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let mut ruleset = self.ruleset();
        let layout = match ruleset.look(&self.config) {
            Ok((_, layout)) => layout,
            Err(Failure::Foreign(foreign)) => {
                return Ok(Health { enforcing: false, detail: foreign.explain(&self.config) });
            }
            Err(failure) => return Err(failure.explain(&self.config, None)),
        };
        let (table, sets) = (&self.config.table, layout.sets.len());
        let fault = layout.fault(&self.config);
        Ok(Health {
            enforcing: fault.is_none(),
            detail: fault.unwrap_or_else(|| format!("table `{table}` drops from {sets} sets of prefixes")),
        })
    }

    async fn drift(&self) {
        // What cannot be asked now is asked again; a comparison says why it cannot.
        while !self.ruleset().has_drifted(&self.config).unwrap_or(false) {
            match self.timer.sleep(drift::PAUSE) {
                Some(pause) => pause.await,
                // Without a timer it is asked whenever somebody asks anew.
                None => std::future::pending().await,
            }
        }
    }
}
