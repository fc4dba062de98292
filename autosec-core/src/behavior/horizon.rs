use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

use super::bytes::{Reader, put};

/// Times further ahead of the believed one than this are not believed: 90 days.
const AHEAD: u32 = 90 * 86_400;
/// Nobody moves what is agreed on further than this beyond what another said: a day.
const STEP: u32 = 86_400;
/// So many events in a row that say another time are believed.
const IN_A_ROW: u32 = 8;
/// What so many different subjects say is agreed on.
const AGREED: usize = 3;

/// What time it is, by what the events say that may teach: nobody's clock is asked.
///
/// Three different subjects **agree** on a time. One of them moves it by a day at most beyond what another said, or by more with
/// eight events in a row, of three subjects, that are ahead of it. Eight in a row of fewer only make a **claim**: a time that
/// is believed of whoever says it, and of nobody else, until somebody who did not claim it says the agreed time again. What
/// is more than 90 days ahead of both is not believed.
///
/// Before three subjects agree on anything the first event is a claim, and gives way to another time that more subjects say,
/// or that is said eight times in a row. So a first event of 2100 is worth as much as whoever sent it.
#[derive(Debug, Default)]
pub(super) struct Horizon {
    /// The newest time that is agreed on, in seconds since 1970; 0 before there is one.
    agreed: AtomicU32,
    /// Who moved it last, and where it was when another did.
    leader: AtomicU64,
    before: AtomicU32,
    /// The newest time of a claim that is believed; 0 if there is none.
    claimed: AtomicU32,
    /// Somebody says another time than the agreed one.
    disputed: AtomicBool,
    claims: Mutex<Claims>,
}

#[derive(Debug, Default)]
struct Claims {
    /// The claim that is believed.
    believed: Option<Claim>,
    /// Events in a row that say another time.
    row: Option<Claim>,
}

/// A time that somebody says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Claim {
    newest: u32,
    /// Events in a row that said it.
    events: u32,
    /// Different ones who did, at most [`AGREED`], and what each said last.
    subjects: SmallVec<[(u64, u32); AGREED]>,
}

/// What is agreed on and what is claimed, as snapshots hold it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Times {
    agreed: u32,
    claim: Option<Claim>,
}

impl Horizon {
    /// What is believed, without what is disputed of it.
    pub(super) fn held(&self) -> Times {
        let claims = self.lock();
        let events = |claim: Claim| Claim { events: 0, ..claim };
        Times { agreed: self.agreed(), claim: claims.believed.clone().map(events) }
    }

    /// The times that are agreed on and claimed, in seconds since 1970; 0 where there is none.
    fn times(&self) -> [u32; 2] {
        [self.agreed(), self.claimed.load(Ordering::Relaxed)]
    }

    /// The time that an event is taken to be at which says that it was at `second`: another one if that is not believed.
    pub(super) fn bound(&self, second: u32) -> u32 {
        let [agreed, claimed] = self.times();
        let newest = agreed.max(claimed);
        if newest > 0 && second > newest.saturating_add(AHEAD) { newest } else { second }
    }

    /// The newest time that is agreed on; 0 before there is one.
    pub(super) fn agreed(&self) -> u32 {
        self.agreed.load(Ordering::Relaxed)
    }

    /// Whether an event at `second` may teach everyone, and not only whom it is about: it is not far from what is agreed on.
    pub(super) fn is_shared(&self, second: u32) -> bool {
        let agreed = self.agreed();
        agreed == 0 || second <= agreed.saturating_add(AHEAD)
    }

    /// The seconds around what is agreed on, of which nobody needs to be told by another; none before there is anything.
    pub(super) fn present(&self) -> Range<u32> {
        match self.agreed() {
            0 => 0..0,
            agreed => agreed.saturating_sub(STEP)..agreed.saturating_add(STEP),
        }
    }

    /// Whether what says that it was learned at `second` was learned at a time that is believed no more.
    pub(super) fn is_beyond(&self, second: u32) -> bool {
        let [agreed, claimed] = self.times();
        let newest = agreed.max(claimed);
        newest > 0 && second > newest.saturating_add(AHEAD)
    }

