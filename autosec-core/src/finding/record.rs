use std::sync::Arc;

use super::{Evidence, Response};
use crate::entity::Entity;
use crate::measure::{Confidence, Severity};
use crate::time::Timestamp;

/// What kind of analytic detected something, in OCSF's words.
///
/// The kind matters to scoring: an indicator or a rule says "this is bad", the others "this is unusual".
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Serialize)]
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
#[derive(Clone, Debug, Eq, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
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
    pub evidence: Vec<Evidence>,
    /// What the analytic asks for, if anything.
    pub response: Option<Response>,
    /// A shadow finding is reported but changes neither risk nor decisions.
    pub shadow: bool,
}
