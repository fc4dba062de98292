use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::observation::Observation;
use super::budget;
use super::entry::Entry;
use super::finding::finding;
use super::gate::Numbers;
use super::patterns::{LivePatterns, Set};
use crate::event::{Event, FieldMask};
use crate::finding::{Detector, Fault, FaultKind, Findings};
use crate::intel::detect::SUBJECT_FIELDS;

const NAME: &str = "patterns";

/// The most findings of one event; a fault tells of more.
const MOST_FINDINGS: usize = 16;

/// What repeats is told the first time and every so many times after it.
const SPARSELY: u64 = 1_024;

impl Detector for LivePatterns {
    fn name(&self) -> &str {
        NAME
    }

    /// All that any pattern could be about, since patterns come and go.
    fn fields(&self) -> FieldMask {
        Observation::event_fields().iter().copied().chain(SUBJECT_FIELDS).collect()
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        let time = event.time().as_micros();
        let newest = self.newest.fetch_max(time, Ordering::Relaxed).max(time);
        let set = self.current.load();
        let asked = set.gate.asked(event);
        if asked.is_empty() {
            return;
        }
        let lateness = self.limits.stream.lateness;
        if i128::from(newest) - i128::from(time) > i128::try_from(lateness.as_micros()).unwrap_or(i128::MAX) {
            tell(&self.late, 1, findings, |count| {
                let detail =
                    format!("{count} events came later than {lateness:?}; patterns did not take them");
                Fault::new(FaultKind::Late, NAME, detail)
            });
            return;
        }
        let evicted = self.feed(&set, &asked, event, findings) + self.make_room(&set, newest);
        tell(&self.evictions, evicted, findings, |count| {
            let detail = format!("{count} observations left for want of room; a match may have been missed");
            Fault::new(FaultKind::Evicted, NAME, detail)
        });
    }
}

impl LivePatterns {
    /// Feeds the event to the patterns that ask for it; how many observations had to leave for it.
    fn feed(&self, set: &Set, asked: &Numbers, event: &Event<'_>, findings: &mut Findings) -> u64 {
        let mut seen = None;
        let (mut found, mut evicted) = (0, 0);
        for entry in asked.iter().filter_map(|number| set.entries.get(*number as usize)) {
            let Some(confidence) = entry.indicator.about.confidence_at(event.time()) else { continue };
            let seen = seen.get_or_insert_with(|| Observation::from_event(event));
            let (taken, left) = entry.state.take(seen);
            evicted += left;
            match taken {
                Ok(None) => {}
                Ok(Some(together)) => {
                    found += 1;
                    if found <= MOST_FINDINGS {
                        findings.push(finding(
                            entry,
                            &together,
                            event,
                            confidence,
                            &self.warninglists.load(),
                        ));
                    }
                }
                Err(fault) => undecided(entry, &fault.to_string(), findings),
            }
        }
        if let Some(more) = found.checked_sub(MOST_FINDINGS + 1) {
            let more = more + 1;
            let detail = format!("an event completes {more} more patterns than the {MOST_FINDINGS} reported");
            findings.fault(Fault::new(FaultKind::Evicted, NAME, detail));
        }
        evicted
    }

    /// Stays within the budget; how many observations had to leave.
    fn make_room(&self, set: &Set, newest: i64) -> u64 {
        let budget = self.limits.held;
        let is_over = || self.held.load(Ordering::Relaxed) > budget;
        if !is_over() {
            return 0;
        }
        let _shrinking = self.shrinking.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have made room meanwhile.
        if is_over() { budget::shrink(&set.entries, newest, budget) } else { 0 }
    }
}

fn undecided(entry: &Entry, why: &str, findings: &mut Findings) {
    tell(&entry.state.faults, 1, findings, |count| {
        let about = &entry.indicator.about;
        let detail =
            format!("the pattern `{}` of {} had no answer, {count} times: {why}", about.id, about.source);
        Fault::new(FaultKind::Detector, NAME, detail)
    });
}

/// Counts what happened, and tells of it if it is time to.
fn tell(count: &AtomicU64, more: u64, findings: &mut Findings, fault: impl FnOnce(u64) -> Fault) {
    if more == 0 {
        return;
    }
    let before = count.fetch_add(more, Ordering::Relaxed);
    let now = before.saturating_add(more);
    if before == 0 || before / SPARSELY != now / SPARSELY {
        findings.fault(fault(now));
    }
}
