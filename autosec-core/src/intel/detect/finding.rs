use std::sync::Arc;

use super::super::index::{Asked, Found, Parts, value_of};
use super::super::warninglist::{Effect, Listing, Warninglists};
use super::super::{Observable, ObservableKind};
use super::fields::ObservedFields;
use super::subject::subject;
use crate::event::{Event, FieldId};
use crate::finding::{Evidence, Finding};
use crate::measure::Confidence;

/// The most lists that a finding names.
const MOST_LISTINGS: usize = 4;

/// A hit: what was found where.
pub(super) struct Hit<'f, 'e, 'k, 's> {
    pub(super) event: &'f Event<'e>,
    pub(super) fields: &'f ObservedFields,
    pub(super) field: FieldId,
    pub(super) asked: Asked<'k>,
    pub(super) found: Found<'s>,
    pub(super) value: Parts<'s>,
    /// How sure the indicator is at the time of the event.
    pub(super) confidence: Confidence,
}

impl Hit<'_, '_, '_, '_> {
    /// The finding, held back by the lists that say so.
    pub(super) fn finding(&self, lists: &Warninglists) -> Finding {
        let about = self.found.about;
        let seen = observable(self.asked);
        let mut id = String::new();
        self.found.record.write_id(&mut id);
        let indicator = Evidence::Indicator {
            id: id.into(),
            source: Arc::clone(&about.source),
            value: value_of(&self.value).to_string(),
            stated: self.found.record.confidence(),
            left: self.confidence.value(),
        };
        let listings = if lists.is_empty() { Vec::new() } else { self.listings(&seen, lists) };
        let effect = listings.iter().map(|listing| listing.effect).max();
        let confidence = match effect {
            Some(Effect::Lower) => Confidence::clamped(self.confidence.value() / 2.0),
            _ => self.confidence,
        };
        let mut evidence = Vec::with_capacity(2 + listings.len());
        evidence.push(indicator);
        evidence.push(Evidence::field(self.fields.name(self.field), &seen.text()));
        evidence.extend(listings.into_iter().map(|listing| Evidence::Warninglist {
            list: listing.list,
            effect: listing.effect.to_string().into(),
        }));
        let subject = subject(self.event, self.field, self.asked);
        let mut finding =
            Finding::new(Arc::clone(&about.analytic), subject, self.event.time(), about.severity);
        finding.confidence = confidence;
        finding.evidence = evidence;
        finding.shadow = effect == Some(Effect::Suppress);
        finding
    }

    /// The lists that what was seen is on, or any of what is listed as bad.
    fn listings(&self, seen: &Observable, lists: &Warninglists) -> Vec<Listing> {
        let mut all = lists.lookup(seen);
        for part in &self.value {
            let listed = Observable::from_key(part.kind, part.key);
            if listed != *seen {
                all.extend(lists.lookup(&listed));
            }
        }
        all.sort_by(|one, other| other.effect.cmp(&one.effect).then_with(|| one.list.cmp(&other.list)));
        all.dedup();
        all.truncate(MOST_LISTINGS);
        all
    }
}

fn observable(asked: Asked<'_>) -> Observable {
    match asked {
        Asked::Address(address) => Observable::address(address),
        Asked::Name(name) => Observable::from_key(ObservableKind::Hostname, name),
        Asked::Url(url, _) => Observable::from_key(ObservableKind::Url, url),
        Asked::Other(kind, key) => Observable::from_key(kind, key),
    }
}