    /// Hears a subject say that it is `said`. True if what everyone was taught so far was taught at a wrong time.
    pub(super) fn hear(&self, said: u32, subject: u64) -> bool {
        if self.is_in_step(said, subject) && !self.disputed.load(Ordering::Relaxed) {
            self.lead(said, subject);
            return false;
        }
        let mut claims = self.lock();
        if self.is_in_step(said, subject) {
            claims.deny(subject);
            self.lead(said, subject);
            self.note(&claims);
            return false;
        }
        let first = self.agreed() == 0;
        let was_wrong = claims.hear(first, said, subject);
        if let Some(claim) = claims.settled() {
            self.lead(claim.middle().max(1), 0);
        }
        self.note(&claims);
        was_wrong
    }

    /// Takes over what another state believes.
    pub(super) fn restore(&self, times: &Times) {
        let mut claims = self.lock();
        self.lead(times.agreed, 0);
        if claims.believed.is_none() {
            claims.believed.clone_from(&times.claim);
        }
        self.note(&claims);
    }

    /// Forgets it.
    pub(super) fn clear(&self) {
        let mut claims = self.lock();
        *claims = Claims::default();
        self.agreed.store(0, Ordering::Relaxed);
        self.note(&claims);
    }

    /// Whether a subject may say so on its own.
    fn is_in_step(&self, said: u32, subject: u64) -> bool {
        let agreed = self.agreed();
        let leads = agreed > 0 && said > agreed && self.leader.load(Ordering::Relaxed) == subject;
        let from = if leads { self.before.load(Ordering::Relaxed) } else { agreed };
        agreed > 0 && said <= from.saturating_add(STEP)
    }

    /// Moves what is agreed on.
    fn lead(&self, said: u32, subject: u64) {
        let agreed = self.agreed();
        if said <= agreed {
            return;
        }
        if self.leader.load(Ordering::Relaxed) != subject {
            self.leader.store(subject, Ordering::Relaxed);
            self.before.store(agreed, Ordering::Relaxed);
        }
        self.agreed.fetch_max(said, Ordering::Relaxed);
    }

    fn note(&self, claims: &Claims) {
        let claimed = claims.believed.as_ref().map_or(0, |claim| claim.newest.max(1));
        self.claimed.store(claimed, Ordering::Relaxed);
        self.disputed.store(claimed > 0 || claims.row.is_some(), Ordering::Relaxed);
    }

    /// A panic elsewhere leaves at worst one event unheard.
    fn lock(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Times {
    /// A time that is agreed on.
    pub(super) fn agreed(agreed: u32) -> Self {
        Self { agreed, claim: None }
    }

    /// Writes them down.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        put(to, u64::from(self.agreed));
        let Some(claim) = &self.claim else { return put(to, 0) };
        put(to, 1 + claim.subjects.len() as u64);
        put(to, u64::from(claim.newest));
        for (subject, said) in &claim.subjects {
            to.extend(subject.to_le_bytes());
            put(to, u64::from(*said));
        }
    }

    /// Reads what [`Times::write`] wrote.
    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let agreed = from.small()?;
        let Some(count) = from.number()?.checked_sub(1) else { return Some(Self::agreed(agreed)) };
        let count = usize::try_from(count).ok().filter(|count| *count < AGREED)?;
        let mut claim = Claim { newest: from.small()?, ..Claim::default() };
        for _ in 0..count {
            claim.subjects.push((from.fixed()?, from.small()?));
        }
        Some(Self { agreed, claim: Some(claim) })
    }
}

impl Claims {
    /// Hears a subject say what is agreed on.
    fn deny(&mut self, subject: u64) {
        // Who claimed another time and now says this one is late, or is mended: the others who claim it are not refuted.
        self.believed.take_if(|claim| !claim.is_of(subject));
        self.row = None;
    }

    /// Hears another time. Whether what was believed before anything was agreed on, when this is the `first` to be, was wrong.
    fn hear(&mut self, first: bool, said: u32, subject: u64) -> bool {
        match &mut self.believed {
            Some(claim) if claim.is_near(said) => {
                claim.hear(said, subject);
                end_row(&mut self.row, subject);
                false
            }
            None if first => {
                self.believed = Some(Claim::of(said, subject));
                false
            }
            _ => self.dispute(first, said, subject),
        }
    }

