/// What became of indicators that were put. Every one given is in one of the counts, `removed` aside.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct LiveReport {
    /// Those that were not there before.
    pub added: usize,
    /// Those that were there, with another pattern or not. With the same pattern they go on with what they hold.
    pub changed: usize,
    /// Those of which a newer version was there.
    pub older: usize,
    /// Those that are gone because their source no longer has them.
    pub removed: usize,
    /// Those for which there was no room, or whose id or source is empty or longer than 256 bytes.
    pub refused: usize,
}
