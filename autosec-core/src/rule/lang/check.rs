//! Whether names exist and kinds go together. Which operator takes which kind of field:
//!
//! | | text | integer | float | address | boolean |
//! |---|---|---|---|---|---|
//! | `==`, `!=` | text | integer | number | address | `true`, `false` |
//! | `<`, `<=`, `>`, `>=` | | integer | number | | |
//! | `in` | texts | integers, ranges | | addresses, prefixes | |
//! | `in $list` | list of texts | | | list of addresses | |
//! | `contains`, `starts_with`, `ends_with`, `matches`, `lower` | yes | | | | |
//! | by itself | | | | | yes |
//!
//! What passes here needs no further checks: a [`Condition`] holds fields of the schema, values of the fields' kinds, and
//! regular expressions that are compiled and bounded.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::ast::{Check, Comparison, Expr, Literal, Spanned, Test};
use super::condition::{Condition, Fact};
use super::issue::{Code, Issue, quoted};
use super::suggest::{did_you_mean, nearest};
use crate::event::{FieldId, Kind, Schema};
use crate::net::AddressSet;
use crate::rule::list::List;

/// The largest compiled regular expression, in bytes.
pub(crate) const REGEX_LIMIT: usize = 1 << 20;

/// What names in an expression may mean.
#[derive(Debug)]
pub(crate) struct Scope<'s> {
    pub(crate) schema: &'s Schema,
    pub(crate) lists: &'s HashMap<String, List>,
}

impl Scope<'_> {
    /// Resolves and checks an expression, or says everything that is wrong with it.
    pub(crate) fn check(&self, expr: &Expr) -> Result<Condition, Vec<Issue>> {
        let mut issues = Vec::new();
        let condition = self.condition(expr, &mut issues);
        condition.filter(|_| issues.is_empty()).ok_or(issues)
    }

    /// The field of this name.
    pub(crate) fn field(&self, name: &Spanned<String>) -> Result<FieldId, Issue> {
        self.schema.field(&name.node).ok_or_else(|| {
            let names = self.schema.fields().map(|(_, name, _)| name);
            Issue::new(
                Code::UnknownField,
                format!("unknown field {}", quoted(&name.node)),
                name.span.clone(),
                "the schema has no such field",
            )
            .help_if(did_you_mean(&name.node, names))
        })
    }

    fn condition(&self, expr: &Expr, issues: &mut Vec<Issue>) -> Option<Condition> {
        let mut each = |parts: &[Expr]| -> Option<Vec<Condition>> {
            // All of them first: stopping at the first part that is wrong would hide what is wrong with the others.
            let checked: Vec<_> = parts.iter().map(|part| self.condition(part, issues)).collect();
            checked.into_iter().collect()
        };
        match expr {
            Expr::All(parts) => each(parts).map(Condition::All),
            Expr::Any(parts) => each(parts).map(Condition::Any),
            Expr::Not(part) => self.condition(part, issues).map(|part| Condition::Not(Box::new(part))),
            Expr::Test(test) => match self.test(test) {
                Ok((field, fact)) => Some(Condition::Test(field, fact)),
                Err(issue) => {
                    issues.push(issue);
                    None
                }
            },
        }
    }

    fn test(&self, test: &Test) -> Result<(FieldId, Fact), Issue> {
        let field = self.field(&test.field)?;
        let subject = Typed { test, kind: self.schema.kind(field) };
        if test.lower && subject.kind != Kind::Text {
            return Err(subject.mismatch("`lower` needs text"));
        }
        let fact = match &test.check {
            Check::Exists => Fact::Exists,
            Check::True if subject.kind == Kind::Boolean => Fact::Boolean(true),
            Check::True => {
                return Err(subject
                    .mismatch("only a boolean stands by itself")
                    .help(format!("compare it, or write `exists({})`", test.field.node)));
            }
            Check::Compare(comparison, literal) => subject.compare(*comparison, literal)?,
            Check::In(members) => subject.membership(members)?,
            Check::InList(name) => subject.listed(self.list(name)?, name)?,
            Check::Find(place, texts) => {
                subject.needs_text(place.word())?;
                let texts = texts.iter().map(|text| text.node.clone()).collect();
                Fact::Find { place: *place, texts, fold: test.lower }
            }
            Check::Matches(pattern) => subject.pattern(pattern)?,
        };
        Ok((field, fact))
    }

    fn list(&self, name: &Spanned<String>) -> Result<&List, Issue> {
        self.lists.get(&name.node).ok_or_else(|| {
            let title = format!("unknown list {}", quoted(&format!("${}", name.node)));
            let mut names: Vec<_> = self.lists.keys().map(String::as_str).collect();
            names.sort_unstable();
            let known = if names.is_empty() {
                "no list was given to the rule set; give one with `RuleSetBuilder::list`".to_owned()
            } else {
                format!(
                    "the lists are {}",
                    names.iter().take(8).map(|name| format!("${name}")).collect::<Vec<_>>().join(", ")
                )
            };
            Issue::new(Code::UnknownList, title, name.span.clone(), "").help(known).help_if(
                nearest(&name.node, names.into_iter()).map(|name| format!("did you mean `${name}`?")),
            )
        })
    }
}

