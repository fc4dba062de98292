use std::borrow::Cow;

use super::modifier::{Asked, Flags, Meaning, Step};
use super::node::{Node, Scalar, Tree};
use super::pattern::{self, Pattern};
use super::shape;
use super::translate::Translation;
use super::{encode, flavour};
use crate::event::FieldId;
use crate::net::{self, AddressSet};
use crate::rule::lang::ast::Place;
use crate::rule::lang::check;
use crate::rule::lang::condition::{Condition, Fact, Number};
use crate::rule::lang::issue::{Code, Issue, quoted};

/// The most values one item may come to, placeholders filled in.
const VALUE_LIMIT: usize = 10_000;
/// The most regular expressions of a rule: some take 20 ms to compile.
const REGEX_COUNT: usize = 256;
/// The most placeholders in one value.
const PLACEHOLDER_LIMIT: usize = 16;

impl Translation<'_> {
    /// The condition of `field|modifiers: values`.
    pub(super) fn item(&mut self, asked: &Asked, node: &Node<'_>) -> Result<Condition, Issue> {
        let values = node.each();
        if values.is_empty() {
            return Err(Issue::new(Code::EmptySelection, "a list of no values", node.span.clone(), "empty")
                .help("write `null` for an event that lacks the field"));
        }
        if asked.field.is_empty() {
            return self.values(asked, None, &[], values);
        }
        // Where a field has several names, any of them will do.
        let fields = self.fields(&asked.field, &node.span)?;
        let conditions = fields.iter().map(|field| self.values(asked, Some(*field), &fields, values));
        let condition = together(conditions.collect::<Result<_, _>>()?, Condition::Any);
        Ok(if asked.differs {
            Condition::All(vec![
                Condition::Not(Box::new(absent(&fields))),
                Condition::Not(Box::new(condition)),
            ])
        } else {
            condition
        })
    }

    /// The condition that any, or all, of the values match.
    fn values(
        &mut self,
        asked: &Asked,
        field: Option<FieldId>,
        names: &[FieldId],
        values: &[Node<'_>],
    ) -> Result<Condition, Issue> {
        let groups: Vec<&[Node<'_>]> = if asked.all { values.chunks(1).collect() } else { vec![values] };
        let conditions = groups.into_iter().map(|group| self.group(asked, field, names, group));
        Ok(together(conditions.collect::<Result<_, _>>()?, Condition::All))
    }

    /// The condition that any of the values matches; `names` are all that the field has.
    fn group(
        &mut self,
        asked: &Asked,
        field: Option<FieldId>,
        names: &[FieldId],
        values: &[Node<'_>],
    ) -> Result<Condition, Issue> {
        let mut any = Vec::new();
        let mut facts = Vec::new();
        let mut patterns = Vec::new();
        let mut networks = Vec::new();
        for value in values {
            let scalar = scalar(value)?;
            match (asked.meaning, field) {
                (_, Some(_)) if scalar.is_null() => any.push(missing(asked, names, value)?),
                (_, None) if scalar.is_null() => {
                    return Err(misfit(value, "a keyword is text").help("`null` needs a field"));
                }
                (Meaning::Text, _) => self.patterns(asked, field, (value, scalar), &mut patterns)?,
                (Meaning::Regex(flags), _) => facts.push(self.regex(flags, value, scalar)?),
                (Meaning::Cidr, _) => networks.push(network(value, scalar)?),
                (Meaning::Compare(comparison), _) => {
                    facts.push(Fact::Number(comparison, number(value, scalar)?))
                }
                (Meaning::Part(part), _) => facts.push(match number(value, scalar)? {
                    Number::Integer(number) => Fact::Part(part, number),
                    Number::Float(_) => return Err(misfit(value, "a part of a time is a whole number")),
                }),
                (Meaning::Exists, Some(_)) => any.push(exists(names, value, scalar)?),
                (Meaning::FieldRef, Some(field)) => {
                    let right = self.fields(&scalar.text, &value.span)?;
                    any.extend(right.into_iter().map(|right| related(asked, field, right)));
                }
                (Meaning::Exists | Meaning::FieldRef, None) => {}
            }
        }
        if !networks.is_empty() {
            facts.push(Fact::AddressIn(std::sync::Arc::new(networks.into_iter().collect::<AddressSet>())));
        }
        let span = || values.first().map_or(0..0, |value| value.span.clone());
        facts
            .extend(shape::facts(patterns, !asked.cased).map_err(|reason| check::bad_regex(span(), reason))?);
        any.extend(facts.into_iter().map(|fact| match field {
            Some(field) => Condition::Spelled(field, fact),
            None => Condition::Anywhere(fact),
        }));
        Ok(together(any, Condition::Any))
    }

    fn regex(&mut self, flags: Flags, value: &Node<'_>, scalar: &Scalar<'_>) -> Result<Fact, Issue> {
        self.regexes += 1;
        if self.regexes > REGEX_COUNT {
            let title = format!("the rule has more than {REGEX_COUNT} regular expressions");
            return Err(Issue::new(Code::LargeSigma, title, value.span.clone(), "up to here")
                .help("join some of them by `|`, or make several rules"));
        }
        let letters = [(flags.ignore_case, 'i'), (flags.multi_line, 'm'), (flags.dot_all, 's')];
        let letters: String = letters.iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect();
        check::regex(&letters, &flavour::from_perl(&scalar.text)).map(Fact::Matches).map_err(|reason| {
            check::bad_regex(value.span.clone(), reason)
                .help("look-around and back-references do not exist here")
        })
    }

    /// Adds the patterns that one value stands for.
    fn patterns(
        &self,
        asked: &Asked,
        field: Option<FieldId>,
        (value, scalar): (&Node<'_>, &Scalar<'_>),
        into: &mut Vec<Pattern>,
    ) -> Result<(), Issue> {
        let number = scalar.number();
        let mut texts: Vec<Text> =
            number.into_iter().map(|text| Text::Pattern(pattern::literal(text.into_owned()))).collect();
        // A number is looked for both as it is written and in its plainest form.
        let written = Text::Pattern(pattern::read(&scalar.text));
        if !texts.contains(&written) {
            texts.push(written);
        }
        for step in &asked.steps {
            let mut stepped = Vec::with_capacity(texts.len());
            for text in texts {
                self.step(*step, text, value, &mut stepped)?;
            }
            texts = stepped;
        }
        let anchored = asked.steps.iter().any(|step| matches!(step, Step::Place(_)));
        let keyword = field.is_none() && !anchored;
        for text in texts {
            let pattern = text.pattern(value)?;
            into.push(if keyword { pattern::placed(pattern, Place::Anywhere) } else { pattern });
        }
        Ok(())
    }

    /// Adds what a text is after one modifier.
    fn step(&self, step: Step, text: Text, value: &Node<'_>, into: &mut Vec<Text>) -> Result<(), Issue> {
        let one = |text: String| Text::Pattern(pattern::literal(text));
        match step {
            Step::Place(place) => into.push(Text::Pattern(pattern::placed(text.pattern(value)?, place))),
            Step::Windash => into.push(Text::Pattern(pattern::windash(text.pattern(value)?))),
            Step::Wide(wide) => {
                let pattern = text.pattern(value)?;
                let plain = pattern::plain(&pattern).ok_or_else(|| no_wildcards(value))?;
                into.push(Text::Bytes(wide.bytes(plain)));
            }
            Step::Base64 => into.push(one(encode::base64(&text.bytes(value)?))),
            Step::Base64Offset => {
                let offsets = encode::base64_offsets(&text.bytes(value)?);
                if offsets.iter().any(String::is_empty) {
                    return Err(misfit(value, "too short to be found in Base64 at any offset"));
                }
                into.extend(offsets.into_iter().map(one));
            }
            Step::Expand => {
                let patterns = self.expand(text.pattern(value)?, value, 0)?;
                into.extend(patterns.into_iter().map(|pattern| Text::Pattern(pattern::unescape(pattern))));
            }
        }
        Ok(())
    }

    /// Fills placeholders in; every combination of their values is a pattern of its own.
    fn expand(&self, pattern: Pattern, value: &Node<'_>, depth: usize) -> Result<Vec<Pattern>, Issue> {
        let Some((head, name, tail)) = pattern::placeholder(&pattern) else { return Ok(vec![pattern]) };
        let values = self.placeholder(&name, value)?;
        let tails = if depth < PLACEHOLDER_LIMIT { self.expand(tail, value, depth + 1)? } else { Vec::new() };
        if depth == PLACEHOLDER_LIMIT || values.len().saturating_mul(tails.len()) > VALUE_LIMIT {
            let title = "placeholders make too much of this value";
            let limits = format!("the limits are {PLACEHOLDER_LIMIT} placeholders and {VALUE_LIMIT} values");
            return Err(Issue::new(Code::LargeSet, title, value.span.clone(), "").help(limits));
        }
        let filled = values.iter().flat_map(|filled| {
            let head = pattern::joined(head.clone(), pattern::read(filled));
            tails.iter().map(move |tail| pattern::joined(head.clone(), tail.clone()))
        });
        Ok(filled.collect())
    }
}

/// A value on its way through the modifiers.
#[derive(Clone, Debug, PartialEq)]
enum Text {
    Pattern(Pattern),
    Bytes(Vec<u8>),
}

impl Text {
    fn pattern(self, value: &Node<'_>) -> Result<Pattern, Issue> {
        match self {
            Text::Pattern(pattern) => Ok(pattern),
            Text::Bytes(bytes) => String::from_utf8(bytes).map(pattern::literal).map_err(|_| {
                misfit(value, "in this encoding it is no text").help("encode it further: `wide|base64offset`")
            }),
        }
    }

    fn bytes(self, value: &Node<'_>) -> Result<Vec<u8>, Issue> {
        match self {
            Text::Bytes(bytes) => Ok(bytes),
            Text::Pattern(pattern) => {
                let plain = pattern::plain(&pattern).ok_or_else(|| no_wildcards(value))?;
                Ok(plain.as_bytes().to_vec())
            }
        }
    }
}

/// Several conditions as one.
pub(super) fn together(mut parts: Vec<Condition>, link: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            link(parts)
        }
    }
}

