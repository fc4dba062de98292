use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::build::Assembled;
use super::super::definition::Blueprint;
use super::super::sigma::is_search;
use super::file::Table;
use crate::event::{FieldId, Schema};
use crate::finding::{Analytic, AnalyticKind, Response};
use crate::measure::{Confidence, Severity};
use crate::rule::image::ImageError;
use crate::rule::image::bytes::{Input, Output};
use crate::rule::image::condition::{self, Names};
use crate::rule::lang::ast::Comparison;
use crate::rule::lang::condition::Condition;
use crate::rule::run::compiled::{Compiled, Remembering};
use crate::rule::run::reads::Reads;
use crate::rule::run::subject::Subject;
use crate::rule::state::memory::{Budget, Memory};
use crate::rule::state::operator::{Inputs, Novelty, Operator};
use crate::rule::state::threshold::Threshold;

/// The most fields of a key, or of what is looked at.
const FIELDS_LIMIT: usize = 64;
/// By their numbers.
const COMPARISONS: [Comparison; 5] = [
    Comparison::Greater,
    Comparison::GreaterOrEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::NotEqual,
];

/// What a rule says of itself and of what it finds.
#[derive(Deserialize, Serialize)]
struct Head {
    id: Arc<str>,
    name: Arc<str>,
    tags: Vec<Arc<str>>,
    severity: Severity,
    confidence: Confidence,
    response: Option<Response>,
    shadow: bool,
    silent: bool,
    priority: i32,
    fed_by: Vec<u32>,
    remembers: Option<Words>,
}

/// What a rule says of what it remembers.
#[derive(Deserialize, Serialize)]
struct Words {
    what: String,
    takes: Arc<str>,
    digest: u64,
}

/// Writes a rule that is ready to run.
pub(super) fn write(rule: &Compiled, blueprint: &Blueprint, into: &mut Output) -> Result<(), ImageError> {
    let words = |it: &Remembering| Words {
        what: it.what.to_string(),
        takes: Arc::clone(&it.takes),
        digest: it.digest,
    };
    let head = Head {
        id: Arc::clone(&rule.analytic.id),
        name: Arc::clone(&rule.analytic.name),
        tags: rule.analytic.tags.to_vec(),
        severity: rule.severity,
        confidence: rule.confidence,
        response: rule.response,
        shadow: rule.shadow,
        silent: rule.silent,
        priority: blueprint.priority,
        fed_by: blueprint.fed_by.to_vec(),
        remembers: rule.remembers.as_ref().map(words),
    };
    let unwritable = |_| ImageError::Malformed { at: into.bytes.len(), what: "a rule that is none" };
    let head = serde_json::to_vec(&head).map_err(unwritable)?;
    into.sized(&head);
    into.count(blueprint.conditions.len());
    blueprint.conditions.iter().for_each(|kept| into.sized(kept.bytes()));
    into.sized(blueprint.veto.as_ref().map_or(&[], |kept| kept.bytes()));
    // A search reads every field of the set that it will be in.
    let reads = match &rule.reads {
        Reads::Named { fields, .. } => &**fields,
        Reads::Every(_) => &[],
    };
    fields(reads.iter().copied(), reads.len(), into);
    subject(&rule.subject, into);
    into.count(rule.subjects.len());
    rule.subjects.iter().for_each(|one| subject(one, into));
    if let Some(it) = &rule.remembers {
        memory(&it.memory, into);
    }
    Ok(())
}

