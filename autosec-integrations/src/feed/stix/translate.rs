//! An indicator of STIX as one of ours.

use std::sync::Arc;

use autosec_core::intel::pattern::{Pattern, PatternIndicator, Version};
use autosec_core::intel::{Indicator, IndicatorValue, Observable, ObservableKind, Tlp};
use autosec_core::measure::Confidence;
use autosec_core::time::Timestamp;

use super::object::StixObject;

/// What an object of type `indicator` says.
#[derive(Debug)]
pub(super) enum Said {
    Plain(Indicator),
    Pattern(PatternIndicator),
    /// In another language.
    Opaque(String),
}

pub(super) fn translate(object: &StixObject<'_>, source: &Arc<str>) -> Result<Said, String> {
    let language = object.pattern_type.as_deref().unwrap_or("stix");
    if language != "stix" {
        return Ok(Said::Opaque(language.to_owned()));
    }
    if object.id.len() > Indicator::LONGEST_ID {
        return Err(format!("its id is longer than {} bytes", Indicator::LONGEST_ID));
    }
    let text = object.pattern.as_deref().ok_or("it has no pattern")?;
    let pattern = parse(object, text)?;
    let Ok(mut values) = pattern.plain() else {
        let said = PatternIndicator::new(Arc::clone(source), &*object.id, pattern);
        let said = said.map_err(|error| error.to_string())?;
        return Ok(Said::Pattern(PatternIndicator { about: describe(object, said.about)?, ..said }));
    };
    if object.labels.iter().any(|label| label.starts_with("misp:type=\"domain")) {
        values = values.into_iter().map(with_subdomains).collect::<Result<_, _>>()?;
    }
    let first = values.first().cloned().ok_or("its pattern has no value")?;
    let mut indicator = describe(object, Indicator::new(Arc::clone(source), first))?;
    indicator.values = values;
    Ok(Said::Plain(indicator))
}

/// By its own word of the version, else by both: many objects of 2.1 lack it, which then means 2.0.
fn parse(object: &StixObject<'_>, text: &str) -> Result<Pattern, String> {
    let said = object.pattern_version.as_deref().or(object.spec_version.as_deref());
    let read = |version| Pattern::parse_as(text, version);
    let pattern = match said {
        Some("2.0") => read(Version::V20),
        Some(_) => read(Version::V21),
        None => read(Version::V21).or_else(|error| read(Version::V20).map_err(|_| error)),
    };
    pattern.map_err(|error| error.to_string())
}

/// MISP means names below a domain too, and STIX has no word for that but its label.
fn with_subdomains(value: IndicatorValue) -> Result<IndicatorValue, String> {
    let parts = value.parts().iter().map(|part| {
        let domain = || Observable::new(ObservableKind::Domain, &part.to_string());
        if part.kind() == ObservableKind::Hostname {
            domain().unwrap_or_else(|_| part.clone())
        } else {
            part.clone()
        }
    });
    IndicatorValue::all(parts).map_err(|error| error.to_string())
}

fn describe(object: &StixObject<'_>, indicator: Indicator) -> Result<Indicator, String> {
    let mut indicator = indicator.with_id(&*object.id);
    if let Some(confidence) = object.confidence {
        indicator.confidence = Confidence::clamped(confidence / 100.0);
    }
    indicator.valid_from = time(object.valid_from.as_deref())?;
    indicator.valid_until = time(object.valid_until.as_deref())?;
    indicator.modified = time(object.modified.as_deref().or(object.created.as_deref()))?;
    indicator.revoked = object.revoked;
    indicator.tlp = object.labels.iter().filter_map(|label| Tlp::parse(label)).max();
    let phases =
        object.kill_chain_phases.iter().map(|one| format!("{}:{}", one.kill_chain_name, one.phase_name));
    indicator.tags = object.labels.iter().cloned().chain(phases).map(Arc::from).collect();
    indicator.techniques = object.techniques().map(Arc::from).collect();
    Ok(indicator)
}

pub(super) fn time(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    text.map(|text| Timestamp::parse(text).map_err(|error| error.to_string())).transpose()
}
