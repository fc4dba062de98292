use std::borrow::Cow;
use std::sync::Arc;

use super::super::build::{Assembled, fields};
use super::correlations::Inputs;
use super::read::is_search;
use crate::event::{FieldId, Schema};
use crate::finding::{Analytic, AnalyticKind};
use crate::rule::lang::condition::Condition;
use crate::rule::lang::issue::{Code, Issue};
use crate::rule::run::compiled::{Compiled, Remembering};
use crate::rule::run::reads::Reads;
use crate::rule::run::subject::Subject;
use crate::rule::sigma::{Correlation, CorrelationKind, SigmaRule};
use crate::rule::state::memory::{Budget, Memory};
use crate::rule::state::operator::Operator;
use crate::rule::state::snapshot;
use crate::rule::state::threshold::Threshold;
use crate::sketch::ShapeError;
use crate::time::human;

/// What all detections of a set have in common.
#[derive(Debug)]
pub(super) struct Common {
    /// All fields, which a search for keywords reads.
    pub(super) everything: Arc<[Arc<str>]>,
    pub(super) subject: Subject,
}

impl Common {
    pub(super) fn new(schema: &Schema) -> Self {
        Self { everything: Reads::every(schema), subject: Subject::of_sigma(schema) }
    }
}

/// A detection that is ready to run.
pub(super) fn detection(
    rule: &SigmaRule,
    condition: Condition,
    schema: &Schema,
    common: &Common,
) -> Assembled {
    let reads = if is_search(&condition) {
        Reads::Every(Arc::clone(&common.everything))
    } else {
        let mut reads = Vec::new();
        fields(&condition, &mut reads);
        Reads::named(reads, schema)
    };
    let rule = Compiled { reads, ..plain(rule, common.subject.clone()) };
    Assembled::new(vec![condition], rule)
}

/// Tells apart detections that hold for different events.
pub(super) fn digest(condition: &Condition, schema: &Schema) -> u64 {
    let mut read = Vec::new();
    fields(condition, &mut read);
    let names: Vec<_> = read.into_iter().map(|field| schema.name(field)).collect();
    snapshot::digest(format!("{condition:?} {names:?}").as_bytes())
}

/// Tells apart correlations that remember different things of different rules.
fn own_digest(correlation: &Correlation, inputs: &Inputs, schema: &Schema, below: u64) -> u64 {
    let names = |all: &[Box<[FieldId]>]| {
        let names = |fields: &[FieldId]| {
            fields.iter().map(|field| schema.name(*field).to_owned()).collect::<Vec<_>>()
        };
        all.iter().map(|fields| names(fields)).collect::<Vec<_>>()
    };
    let Correlation { kind, timespan, bounds, percentile, .. } = correlation;
    let (keys, of) = (names(&inputs.keys), names(&inputs.of));
    let text = format!("{kind:?} {:?} {bounds:?} {percentile} {keys:?} {of:?} {below}", timespan.node);
    snapshot::digest(text.as_bytes())
}

/// A correlation that is ready to run, fed by the rules at these places, which have this digest together.
pub(super) fn correlation(
    correlation: &Correlation,
    inputs: &Inputs,
    (fed_by, digest): (Vec<u32>, u64),
    schema: &Schema,
    budget: &Budget,
) -> Result<Assembled, Issue> {
    let within = correlation.timespan.node;
    let threshold = threshold(correlation)?;
    let takes = threshold.to_string().into();
    let operator = operator(correlation, inputs);
    let what = what(correlation, inputs, schema);
    let memory = Memory::new(operator, inputs.keys.clone(), within, threshold, budget)
        .map_err(|error| bad_window(correlation, error, budget))?;
    let mut reads = Vec::new();
    for field in inputs.keys.iter().chain(&inputs.of).flatten() {
        if !reads.contains(field) {
            reads.push(*field);
        }
    }
    let rule = Compiled {
        reads: Reads::named(reads, schema),
        subjects: Subject::of_keys(schema, &inputs.keys),
        remembers: Some(Remembering {
            memory,
            what,
            takes,
            digest: own_digest(correlation, inputs, schema, digest),
        }),
        ..plain(&correlation.rule, Subject::of_sigma(schema))
    };
    Ok(Assembled { fed_by, ..Assembled::new(Vec::new(), rule) })
}

