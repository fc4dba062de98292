use std::fmt;
use std::sync::Arc;

/// What an update did. Every indicator given is in one of the counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct UpdateReport {
    /// Indicators that were not there before; one that is given several times counts each time.
    pub added: usize,
    /// Indicators that were there and say something else now, those that were revoked among them.
    pub changed: usize,
    /// Indicators that were there as they are.
    pub unchanged: usize,
    /// Indicators of which a newer version was there.
    pub older: usize,
    /// Indicators that were there and are gone.
    pub removed: usize,
    /// Sightings of indicators that are there.
    pub sighted: usize,
    /// Sightings and removals of indicators that are not there.
    pub unknown: usize,
    /// Values that cannot be found because more than 256 indicators have the same; the first ones can.
    pub crowded: usize,
    /// How many were refused for each reason.
    pub refused: [usize; Refusal::ALL.len()],
    /// Some of the refused, up to [`UpdateReport::EXAMPLES`] of each reason.
    pub examples: Vec<(Refusal, Arc<str>)>,
}

/// Why an indicator is not taken in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// Its id is empty or longer than 256 bytes.
    Id,
    /// The name of its source is empty or longer than 256 bytes.
    Source,
    /// It has no value, or more than 256.
    Values,
    /// It decays with a number that is none.
    Decay,
    /// A prefix is wider than the limit.
    TooWide,
    /// There are as many indicators as the limit allows.
    TooMany,
    /// They take as many bytes as the limit allows.
    TooLarge,
}

impl Refusal {
    /// Every reason, in the order of [`UpdateReport::refused`].
    pub const ALL: [Refusal; 7] =
        [Self::Id, Self::Source, Self::Values, Self::Decay, Self::TooWide, Self::TooMany, Self::TooLarge];
}

impl UpdateReport {
    /// How many ids of refused indicators are kept for each reason.
    pub const EXAMPLES: usize = 8;

    /// How many indicators were refused.
    pub fn all_refused(&self) -> usize {
        self.refused.iter().sum()
    }

    /// How many were refused for this reason.
    pub fn refused_for(&self, reason: Refusal) -> usize {
        self.refused.get(reason as usize).copied().unwrap_or(0)
    }

    pub(super) fn refuse(&mut self, reason: Refusal, id: &Arc<str>) {
        let Some(count) = self.refused.get_mut(reason as usize) else { return };
        *count += 1;
        if *count <= Self::EXAMPLES {
            let end = id.floor_char_boundary(64);
            self.examples.push((reason, id.get(..end).unwrap_or_default().into()));
        }
    }
}

/// In one line, such as `10 added, 2 refused (2 too wide)`.
impl fmt::Display for UpdateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.added, "added"),
            (self.changed, "changed"),
            (self.unchanged, "unchanged"),
            (self.older, "older than what is there"),
            (self.removed, "removed"),
            (self.sighted, "sighted"),
            (self.unknown, "unknown"),
            (self.crowded, "values too crowded"),
        ];
        let mut gap = "";
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{gap}{count} {what}")?;
            gap = ", ";
        }
        for reason in Refusal::ALL.into_iter().filter(|reason| self.refused_for(*reason) > 0) {
            write!(f, "{gap}{} refused ({reason})", self.refused_for(reason))?;
            gap = ", ";
        }
        if gap.is_empty() { f.write_str("nothing to do") } else { Ok(()) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Id => "no id, or one of more than 256 bytes",
            Refusal::Source => "no source, or one of more than 256 bytes",
            Refusal::Values => "no value, or more than 256",
            Refusal::Decay => "a decay that cannot be calculated",
            Refusal::TooWide => "a prefix wider than the limit",
            Refusal::TooMany => "over the limit of indicators",
            Refusal::TooLarge => "over the limit of bytes",
        })
    }
}
