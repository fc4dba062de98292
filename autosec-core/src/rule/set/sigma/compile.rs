use std::collections::HashMap;
use std::sync::Arc;

use super::super::build::{Assembled, Origin, RULE_LIMIT, fields};
use super::read::{Bound, Read, is_search};
use crate::event::{FieldId, Schema};
use crate::finding::{Analytic, AnalyticKind};
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::plan::predicate::Predicate;
use crate::rule::run::compiled::Compiled;
use crate::rule::run::subject::Subject;
use crate::rule::sigma::{Detection, SigmaRule, What};

/// Compiles every rule that is not off into `compiled`; gives all of them as they were written.
pub(in super::super) fn compile(
    bound: Bound<'_>,
    origins: &[Origin<'_>],
    schema: &Schema,
    compiled: &mut Vec<Assembled>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<SigmaRule> {
    let Bound { documents, correlated } = bound;
    check_ids(&documents, origins, diagnostics);
    if let Some(first) = documents.get(RULE_LIMIT.saturating_sub(origins.len())) {
        let title =
            format!("there are {} rules, and the limit is {RULE_LIMIT}", origins.len() + documents.len());
        diagnostics.push(Diagnostic::new(Code::ManyRules, title, &first.source.name));
        return Vec::new();
    }
    let everything: Arc<[_]> = schema.fields().map(|(field, name, _)| (field, Box::from(name))).collect();
    let mut written = Vec::with_capacity(documents.len());
    for Read { source, translated } in documents {
        match translated.what {
            What::Detection(detection) => {
                let Detection { rule, condition, .. } = *detection;
                if rule.status.is_active() {
                    match assemble(&rule, condition, schema, &everything) {
                        Ok(rule) => compiled.push(rule),
                        Err(error) => {
                            let issue = Issue::new(Code::LargeSet, error.to_string(), translated.place, "");
                            diagnostics.push(Diagnostic::placed(issue, &source.name, &source.text));
                        }
                    }
                }
                written.push(rule);
            }
            What::Correlation(correlation) => written.push(correlation.rule),
            What::Filter(_) => {}
        }
    }
    written
}

/// Ids are unique, those of rules that are not of Sigma among them.
fn check_ids(documents: &[Read<'_>], origins: &[Origin<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let mut ids: HashMap<&str, &str> = HashMap::new();
    ids.extend(origins.iter().map(|origin| (origin.rule.id.as_str(), origin.name())));
    for (document, rule) in documents.iter().filter_map(|document| Some((document, document.rule()?))) {
        let Some(first) = ids.insert(&rule.id, &document.source.name) else { continue };
        let title = format!("the id {} is taken", quoted(&rule.id));
        let place = document.translated.place.clone();
        let issue = Issue::new(Code::DuplicateId, title, place, "the second is here")
            .help(format!("the first is in {first}; ids are unique within a rule set"));
        diagnostics.push(document.diagnostic(issue));
    }
}

fn assemble(
    rule: &SigmaRule,
    condition: Condition,
    schema: &Schema,
    everything: &Arc<[(FieldId, Box<str>)]>,
) -> Result<Assembled, aho_corasick::BuildError> {
    let reads = if is_search(&condition) {
        Arc::clone(everything)
    } else {
        let mut reads = Vec::new();
        fields(&condition, &mut reads);
        reads.into_iter().map(|field| (field, Box::from(schema.name(field)))).collect()
    };
    let predicate = Predicate::new(condition)?;
    let rule = Compiled {
        analytic: Arc::new(Analytic {
            kind: AnalyticKind::Rule,
            id: rule.id.as_str().into(),
            name: rule.title.as_str().into(),
            tags: rule.tags.iter().map(|tag| Arc::from(tag.as_str())).collect(),
        }),
        severity: rule.severity,
        confidence: rule.status.confidence(),
        response: None,
        shadow: false,
        reads,
        subject: Subject::of_sigma(schema),
        windows: None,
        tally: Default::default(),
    };
    // No gate has a use for its condition.
    Ok(Assembled { conditions: vec![(Condition::All(Vec::new()), predicate)], rule })
}