fn scalar<'n, 'a>(value: &'n Node<'a>) -> Result<&'n Scalar<'a>, Issue> {
    match &value.tree {
        Tree::Scalar(scalar) => Ok(scalar),
        _ => {
            let title = format!("a value cannot be {}", value.what());
            Err(Issue::new(Code::SigmaShape, title, value.span.clone(), "this is no single value")
                .help("a list of values stands directly below its field"))
        }
    }
}

/// No field of these is there.
fn absent(names: &[FieldId]) -> Condition {
    let absent = names.iter().map(|field| Condition::Not(Box::new(Condition::Test(*field, Fact::Exists))));
    together(absent.collect(), Condition::All)
}

fn missing(asked: &Asked, names: &[FieldId], value: &Node<'_>) -> Result<Condition, Issue> {
    if asked.meaning != Meaning::Text || !asked.steps.is_empty() {
        return Err(misfit(value, "`null` takes no modifiers"));
    }
    Ok(absent(names))
}

fn exists(names: &[FieldId], value: &Node<'_>, scalar: &Scalar<'_>) -> Result<Condition, Issue> {
    match scalar.text.to_ascii_lowercase().as_str() {
        "true" | "yes" => {
            let present = names.iter().map(|field| Condition::Test(*field, Fact::Exists));
            Ok(together(present.collect(), Condition::Any))
        }
        "false" | "no" => Ok(absent(names)),
        _ => Err(misfit(value, "`exists` takes true or false")),
    }
}