/// Compiles a regular expression within [`REGEX_LIMIT`], or says in words why that cannot be. The flags (`i`, `m`, `s`)
/// become a part of it.
pub(crate) fn regex(flags: &str, pattern: &str) -> Result<Regex, String> {
    let whole = if flags.is_empty() { pattern.to_owned() } else { format!("(?{flags}){pattern}") };
    RegexBuilder::new(&whole).size_limit(REGEX_LIMIT).dfa_size_limit(REGEX_LIMIT).build().map_err(|error| {
        match &error {
            regex::Error::CompiledTooBig(limit) => format!("it compiles to more than {limit} bytes"),
            other => {
                let text = other.to_string();
                text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
        }
    })
}

/// The issue of a regular expression that cannot be used.
pub(crate) fn bad_regex(span: Range<usize>, reason: String) -> Issue {
    Issue::new(Code::BadRegex, "the regular expression cannot be used", span, reason)
        .help(r#"look-around and back-references do not exist here; write patterns as raw texts: r"\d+""#)
}

/// A test with the kind of its field.
struct Typed<'t> {
    test: &'t Test,
    kind: Kind,
}

impl Typed<'_> {
    fn compare(&self, comparison: Comparison, literal: &Spanned<Literal>) -> Result<Fact, Issue> {
        let negated = comparison == Comparison::NotEqual;
        if comparison.is_order() && !matches!(self.kind, Kind::Integer | Kind::Float) {
            return Err(self.mismatch(&format!("`{}` needs a number", comparison.symbol())));
        }
        match (self.kind, &literal.node) {
            (Kind::Text, Literal::Text(text)) => {
                Ok(Fact::Text { is: text.clone(), negated, fold: self.test.lower })
            }
            (Kind::Integer, Literal::Integer(number)) => Ok(Fact::Integer(comparison, *number)),
            (Kind::Float, Literal::Float(number)) => Ok(Fact::Float(comparison, *number)),
            (Kind::Float, Literal::Integer(number)) => Ok(Fact::Float(comparison, *number as f64)),
            (Kind::Boolean, Literal::Boolean(truth)) => Ok(Fact::Boolean(*truth != negated)),
            (Kind::Address, Literal::Network(network))
                if network.prefix_len() == network.max_prefix_len() =>
            {
                Ok(Fact::Address { is: network.addr(), negated })
            }
            (Kind::Address, Literal::Network(_)) => Err(self.misfit(literal).help(format!(
                "an address lies in a prefix: write `{} in {}`",
                self.test.field.node, literal.node
            ))),
            _ => Err(self.misfit(literal)),
        }
    }

    fn membership(&self, members: &[Spanned<Literal>]) -> Result<Fact, Issue> {
        match self.kind {
            Kind::Text => {
                let text = |member: &Spanned<Literal>| match &member.node {
                    Literal::Text(text) => Ok(text.clone().into_boxed_str()),
                    _ => Err(self.misfit(member)),
                };
                let texts = members.iter().map(text).collect::<Result<Arc<[_]>, _>>()?;
                Ok(Fact::TextIn { texts, fold: self.test.lower })
            }
            Kind::Integer => {
                let range = |member: &Spanned<Literal>| match &member.node {
                    Literal::Integer(number) => Ok((*number, *number)),
                    Literal::Range(first, last) => Ok((*first, *last)),
                    _ => Err(self.misfit(member)),
                };
                members.iter().map(range).collect::<Result<_, _>>().map(Fact::IntegerIn)
            }
            Kind::Address => {
                let network = |member: &Spanned<Literal>| match &member.node {
                    Literal::Network(network) => Ok(*network),
                    _ => Err(self.misfit(member)),
                };
                let set = members.iter().map(network).collect::<Result<AddressSet, _>>()?;
                Ok(Fact::AddressIn(Arc::new(set)))
            }
            _ => Err(self.mismatch("`in` needs text, an integer or an address")),
        }
    }

    fn listed(&self, list: &List, name: &Spanned<String>) -> Result<Fact, Issue> {
        match (self.kind, list) {
            (Kind::Address, List::Addresses(_)) | (Kind::Text, List::Texts(_)) => {
                let name = name.node.as_str().into();
                Ok(Fact::Listed { name, list: list.clone(), fold: self.test.lower })
            }
            (_, list) => {
                let holds = if matches!(list, List::Addresses(_)) { "addresses" } else { "texts" };
                Err(self.mismatch(&format!("`${}` is a list of {holds}", name.node)))
            }
        }
    }

    fn pattern(&self, pattern: &Spanned<String>) -> Result<Fact, Issue> {
        self.needs_text("matches")?;
        regex(if self.test.lower { "i" } else { "" }, &pattern.node)
            .map(Fact::Matches)
            .map_err(|reason| bad_regex(pattern.span.clone(), reason))
    }

    fn needs_text(&self, operator: &str) -> Result<(), Issue> {
        if self.kind == Kind::Text { Ok(()) } else { Err(self.mismatch(&format!("`{operator}` needs text"))) }
    }

    /// The operator does not go with the field.
    fn mismatch(&self, needs: &str) -> Issue {
        let label = format!("this field is {}; {needs}", self.kind);
        Issue::new(Code::Mismatch, "mismatching types", self.test.field.span.clone(), label)
    }

    /// The value does not go with the field.
    fn misfit(&self, literal: &Spanned<Literal>) -> Issue {
        let what = match literal.node {
            Literal::Boolean(_) => "a boolean",
            Literal::Float(_) => "a number with a fraction",
            Literal::Integer(_) => "an integer",
            Literal::Network(_) if self.kind == Kind::Address => "a prefix",
            Literal::Network(_) => "an address",
            Literal::Range(..) => "a range",
            Literal::Text(_) => "text",
        };
        let mut issue = self.mismatch("");
        issue.labels = vec![
            (literal.span.clone(), format!("this is {what}")),
            (self.test.field.span.clone(), format!("this field is {}", self.kind)),
        ];
        let help = match (&literal.node, self.kind) {
            (Literal::Text(_), Kind::Address | Kind::Integer | Kind::Float | Kind::Boolean) => {
                "write it without quotes"
            }
            (_, Kind::Text) => "put it in double quotes",
            (Literal::Range(..), Kind::Integer) => "a range goes with `in`",
            _ => return issue,
        };
        issue.help(help)
    }
}
