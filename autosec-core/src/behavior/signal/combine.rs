use std::cmp::Ordering;

use super::{Group, Kind, Nats, Reason, Signal, Signals};
use crate::measure::{Confidence, RiskScore};

/// What the groups of signals may weigh in the sum.
///
/// ```
/// use autosec_core::behavior::signal::{Limits, Nats};
///
/// // Where one event in a thousand is an attacker's: ln(0.001 / 0.999).
/// let careful = Limits { prior: Nats::new(-6.907), ..Limits::default() };
/// assert!(careful.prior < Limits::default().prior);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The log-odds of an attacker before the event is looked at; default -5: one event in 149.
    pub prior: Nats,
    /// The least and the most that each group may add, in the order of [`Group::ALL`]: its strongest kind and
    /// something for the others.
    pub groups: [(Nats, Nats); Group::ALL.len()],
    /// The least that all signals for the ordinary may add together, at most 0; default -5, so that a known address
    /// and a known device do not excuse everything else. What [`Kind::Level`], [`Kind::Sequence`] or [`Kind::Peer`] say
    /// against them, the strongest of them, is taken from it: who sits at the right desk may still carry everything away.
    pub ordinary: Nats,
}

impl Default for Limits {
    fn default() -> Self {
        let limit = |least, most| (Nats::new(least), Nats::new(most));
        Self {
            prior: Nats::new(-5.0),
            groups: [
                limit(-4.0, 7.0),
                limit(-3.5, 6.0),
                limit(-1.5, 3.0),
                limit(-0.9, 7.5),
                limit(-2.0, 5.0),
            ],
            ordinary: Nats::new(-5.0),
        }
    }
}

/// The signals of an event as a sum: what each adds to the log-odds that somebody else did it.
///
/// [`prior`](Combined::prior) and all [`contributions`](Combined::contributions) add up to
/// [`log_odds`](Combined::log_odds) to the last bit, whatever the order, as [`Nats`] and as `f64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Combined {
    signals: Signals,
    prior: Nats,
    adds: [Nats; Kind::ALL.len()],
    feedback: [Nats; Group::ALL.len()],
    log_odds: Nats,
}

/// What one signal, or what analysts said of its group, adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// What adds it.
    pub source: Source,
    /// How much, in nats; below zero it speaks for the ordinary.
    pub adds: Nats,
}

/// Where a contribution comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// A signal.
    Signal(Signal),
    /// What analysts confirmed or dismissed of findings in which this group weighed.
    Feedback(Group),
}

/// Adds the signals up, as log-odds.
///
/// Were all signals independent, their log-likelihood ratios would simply add up (naive Bayes). Those of one
/// [`Group`] are not: a new country is a new network as well. So in each group the strongest counts in full and of
/// the others a quarter, separately for what speaks for an attacker and for what speaks for the ordinary. Weights are
/// given out from the strongest down until the group's [limit](Limits::groups) is used up; what speaks for the
/// ordinary shares [`Limits::ordinary`] over all groups besides.
///
/// `feedback` moves a group that speaks for an attacker, by at most what it speaks: it can silence a group or double
/// it, and changes nothing where the group is silent. [`Calibration::offsets`](super::Calibration::offsets) gives it.
///
/// ```
/// use autosec_core::behavior::signal::{Group, Kind, Limits, Nats, Reason, Signal, Signals, combine};
///
/// let why = Reason::Sequence { chance: 0.01, z: 3.0 };
/// let mut signals = Signals::new();
/// for (kind, llr) in [(Kind::Travel, 4.0), (Kind::Network, 3.0), (Kind::Software, -1.0)] {
///     signals.add(Signal::new(kind, llr, 0.9, why));
/// }
/// let combined = combine(&signals, [Nats::ZERO; Group::ALL.len()], &Limits::default());
/// let adds: Vec<String> = combined.contributions().map(|part| part.adds.to_string()).collect();
/// assert_eq!(adds, ["+4.00", "+0.75", "-1.00"]);
/// assert_eq!(combined.log_odds(), Nats::new(-5.0 + 4.0 + 0.75 - 1.0));
/// assert_eq!(combined.risk().to_string(), "0.22");
/// ```
pub fn combine(signals: &Signals, feedback: [Nats; Group::ALL.len()], limits: &Limits) -> Combined {
    let adds = share_out(signals, limits);
    let mut applied = [Nats::ZERO; Group::ALL.len()];
    for (group, (applied, wanted)) in Group::ALL.into_iter().zip(applied.iter_mut().zip(feedback)) {
        let speaks = suspicion(&adds, group);
        *applied = wanted.clamp(-speaks, speaks);
    }
    let log_odds = limits.prior + adds.into_iter().chain(applied).sum();
    Combined { signals: *signals, prior: limits.prior, adds, feedback: applied, log_odds }
}