/// Reads the rule at this place, which may be fed by those before it alone.
pub(super) fn read(
    input: &mut Input<'_>,
    at: usize,
    table: &mut Table<'_>,
    budget: &Budget,
) -> Result<Assembled, ImageError> {
    let head = serde_json::from_slice(input.sized()?);
    let head: Head = head.map_err(|_| input.malformed("a rule that is none"))?;
    if head.fed_by.iter().any(|from| *from as usize >= at) {
        return Err(input.malformed("a rule that is fed by one behind it"));
    }
    let count = input.count()?;
    if count + head.fed_by.len() > Inputs::LIMIT {
        return Err(input.malformed("a rule with too many inputs"));
    }
    let conditions = (0..count).map(|_| one(input.sized()?, table)).collect::<Result<_, _>>()?;
    let veto = match input.sized()? {
        [] => None,
        bytes => Some(one(bytes, table)?),
    };
    let mut reading = Reading { input, table };
    let reads = reading.fields(usize::from(u16::MAX))?;
    let reads = Reads::named(reads, reading.table.schema);
    let subject = reading.subject()?;
    let subjects = reading.several(Inputs::LIMIT, Reading::subject)?.into();
    let remembers = match head.remembers {
        None => None,
        Some(Words { what, takes, digest }) => {
            Some(Remembering { memory: reading.memory(budget)?, what: what.into(), takes, digest })
        }
    };
    let rule = Compiled {
        analytic: Arc::new(Analytic {
            kind: AnalyticKind::Rule,
            id: head.id,
            name: head.name,
            tags: head.tags.into(),
        }),
        severity: head.severity,
        confidence: head.confidence,
        response: head.response,
        shadow: head.shadow,
        reads,
        subject,
        subjects,
        silent: head.silent,
        remembers,
        tally: Default::default(),
    };
    let (fed_by, priority) = (head.fed_by, head.priority);
    Ok(Assembled { fed_by, veto, priority, ..Assembled::new(conditions, rule) })
}

/// Searches for keywords read every field that there now is.
pub(super) fn finish(assembled: &mut [Assembled], schema: &mut Schema) -> Result<(), ImageError> {
    let searches = |rule: &Assembled| rule.conditions.iter().any(is_search);
    if !assembled.iter().any(searches) {
        return Ok(());
    }
    let refused = |error: crate::event::SchemaError| ImageError::Field {
        name: "@rest".to_owned(),
        problem: error.to_string(),
    };
    schema.add_rest().map_err(refused)?;
    let everything = Reads::every(schema);
    for rule in assembled.iter_mut().filter(|rule| searches(rule)) {
        rule.rule.reads = Reads::Every(Arc::clone(&everything));
    }
    Ok(())
}

fn one(bytes: &[u8], table: &mut Table<'_>) -> Result<Condition, ImageError> {
    let mut input = Input::new(bytes);
    let condition = condition::read(&mut input, table)?;
    input.finish()?;
    Ok(condition)
}

fn fields(fields: impl Iterator<Item = FieldId>, count: usize, into: &mut Output) {
    into.count(count);
    fields.for_each(|field| into.count(field.index()));
}

fn subject(subject: &Subject, into: &mut Output) {
    let (parts, always) = subject.parts();
    let parts: Vec<_> = parts.collect();
    into.byte(u8::from(always));
    into.count(parts.len());
    for (field, code) in parts {
        into.count(field.index());
        into.byte(code);
    }
}

fn memory(memory: &Memory, into: &mut Output) {
    let lists = |lists: &[Box<[FieldId]>], into: &mut Output| {
        into.count(lists.len());
        lists.iter().for_each(|list| fields(list.iter().copied(), list.len(), into));
    };
    let one = |of: &[FieldId], into: &mut Output| fields(of.iter().copied(), of.len(), into);
    match memory.operator() {
        Operator::Count => into.byte(0),
        Operator::Distinct { of } => {
            into.byte(1);
            lists(of, into);
        }
        Operator::Sum { of } => {
            into.byte(2);
            one(of, into);
        }
        Operator::Average { of, samples } => {
            into.byte(3);
            one(of, into);
            into.number(u64::from(*samples));
        }
        Operator::Quantile { of, q, samples } => {
            into.byte(4);
            one(of, into);
            into.raw(&q.to_le_bytes());
            into.number(u64::from(*samples));
        }
        Operator::Together => into.byte(5),
        Operator::Sequence { absent } => {
            into.byte(6);
            into.count(absent.len());
            absent.iter().for_each(|absent| into.byte(u8::from(*absent)));
        }
        Operator::New(Novelty { of, learn, forget }) => {
            into.byte(7);
            one(of, into);
            into.signed(*learn);
            into.signed(*forget);
        }
    }
    lists(memory.by(), into);
    into.number(u64::try_from(memory.within().as_nanos()).unwrap_or(u64::MAX));
    let comparisons: Vec<_> = memory.threshold().comparisons().collect();
    into.count(comparisons.len());
    for (comparison, number) in comparisons {
        let code = (0..).zip(COMPARISONS).find(|(_, known)| *known == comparison);
        into.byte(code.map_or(u8::MAX, |(code, _)| code));
        into.raw(&number.to_le_bytes());
    }
}

