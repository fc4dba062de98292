use super::{Assessment, BehaviorAnalyzer};
use crate::behavior::Feature;
use crate::behavior::baseline::{Baseline, Gained, Lesson, Settling};
use crate::behavior::crowd::{Circle, Moment};
use crate::behavior::observation::{Observation, Outcome};
use crate::entity::Entity;
use crate::event::Event;

/// How somebody fared who was asked for proof: a second factor, a captcha.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Challenge {
    /// They proved who they are.
    Passed,
    /// They did not.
    Failed,
}

/// How an event is learned from.
struct Teaching {
    /// The chance of its step from the action before.
    step: Option<f64>,
    /// How much of an event it counts as.
    weight: f64,
    /// Who did it has proved who they are.
    proved: bool,
    /// It was counted when it was challenged.
    counted: bool,
}

/// What everyone is taught by an event beside its values.
struct Taught {
    weight: f64,
    /// What the baseline gained, and everyone's counts with it: so much a day and value at most.
    gained: Gained,
    /// The route and the steps that it ended.
    route: Option<u64>,
    steps: Option<(u64, u64)>,
}

impl BehaviorAnalyzer {
    /// Tells how somebody fared who was challenged because of `event`.
    ///
    /// An event whose risk reached [`challenge`](crate::behavior::BehaviorConfig::challenge) was not learned. Passed, it is
    /// now, in full and without quarantine: who did it has proved who they are. Failed, it counts as a failure, and what
    /// succeeds from the same /24 or /48 is not learned for three half-lives, or until a challenge is passed there: unless the
    /// entity was known to be there before.
    pub fn resolve(&self, event: &Event<'_>, challenge: Challenge) {
        let Some(seen) = self.observe(event) else { return };
        match challenge {
            Challenge::Passed => {
                let counted = self.challenged.take(&seen);
                let teaching = Teaching { step: None, weight: 1.0, proved: true, counted };
                let moment = Moment::at(seen.second, &self.ageing);
                self.baselines.change(seen.subject, |baseline| {
                    self.refute(&seen, baseline);
                    seen.prefix().into_iter().for_each(|prefix| baseline.trust(prefix));
                    self.settle(&seen, &self.settling(&seen, baseline), moment);
                    let taught = self.teach(&seen, &teaching, baseline);
                    self.hear(&seen);
                    self.spread(&seen, &taught, moment);
                });
            }
            Challenge::Failed => {
                self.note_failure(&seen);
                self.doubt(seen.subject, seen.prefix(), seen.second);
            }
        }
    }

    /// Drops what was learned of an entity and still waits in quarantine: for an account that was taken over. Whether anything
    /// is known of it.
    pub fn compromised(&self, entity: &Entity) -> bool {
        let key = self.reader.entity(entity, &self.aliases);
        let mut known = false;
        self.baselines.change(key, |baseline| {
            known = !baseline.is_empty();
            baseline.drop_unsettled();
        });
        known
    }

    /// Forgets an entity. Whether anything was known of it.
    pub fn forget(&self, entity: &Entity) -> bool {
        self.baselines.forget(self.reader.entity(entity, &self.aliases))
    }

    /// Weighs an event and learns what it teaches.
    pub(super) fn meet(&self, seen: &Observation) -> Option<Assessment> {
        let moment = Moment::at(seen.second, &self.ageing);
        let (mut assessment, mut taught, mut heard) = (None, None, false);
        let weigh_and_learn = |baseline: &mut Baseline| {
            self.refute(seen, baseline);
            let settling = self.settling(seen, baseline);
            let about = assessment.insert(self.assess(seen, moment, baseline));
            let risk = about.risk();
            let is_doubted = |prefix| baseline.doubts(prefix, seen.second, &self.ageing);
            heard = seen.outcome == Outcome::Success
                && risk < self.config.challenge
                && !seen.prefix().is_some_and(is_doubted);
            let learns = heard && seen.is_believed();
            if learns {
                let weight = 1.0 - risk.value();
                let teaching = Teaching { step: about.step, weight, proved: false, counted: false };
                self.settle(seen, &settling, moment);
                taught = Some(self.teach(seen, &teaching, baseline));
            }
            learns
        };
        self.baselines.visit(seen.subject, weigh_and_learn);
        if heard {
            self.hear(seen);
        }
        match (seen.outcome, taught) {
            (_, Some(taught)) => self.spread(seen, &taught, moment),
            // When it was nobody knows.
            (Outcome::Success, None) if !seen.is_believed() => {}
            (Outcome::Success, None) => {
                self.challenged.note(seen);
                self.tally(seen, |baseline, second| baseline.succeeded(second, &self.ageing));
            }
            (Outcome::Failure, None) => self.note_failure(seen),
            (Outcome::Unknown, None) => {}
        }
        assessment
    }