/// How sure an assessment is: `n / (n + 10) × fields × agreement`, 0 to 1, apart from how high its risk is.
///
/// `history` is the number `n` of events that the entity's baseline rests on; `fields` the share, 0 to 1, of the
/// fields that the signals read and the event had. Agreement is `(1 + |Σ adds| / Σ |adds|) / 2`: 1 where all
/// contributions point one way, ½ where they cancel out.
pub fn confidence(combined: &Combined, history: f64, fields: f64) -> Confidence {
    // Silent kinds add nothing, and sums of these numbers are exact.
    let adds = combined.adds.iter().chain(&combined.feedback);
    let (sum, size) =
        adds.fold((0.0, 0.0), |(sum, size), adds| (sum + adds.value(), size + adds.value().abs()));
    let agreement: f64 = if size > 0.0 { sum.abs() / size } else { 1.0 };
    Confidence::clamped(
        super::math::trust(history, 10.0) * fields.clamp(0.0, 1.0) * f64::midpoint(1.0, agreement),
    )
}

impl Combined {
    /// The log-odds before the event was looked at.
    pub const fn prior(&self) -> Nats {
        self.prior
    }

    /// Prior and contributions together.
    pub const fn log_odds(&self) -> Nats {
        self.log_odds
    }

    /// The chance that somebody else did it, `1 / (1 + e^-log_odds)`, if the prior is right.
    pub fn risk(&self) -> RiskScore {
        RiskScore::clamped(1.0 / (1.0 + libm::exp(-self.log_odds.value())))
    }

    /// What each signal adds, silent ones included, in the order of their kinds, and then what feedback adds, if any.
    pub fn contributions(&self) -> impl Iterator<Item = Contribution> {
        let signals = Kind::ALL.into_iter().zip(self.adds).filter_map(|(kind, adds)| {
            Some(Contribution { source: Source::Signal(*self.signals.of(kind)?), adds })
        });
        let feedback = Group::ALL.into_iter().zip(self.feedback).filter(|(_, adds)| *adds != Nats::ZERO);
        signals.chain(feedback.map(|(group, adds)| Contribution { source: Source::Feedback(group), adds }))
    }

    /// How much a group's signals speak for an attacker, feedback not counted; 0 if they don't.
    pub fn suspicion(&self, group: Group) -> Nats {
        suspicion(&self.adds, group)
    }
}

impl Contribution {
    /// Its name, stable: that of the kind, or of the group with `feedback on` before it.
    pub const fn name(&self) -> &'static str {
        match self.source {
            Source::Signal(signal) => signal.kind().name(),
            Source::Feedback(Group::Network) => "feedback on network",
            Source::Feedback(Group::Device) => "feedback on device",
            Source::Feedback(Group::Time) => "feedback on time",
            Source::Feedback(Group::Rate) => "feedback on rate",
            Source::Feedback(Group::Sequence) => "feedback on sequence",
        }
    }

    /// Why; none for feedback.
    pub const fn reason(&self) -> Option<Reason> {
        match self.source {
            Source::Signal(signal) => Some(signal.reason()),
            Source::Feedback(_) => None,
        }
    }
}

/// What is left to give out for one of the two sides.
struct Side {
    /// Of each group, and whether one of its kinds has got something.
    groups: [(Nats, bool); Group::ALL.len()],
    all: Nats,
}

impl Side {
    /// How much a kind of this strength adds, of those for this side the strongest first.
    fn give(&mut self, kind: Kind, strength: Nats) -> Nats {
        let Some((room, led)) = self.groups.get_mut(kind.group() as usize) else { return Nats::ZERO };
        let weight = if *led { strength.quarter() } else { strength };
        let given = weight.min(*room).min(self.all);
        (*room, *led, self.all) = (*room - given, true, self.all - given);
        given
    }
}

/// What each kind adds.
fn share_out(signals: &Signals, limits: &Limits) -> [Nats; Kind::ALL.len()] {
    let side = |room: fn((Nats, Nats)) -> Nats, all: Nats| Side {
        groups: limits.groups.map(|limit| (room(limit).max(Nats::ZERO), false)),
        all: all.max(Nats::ZERO),
    };
    let mut attacker = side(|(_, most)| most, Nats::MAX);
    let mut ordinary = side(|(least, _)| -least, (-limits.ordinary).max(Nats::ZERO) - doing(signals));
    let llrs = Kind::ALL.map(|kind| signals.of(kind).map_or(Nats::ZERO, Signal::llr));
    let mut adds = [Nats::ZERO; Kind::ALL.len()];
    for kind in strongest_first(&llrs) {
        let (Some(llr), Some(add)) = (llrs.get(kind as usize), adds.get_mut(kind as usize)) else { continue };
        *add = match llr.cmp(&Nats::ZERO) {
            Ordering::Greater => attacker.give(kind, *llr),
            Ordering::Less => -ordinary.give(kind, -*llr),
            Ordering::Equal => break,
        };
    }
    adds
}

