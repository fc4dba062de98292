use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use super::IndicatorValue;
use super::decay::{Decay, counts_from};
use crate::entity::PRINTABLE_LIMIT;
use crate::measure::{Confidence, Severity};
use crate::time::Timestamp;

/// With whom an indicator may be shared: FIRST's Traffic Light Protocol 2.0.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Tlp {
    /// With everybody; `TLP:WHITE` of version 1.
    #[serde(rename = "clear", alias = "white")]
    Clear,
    /// With the community.
    #[serde(rename = "green")]
    Green,
    /// Within the organisation and with its clients.
    #[serde(rename = "amber")]
    Amber,
    /// Within the organisation only.
    #[serde(rename = "amber+strict")]
    AmberStrict,
    /// With those who were told and nobody else.
    #[serde(rename = "red")]
    Red,
}

/// A value that somebody says is bad, and what they say of it.
///
/// Its identity is its id within its source: what another source says under the same id is another indicator, so no
/// feed can change or take back what another one said.
///
/// ```
/// use autosec_core::intel::{Indicator, IndicatorValue, ObservableKind, Tlp};
/// use autosec_core::measure::{Confidence, Severity};
///
/// let mut indicator = Indicator::new("urlhaus", IndicatorValue::new(ObservableKind::Domain, "malware.example")?);
/// indicator.severity = Severity::High;
/// indicator.confidence = Confidence::clamped(0.9);
/// indicator.tlp = Some(Tlp::Green);
/// assert_eq!(&*indicator.id, "domain:malware.example");
/// # Ok::<(), autosec_core::intel::ValueError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Indicator {
    /// Its stable id within its source, at most [`Indicator::LONGEST_ID`] bytes.
    pub id: Arc<str>,
    /// Who says so: the feed's name.
    pub source: Arc<str>,
    /// What is bad: any of these. At least one and at most [`Indicator::MOST_VALUES`].
    pub values: Vec<IndicatorValue>,
    /// How sure the source is, when it said so; kept to four digits. 0.5 unless set. For MISP it is the base score
    /// divided by 100 (see [`BaseScore`](super::BaseScore)).
    pub confidence: Confidence,
    /// How bad it is if true. Medium unless set.
    pub severity: Severity,
    /// Valid from then on, end included; always, if none.
    pub valid_from: Option<Timestamp>,
    /// No longer valid from then on; for ever, if none.
    pub valid_until: Option<Timestamp>,
    /// Taken back: never matches, and no older version of it counts any more.
    pub revoked: bool,
    /// When the source last changed it: of two versions the newer counts.
    pub modified: Option<Timestamp>,
    /// When the source last saw the value, by its own word.
    pub last_seen: Option<Timestamp>,
    /// When somebody last reported to have seen it ([`Sighting`](super::Sighting)).
    pub last_sighting: Option<Timestamp>,
    /// How many reports there are, since it was last seen, that it is no sign of anything bad. Each halves the confidence.
    pub false_positives: u8,
    /// With whom it may be shared.
    pub tlp: Option<Tlp>,
    /// Tags as the source has them, without its ATT&CK techniques.
    pub tags: Arc<[Arc<str>]>,
    /// ATT&CK techniques, such as `T1071.001`.
    pub techniques: Arc<[Arc<str>]>,
    /// How it loses weight with age.
    pub decay: Decay,
}

impl Indicator {
    /// The longest id and the longest name of a source, in bytes; longer ones are refused when loaded.
    pub const LONGEST_ID: usize = 256;
    /// The most values of one indicator; one with more is refused when loaded.
    pub const MOST_VALUES: usize = 256;

    /// An indicator of medium severity and even confidence, valid for ever, without decay.
    ///
    /// Its id is the kind of its first value and that value, as of a list whose lines have no names of their own; such
    /// an id takes no memory in an index.
    pub fn new(source: impl Into<Arc<str>>, value: IndicatorValue) -> Self {
        Self {
            id: natural_id(&value).into(),
            source: source.into(),
            values: vec![value],
            confidence: Confidence::clamped(0.5),
            severity: Severity::Medium,
            valid_from: None,
            valid_until: None,
            revoked: false,
            modified: None,
            last_seen: None,
            last_sighting: None,
            false_positives: 0,
            tlp: None,
            tags: Arc::from([]),
            techniques: Arc::from([]),
            decay: Decay::None,
        }
    }