fn related(asked: &Asked, left: FieldId, right: FieldId) -> Condition {
    let place = asked.steps.iter().find_map(|step| match step {
        Step::Place(place) => Some(*place),
        _ => None,
    });
    Condition::Related { left, right, place, fold: !asked.cased }
}

fn network(value: &Node<'_>, scalar: &Scalar<'_>) -> Result<ipnet::IpNet, Issue> {
    net::network(&scalar.text).map_err(|error| {
        Issue::new(Code::BadAddress, error.to_string(), value.span.clone(), "this is no prefix")
            .help("write it as `192.0.2.0/24` or `2001:db8::/32`")
    })
}

fn number(value: &Node<'_>, scalar: &Scalar<'_>) -> Result<Number, Issue> {
    let text: Cow<'_, str> = scalar.number().unwrap_or(Cow::Borrowed(&scalar.text));
    let float = || text.parse().ok().filter(|number: &f64| number.is_finite()).map(Number::Float);
    let number = text.parse().ok().map(Number::Integer).or_else(float);
    number.ok_or_else(|| misfit(value, "this is no number"))
}

fn no_wildcards(value: &Node<'_>) -> Issue {
    misfit(value, "a value with wildcards cannot be encoded").help(r"write `\*` and `\?` for the characters")
}

fn misfit(value: &Node<'_>, label: &str) -> Issue {
    let text = value.scalar().map_or("", |scalar| &scalar.text);
    let title = format!("the value {} does not go with its modifiers", quoted(text));
    Issue::new(Code::ModifierValue, title, value.span.clone(), label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_condition_stays_as_it_is() {
        let any = |count: usize| together(vec![Condition::All(Vec::new()); count], Condition::Any);
        assert!(matches!(any(1), Condition::All(_)));
        assert!(matches!(any(0), Condition::Any(parts) if parts.is_empty()));
        assert!(matches!(any(2), Condition::Any(parts) if parts.len() == 2));
    }
}
