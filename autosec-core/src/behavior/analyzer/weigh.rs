use super::super::Feature;
use super::super::baseline::{Counts, Place, View};
use super::super::crowd::{Circle, Crowd, Moment, Share, Shares};
use super::super::observation::Observation;
use super::super::signal::{
    self, ANY_HOUR, Count, Doubt, HourOfWeek, Kind, Layer, Level, NETWORK_NOVELTY, Rate, SOFTWARE_NOVELTY,
    Signals, Visit, hour_chance, rarity, season, sequence, share, step_chance, travel,
};
use super::super::sources::Spread;
use crate::time::Timestamp;

/// Features from narrow to wide, and how often something new is usual in each.
const NETWORK: [(Feature, f64); 4] =
    layered([Feature::Address, Feature::Prefix, Feature::Network, Feature::Country], NETWORK_NOVELTY);
const SOFTWARE: [(Feature, f64); 4] =
    layered([Feature::Agent, Feature::Browser, Feature::System, Feature::Device], SOFTWARE_NOVELTY);
/// Features that say something by themselves. Estimates of how often new ones are usual, as those of the hierarchies.
const ALONE: [(Kind, (Feature, f64)); 3] = [
    (Kind::Device, (Feature::Fingerprint, 0.2)),
    (Kind::Rarity, (Feature::Action, 0.1)),
    (Kind::Rarity, (Feature::Target, 0.15)),
];
/// The share of attackers that come through a network known to hide them.
const HIDING: f64 = 0.5;
/// How often somebody comes through such a network who never did before.
const HIDING_ANEW: f64 = 0.03;
/// How many events an hour's chance among a crowd weighs against.
const HOURS: f64 = 12.0;
/// Events in an hour in which somebody acts at all: one, as sure as four such hours make.
const USUAL: (f64, f64) = (4.0, 4.0);
/// Failures in such an hour: three in twenty, as sure as four make.
const USUAL_FAILURES: (f64, f64) = (0.6, 4.0);
/// Users at which a client fails in an hour, once it fails, as sure as four hours make.
const USUAL_USERS: (f64, f64) = (4.0, 4.0);

/// What is known, against which an event is weighed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'k> {
    pub(super) view: View<'k>,
    /// How many events that rests on.
    pub(super) history: f64,
    pub(super) crowd: &'k Crowd,
    /// What everyone makes of the event's values.
    pub(super) everyone: Shares,
    pub(super) moment: Moment,
    /// At how many users the event's client failed.
    pub(super) spread: Option<Spread>,
}