/// How much the strongest signal about what is moved or done next speaks for an attacker; not below zero. How often is no part
/// of it: who mistypes a password twice is most often the owner, and a known place does speak for that.
fn doing(signals: &Signals) -> Nats {
    let kinds = [Kind::Level, Kind::Sequence, Kind::Peer];
    kinds.into_iter().filter_map(|kind| signals.of(kind)).map(Signal::llr).fold(Nats::ZERO, Nats::max)
}

/// The kinds by how loud they speak, whichever way; of equal ones the first before the others.
fn strongest_first(llrs: &[Nats; Kind::ALL.len()]) -> [Kind; Kind::ALL.len()] {
    let mut order = Kind::ALL;
    let loud = llrs.map(Nats::abs);
    for (at, (kind, mine)) in Kind::ALL.into_iter().zip(loud).enumerate() {
        // Counted instead of compared one after the other: no branch that nobody can foresee.
        let before =
            |(other, theirs): (usize, &Nats)| usize::from(*theirs > mine || *theirs == mine && other < at);
        let rank: usize = loud.iter().enumerate().map(before).sum();
        if let Some(slot) = order.get_mut(rank) {
            *slot = kind;
        }
    }
    order
}

fn suspicion(adds: &[Nats; Kind::ALL.len()], group: Group) -> Nats {
    let of_group = Kind::ALL.into_iter().zip(adds).filter(|(kind, _)| kind.group() == group);
    of_group.map(|(_, add)| (*add).max(Nats::ZERO)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SILENT: [Nats; 5] = [Nats::ZERO; 5];
    const WHY: Reason = Reason::Sequence { chance: 0.5, z: 0.0 };

    fn of(llrs: &[(Kind, f64)]) -> Signals {
        let mut signals = Signals::new();
        for (kind, llr) in llrs {
            signals.add(Signal::new(*kind, *llr, 0.5, WHY));
        }
        signals
    }

    fn log_odds(llrs: &[(Kind, f64)]) -> f64 {
        combine(&of(llrs), SILENT, &Limits::default()).log_odds().value()
    }

    #[test]
    fn groups_by_hand() {
        assert_eq!(log_odds(&[]), -5.0);
        assert_eq!(log_odds(&[(Kind::Travel, 4.0), (Kind::Network, 2.0)]), -5.0 + 4.0 + 0.5);
        assert_eq!(log_odds(&[(Kind::Travel, 4.0), (Kind::Software, 2.0)]), -5.0 + 6.0, "groups add up");
        assert_eq!(
            log_odds(&[(Kind::Travel, 4.0), (Kind::Network, -2.0)]),
            -5.0 + 4.0 - 2.0,
            "sides are apart"
        );
        let rates = [(Kind::Rate, 6.0), (Kind::Fanout, 6.0), (Kind::Level, 4.0)];
        assert_eq!(log_odds(&rates), -5.0 + 6.0 + 1.5, "of the last one's 1.0 nothing is left below 7.5");
        let usual = [(Kind::Network, -4.0), (Kind::Software, -3.0), (Kind::Season, -1.0)];
        assert_eq!(log_odds(&usual), -5.0 - 4.0 - 1.0, "the ordinary shares 5 nats");
        let carried = |kind, llr| log_odds(&[&usual[..], &[(kind, llr)]].concat());
        assert_eq!(carried(Kind::Level, 5.0), 0.0, "what is moved is not excused");
        assert_eq!(carried(Kind::Level, 1.0), -5.0 + 1.0 - 4.0);
        assert_eq!(carried(Kind::Rate, 6.0), -5.0 + 6.0 - 5.0, "how often may be");
    }

    #[test]
    fn feedback_never_outweighs_its_group() {
        let signals = of(&[(Kind::Travel, 1.0), (Kind::Season, -1.0)]);
        let moved = |by: f64| combine(&signals, [Nats::new(by); 5], &Limits::default()).log_odds().value();
        assert_eq!(moved(0.5), -5.0 + 1.5 - 1.0);
        assert_eq!(moved(1.5), -5.0 + 2.0 - 1.0, "doubled at most");
        assert_eq!(moved(-1.5), -5.0 - 1.0, "silenced at most, and silent groups stay");
        let combined = combine(&signals, [Nats::new(-0.25); 5], &Limits::default());
        let names: Vec<&str> = combined.contributions().map(|part| part.name()).collect();
        assert_eq!(names, ["travel", "season", "feedback on network"]);
    }

    #[test]
    fn confidence_by_hand() {
        let sure = |llrs: &[(Kind, f64)], history, fields| {
            confidence(&combine(&of(llrs), SILENT, &Limits::default()), history, fields).value()
        };
        assert_eq!(sure(&[(Kind::Travel, 2.0)], 10.0, 1.0), 0.5);
        assert_eq!(sure(&[(Kind::Travel, 2.0)], 30.0, 0.5), 0.375);
        assert_eq!(sure(&[(Kind::Travel, 2.0), (Kind::Software, -2.0)], 30.0, 1.0), 0.375);
        assert_eq!(sure(&[], 30.0, f64::NAN), 0.0);
    }

    #[test]
    fn bits_are_golden() {
        let combined =
            combine(&of(&[(Kind::Travel, 4.961_845), (Kind::Season, 1.3)]), SILENT, &Limits::default());
        // 1/(1 + e^-1.261845) = 0.779344.
        assert_eq!(combined.risk().value().to_bits(), 0x3fe8_f062_1933_0928);
    }

    fn kinds() -> impl Strategy<Value = Vec<(Kind, f64)>> {
        prop::collection::vec(((0..11usize).prop_map(|index| Kind::ALL[index]), -8.0..8.0), 0..20)
    }

    fn feedback() -> impl Strategy<Value = [Nats; 5]> {
        prop::array::uniform5((-3.0..3.0).prop_map(Nats::new))
    }

    proptest! {
        #[test]
        fn contributions_add_up_to_the_last_bit(
            (llrs, shuffled) in kinds().prop_flat_map(|llrs| (Just(llrs.clone()), Just(llrs).prop_shuffle())),
            feedback in feedback(),
        ) {
            let combined = combine(&of(&llrs), feedback, &Limits::default());
            let other = combine(&of(&shuffled), feedback, &Limits::default());
            prop_assert_eq!(combined, other);
            let adds: Vec<f64> = combined.contributions().map(|part| part.adds.value()).collect();
            let forwards: f64 = adds.iter().sum();
            let backwards: f64 = adds.iter().rev().sum();
            let rest = combined.log_odds().value() - combined.prior().value();
            prop_assert!(forwards == rest && backwards == rest, "{forwards} {backwards} {rest}");
        }

        #[test]
        fn everything_is_bounded(llrs in kinds(), feedback in feedback()) {
            let limits = Limits::default();
            let combined = combine(&of(&llrs), feedback, &limits);
            let ordinary: Nats = combined.contributions()
                .filter(|part| matches!(part.source, Source::Signal(_)))
                .map(|part| part.adds.min(Nats::ZERO)).sum();
            prop_assert!(ordinary >= limits.ordinary);
            for group in Group::ALL {
                prop_assert!(combined.suspicion(group) <= limits.groups[group as usize].1);
            }
            prop_assert!((0.0..1.0).contains(&combined.risk().value()));
            prop_assert!((0.0..=1.0).contains(&confidence(&combined, 20.0, 0.9).value()));
        }

        #[test]
        fn a_stronger_signal_never_lowers_the_sum(llrs in kinds(), at in 0..11usize, by in 0.0..5.0) {
            let signals = of(&llrs);
            let before = combine(&signals, SILENT, &Limits::default());
            let kind = Kind::ALL[at];
            if let Some(signal) = signals.of(kind) {
                let mut raised = signals;
                raised.add(Signal::new(kind, signal.llr().value() + by, 0.5, WHY));
                let after = combine(&raised, SILENT, &Limits::default());
                // Quarters are rounded to a millionth of a nat.
                prop_assert!(after.log_odds() + Nats::new(1e-5) >= before.log_odds());
            }
        }

        #[test]
        fn any_limits_are_kept(least in -9.0..9.0, most in -9.0..9.0, ordinary in -9.0..9.0, llrs in kinds()) {
            let limits = Limits {
                groups: [(Nats::new(least), Nats::new(most)); 5],
                ordinary: Nats::new(ordinary),
                ..Limits::default()
            };
            let combined = combine(&of(&llrs), SILENT, &limits);
            let total: Nats = combined.contributions().map(|part| part.adds).sum();
            prop_assert!(total <= Nats::new(45.0) && total >= limits.ordinary.min(Nats::ZERO));
        }
    }
}