    /// Doubts what comes from a prefix.
    pub(super) fn doubt(&self, subject: u64, prefix: Option<u64>, second: u32) {
        let Some(prefix) = prefix else { return };
        self.baselines.change(subject, |baseline| {
            baseline.doubt(prefix, second, baseline.learned() < self.config.learning_events);
        });
    }

    /// Hears what time it is. Before that was agreed on everyone may have been taught at a wrong one.
    fn hear(&self, seen: &Observation) {
        if self.horizon.hear(seen.said, seen.subject) {
            self.crowd.clear();
            self.sources.clear();
        }
    }

    fn note_failure(&self, seen: &Observation) {
        if let Some((client, _)) = seen.client {
            let present = self.horizon.present();
            self.sources.failed(client, seen.subject, seen.second, &present, &self.ageing);
        }
        self.tally(seen, |baseline, second| baseline.failed(second, &self.ageing));
    }

    /// Counts for an entity that is known; strangers who fail cost nothing.
    fn tally(&self, seen: &Observation, count: impl FnOnce(&mut Baseline, u32)) {
        self.baselines.change(seen.subject, |baseline| {
            if !baseline.is_empty() {
                count(baseline, seen.second);
            }
        });
    }

    /// What comes out of quarantine at an event of a group's member. A baseline tells it before it is brought to the event's time.
    fn settling(&self, seen: &Observation, baseline: &Baseline) -> Vec<Settling> {
        let grouped = seen.group.map(|_| baseline.settling(seen.second, &self.ageing));
        grouped.into_iter().flatten().collect()
    }

    /// Lets a group learn what came out of a member's quarantine.
    fn settle(&self, seen: &Observation, settling: &[Settling], moment: Moment) {
        let Some(group) = seen.group.filter(|_| self.horizon.is_shared(seen.second)) else { return };
        settling.iter().for_each(|settled| self.crowd.settle(group, settled, moment));
    }

    /// Teaches a baseline, and says what everyone is to be taught.
    fn teach(&self, seen: &Observation, teaching: &Teaching, baseline: &mut Baseline) -> Taught {
        let &Teaching { step, weight, proved, counted } = teaching;
        let young = baseline.learned() < self.config.learning_events;
        let floor = if young { f64::from(self.config.learning_events) } else { self.config.daily_events };
        let lesson = Lesson {
            second: seen.second,
            arrival: self.horizon.agreed(),
            values: &seen.values,
            place: seen.place,
            amount: seen.amount,
            step,
            weight,
            proved,
            floor: floor.max(self.config.daily_events),
            share: self.config.daily_share,
        };
        let route = baseline.route(seen.place.as_ref());
        let action = seen.values.get(Feature::Action.index()).copied().flatten();
        let steps = action.and_then(|action| baseline.step_to(action));
        let gained = baseline.learn(&lesson, &self.ageing);
        if !counted {
            baseline.succeeded(seen.second, &self.ageing);
        }
        Taught { weight, gained, route, steps }
    }

    /// Counts what was taught as everyone's.
    fn spread(&self, seen: &Observation, taught: &Taught, moment: Moment) {
        if !self.horizon.is_shared(seen.second) {
            return;
        }
        seen.glance.count(&self.crowd, taught.gained, taught.weight, moment);
        let count = |circle, feature, value| self.crowd.count(circle, feature, value, taught.weight, moment);
        if let Some(route) = taught.route.filter(|_| taught.gained.has(Feature::Route)) {
            count(Circle::EVERYONE, Feature::Route, route);
        }
        if let Some((from, to)) = taught.steps.filter(|_| taught.gained.has(Feature::Step)) {
            for circle in [Some(Circle::EVERYONE), seen.group].into_iter().flatten() {
                count(circle, Feature::Step, from);
                count(circle, Feature::Step, to);
            }
        }
    }
}
