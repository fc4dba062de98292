use std::fmt;

use smallvec::SmallVec;

use crate::rule::lang::ast::Comparison;

/// Which numbers alarm: those within bounds, without exceptions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Threshold {
    low: Option<Bound>,
    high: Option<Bound>,
    except: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Bound {
    at: f64,
    inclusive: bool,
}

impl Threshold {
    /// This number and all above.
    pub(crate) fn at_least(number: f64) -> Self {
        Self { low: Some(Bound { at: number, inclusive: true }), ..Self::default() }
    }

    /// Those of these numbers that also stand so to `number`; `None` if it is not finite, or a second exception.
    pub(crate) fn and(mut self, comparison: Comparison, number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        let bound = |inclusive| Bound { at: number, inclusive };
        match comparison {
            Comparison::Greater => self.rise(bound(false)),
            Comparison::GreaterOrEqual => self.rise(bound(true)),
            Comparison::Less => self.fall(bound(false)),
            Comparison::LessOrEqual => self.fall(bound(true)),
            Comparison::Equal => {
                self.rise(bound(true));
                self.fall(bound(true));
            }
            Comparison::NotEqual if self.except.is_none_or(|held| held == number) => {
                self.except = Some(number)
            }
            Comparison::NotEqual => return None,
        }
        Some(self)
    }

    /// The comparisons that make it up.
    pub(crate) fn comparisons(&self) -> impl Iterator<Item = (Comparison, f64)> {
        let bound = |bound: Option<Bound>, inclusive, exclusive| {
            bound.map(|bound| (if bound.inclusive { inclusive } else { exclusive }, bound.at))
        };
        let low = bound(self.low, Comparison::GreaterOrEqual, Comparison::Greater);
        let high = bound(self.high, Comparison::LessOrEqual, Comparison::Less);
        let except = self.except.map(|except| (Comparison::NotEqual, except));
        [low, high, except].into_iter().flatten()
    }

    /// Whether the number is one of them.
    pub(crate) fn holds(&self, number: f64) -> bool {
        self.low.is_none_or(|low| low.is_below(number))
            && self.high.is_none_or(|high| high.is_above(number))
            && self.except.is_none_or(|except| except != number)
    }

    /// Whether a greater number alarms whenever a smaller one does.
    pub(crate) fn is_rising(&self) -> bool {
        self.high.is_none() && self.except.is_none()
    }

    /// Whether no number alarms.
    pub(crate) fn is_empty(&self) -> bool {
        let (Some(low), Some(high)) = (self.low, self.high) else { return false };
        let one = low.at == high.at && low.inclusive && high.inclusive;
        !(low.at < high.at || one && self.except != Some(low.at))
    }

    /// Whether one of the whole numbers from 1 to `most` alarms.
    pub(crate) fn is_reachable(&self, most: f64) -> bool {
        // Where the answer changes: beside a bound, and at either end.
        let bounds = [self.low, self.high].into_iter().flatten().map(|bound| bound.at).chain(self.except);
        let beside = bounds.flat_map(|at| [at.floor() - 1.0, at.floor(), at.ceil(), at.ceil() + 1.0]);
        beside.chain([1.0, most]).any(|number| (1.0..=most).contains(&number) && self.holds(number))
    }

    /// The greatest number it names; 0 if it names none.
    pub(crate) fn greatest(&self) -> f64 {
        let bounds = [self.low, self.high].into_iter().flatten().map(|bound| bound.at);
        bounds.chain(self.except).fold(0.0, f64::max)
    }

