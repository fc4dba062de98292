use std::borrow::Cow;
use std::sync::Arc;

use autosec_core::entity::printable;
use autosec_core::intel::Indicator;
use autosec_core::measure::{Confidence, Severity};
use autosec_core::time::Timestamp;

use super::record::Record;
use super::settings::{Condition, Graded, KindSource, ListSettings, Staged};
use super::{ListKind, time};

/// What a record becomes.
pub(super) enum Said {
    Indicator(Box<Indicator>),
    /// The settings leave it out.
    Skipped,
}

/// Makes indicators of records.
#[derive(Debug)]
pub(super) struct Translator<'s> {
    settings: &'s ListSettings,
    source: Arc<str>,
    /// Of every value.
    tags: Arc<[Arc<str>]>,
    fetched: Timestamp,
}

/// The most tags of one value.
const MOST_TAGS: usize = 64;

impl<'s> Translator<'s> {
    pub(super) fn new(settings: &'s ListSettings, fetched: Timestamp) -> Self {
        let tags = settings.tags.iter().map(|tag| tag.as_str().into()).collect();
        Self { settings, source: settings.name.as_str().into(), tags, fetched }
    }

    /// The indicator of a record, or what is wrong with it.
    pub(super) fn translate(&self, record: &Record<'_>, revoked: bool) -> Result<Said, String> {
        let settings = self.settings;
        if settings.skip.iter().any(|condition| condition.holds(record)) {
            return Ok(Said::Skipped);
        }
        let Some(kind) = self.kind(record)? else { return Ok(Said::Skipped) };
        let value = match record {
            Record::Found(value) => match kind.of_found(value) {
                Some(value) => value,
                None => return Ok(Said::Skipped),
            },
            _ => kind.value(&self.text(record).ok_or("there is no value")?)?,
        };
        let mut indicator = Indicator::new(Arc::clone(&self.source), value);
        if let Some(id) = settings.id.as_ref().and_then(|place| record.text(place)) {
            indicator = indicator.with_id(&*id);
        }
        indicator.revoked = revoked;
        indicator.tlp = settings.tlp;
        indicator.tags = self.tags(record);
        self.grade(record, &mut indicator);
        self.date(record, &mut indicator)?;
        Ok(Said::Indicator(Box::new(indicator)))
    }

    fn text<'r>(&self, record: &Record<'r>) -> Option<Cow<'r, str>> {
        let places = &self.settings.value.0;
        let text = places.iter().find_map(|place| record.text(place));
        if places.is_empty() { record.whole() } else { text }
    }

    fn kind(&self, record: &Record<'_>) -> Result<Option<ListKind>, String> {
        match &self.settings.kind {
            KindSource::All(kind) => Ok(Some(*kind)),
            KindSource::Said { by, kinds } => {
                let word = record.text(by).ok_or("it does not say of what kind its value is")?;
                let known = kinds.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
                Ok(known.map(|(_, kind)| *kind))
            }
        }
    }

    fn grade(&self, record: &Record<'_>, indicator: &mut Indicator) {
        match &self.settings.confidence {
            Some(Graded::All(confidence)) => indicator.confidence = Confidence::clamped(*confidence),
            Some(Graded::Said { from, out_of }) => {
                let said = record.text(from).and_then(|text| text.trim_end_matches('%').parse::<f64>().ok());
                // What is below nothing is no grade: some write -1 where they know none.
                if let Some(said) = said.filter(|said| (0.0..=f64::MAX).contains(said) && *out_of > 0.0) {
                    indicator.confidence = Confidence::clamped(said / out_of);
                }
            }
            None => {}
        }
        match &self.settings.severity {
            Some(Staged::All(severity)) => indicator.severity = *severity,
            Some(Staged::Said { from, words }) => {
                let word = record.text(from).unwrap_or_default();
                let known = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
                indicator.severity = known.map_or(Severity::Medium, |(_, severity)| *severity);
            }
            None => {}
        }
    }

    fn date(&self, record: &Record<'_>, indicator: &mut Indicator) -> Result<(), String> {
        let settings = self.settings;
        let at = |place: &Option<_>| {
            let text = place.as_ref().and_then(|place| record.text(place));
            text.and_then(|text| time::parse(&text))
        };
        // A clock that is wrong is not to put off what is bad today.
        indicator.valid_from = at(&settings.first_seen).filter(|from| *from <= self.fetched);
        indicator.last_seen = at(&settings.last_seen).map(|seen| seen.min(self.fetched));
        let said = settings.valid_until.as_ref().and_then(|place| record.text(place));
        let said = said.and_then(|text| time::end(&text, self.fetched));
        let lasts = settings.valid_for.map(|span| indicator.last_seen.unwrap_or(self.fetched) + span);
        indicator.valid_until = said.or(lasts);
        match indicator.valid_until {
            Some(until) if until <= self.fetched && !indicator.revoked => {
                Err(format!("`{}` was valid until {until} only", printable(&indicator.id)))
            }
            _ => Ok(()),
        }
    }

    fn tags(&self, record: &Record<'_>) -> Arc<[Arc<str>]> {
        let places = &self.settings.tags_from.0;
        if places.is_empty() {
            return Arc::clone(&self.tags);
        }
        let said = places.iter().flat_map(|place| record.words(place, MOST_TAGS)).map(Arc::from);
        self.tags.iter().cloned().chain(said).take(MOST_TAGS).collect()
    }
}

impl Condition {
    fn holds(&self, record: &Record<'_>) -> bool {
        let said = record.text(&self.place).unwrap_or_default();
        self.is.iter().any(|word| word.eq_ignore_ascii_case(&said))
    }
}
