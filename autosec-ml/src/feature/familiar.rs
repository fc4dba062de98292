/// Most values remembered of one entity and field.
const CAPACITY: usize = 32;
/// Counts are halved when they sum up to this: what was usual long ago fades.
const AGED: u32 = 512;

/// The values an entity had of a field, and how often.
///
/// Half-lives are in events and not in time: 512 events on, half of the mass is newer. Beyond 32 values the rarest, and of
/// these the one of longest ago, makes room.
#[derive(Clone, Debug)]
pub(super) struct Familiar {
    known: Vec<Known>,
    /// The sum of all counts, those of forgotten values too.
    total: u32,
    /// How often a value was new, as many of `total`.
    news: u32,
    pub(super) new: f64,
    pub(super) surprise: f64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    hash: u64,
    count: u32,
    /// Number of the event that had it last.
    last: u32,
}

impl Familiar {
    /// The most bytes that one takes.
    pub(super) const MOST_BYTES: usize = size_of::<Self>() + CAPACITY * size_of::<Known>();

    pub(super) fn new() -> Self {
        Self { known: Vec::new(), total: 0, news: 0, new: f64::NAN, surprise: f64::NAN }
    }

    /// Says how new the value is, then learns it. Of a first value, and of none, nothing can be said.
    pub(super) fn observe(&mut self, value: Option<u64>, number: u32) {
        (self.new, self.surprise) = (f64::NAN, f64::NAN);
        let Some(hash) = value else { return };
        let held = self.known.iter().position(|known| known.hash == hash);
        if self.total > 0 {
            self.new = f64::from(held.is_none());
            let count = held.and_then(|at| self.known.get(at)).map(|known| known.count);
            self.surprise = self.surprise_at(count);
        }
        match held.and_then(|at| self.known.get_mut(at)) {
            Some(known) => (known.count, known.last) = (known.count + 1, number),
            None => self.add(Known { hash, count: 1, last: number }),
        }
        self.total += 1;
        if self.total >= AGED {
            self.age();
        }
    }

    /// −ln p, where a new value has the chance that values were new before, (news + 1) / (total + 2), and one that is known
    /// its share of the rest.
    fn surprise_at(&self, count: Option<u32>) -> f64 {
        let new = f64::from(self.news + 1) / f64::from(self.total + 2);
        let chance = match count {
            None => new,
            Some(count) => (1.0 - new) * f64::from(count.max(1)) / f64::from(self.total.max(1)),
        };
        -libm::log(chance)
    }

    fn add(&mut self, fresh: Known) {
        self.news += 1;
        if self.known.len() < CAPACITY {
            self.known.push(fresh);
            return;
        }
        if let Some(rarest) = self.known.iter_mut().min_by_key(|known| (known.count, known.last)) {
            *rarest = fresh;
        }
    }

    fn age(&mut self) {
        self.known.iter_mut().for_each(|known| known.count /= 2);
        self.known.retain(|known| known.count > 0);
        (self.total, self.news) = (self.total / 2, self.news / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(values: impl IntoIterator<Item = u64>) -> Familiar {
        let mut familiar = Familiar::new();
        (0..).zip(values).for_each(|(number, value)| familiar.observe(Some(value), number));
        familiar
    }

    #[test]
    fn a_new_value_surprises_whoever_never_changes() {
        let faithful = after([7; 100].into_iter().chain([8]));
        assert_eq!(faithful.new, 1.0);
        assert!((faithful.surprise - (102.0_f64 / 2.0).ln()).abs() < 1e-12, "{}", faithful.surprise);
        let restless = after(0..101);
        assert_eq!(restless.new, 1.0);
        assert!(restless.surprise < 0.02, "{}", restless.surprise);
        let usual = after([7; 100]);
        assert!(usual.new == 0.0 && usual.surprise < 0.03, "{}", usual.surprise);
    }

    #[test]
    fn says_nothing_of_what_it_cannot_know() {
        let mut familiar = after([7]);
        assert!(familiar.new.is_nan() && familiar.surprise.is_nan(), "a first value");
        familiar.observe(None, 1);
        assert!(familiar.new.is_nan());
        familiar.observe(Some(7), 2);
        assert_eq!(familiar.new, 0.0);
    }

    #[test]
    fn is_bounded_and_fades() {
        let flooded = after((0..1_000_000).map(|value| if value % 3 == 0 { 7 } else { value }));
        assert!(flooded.known.len() <= CAPACITY);
        assert!(flooded.known.iter().any(|known| known.hash == 7), "what is usual stays");
        let moved = after([7; 2_000].into_iter().chain([8; 4_000]));
        assert!(moved.known.iter().all(|known| known.hash == 8), "{moved:?}");
    }
}