    /// The least whole number from which on all alarm, if there is one.
    pub(crate) fn whole(&self) -> Option<u64> {
        let low = self.low.filter(|_| self.is_rising())?;
        let least = if low.inclusive { low.at.ceil() } else { low.at.floor() + 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it saturates, as it should"
        )]
        Some(least.max(0.0) as u64)
    }

    /// Which limits a number lies below, for [`Threshold::of_quantile`].
    pub(crate) fn limits(&self, number: f64) -> [bool; 4] {
        [
            self.low.is_some_and(|low| !low.is_below(number)),
            self.high.is_some_and(|high| high.is_above(number)),
            self.except.is_some_and(|except| number < except),
            self.except.is_some_and(|except| number <= except),
        ]
    }

    /// Whether a quantile alarms of which is known whether it `reaches` each of those limits.
    pub(crate) fn of_quantile(&self, reaches: impl Fn(usize) -> bool) -> bool {
        (self.low.is_none() || reaches(0))
            && (self.high.is_none() || !reaches(1))
            && (self.except.is_none() || !reaches(2) || reaches(3))
    }

    fn rise(&mut self, bound: Bound) {
        let narrower = |held: Bound| bound.at > held.at || bound.at == held.at && !bound.inclusive;
        if self.low.is_none_or(narrower) {
            self.low = Some(bound);
        }
    }

    fn fall(&mut self, bound: Bound) {
        let narrower = |held: Bound| bound.at < held.at || bound.at == held.at && !bound.inclusive;
        if self.high.is_none_or(narrower) {
            self.high = Some(bound);
        }
    }
}

impl Bound {
    fn is_below(self, number: f64) -> bool {
        number > self.at || self.inclusive && number == self.at
    }

    fn is_above(self, number: f64) -> bool {
        number < self.at || self.inclusive && number == self.at
    }
}

/// As evidence says it: `at least 5`, `more than 2 and below 7.5`.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: SmallVec<[(&str, f64); 3]> = SmallVec::new();
        let word = |bound: Bound, inclusive, exclusive| {
            (if bound.inclusive { inclusive } else { exclusive }, bound.at)
        };
        parts.extend(self.low.map(|low| word(low, "at least", "more than")));
        parts.extend(self.high.map(|high| word(high, "at most", "below")));
        parts.extend(self.except.map(|except| ("not", except)));
        if let (Some(low), Some(high)) = (self.low, self.high)
            && low.at == high.at
        {
            parts = SmallVec::from_slice(&[("exactly", low.at)]);
        }
        for (index, (word, number)) in parts.iter().enumerate() {
            let gap = if index == 0 { "" } else { " and " };
            write!(f, "{gap}{word} {number}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];

    proptest! {
        #[test]
        fn is_all_its_comparisons(parts in prop::collection::vec((0usize..6, -3i8..4), 0..4)) {
            let parts: Vec<_> = parts.into_iter().map(|(at, number)| (ALL[at], f64::from(number))).collect();
            let built = parts.iter().try_fold(Threshold::default(), |all, (comparison, number)| all.and(*comparison, *number));
            let Some(threshold) = built else { return Ok(()) };
            let halves = (-10i8..10).map(|half| f64::from(half) / 2.0);
            let truth = |number: f64| parts.iter().all(|(comparison, limit)| comparison.holds(&number, limit));
            for number in halves.clone() {
                prop_assert_eq!(threshold.holds(number), truth(number), "{} of {}", number, threshold);
                let limits = threshold.limits(number);
                prop_assert_eq!(threshold.of_quantile(|limit| !limits[limit]), truth(number));
                if let Some(whole) = threshold.whole() && number >= 0.0 && number.fract() == 0.0 {
                    prop_assert_eq!(number >= whole as f64, truth(number));
                }
            }
            prop_assert_eq!(threshold.is_empty(), !halves.clone().any(truth), "{}", threshold);
        }
    }

    #[test]
    fn reads_like_a_sentence() {
        let range = Threshold::at_least(2.0).and(Comparison::Less, 7.5).unwrap();
        assert_eq!(range.to_string(), "at least 2 and below 7.5");
        assert_eq!(Threshold::default().and(Comparison::Equal, 3.0).unwrap().to_string(), "exactly 3");
    }
}
