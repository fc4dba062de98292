use std::sync::Arc;

use serde::Serialize;

use super::{Evidence, Facts, Response};
use crate::entity::Entity;
use crate::measure::{Confidence, Severity};
use crate::time::Timestamp;

/// What kind of analytic detected something, in OCSF's words.
///
/// The kind matters to scoring: an indicator or a rule says "this is bad", the others "this is unusual".
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AnalyticKind {
    /// A baseline of one entity's behaviour.
    Behavioral,
    /// A known bad value from threat intelligence.
    Indicator,
    /// A trained model.
    Learning,
    /// A rule somebody wrote.
    Rule,
    /// A statistical test.
    Statistical,
}

/// What detected something: a rule, an indicator, a baseline, a model.
///
/// The id is what everything later refers to: contributions to a risk, reasons of a decision, a firewall's comment,
/// metrics. Keep it stable when the name changes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Analytic {
    /// Of what kind it is.
    pub kind: AnalyticKind,
    /// Its stable id.
    pub id: Arc<str>,
    /// Its name for people.
    pub name: Arc<str>,
    /// Tags, ATT&CK techniques among them (`attack.t1110`).
    pub tags: Arc<[Arc<str>]>,
}

/// Something that was found about a subject.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What found it. Shared, so that a finding costs no copy of names and tags.
    pub analytic: Arc<Analytic>,
    /// Whom it is about.
    pub subject: Entity,
    /// When, in event time.
    pub time: Timestamp,
    /// How bad it is if true.
    pub severity: Severity,
    /// How sure the analytic is.
    pub confidence: Confidence,
    /// The facts.
    pub evidence: Facts,
    /// What the analytic asks for, if anything.
    pub response: Option<Response>,
    /// A shadow finding is reported but changes neither risk nor decisions.
    pub shadow: bool,
}

impl Analytic {
    /// An analytic without tags.
    pub fn new(kind: AnalyticKind, id: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { kind, id: id.into(), name: name.into(), tags: Arc::from([]) }
    }

    /// The same with these tags.
    #[must_use]
    pub fn with_tags<T: Into<Arc<str>>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        Self { tags: tags.into_iter().map(Into::into).collect(), ..self }
    }
}

/// ```
/// use std::sync::Arc;
///
/// use autosec_core::entity::Entity;
/// use autosec_core::finding::{Action, Analytic, AnalyticKind, Evidence, Finding, Response};
/// use autosec_core::measure::{Confidence, Severity};
/// use autosec_core::time::Timestamp;
///
/// let analytic = Analytic::new(AnalyticKind::Statistical, "rate", "Unusual rate").with_tags(["attack.t1498"]);
/// let subject = Entity::address("192.0.2.7".parse().unwrap());
/// let finding = Finding::new(Arc::new(analytic), subject, Timestamp::from_secs(1_700_000_000), Severity::Medium)
///     .with_confidence(Confidence::clamped(0.7))
///     .with_evidence([Evidence::field("url.path", "/login")])
///     .with_response(Response::new(Action::Throttle));
/// assert!(!finding.shadow);
/// ```
impl Finding {
    /// A finding that is certain, with no evidence, asking for nothing.
    pub fn new(analytic: Arc<Analytic>, subject: Entity, time: Timestamp, severity: Severity) -> Self {
        Self {
            analytic,
            subject: subject.canonical(),
            time,
            severity,
            confidence: Confidence::ONE,
            evidence: Facts::default(),
            response: None,
            shadow: false,
        }
    }

    /// The same, as sure as this.
    #[must_use]
    pub fn with_confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// The same with these facts.
    #[must_use]
    pub fn with_evidence(self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        Self { evidence: evidence.into_iter().collect(), ..self }
    }

    /// The same, asking for this.
    #[must_use]
    pub fn with_response(self, response: Response) -> Self {
        Self { response: Some(response), ..self }
    }

    /// The same, reported only.
    #[must_use]
    pub fn as_shadow(self) -> Self {
        Self { shadow: true, ..self }
    }
}