/// What all rules of Sigma have in common.
fn plain(rule: &SigmaRule, subject: Subject) -> Compiled {
    Compiled {
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
        silent: false,
        reads: Reads::default(),
        subject,
        subjects: Box::default(),
        remembers: None,
        tally: Default::default(),
    }
}

fn operator(correlation: &Correlation, inputs: &Inputs) -> Operator {
    let of = || inputs.of.iter().filter_map(|fields| fields.first().copied()).collect();
    match correlation.kind {
        CorrelationKind::EventCount => Operator::Count,
        CorrelationKind::ValueCount => Operator::Distinct { of: inputs.of.clone() },
        CorrelationKind::ValueSum => Operator::Sum { of: of() },
        CorrelationKind::ValueAverage => Operator::Average { of: of(), samples: 1 },
        CorrelationKind::ValuePercentile => {
            Operator::Quantile { of: of(), q: correlation.percentile / 100.0, samples: 1 }
        }
        CorrelationKind::Temporal => Operator::Together,
        CorrelationKind::TemporalOrdered => {
            Operator::Sequence { absent: inputs.from.iter().map(|_| false).collect() }
        }
    }
}

/// The most that a correlation which counts can come to. It is judged when something happens, so the least is 1.
fn most(correlation: &Correlation) -> Option<f64> {
    match correlation.kind {
        CorrelationKind::EventCount => Some(f64::from(u32::MAX)),
        CorrelationKind::ValueCount => Some(1_000_000.0),
        CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => Some(correlation.rules.len() as f64),
        _ => None,
    }
}

/// What the number must be; of temporal correlations without a condition, as many as there are rules.
fn threshold(correlation: &Correlation) -> Result<Threshold, Issue> {
    let all = correlation.rules.len() as f64;
    let impossible = |title: &str| {
        let place = correlation.timespan.span.clone();
        Issue::new(Code::BadCorrelation, title, place, "the condition of this correlation")
    };
    if correlation.bounds.is_empty() {
        return Ok(Threshold::at_least(all));
    }
    let threshold = correlation
        .bounds
        .iter()
        .try_fold(Threshold::default(), |threshold, bound| threshold.and(bound.comparison, bound.number))
        .filter(|threshold| most(correlation).is_none_or(|most| threshold.is_reachable(most)))
        .ok_or_else(|| impossible("no number is as the condition says"))?;
    let asks_for_all = threshold.holds(all) && !threshold.holds(all - 1.0);
    if correlation.kind == CorrelationKind::TemporalOrdered && !asks_for_all {
        let title = "`temporal_ordered` asks for all of its rules";
        return Err(impossible(title).help("leave `condition` out, or use `temporal`"));
    }
    Ok(threshold)
}

/// What is looked at, in words.
fn what(correlation: &Correlation, inputs: &Inputs, schema: &Schema) -> Cow<'static, str> {
    let rules = correlation.rules.len();
    let of = inputs.of.first().map_or(&[][..], |fields| fields);
    let of = of.iter().map(|field| schema.name(*field)).collect::<Vec<_>>().join(", ");
    match correlation.kind {
        CorrelationKind::EventCount => Cow::Borrowed("events"),
        CorrelationKind::ValueCount => Cow::Owned(format!("distinct {of}")),
        CorrelationKind::ValueSum => Cow::Owned(format!("sum of {of}")),
        CorrelationKind::ValueAverage => Cow::Owned(format!("average of {of}")),
        CorrelationKind::ValuePercentile => {
            Cow::Owned(format!("percentile {} of {of}", correlation.percentile))
        }
        CorrelationKind::Temporal => Cow::Owned(format!("findings of {rules} rules together")),
        CorrelationKind::TemporalOrdered => Cow::Owned(format!("findings of {rules} rules in order")),
    }
}

fn bad_window(correlation: &Correlation, error: ShapeError, budget: &Budget) -> Issue {
    let span = correlation.timespan.span.clone();
    match error {
        ShapeError::Length => {
            let title = format!("a timespan of {} cannot be kept", human::format(correlation.timespan.node));
            Issue::new(Code::BadWindow, title, span, "").help("a timespan lasts from 1s to 31d")
        }
        error => {
            let lateness = human::format(budget.lateness);
            Issue::new(
                Code::LongLateness,
                error.to_string(),
                span,
                format!("too short for a lateness of {lateness}"),
            )
            .help("make the timespan longer, or give the rule set a shorter lateness")
        }
    }
}
