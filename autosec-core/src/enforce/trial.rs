use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use super::{Bulk, Enforcement, Enforcer, Entry, Idle, Require};
use crate::decision::Decision;
use crate::time::Timestamp;

/// Blocks that are taken back by themselves unless somebody confirms them: for a change that might lock out whoever makes
/// it. See [`Enforcer::try_out`].
#[derive(Debug)]
#[must_use = "blocks that nobody confirms end"]
pub struct Trial {
    /// What became of the blocks for now.
    pub bulk: Bulk,
    /// When they end unless confirmed, by the host's clock.
    pub until: Timestamp,
    decisions: Vec<Decision>,
    /// What was not in force before.
    added: Vec<IpNet>,
}

impl Enforcer {
    /// Puts decisions in force for `span` only, until [confirmed](Enforcer::confirm). Nobody has to do anything for them
    /// to be reverted, not even this process: that is how long firewalls and ledger know them for. What is in force
    /// already stays as it is until then.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use autosec_core::decision::Decision;
    /// use autosec_core::enforce::MemoryFirewall;
    /// use autosec_core::engine::Engine;
    /// use autosec_core::entity::Entity;
    /// use autosec_core::finding::Action;
    /// use autosec_core::time::{ManualClock, Timestamp};
    ///
    /// let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
    /// let edge = MemoryFirewall::with_clock("edge", clock.clone());
    /// let engine = Engine::builder().clock(clock.clone()).firewall(edge.clone()).build()?;
    /// let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
    /// let network = Entity::Address("203.0.113.0/24".parse()?);
    /// let decision = Decision::new(network, Action::Block, Timestamp::from_secs(1_700_000_000), day);
    ///
    /// let _unconfirmed = engine.enforcer().try_out(&[decision.clone()], minute).await;
    /// assert!(edge.drops("203.0.113.7".parse()?));
    /// clock.advance(minute);
    /// assert!(!edge.drops("203.0.113.7".parse()?), "nobody confirmed it");
    ///
    /// let trial = engine.enforcer().try_out(&[decision], minute).await;
    /// assert!(engine.enforcer().confirm(trial).await.is_complete());
    /// clock.advance(minute * 60);
    /// assert!(edge.drops("203.0.113.7".parse()?));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn try_out(&self, decisions: &[Decision], span: Duration) -> Trial {
        let now = self.context.clock.now();
        let (mut apart, mut entries, mut places, mut confirmable) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, decision) in decisions.iter().enumerate() {
            match self.entry(decision, now) {
                Ok(entry) => {
                    confirmable.push(decision.clone());
                    if self.context.ledger.entry(&entry.target, now).is_none() {
                        entries.push(provisional(entry, span, now));
                        places.push(place);
                    }
                }
                Err(why) => apart.push((place, why)),
            }
        }
        let added = entries.iter().map(|entry| entry.target).collect();
        let together = self.put_in_force(entries, &places, &mut apart, now).await;
        apart.sort_by_key(|(place, _)| *place);
        Trial { bulk: Bulk { apart, together }, until: now + span, decisions: confirmable, added }
    }

    /// Makes a trial's blocks last as long as was decided, from now; also if it is over.
    pub async fn confirm(&self, trial: Trial) -> Bulk {
        self.enforce_all(&trial.decisions).await
    }

    /// Takes a trial's blocks back now. What was in force before it stays.
    pub async fn revert(&self, trial: Trial) -> Enforcement {
        match self.context.ledger.unblock(|target| trial.added.contains(target)) {
            Ok(targets) if targets.is_empty() => Enforcement::Nothing(Idle::NotBlocked),
            Ok(targets) => Enforcement::Fanned {
                reports: self.fan(&targets, "unblock", Require::All).await,
                unwritten: None,
            },
            Err(error) => Enforcement::Failed(error),
        }
    }
}

/// The same entry for the time of the trial, under an id of its own: the decision itself is still to be made.
fn provisional(entry: Entry, span: Duration, now: Timestamp) -> Entry {
    let duration = span.min(entry.duration);
    let decision = Arc::from(format!("trial of {}", entry.decision));
    Entry { until: now + duration, duration, decision, ..entry }
}
