use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome, Status,
};
use ipnet::IpNet;
use tokio::sync::Mutex;

use super::answer::{self, Reaction, Role, reaction, words};
use super::command::{SAVE, SHOW_FAILOVER, SHOW_VERSION, show_users};
use super::config::{AsaConfig, AsaSave, ShunOwner};
use super::link::{Link, Talk};
use super::means::{Held, Means, Steps};
use super::trouble::Trouble;
use super::web::{AsaWeb, Web};
use crate::secret::SecretSource;
use crate::transport::{HttpClient, Shell};

/// How long a device is left alone that somebody else configures at the moment.
const PAUSE: Duration = Duration::from_secs(10);

/// A Cisco ASA.
///
/// The [module](super) says what stands on it, and shows it at work.
#[derive(Debug)]
pub struct Asa {
    config: AsaConfig,
    means: Means,
    link: Link,
    /// Held through a call, so that two never mix.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was brought about in full and is to be there still.
    done: BTreeSet<IpNet>,
    /// Whether the configuration was changed since it was last saved.
    is_unsaved: bool,
}

/// What an unforeseen answer was, and what the device holds after it.
type Surprise = Option<(String, Held)>;

impl Asa {
    /// An ASA at whose command line a shell ends; nothing is connected yet. Each call opens a session of its own.
    ///
    /// # Errors
    /// [`EnforceError::Rejected`] if the name of the object group is none.
    pub fn over_shell(
        shell: Arc<dyn Shell>,
        secrets: Arc<dyn SecretSource>,
        config: AsaConfig,
    ) -> Result<Self, EnforceError> {
        let enable = config.enable.clone();
        Self::over(Ok(Link::Shell { shell, secrets, enable }), config)
    }

    /// An ASA by its HTTPS interface; nothing is connected yet.
    ///
    /// # Errors
    /// [`EnforceError::Rejected`] if the name of the object group is none, the URL is not `https` or holds more than a host,
    /// or the user's name cannot be sent.
    pub fn over_https(
        client: Arc<dyn HttpClient>,
        secrets: Arc<dyn SecretSource>,
        place: AsaWeb,
        config: AsaConfig,
    ) -> Result<Self, EnforceError> {
        Self::over(Web::new(client, secrets, place).map(Link::Web), config)
    }

    fn over(link: Result<Link, String>, config: AsaConfig) -> Result<Self, EnforceError> {
        let means = Means::new(&config.mode);
        let (link, means) = link
            .and_then(|link| Ok((link, means?)))
            .map_err(|why| Trouble::Rejected(why).of(&config.name))?;
        Ok(Self { config, means, link, state: Mutex::default() })
    }

    async fn held(&self, talk: &mut Talk<'_>) -> Result<Held, Trouble> {
        let listing = talk.exec(&[self.means.listing()]).await?;
        self.means.read(&listing)
    }

    /// What is held, by a unit whose changes count.
    async fn held_to_change(&self, talk: &mut Talk<'_>) -> Result<Held, Trouble> {
        if answer::role(&talk.exec(&[SHOW_FAILOVER.into()]).await?) == Role::Standby {
            return Err(standby());
        }
        self.held(talk).await
    }

    /// What of `held` is AutoSec's.
    fn ours(&self, held: &Held, done: &BTreeSet<IpNet>) -> BTreeSet<IpNet> {
        match self.means {
            Means::Shun(ShunOwner::Shared) => held.targets.intersection(done).copied().collect(),
            _ => held.targets.clone(),
        }
    }

    /// Carries a change out. If anything but what is known to be good was answered, what counts is what is there afterwards.
    async fn carry_out(
        &self,
        talk: &mut Talk<'_>,
        steps: &Steps,
        state: &mut State,
    ) -> Result<Surprise, Trouble> {
        let mut answer = String::new();
        if !steps.configure.is_empty() {
            state.is_unsaved = true;
            answer = talk.configure(&steps.configure).await?;
            refused(&answer)?;
        }
        if !steps.exec.is_empty() {
            answer.push('\n');
            answer.push_str(&talk.exec(&steps.exec).await?);
        }
        match refused(&answer)? {
            Some(words) => Ok(Some((words, self.held(talk).await?))),
            None => Ok(None),
        }
    }