impl Known<'_> {
    /// What each aspect of the event says.
    pub(super) fn signals(&self, seen: &Observation, step: Option<f64>) -> Signals {
        let mut signals = Signals::new();
        signals.add(self.travel(seen));
        signals.add(self.hierarchy(Kind::Network, &NETWORK, seen));
        signals.add(self.hierarchy(Kind::Software, &SOFTWARE, seen));
        for (kind, alone) in &ALONE {
            signals.add(self.hierarchy(*kind, std::slice::from_ref(alone), seen));
        }
        signals.add(self.cover(seen));
        signals.add(self.season(seen));
        signals.add(self.rate());
        let level = seen.amount.and_then(|amount| signal::level(amount, self.view.level(), Level::default()));
        signals.add(level);
        signals.add(step.and_then(|chance| sequence(chance, self.view.surprise())));
        signals.add(self.spread.map(fanned_out));
        signals
    }

    /// The chance of the step from the action before to this one; none if the entity only ever does one thing.
    pub(super) fn step(&self, seen: &Observation) -> Option<f64> {
        let action = seen.values.get(Feature::Action.index()).copied().flatten()?;
        let (from, step) = self.view.step_to(action)?;
        if self.view.counts(Feature::Action, action).distinct < 2.0 {
            return None;
        }
        let chance = |circle, prior: f64| {
            let seen = |step| self.crowd.seen(circle, Feature::Step, step, self.moment);
            step_chance(seen(step), seen(from), prior)
        };
        let Share { value, total, distinct } = self.everyone.of(Feature::Action);
        let everyone = chance(Circle::EVERYONE, share(value, total, distinct));
        let peers = seen.group.map_or(everyone, |group| chance(group, everyone));
        let own = self.view.counts(Feature::Step, step).value;
        Some(step_chance(own, self.view.actions_before(), peers))
    }

    fn travel(&self, seen: &Observation) -> Option<signal::Signal> {
        let (here, last) = (seen.place.as_ref()?, self.view.place()?);
        let doubt = Doubt {
            same_system: here.network != 0 && here.network == last.network,
            anonymizer: here.hidden || last.hidden,
            known_pair: last.route(here).is_some_and(|route| self.is_known(route, seen)),
        };
        Some(travel(visit(last)?, visit(here)?, doubt))
    }

    /// Whether a route is the entity's own, or that of three of its peers: 2.2 is that many for two weeks, and never two.
    fn is_known(&self, route: u64, seen: &Observation) -> bool {
        let of_peers = |circle| self.crowd.share_of(circle, Feature::Route, route, self.moment).value >= 2.2;
        self.view.counts(Feature::Route, route).value > 0.5 || seen.group.is_some_and(of_peers)
    }

    fn hierarchy(
        &self,
        kind: Kind,
        features: &[(Feature, f64)],
        seen: &Observation,
    ) -> Option<signal::Signal> {
        let mut layers = smallvec::SmallVec::<[Layer; 4]>::new();
        for (feature, novelty) in features {
            let Some(hash) = seen.values.get(feature.index()).copied().flatten() else { continue };
            let everyone = self.everyone.of(*feature);
            layers.push(Layer {
                own: own(self.view.counts(*feature, hash)),
                peers: self.peers(seen, *feature, hash),
                share: share(everyone.value, everyone.total, everyone.distinct),
                novelty: *novelty,
            });
        }
        rarity(kind, layers.iter().copied())
    }

    /// Somebody who never hid comes through a network that hides: attackers often do.
    fn cover(&self, seen: &Observation) -> Option<signal::Signal> {
        let hash = seen.values.get(Feature::Cover.index()).copied().flatten()?;
        let chance = if hash & 1 == 1 { HIDING } else { 1.0 - HIDING };
        let layer = Layer {
            own: own(self.view.counts(Feature::Cover, hash)),
            peers: Count::default(),
            share: chance,
            novelty: HIDING_ANEW,
        };
        // Where nobody can be known to hide, that somebody does not says nothing.
        let hides = hash & 1 == 1;
        hides.then(|| rarity(Kind::Network, [layer]))?
    }

    fn season(&self, seen: &Observation) -> Option<signal::Signal> {
        let number = seen.values.get(Feature::Hour.index()).copied().flatten()?;
        let hour = HourOfWeek::new(u8::try_from(number).ok()?);
        let chance = |hour: Share, prior: f64| (hour.value + HOURS * prior) / (hour.total + HOURS);
        let everyone = chance(self.everyone.of(Feature::Hour), ANY_HOUR);
        // The hours of a group are counted as those of everyone: they are numbers, no hashes.
        let of_group = |group| self.crowd.share(group, Feature::Hour, number, self.moment);
        let peers = seen.group.map_or(everyone, |group| chance(of_group(group), everyone));
        let counted = self.view.hours().map(|(hour, events)| (HourOfWeek::new(hour), events));
        Some(season(hour, hour_chance(hour, counted, peers), everyone, self.history))
    }

    /// Too many events in this hour, or too many failures before this one.
    ///
    /// That there is an event says that the entity acts in this hour, so it is compared with hours in which it does: at most
    /// as many as it did something in all. Beside all hours a password mistyped twice is 5 nats.
    fn rate(&self) -> Option<signal::Signal> {
        let (successes, failures) = (self.view.successes(), self.view.failures());
        let hours = self.view.hours_observed().min(successes.before + failures.before);
        let each = [(successes, USUAL), (failures, USUAL_FAILURES)];
        let signals = each.into_iter().map(|(tally, (events, windows))| {
            let own = Rate::new(tally.before, hours);
            signal::rate(u64::from(tally.window), 1.0, own, Rate::new(events, windows))
        });
        signals.max_by_key(signal::Signal::llr)
    }

    fn peers(&self, seen: &Observation, feature: Feature, hash: u64) -> Count {
        let Some(group) = seen.group.filter(|_| feature != Feature::Address) else { return Count::default() };
        let Share { value, total, distinct } = self.crowd.share_of(group, feature, hash, self.moment);
        // The crowd does not count what was seen once. Were its counts geometric, a share of distinct / total of the values were.
        let once = if total > 0.0 { distinct * (distinct / total).min(1.0) } else { 0.0 };
        Count { seen: value, total, once }
    }
}

/// A client that fails at many users.
pub(super) fn fanned_out(spread: Spread) -> signal::Signal {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 266, and not below 0"
    )]
    let users = libm::round(spread.users) as u64;
    let (events, windows) = USUAL_USERS;
    let own = Rate::new(spread.before, spread.hours);
    signal::fanout(users, u64::from(spread.failures), 1.0, own, Rate::new(events, windows))
}

/// How much of what an event can say it does say, 0 to 1.
pub(super) fn coverage(seen: &Observation) -> f64 {
    let told = [
        Feature::Address,
        Feature::Network,
        Feature::Country,
        Feature::Agent,
        Feature::Browser,
        Feature::System,
        Feature::Hour,
        Feature::Action,
    ];
    let count =
        told.iter().filter(|feature| seen.values.get(feature.index()).is_some_and(Option::is_some)).count();
    let place = usize::from(seen.place.is_some());
    #[expect(clippy::cast_precision_loss, reason = "at most nine")]
    let share = (count + place) as f64 / (told.len() + 1) as f64;
    share
}

const fn layered(features: [Feature; 4], novelty: [f64; 4]) -> [(Feature, f64); 4] {
    let ([a, b, c, d], [w, x, y, z]) = (features, novelty);
    [(a, w), (b, x), (c, y), (d, z)]
}

fn own(counts: Counts) -> Count {
    Count { seen: counts.value, total: counts.total, once: counts.singles }
}

fn visit(place: &Place) -> Option<Visit> {
    let radius = Some(f64::from(place.radius)).filter(|radius| *radius > 0.0);
    let at = Timestamp::from_secs(i64::from(place.at));
    Some(Visit { place: signal::Place::new(place.latitude(), place.longitude(), radius)?, at })
}