    /// The same under this id.
    #[must_use]
    pub fn with_id(self, id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into(), ..self }
    }

    /// How sure it is at a time, with decay and what disputes it; none if it was revoked, is not valid then, or nothing
    /// is left.
    pub fn confidence_at(&self, now: Timestamp) -> Option<Confidence> {
        let times = [self.valid_from, self.valid_until, self.modified, self.last_seen, self.last_sighting];
        let stated = (self.confidence.value(), self.false_positives);
        confidence_at(stated, &times, self.decay, now).filter(|_| !self.revoked)
    }
}

/// How sure an indicator is at a time, of what it was when stated and how often it was disputed since; none if it is not
/// valid then, or nothing is left. The times are: valid from, valid until, modified, last seen, last sighting.
pub(crate) fn confidence_at(
    (stated, disputed): (f64, u8),
    times: &[Option<Timestamp>; 5],
    decay: Decay,
    now: Timestamp,
) -> Option<Confidence> {
    let [from, until, modified, last_seen, last_sighting] = *times;
    if from.is_some_and(|from| now < from) || until.is_some_and(|until| until <= now) {
        return None;
    }
    let left = match decay {
        Decay::None => stated,
        decay => {
            decay.score_at(stated * 100.0, counts_from(last_sighting, last_seen, modified), now)? / 100.0
        }
    };
    let left = left * 0.5_f64.powi(i32::from(disputed));
    (left > 0.0).then(|| Confidence::clamped(left))
}

/// The id of an indicator that has no name: `<kind>:<value>`. Of what cannot be shown as a whole it ends in a digest, so
/// that two long URLs that begin alike are two indicators.
pub(crate) fn natural_id(value: &IndicatorValue) -> String {
    let kind = value.parts().first().map_or("", |part| part.kind().name());
    let mut id = format!("{kind}:{value}");
    let is_cut = value.parts().iter().any(|part| part.key().len() > PRINTABLE_LIMIT);
    if is_cut || id.len() > Indicator::LONGEST_ID {
        let digest = format!("~{:032x}", digest(value));
        id.truncate(id.floor_char_boundary(Indicator::LONGEST_ID - digest.len()));
        id.push_str(&digest);
    }
    id
}

fn digest(value: &IndicatorValue) -> u128 {
    let mut hasher = SipHasher13::new();
    for part in value.parts() {
        hasher.write_u8(part.kind().number());
        hasher.write_u64(part.key().len() as u64);
        hasher.write(part.key());
    }
    hasher.finish128().as_u128()
}

impl Tlp {
    /// Its name as in `TLP:AMBER+STRICT`, in lower case without the `tlp:`.
    pub const fn name(self) -> &'static str {
        match self {
            Tlp::Clear => "clear",
            Tlp::Green => "green",
            Tlp::Amber => "amber",
            Tlp::AmberStrict => "amber+strict",
            Tlp::Red => "red",
        }
    }

    /// Reads a marking such as `TLP:RED`, `tlp:white` or `amber+strict`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let name = text.strip_prefix("tlp:").unwrap_or(&text);
        let all = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];
        if name == "white" { Some(Tlp::Clear) } else { all.into_iter().find(|tlp| tlp.name() == name) }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_begin_alike_are_not_one() {
        let url = |tail: &str| {
            let text = format!("http://malware.example/{}{tail}", "a".repeat(300));
            let value = IndicatorValue::new(crate::intel::ObservableKind::Url, &text).unwrap();
            natural_id(&value)
        };
        assert_ne!(url("x"), url("y"));
        assert_eq!(url("x"), url("x"));
        assert!(
            url("x").len() <= Indicator::LONGEST_ID && url("x").starts_with("url:http://malware.example/")
        );
    }

    #[test]
    fn reads_markings() {
        assert_eq!(Tlp::parse("TLP:WHITE"), Some(Tlp::Clear));
        assert_eq!(Tlp::parse("tlp:amber+strict"), Some(Tlp::AmberStrict));
        assert_eq!(Tlp::parse("tlp:ex:chr"), None);
        assert_eq!(serde_json::from_str::<Tlp>("\"amber+strict\"").unwrap(), Tlp::AmberStrict);
    }
}
