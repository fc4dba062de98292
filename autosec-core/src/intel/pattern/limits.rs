/// What a match may cost. The defaults decide every pattern that was seen in the wild in well under a millisecond.
///
/// ```
/// use autosec_core::intel::pattern::MatchLimits;
///
/// let careful = MatchLimits { steps: 10_000, ..MatchLimits::default() };
/// assert_eq!(careful.alternatives, 1_024);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MatchLimits {
    /// How many edges between an observation of the pattern and an observed one the search for a binding may look at;
    /// 1,000,000, which takes about 5 ms (2026-11-22, 2-core x86-64 VM).
    pub steps: usize,
    /// How many ways to choose between operands of `OR` are tried; 1,024.
    pub alternatives: usize,
    /// How many observations of the pattern there may be when `REPEATS` is written out; 4,096.
    pub slots: usize,
    /// How many values the paths of one bracket may step over in one observation; 100,000.
    pub path_values: usize,
}

impl Default for MatchLimits {
    fn default() -> Self {
        Self { steps: 1_000_000, alternatives: 1_024, slots: 4_096, path_values: 100_000 }
    }
}
