//! A verdict as plain values: what `to_dict()` gives, the Python records are made from, and pickles hold.

use autosec_core::engine::{Assessment, Verdict};
use serde_json::{Value, json};

/// The verdict with its facts and reasons in words besides. It holds nothing that JSON cannot say.
pub(super) fn record(verdict: &Verdict) -> Value {
    let mut made = serde_json::to_value(verdict).unwrap_or_default();
    for (index, assessment) in verdict.assessments.iter().enumerate() {
        if let Some(part) = made.pointer_mut(&format!("/assessments/{index}")) {
            put_words(part, assessment);
        }
    }
    made
}

fn put_words(made: &mut Value, assessment: &Assessment) {
    for (index, finding) in assessment.findings.iter().enumerate() {
        for (place, evidence) in finding.evidence.iter().enumerate() {
            if let Some(part) = made.pointer_mut(&format!("/findings/{index}/evidence/{place}")) {
                put(part, "text", evidence.to_string());
            }
        }
    }
    if let (Some(decision), Some(part)) = (&assessment.decision, made.pointer_mut("/decision")) {
        put(part, "unless", decision.unless());
    }
}

fn put(made: &mut Value, name: &str, text: String) {
    if let Some(members) = made.as_object_mut() {
        members.insert(name.to_owned(), json!(text));
    }
}