struct Reading<'r, 'b, 's> {
    input: &'r mut Input<'b>,
    table: &'r mut Table<'s>,
}

impl Reading<'_, '_, '_> {
    fn several<T>(
        &mut self,
        limit: usize,
        one: fn(&mut Self) -> Result<T, ImageError>,
    ) -> Result<Vec<T>, ImageError> {
        let count = self.input.count()?;
        if count > limit {
            return Err(self.input.malformed("more of something than a rule may have"));
        }
        (0..count).map(|_| one(self)).collect()
    }

    fn field(&mut self) -> Result<FieldId, ImageError> {
        let at = usize::try_from(self.input.number()?);
        self.table.field(at.map_err(|_| self.input.malformed("an unknown field"))?)
    }

    fn fields(&mut self, limit: usize) -> Result<Box<[FieldId]>, ImageError> {
        self.several(limit, Self::field).map(Vec::into_boxed_slice)
    }

    fn some_fields(&mut self) -> Result<Box<[FieldId]>, ImageError> {
        self.fields(FIELDS_LIMIT)
    }

    fn float(&mut self) -> Result<f64, ImageError> {
        self.input.array().map(f64::from_le_bytes)
    }

    fn small(&mut self) -> Result<u32, ImageError> {
        let number = u32::try_from(self.input.number()?);
        number.map_err(|_| self.input.malformed("a number that is too large"))
    }

    fn subject(&mut self) -> Result<Subject, ImageError> {
        let always = self.input.flag()?;
        let parts = self.several(FIELDS_LIMIT, |it| Ok((it.field()?, it.input.byte()?)))?;
        Subject::of_parts(parts, always).ok_or_else(|| self.input.malformed("a subject that is none"))
    }

    fn memory(&mut self, budget: &Budget) -> Result<Memory, ImageError> {
        let operator = match self.input.byte()? {
            0 => Operator::Count,
            1 => Operator::Distinct { of: self.several(Inputs::LIMIT, Self::some_fields)? },
            2 => Operator::Sum { of: self.some_fields()? },
            3 => Operator::Average { of: self.some_fields()?, samples: self.small()? },
            4 => Operator::Quantile { of: self.some_fields()?, q: self.float()?, samples: self.small()? },
            5 => Operator::Together,
            6 => Operator::Sequence { absent: self.several(Inputs::LIMIT, |it| it.input.flag())?.into() },
            7 => Operator::New(Novelty {
                of: self.some_fields()?,
                learn: self.input.signed()?,
                forget: self.input.signed()?,
            }),
            _ => return Err(self.input.malformed("an unknown operator")),
        };
        let by = self.several(Inputs::LIMIT, Self::some_fields)?;
        let within = Duration::from_nanos(self.input.number()?);
        let comparisons = self.several(COMPARISONS.len(), |it| {
            let comparison = COMPARISONS.get(usize::from(it.input.byte()?)).copied();
            let comparison = comparison.ok_or_else(|| it.input.malformed("an unknown comparison"))?;
            Ok((comparison, it.float()?))
        })?;
        let threshold = comparisons
            .into_iter()
            .try_fold(Threshold::default(), |all, (comparison, number)| all.and(comparison, number))
            .ok_or_else(|| self.input.malformed("a threshold that is none"))?;
        Memory::new(operator, by, within, threshold, budget)
            .map_err(|error| ImageError::Window { reason: error.to_string() })
    }
}