    /// Hears of a time that is not the believed one.
    fn dispute(&mut self, first: bool, said: u32, subject: u64) -> bool {
        match &mut self.row {
            // Once a time is agreed on, whoever is ahead of it is in one row.
            Some(row) if !first || row.is_near(said) => row.hear(said, subject),
            // Whose claim is disputed cannot end the row with a third time.
            Some(_) if self.believed.as_ref().is_some_and(|claim| claim.is_of(subject)) => {}
            row => *row = Some(Claim::of(said, subject)),
        }
        let believed = self.believed.as_ref().map_or(0, |claim| claim.subjects.len());
        let wins = |row: &mut Claim| row.events >= IN_A_ROW || (first && row.subjects.len() > believed);
        let Some(row) = self.row.take_if(wins) else { return false };
        self.believed = Some(Claim { newest: row.least(), ..row });
        first
    }

    /// The claim that enough have made, which is one no more then.
    fn settled(&mut self) -> Option<Claim> {
        let claim = self.believed.take_if(|claim| claim.subjects.len() >= AGREED)?;
        self.row = None;
        Some(claim)
    }
}

impl Claim {
    fn of(said: u32, subject: u64) -> Self {
        let mut claim = Self { newest: said, ..Self::default() };
        claim.hear(said, subject);
        claim
    }

    fn hear(&mut self, said: u32, subject: u64) {
        self.newest = self.newest.max(said);
        self.events = self.events.saturating_add(1);
        if let Some((_, last)) = self.subjects.iter_mut().find(|(known, _)| *known == subject) {
            *last = said;
        } else if self.subjects.len() < AGREED {
            self.subjects.push((subject, said));
        }
    }

    fn is_of(&self, subject: u64) -> bool {
        self.subjects.iter().any(|(known, _)| *known == subject)
    }

    fn is_near(&self, said: u32) -> bool {
        said.abs_diff(self.newest) <= AHEAD
    }

    /// The earliest that any of them said last: one of two may be wrong.
    fn least(&self) -> u32 {
        self.subjects.iter().map(|(_, said)| *said).min().unwrap_or(self.newest)
    }

    /// The middle of what they said last: one of three may be wrong.
    fn middle(&self) -> u32 {
        let mut said: SmallVec<[u32; AGREED]> = self.subjects.iter().map(|(_, said)| *said).collect();
        said.sort_unstable();
        said.get(said.len() / 2).copied().unwrap_or(self.newest)
    }
}

