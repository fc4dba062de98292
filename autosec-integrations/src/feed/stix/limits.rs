/// What a bundle may ask for.
///
/// ```
/// use autosec_integrations::feed::stix::StixLimits;
///
/// let small = StixLimits { held: 1_000, ..StixLimits::default() };
/// assert_eq!(small.object_bytes, 4 << 20);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StixLimits {
    /// The longest object, in bytes; 4 MiB. A longer one is skipped and counted as a reject.
    pub object_bytes: usize,
    /// The most objects; 20,000,000. More are an error.
    pub objects: u64,
    /// The most indicators that wait for their relationships; 100,000. Each takes about 1 KiB.
    pub held: usize,
    /// The most relationships, and the most named objects and markings, that are remembered; 200,000 of each.
    pub context: usize,
    /// The most rejects whose place and reason are kept; 100. The others are counted.
    pub rejects: usize,
}

impl Default for StixLimits {
    fn default() -> Self {
        Self { object_bytes: 4 << 20, objects: 20_000_000, held: 100_000, context: 200_000, rejects: 100 }
    }
}
