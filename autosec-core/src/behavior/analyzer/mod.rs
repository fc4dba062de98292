//! The whole: a [`BehaviorAnalyzer`] weighs events against what is known and learns from them.
//!
//! `builder` makes one; `weigh` turns what is known into signals, `assessment` says what they amount to, `feedback` what analysts said of that, `challenged` which successes wait for proof, `learn` decides what an
//! event teaches; `detect` is the analyzer as a detector, `keep` its snapshots.

mod assessment;
mod builder;
mod challenged;
mod detect;
mod feedback;
mod keep;
mod learn;
mod weigh;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use ipnet::IpNet;

pub use assessment::Assessment;
pub use builder::BehaviorBuilder;
pub use learn::Challenge;

use super::aliases::Aliases;
use super::baseline::{Ageing, Baseline};
use super::baselines::Baselines;
use super::crowd::{Crowd, Moment};
use super::horizon::Horizon;
use super::observation::{Observation, Reader};
use super::peers::PeerGroups;
use super::signal::{Limits, Signals};
use super::sources::Sources;
use super::{BehaviorConfig, Feature};
use crate::entity::Entity;
use crate::event::Event;
use crate::finding::Analytic;

/// Weighs what somebody does against what is usual for them, for their peers and for everyone, and learns from it.
#[derive(Debug)]
pub struct BehaviorAnalyzer {
    config: BehaviorConfig,
    ageing: Ageing,
    reader: Reader,
    aliases: Aliases,
    peers: Arc<dyn PeerGroups>,
    baselines: Baselines,
    crowd: Crowd,
    sources: Sources,
    horizon: Horizon,
    feedback: feedback::Feedback,
    challenged: challenged::Challenged,
    limits: Limits,
    analytic: Arc<Analytic>,
    /// Evictions that were reported.
    told: AtomicU64,
}

impl BehaviorAnalyzer {
    /// A builder with every default in place.
    pub fn builder() -> BehaviorBuilder {
        BehaviorBuilder::default()
    }

    /// How the event looks beside what is known of its subject; none if it is about nobody. Learns nothing.
    pub fn score(&self, event: &Event<'_>) -> Option<Assessment> {
        let seen = self.observe(event)?;
        let moment = Moment::at(seen.second, &self.ageing);
        let mut assessment = None;
        let only_look = |baseline: &mut Baseline| {
            self.refute(&seen, baseline);
            assessment = Some(self.assess(&seen, moment, baseline));
            false
        };
        self.baselines.visit(seen.subject, only_look);
        assessment
    }

    /// What is known of an entity.
    pub fn baseline(&self, entity: &Entity) -> Option<Baseline> {
        self.baselines.find(self.reader.entity(entity, &self.aliases))
    }

    /// How many entities it has baselines of.
    pub fn entities(&self) -> usize {
        self.baselines.len()
    }

    /// The bytes that baselines, and what is known of everyone, take.
    pub fn bytes(&self) -> usize {
        self.baselines.bytes() + self.crowd.bytes()
    }

    /// How many baselines had to give way to stay within the budget.
    pub fn evicted(&self) -> u64 {
        self.baselines.evicted()
    }

    /// How many values that everyone or a peer group was seen with had to give way.
    pub fn evicted_values(&self) -> u64 {
        self.crowd.evicted()
    }

    fn observe(&self, event: &Event<'_>) -> Option<Observation> {
        let met = |subject| self.baselines.ask_for_place(subject);
        let found = |subject, feature, value: Option<u64>| {
            // Half of the values are read: the place has come, and the other half takes as long as the baseline.
            if feature == Feature::Agent {
                self.baselines.ask_for(subject);
            }
            value.map(|value| self.crowd.ask_for(feature, value))
        };
        let mut seen = self.reader.read(event, &self.aliases, met, found)?;
        let second = self.horizon.bound(seen.second);
        if second != seen.second {
            seen.move_to(second);
        }
        seen.group = self.peers.group(event).map(|group| self.reader.circle(group));
        Some(seen)
    }

    /// Forgets a baseline that learned at a time which is believed no more, before something happens at one that is.
    fn refute(&self, seen: &Observation, baseline: &mut Baseline) {
        if seen.is_believed() && self.horizon.is_beyond(baseline.newest()) {
            *baseline = Baseline::default();
        }
    }

    /// How an event looks beside a baseline, which is brought to its time.
    fn assess(&self, seen: &Observation, moment: Moment, baseline: &mut Baseline) -> Assessment {
        baseline.advance(seen.second, &self.ageing);
        let young = baseline.learned() < self.config.learning_events;
        let waiting = if young { 1.0 } else { self.config.quarantine_share };
        let view = baseline.view(seen.second, &self.ageing, waiting);
        let known = weigh::Known {
            view,
            history: view.history(),
            crowd: &self.crowd,
            everyone: seen.glance.shares(&self.crowd, moment),
            moment,
            spread: seen
                .client
                .and_then(|(client, _)| self.sources.spread(client, seen.second, &self.ageing)),
        };
        let step = known.step(seen);
        let about = assessment::Background {
            history: known.history,
            coverage: weigh::coverage(seen),
            learning: self.is_learning(baseline, view.age()),
            feedback: self.feedback.offsets(seen.subject, seen.time),
            step,
        };
        Assessment::new(seen, &known.signals(seen, step), &about, &self.limits)
    }

    /// How the client of an event looks that failed: at how many users it did in this hour.
    fn assess_client(&self, seen: &Observation) -> Option<(IpNet, Assessment)> {
        let (client, network) = seen.client?;
        let spread = self.sources.spread(client, seen.second, &self.ageing)?;
        let mut signals = Signals::new();
        signals.add(weigh::fanned_out(spread));
        let about = assessment::Background {
            history: f64::from(spread.failures),
            coverage: 1.0,
            learning: false,
            feedback: self.feedback.offsets(client, seen.time),
            step: None,
        };
        let of_client = Observation { subject: client, ..seen.clone() };
        Some((network, Assessment::new(&of_client, &signals, &about, &self.limits)))
    }

    /// Whether so little is known that nothing harsher than a challenge is asked for.
    fn is_learning(&self, baseline: &Baseline, age: u32) -> bool {
        baseline.learned() < self.config.learning_events
            && u64::from(age) < self.config.learning_time.as_secs()
    }
}