/// Ends a row at an event that says the believed time: of one of those in the row all of it, of another one the count of events,
/// or somebody who is wrong and says so between any two others would always be believed.
fn end_row(row: &mut Option<Claim>, subject: u64) {
    row.take_if(|row| row.is_of(subject));
    if let Some(row) = row {
        row.events = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u32 = 1_780_000_000;
    const WRONG: u32 = 4_102_444_800;

    /// One that three subjects agree on.
    fn agreed() -> Horizon {
        let horizon = Horizon::default();
        (1..=3).for_each(|subject| assert!(!horizon.hear(NOW, subject)));
        assert_eq!(horizon.times(), [NOW, 0]);
        horizon
    }

    #[test]
    fn a_future_that_others_do_not_share_does_not_come() {
        let horizon = agreed();
        for round in 0..100 {
            (0..3).for_each(|_| assert!(!horizon.hear(WRONG, 9)));
            (1..5).for_each(|day| assert!(!horizon.hear(NOW + day * 30 * STEP, 9)));
            horizon.hear(NOW + round, 1);
        }
        assert_eq!(horizon.times(), [NOW + 99, 0]);
        assert_eq!(horizon.bound(WRONG), NOW + 99);
        assert_eq!(horizon.bound(NOW + 80 * STEP), NOW + 80 * STEP);
        assert_eq!(horizon.bound(5), 5);
    }

    #[test]
    fn a_silence_ends_with_eight_events_of_three() {
        let horizon = agreed();
        let later = NOW + 1_000 * STEP;
        for second in 0..8 {
            assert_eq!(horizon.bound(later), NOW);
            horizon.hear(later + second, u64::from(second % 3));
        }
        assert_eq!(horizon.times(), [later + 6, 0]);
        assert_eq!(horizon.bound(later + 60), later + 60);
    }

    #[test]
    fn what_one_says_is_believed_of_that_one_until_another_contradicts() {
        let horizon = agreed();
        (0..8).for_each(|second| assert!(!horizon.hear(WRONG + second, 9)));
        assert_eq!(horizon.times(), [NOW, WRONG + 7]);
        assert!(!horizon.is_shared(WRONG) && horizon.is_shared(NOW + 60));
        assert_eq!(horizon.agreed(), NOW, "for others it is now");
        assert!(!horizon.is_beyond(WRONG));
        horizon.hear(NOW, 9);
        assert_eq!(horizon.times(), [NOW, WRONG + 7], "nobody contradicts himself");
        horizon.hear(NOW + 60, 2);
        assert_eq!(horizon.times(), [NOW + 60, 0]);
        assert!(horizon.is_beyond(WRONG));
    }

    #[test]
    fn few_who_return_after_a_silence_go_on_and_others_join_them() {
        let horizon = agreed();
        let later = NOW + 400 * STEP;
        (0..40).for_each(|day| assert!(!horizon.hear(later + day * 5 * STEP, 1)));
        assert_eq!(horizon.times(), [NOW, later + 39 * 5 * STEP]);
        (2..4).for_each(|subject| assert!(!horizon.hear(later + 200 * STEP, subject)));
        assert_eq!(horizon.times(), [later + 200 * STEP, 0]);
    }

    #[test]
    fn a_first_event_of_another_age_gives_way() {
        for wrong in [WRONG, 5, 0] {
            let horizon = Horizon::default();
            horizon.hear(wrong, 9);
            let mut revoked = 0;
            for second in 0..20 {
                horizon.hear(wrong, 9);
                revoked += u32::from(horizon.hear(NOW + second, u64::from(second % 4)));
            }
            assert_eq!((horizon.times(), revoked), ([NOW + 19, 0], 1), "{wrong}");
        }
    }

    #[test]
    fn who_is_alone_is_believed_the_eighth_time() {
        for wrong in [WRONG, 5] {
            let horizon = Horizon::default();
            horizon.hear(wrong, 1);
            let revoked = (0..8).filter(|second| horizon.hear(NOW + second, 1)).count();
            assert_eq!((horizon.times(), revoked), ([0, NOW + 7], 1));
            // And is not moved by a mistake now and then.
            for day in 0..100 {
                assert!(!horizon.hear(wrong, 1));
                assert!(!horizon.hear(NOW + day * 30 * STEP, 1));
            }
            assert_eq!(horizon.times(), [0, NOW + 99 * 30 * STEP]);
        }
    }

    #[test]
    fn is_restored_as_it_was() {
        let horizon = agreed();
        (0..8).for_each(|second| assert!(!horizon.hear(WRONG + second, 9)));
        let other = Horizon::default();
        let mut bytes = Vec::new();
        horizon.held().write(&mut bytes);
        let read = Times::read(&mut Reader(&bytes)).unwrap();
        assert_eq!(read, horizon.held());
        other.restore(&read);
        assert_eq!((other.times(), other.held()), (horizon.times(), read));
        other.hear(NOW + 5, 1);
        assert_eq!(other.times(), [NOW + 5, 0]);
        other.clear();
        assert_eq!(other.times(), [0, 0]);
    }

    proptest! {
        #[test]
        fn one_who_is_wrong_moves_nobody_else(wrong in prop::collection::vec((any::<u32>(), 0usize..40), 0..60)) {
            let horizon = Horizon::default();
            let mut wrong = wrong.into_iter();
            for second in 0..40 {
                for (said, _) in wrong.by_ref().take_while(|(_, goes_on)| *goes_on > 20) {
                    horizon.hear(said, 9);
                }
                horizon.hear(NOW + second, u64::from(second % 4));
                let [agreed, _] = horizon.times();
                // Once three agree, nothing that one says moves it by more than a day.
                prop_assert!(second < 12 || (NOW + second..=NOW + second + STEP).contains(&agreed), "{second} {agreed}");
            }
        }
    }
}
