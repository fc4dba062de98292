use super::super::observable::ObservableKind;

/// Kinds of values; those that are looked for together, a name alone and one with all below it, count as one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Spaces(u32);

/// The bit of URLs without a scheme, beside those of kinds.
const BARE_URLS: u32 = 1 << 31;

impl Spaces {
    pub(crate) const ALL: Self = Self(u32::MAX);

    /// Adds a value's.
    pub(super) fn add(&mut self, kind: ObservableKind, key: &[u8]) {
        self.0 |= 1 << space(kind);
        if kind == ObservableKind::Url && key.starts_with(b"//") {
            self.0 |= BARE_URLS;
        }
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(crate) fn has(self, kind: ObservableKind) -> bool {
        self.0 & 1 << space(kind) != 0
    }

    #[inline]
    pub(crate) fn has_any(self, kinds: &[ObservableKind]) -> bool {
        kinds.iter().any(|kind| self.has(*kind))
    }

    /// Whether there are URLs without a scheme.
    #[inline]
    pub(super) fn has_bare_urls(self) -> bool {
        self.0 & BARE_URLS != 0
    }
}

/// The number of a space, in which keys are hashed.
#[inline]
pub(super) fn space(kind: ObservableKind) -> u8 {
    match kind {
        ObservableKind::Domain => ObservableKind::Hostname.number(),
        kind => kind.number(),
    }
}
