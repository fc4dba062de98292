use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::fault::MatchFault;
use super::limits::MatchLimits;
use super::matcher::{Matcher, seen};
use super::observation::Observation;
use super::program::Node;
use super::solve::{self, Seen};

/// A pattern that is fed observations as they come, in bounded memory and event time.
///
/// It holds, of each observation that a bracket admits, when it was and which brackets; never its objects. Observations
/// that are too old for a match with anything to come leave; if there are too many, the oldest leave and are counted.
/// Observations that made a match are used up: the next match needs others.
///
/// ```
/// use std::sync::Arc;
///
/// use autosec_core::intel::pattern::{Matcher, Observation, Pattern, PatternStream, StreamLimits};
/// use autosec_core::time::Timestamp;
/// use serde_json::json;
///
/// let pattern = Pattern::parse("[user-account:account_login = 'root'] REPEATS 3 TIMES WITHIN 60 SECONDS")?;
/// let mut stream = PatternStream::new(Arc::new(Matcher::new(&pattern)?), StreamLimits::default());
/// let mut login = |at| {
///     let seen = Observation::at(Timestamp::from_secs(at)).with("0", json!({"type": "user-account", "account_login": "root"}));
///     stream.feed(&seen)
/// };
/// assert_eq!((login(0)?, login(50)?, login(61)?), (None, None, None));
/// assert_eq!(login(62)?, Some(vec![1, 2, 3]), "the first was too early");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PatternStream {
    matcher: Arc<Matcher>,
    limits: StreamLimits,
    /// How old an observation may be, in microseconds.
    window: i64,
    held: Vec<Held>,
    fed: u64,
    evicted: u64,
    newest: i64,
}

/// What a stream may hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamLimits {
    /// How many observations; 1,024. Each takes some 64 bytes.
    pub observations: usize,
    /// How long they are held if the pattern has no WITHIN that says so; a day.
    pub window: Duration,
    /// How late an observation may come; 10 seconds.
    pub lateness: Duration,
    /// What each search may cost.
    pub search: MatchLimits,
}

/// An observation that brackets admit.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) number: u64,
    pub(super) seen: Seen,
    pub(super) brackets: SmallVec<[usize; 2]>,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            observations: 1_024,
            window: Duration::from_secs(86_400),
            lateness: Duration::from_secs(10),
            search: MatchLimits::default(),
        }
    }
}

impl PatternStream {
    /// A stream that has seen nothing.
    pub fn new(matcher: Arc<Matcher>, limits: StreamLimits) -> Self {
        let span = within(&matcher.program.root).unwrap_or(i64::MAX).min(micros(limits.window));
        let window = span.saturating_add(micros(limits.lateness));
        Self { matcher, limits, window, held: Vec::new(), fed: 0, evicted: 0, newest: i64::MIN }
    }

    /// Takes one observation; gives the numbers of those that are a match with it, in order. The first that was fed has the
    /// number 0.
    ///
    /// # Errors
    /// A limit ended the search, or the pattern cannot be asked about the observation. It is not held then if its own
    /// content is the reason, and it is if the search is.
    pub fn feed(&mut self, observation: &Observation) -> Result<Option<Vec<u64>>, MatchFault> {
        let together = self.take(observation)?;
        Ok(together.map(|together| together.iter().map(|held| held.number).collect()))
    }

    /// The same; gives all that is known of the observations.
    pub(super) fn take(&mut self, observation: &Observation) -> Result<Option<Vec<Held>>, MatchFault> {
        let number = self.fed;
        self.fed += 1;
        let brackets = self.matcher.brackets(observation, self.limits.search.path_values)?;
        let seen = seen(observation);
        self.newest = self.newest.max(seen.first);
        if brackets.is_empty() {
            return Ok(None);
        }
        self.held.push(Held { number, seen, brackets });
        self.forget();
        let Some(bound) = self.search()? else { return Ok(None) };
        let mut place = 0;
        let is_bound = |_: &mut Held| {
            place += 1;
            bound.binary_search(&(place - 1)).is_ok()
        };
        Ok(Some(self.held.extract_if(.., is_bound).collect()))
    }

    /// Lets go of what is too old at `newest`, and then of all but the latest so many. Gives how many of these there were.
    pub(super) fn keep(&mut self, newest: i64, most: usize) -> u64 {
        self.newest = self.newest.max(newest);
        self.forget();
        let excess = self.held.len().saturating_sub(most);
        if excess > 0 {
            self.held.sort_by_key(|held| (held.seen.last, held.number));
            self.held.drain(..excess);
            self.held.sort_by_key(|held| held.number);
        }
        self.held.shrink_to_fit();
        self.evicted += excess as u64;
        excess as u64
    }

    /// About the most bytes that one observation it holds takes.
    pub(super) fn weight(&self) -> usize {
        let brackets = self.matcher.program.brackets.len();
        let spilled = if brackets > 2 { brackets.next_power_of_two() } else { 0 };
        size_of::<Held>() + spilled * size_of::<usize>()
    }

    /// How many observations it holds.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// How many left because there were too many: with them a match may have been missed.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    fn forget(&mut self) {
        let horizon = self.newest.saturating_sub(self.window);
        self.held.retain(|held| held.seen.last >= horizon);
        while self.held.len() > self.limits.observations {
            let oldest = self.held.iter().enumerate().min_by_key(|(_, held)| (held.seen.last, held.number));
            let Some((place, _)) = oldest else { return };
            self.held.remove(place);
            self.evicted += 1;
        }
    }

    fn search(&self) -> Result<Option<Vec<usize>>, MatchFault> {
        let seen: Vec<Seen> = self.held.iter().map(|held| held.seen).collect();
        let mut admitted = vec![Vec::new(); self.matcher.program.brackets.len()];
        for (place, held) in self.held.iter().enumerate() {
            for bracket in &held.brackets {
                admitted.get_mut(*bracket).into_iter().for_each(|places| places.push(place));
            }
        }
        solve::bind(&self.matcher.program.root, &seen, &admitted, &self.limits.search)
    }
}

/// How far apart the observations of any match are at most, from the end of one to the beginning of another, in microseconds.
fn within(node: &Node) -> Option<i64> {
    match node {
        Node::Bracket(_) => Some(0),
        Node::Within(inner, span) => Some(within(inner).map_or(*span, |inner| inner.min(*span))),
        Node::Any(parts) => parts.iter().map(within).try_fold(0, |widest, part| Some(part?.max(widest))),
        Node::Repeats(inner, 1) => within(inner),
        Node::All(_) | Node::Then(_) | Node::Repeats(..) => None,
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
