use crate::event::FieldId;

/// What a rule remembers of the events of a key. A rule has one input or several, each with fields of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operator {
    /// How many events, of whatever inputs; an event that satisfies several counts once.
    Count,
    /// How many different values, one list of fields for each input; of several fields their combinations.
    Distinct {
        /// The fields of each input.
        of: Vec<Box<[FieldId]>>,
    },
    /// What numbers add up to.
    Sum {
        /// The field of each input.
        of: Box<[FieldId]>,
    },
    /// The average of numbers.
    Average {
        /// The field of each input.
        of: Box<[FieldId]>,
        /// How many numbers it takes at least.
        samples: u32,
    },
    /// A quantile of numbers: the one of rank ⌈q·n⌉ from below.
    Quantile {
        /// The field of each input.
        of: Box<[FieldId]>,
        /// 0..=1.
        q: f64,
        /// How many numbers it takes at least.
        samples: u32,
    },
    /// Events of all inputs, or of as many as the threshold asks for, in any order.
    Together,
    /// Events in the order of the steps.
    Sequence {
        /// Which inputs must not happen; the first must.
        absent: Box<[bool]>,
    },
    /// A value that was not seen before.
    New(Novelty),
}

/// When a value is new.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Novelty {
    /// The fields whose combination of values is looked at.
    pub(crate) of: Box<[FieldId]>,
    /// For how long after a key's first event nothing is reported, in microseconds.
    pub(crate) learn: i64,
    /// After how long a value that was not seen is new again, in microseconds.
    pub(crate) forget: i64,
}

/// The inputs that an event satisfies: bit n is the n-th.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Inputs(pub(crate) u64);

impl Inputs {
    /// The most inputs of a rule.
    pub(crate) const LIMIT: usize = 64;

    /// One input alone; none for a number beyond the limit.
    pub(crate) fn one(input: usize) -> Self {
        Self(u32::try_from(input).ok().and_then(|input| 1_u64.checked_shl(input)).unwrap_or(0))
    }

    /// The numbers of the inputs, ascending.
    pub(crate) fn each(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (next < 64).then_some(next as usize)
        })
    }
}