    async fn save(&self, talk: &mut Talk<'_>, state: &mut State) -> Result<(), Trouble> {
        if self.config.save == AsaSave::Never || !state.is_unsaved {
            return Ok(());
        }
        let answer = talk.exec(&[SAVE.into()]).await?;
        if !answer::is_saved(&answer) {
            let reason = format!("the change is in force, but was not saved: `{}`", words(&answer));
            return Err(Trouble::Transport(reason));
        }
        state.is_unsaved = false;
        Ok(())
    }

    async fn try_block(&self, blocks: &[Block], state: &mut State) -> Result<Vec<Outcome>, Trouble> {
        let targets: BTreeSet<IpNet> = blocks.iter().map(|block| block.target.trunc()).collect();
        let possible = || targets.iter().copied().filter(|target| self.means.obstacle(target).is_none());
        let mut talk = self.link.open().await?;
        let mut held = self.held_to_change(&mut talk).await?;
        if !state.done.is_subset(&held.targets) {
            state.done.retain(|target| held.targets.contains(target));
            return Err(Trouble::Lost(
                "blocks that were in force are gone: it was reloaded, failed over or cleared".to_owned(),
            ));
        }
        let mut room = self.config.capacity.saturating_sub(self.ours(&held, &state.done).len());
        let mut fits = |target: &IpNet| {
            let is_new = !held.targets.contains(target);
            let fits = !is_new || room > 0;
            room -= usize::from(is_new && fits);
            fits
        };
        let unfinished: Vec<_> =
            possible().filter(|target| fits(target) && !state.done.contains(target)).collect();
        let mut why = format!("it holds as many as it may, {}", self.config.capacity);
        for some in unfinished.chunks(self.link.at_once()) {
            if let Some(words) = self.block_some(some, &mut talk, &mut held, state).await? {
                why = format!("it answered `{words}`");
            }
        }
        self.save(&mut talk, state).await?;
        let status = |target: IpNet| match self.means.obstacle(&target) {
            Some(obstacle) => Status::Unsupported(obstacle),
            None if held.targets.contains(&target) => Status::Done,
            None => Status::Rejected(why.clone()),
        };
        Ok(blocks.iter().map(|block| outcome(block.target, &status)).collect())
    }

    /// Blocks targets for which there is room, and notes at once what was brought about: a call that runs out of time is
    /// tried again from there. Gives what was answered that is not known to be good.
    async fn block_some(
        &self,
        targets: &[IpNet],
        talk: &mut Talk<'_>,
        held: &mut Held,
        state: &mut State,
    ) -> Result<Option<String>, Trouble> {
        let new: Vec<_> = targets.iter().copied().filter(|target| !held.targets.contains(target)).collect();
        let steps = self.means.blocks(held, &new, targets);
        let surprise = self.carry_out(talk, &steps, state).await?;
        let words = match surprise {
            Some((words, now)) => {
                *held = now;
                Some(words)
            }
            None => {
                held.gained(&new);
                None
            }
        };
        state.done.extend(targets.iter().filter(|target| held.targets.contains(target)));
        Ok(words)
    }

    async fn try_unblock(&self, targets: &[IpNet], state: &mut State) -> Result<Vec<Outcome>, Trouble> {
        let asked: BTreeSet<IpNet> = targets.iter().map(IpNet::trunc).collect();
        // From here on it is not known of them.
        state.done.retain(|target| !asked.contains(target));
        let mut possible: Vec<_> =
            asked.into_iter().filter(|target| self.means.obstacle(target).is_none()).collect();
        let mut talk = self.link.open().await?;
        let held = self.held_to_change(&mut talk).await?;
        // So that each try gets further, if none has the time for all.
        possible.sort_by_key(|target| !held.targets.contains(target));
        let steps = self.means.unblocks(&held, &possible);
        let surprise = self.carry_out(&mut talk, &steps, state).await?;
        self.save(&mut talk, state).await?;
        let status = |target: IpNet| match &surprise {
            Some((words, held)) if held.targets.contains(&target) => {
                Status::Rejected(format!("it answered `{words}`"))
            }
            _ => Status::Done,
        };
        Ok(targets.iter().map(|target| outcome(*target, &status)).collect())
    }

