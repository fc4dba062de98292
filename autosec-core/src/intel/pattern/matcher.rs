use smallvec::SmallVec;

use super::compile::compile;
use super::error::PatternError;
use super::fault::MatchFault;
use super::limits::MatchLimits;
use super::observation::Observation;
use super::program::{Bracket, Node, Program};
use super::record::Pattern;
use super::solve::{self, Seen};

/// A pattern that can be asked about observations. It is immutable and may be shared between threads.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub(super) program: Program,
}

/// The observations that together are a match.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binding {
    observations: SmallVec<[usize; 4]>,
}

impl Matcher {
    /// Makes the pattern run.
    ///
    /// # Errors
    /// Something in it can never work, though its form is right: a set of mixed kinds, a day that no calendar has, a regular
    /// expression that is malformed or takes unbounded time.
    pub fn new(pattern: &Pattern) -> Result<Self, PatternError> {
        compile(&pattern.expr, pattern.version)
            .map(|program| Self { program })
            .map_err(|issue| PatternError::placed(issue, &pattern.text))
    }

    /// Looks for a match among the observations, whose order is of no interest.
    ///
    /// # Errors
    /// A limit ended the search, or something was observed that the pattern cannot be asked about; see [`MatchFault`].
    pub fn find(
        &self,
        observations: &[Observation],
        limits: &MatchLimits,
    ) -> Result<Option<Binding>, MatchFault> {
        if let (Node::Bracket(_), [bracket]) = (&self.program.root, self.program.brackets.as_slice()) {
            return first(bracket, observations, limits);
        }
        let mut admitted = vec![Vec::new(); self.program.brackets.len()];
        for (bracket, numbers) in self.program.brackets.iter().zip(&mut admitted) {
            for (number, observation) in observations.iter().enumerate() {
                if bracket.admits(observation, limits.path_values)? {
                    numbers.push(number);
                }
            }
        }
        let seen: Vec<Seen> = observations.iter().map(seen).collect();
        let found = solve::bind(&self.program.root, &seen, &admitted, limits)?;
        Ok(found.map(|observations| Binding { observations: observations.into() }))
    }

    /// The brackets that admit the observation.
    pub(super) fn brackets(
        &self,
        observation: &Observation,
        path_values: usize,
    ) -> Result<SmallVec<[usize; 2]>, MatchFault> {
        let mut brackets = SmallVec::new();
        for (number, bracket) in self.program.brackets.iter().enumerate() {
            if bracket.admits(observation, path_values)? {
                brackets.push(number);
            }
        }
        Ok(brackets)
    }
}

/// The first observation that the only bracket admits: most patterns are no more than that. All are asked, since what is
/// wrong with one is a fault whatever the others say.
fn first(
    bracket: &Bracket,
    observations: &[Observation],
    limits: &MatchLimits,
) -> Result<Option<Binding>, MatchFault> {
    let mut found = None;
    for (number, observation) in observations.iter().enumerate() {
        if bracket.admits(observation, limits.path_values)? {
            found = found.or(Some(number));
        }
    }
    Ok(found.map(|number| Binding { observations: SmallVec::from_iter([number]) }))
}

/// The observation as the search sees it.
pub(super) fn seen(observation: &Observation) -> Seen {
    let (first, last) = observation.interval();
    Seen { first: first.as_micros(), last: last.as_micros(), count: observation.count }
}

impl Binding {
    /// The places of these observations among those that were asked about, each once and in order.
    pub fn observations(&self) -> &[usize] {
        &self.observations
    }
}
