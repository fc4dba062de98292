use std::sync::Arc;

use crate::time::Timestamp;

/// What was seen of an indicator, in MISP's three types.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SightingKind {
    /// It was seen at work (type 0): its decay begins anew.
    Positive,
    /// It was seen at something harmless (type 1): halves its confidence until it is seen at work again.
    FalsePositive,
    /// It no longer holds from then on (type 2).
    Expiration,
}

/// Somebody's word of what they saw of an indicator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sighting {
    /// The indicator's source.
    pub source: Arc<str>,
    /// The indicator's id there.
    pub id: Arc<str>,
    /// When, in event time.
    pub time: Timestamp,
    /// What.
    pub kind: SightingKind,
}

impl Sighting {
    /// A positive one.
    pub fn new(source: impl Into<Arc<str>>, id: impl Into<Arc<str>>, time: Timestamp) -> Self {
        Self { source: source.into(), id: id.into(), time, kind: SightingKind::Positive }
    }

    /// The same of this kind.
    #[must_use]
    pub fn of_kind(self, kind: SightingKind) -> Self {
        Self { kind, ..self }
    }
}