    async fn try_health(&self) -> Result<Health, Trouble> {
        let mut talk = self.link.open().await?;
        let uptime = answer::uptime(&talk.exec(&[SHOW_VERSION.into()]).await?);
        let uptime = uptime.map_or_else(String::new, |uptime| format!("up {uptime}, "));
        let role = answer::role(&talk.exec(&[SHOW_FAILOVER.into()]).await?);
        let held = self.held(&mut talk).await?.targets.len();
        let (is_used, what) = match &self.means {
            Means::Shun(_) => (true, format!("{held} addresses are shunned")),
            Means::Group { name, .. } => {
                let used = answer::is_used(name, &talk.exec(&[show_users(name)]).await?);
                let what = if used { "" } else { ", which no access list uses" };
                (used, format!("{held} blocks are in the group `{name}`{what}"))
            }
        };
        let unit = match role {
            Role::Alone => "",
            Role::Active => "the active unit, ",
            Role::Standby => "the standby unit, which takes no changes, ",
        };
        Ok(Health { enforcing: is_used && role != Role::Standby, detail: format!("{uptime}{unit}{what}") })
    }

    fn named(&self, trouble: Trouble) -> EnforceError {
        trouble.of(&self.config.name)
    }
}

fn outcome(target: IpNet, status: &impl Fn(IpNet) -> Status) -> Outcome {
    Outcome { target, status: status(target.trunc()) }
}

/// What is wrong with a change as a whole; else what was answered that is not known to be good.
fn refused(answer: &str) -> Result<Option<String>, Trouble> {
    match reaction(answer) {
        Reaction::Smooth => Ok(None),
        Reaction::Odd(words) => Ok(Some(words)),
        Reaction::Busy(words) => Err(Trouble::Busy(PAUSE, words)),
        Reaction::Forbidden(words) => Err(Trouble::Forbidden(format!("it answered `{words}`"))),
        Reaction::Standby => Err(standby()),
    }
}

fn standby() -> Trouble {
    Trouble::Rejected("it is the standby unit of a pair: use the address of the active one".to_owned())
}

#[async_trait]
impl FirewallIntegration for Asa {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn capabilities(&self) -> Capabilities {
        let is_group = matches!(self.means, Means::Group { .. });
        Capabilities {
            native_ttl: false,
            max_ttl: None,
            prefixes: is_group,
            ipv6: is_group,
            batch: self.config.batch.max(1),
            capacity: Some(self.config.capacity.max(1)),
            atomic: false,
        }
    }

    fn obstacle(&self, target: IpNet) -> Option<String> {
        self.means.obstacle(&target)
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        if blocks.is_empty() {
            return Ok(Vec::new());
        }
        let mut state = self.state.lock().await;
        self.try_block(blocks, &mut state).await.map_err(|trouble| self.named(trouble))
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let mut state = self.state.lock().await;
        self.try_unblock(targets, &mut state).await.map_err(|trouble| self.named(trouble))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let mut state = self.state.lock().await;
        let read = async {
            let mut talk = self.link.open().await?;
            self.held(&mut talk).await
        };
        let held = read.await.map_err(|trouble| self.named(trouble))?;
        let ours = self.ours(&held, &state.done);
        // What is gone is told by this listing, and needs no telling a second time.
        state.done.retain(|target| held.targets.contains(target));
        Ok(ours.into_iter().map(|target| Block { target, ttl: None, reason: String::new() }).collect())
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.try_health().await.map_err(|trouble| self.named(trouble))
    }
}
