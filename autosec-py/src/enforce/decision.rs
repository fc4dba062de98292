use std::time::Duration;

use autosec_core::decision::{Decision, Reason};
use autosec_core::entity::Entity;
use autosec_core::finding::Action;
use autosec_core::measure::RiskScore;
use autosec_core::net::network;
use autosec_core::time::Timestamp;
use pyo3::prelude::*;
use serde_json::Value;

use crate::error;

/// What `_records.told` gives: kind and name of the subject, action, seconds, microseconds since 1970, risk, scenario,
/// reasons, strikes, whether it is a dry run.
type Told =
    (String, String, String, f64, i64, f64, String, Vec<(String, Option<String>, Option<f64>)>, u32, bool);

/// The decision of a Python record.
///
/// # Errors
/// It is none, or a part of it means nothing.
pub(crate) fn decision(given: &Bound<'_, PyAny>) -> PyResult<Decision> {
    let py = given.py();
    let told = py.import("autosec._records")?.getattr("told")?.call1((given,))?.extract::<Told>()?;
    let (kind, name, action, seconds, micros, risk, scenario, reasons, strikes, dry_run) = told;
    let subject = match kind.as_str() {
        "address" => {
            network(&name).map(Entity::from).map_err(|wrong| error::config(py, wrong.to_string()))?
        }
        "host" => Entity::Host(name.into()),
        "user" => Entity::User(name.into()),
        _ => Entity::Other(name.into()),
    };
    let action: Action = serde_json::from_value(Value::String(action))
        .map_err(|wrong| error::config(py, format!("the decision has no action: {wrong}")))?;
    let duration = Duration::try_from_secs_f64(seconds)
        .map_err(|wrong| error::config(py, format!("the decision's duration: {wrong}")))?;
    let mut decision = Decision::new(subject, action, Timestamp::from_micros(micros), duration)
        .with_risk(RiskScore::clamped(risk))
        .with_scenario(scenario)
        .with_reasons(reasons.into_iter().filter_map(reason))
        .with_strikes(strikes);
    decision.dry_run = dry_run;
    Ok(decision)
}

fn reason((kind, analytic, threshold): (String, Option<String>, Option<f64>)) -> Option<Reason> {
    match kind.as_str() {
        "asked" => analytic.map(|analytic| Reason::Asked { analytic: analytic.into() }),
        _ => threshold.map(|threshold| Reason::Reached { threshold: RiskScore::clamped(threshold) }),
    }
}
