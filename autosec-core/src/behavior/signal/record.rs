use super::{Kind, Nats, Reason};
use crate::measure::Confidence;

/// What one aspect of an event says: a log-likelihood ratio, how much history it rests on, and why.
///
/// The ratio is `p(seen | somebody else) / p(seen | this entity)`: above zero it speaks for an attacker. It is
/// already drawn towards zero where little is known, so the confidence need not be multiplied into it again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    kind: Kind,
    llr: Nats,
    confidence: Confidence,
    reason: Reason,
}

impl Signal {
    /// A signal of `llr` nats, cut to the [caps](Kind::caps) of its kind; not-a-number is zero. A confidence outside
    /// 0..=1 becomes the nearer end, not-a-number 0.
    pub fn new(kind: Kind, llr: f64, confidence: f64, reason: Reason) -> Self {
        let (least, most) = kind.caps();
        let llr = Nats::new(llr).clamp(least, most);
        Self { kind, llr, confidence: Confidence::clamped(confidence), reason }
    }

    /// What it looks at.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// How much it speaks for an attacker, within the caps of its kind.
    pub const fn llr(&self) -> Nats {
        self.llr
    }

    /// How much history it rests on: 0 none, 1 plenty.
    pub const fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// Why.
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

/// The signals of one event: at most one of each kind, whatever the order they came in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signals {
    slots: [Option<Signal>; Kind::ALL.len()],
}

impl Signals {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a signal in, if there is one. Of two of a kind, such as the rates of a minute and of an hour, the one
    /// that speaks more for an attacker stays.
    pub fn add(&mut self, signal: impl Into<Option<Signal>>) {
        let Some(signal) = signal.into() else { return };
        let Some(slot) = self.slots.get_mut(signal.kind as usize) else { return };
        if slot.is_none_or(|held| held.llr < signal.llr) {
            *slot = Some(signal);
        }
    }

    /// The signal of a kind.
    pub fn of(&self, kind: Kind) -> Option<&Signal> {
        self.slots.get(kind as usize)?.as_ref()
    }

    /// All there are, in the order of their kinds.
    pub fn iter(&self) -> impl Iterator<Item = &Signal> {
        self.slots.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn season(llr: f64) -> Signal {
        Signal::new(Kind::Season, llr, 0.5, Reason::Season { hour: 3, own: 0.1, other: 0.1 })
    }

    #[test]
    fn is_bounded_by_its_kind() {
        assert_eq!(season(1e9).llr(), Nats::new(3.0));
        assert_eq!(season(f64::NEG_INFINITY).llr(), Nats::new(-1.5));
        assert_eq!(season(f64::NAN).llr(), Nats::ZERO);
    }

    #[test]
    fn of_two_of_a_kind_the_more_suspicious_stays() {
        let mut signals = Signals::new();
        signals.add(None);
        assert_eq!(signals.iter().count(), 0);
        for llr in [0.5, 2.0, -1.0] {
            signals.add(season(llr));
        }
        assert_eq!(signals.of(Kind::Season).map(Signal::llr), Some(Nats::new(2.0)));
        assert_eq!(signals.iter().count(), 1);
    }
}
