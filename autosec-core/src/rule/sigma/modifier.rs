use std::ops::Range;

use super::encode::Wide;
use super::node::Key;
use super::rename::without_spaces;
use crate::rule::lang::ast::{Comparison, Place};
use crate::rule::lang::condition::TimePart;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;

/// What a key of a search identifier says: `field|modifier|modifier`.
#[derive(Debug)]
pub(super) struct Asked {
    /// Without white space; empty for keywords.
    pub(super) field: String,
    pub(super) meaning: Meaning,
    /// What is done to each value, in order.
    pub(super) steps: Vec<Step>,
    /// All values must match, not any.
    pub(super) all: bool,
    pub(super) cased: bool,
    /// The field is there and has none of the values.
    pub(super) differs: bool,
}

/// What the values are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    Text,
    Regex(Flags),
    Cidr,
    Exists,
    FieldRef,
    Compare(Comparison),
    Part(TimePart),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Base64,
    Base64Offset,
    Expand,
    Place(Place),
    Wide(Wide),
    Windash,
}

#[derive(Clone, Copy)]
enum Modifier {
    All,
    Cased,
    Differs,
    Flag(fn(&mut Flags)),
    Means(Meaning),
    Step(Step),
}

const MODIFIERS: &[(&str, Modifier)] = &[
    ("all", Modifier::All),
    ("base64", Modifier::Step(Step::Base64)),
    ("base64offset", Modifier::Step(Step::Base64Offset)),
    ("cased", Modifier::Cased),
    ("cidr", Modifier::Means(Meaning::Cidr)),
    ("contains", Modifier::Step(Step::Place(Place::Anywhere))),
    ("day", Modifier::Means(Meaning::Part(TimePart::Day))),
    ("dotall", Modifier::Flag(|flags| flags.dot_all = true)),
    ("endswith", Modifier::Step(Step::Place(Place::End))),
    ("exists", Modifier::Means(Meaning::Exists)),
    ("expand", Modifier::Step(Step::Expand)),
    ("fieldref", Modifier::Means(Meaning::FieldRef)),
    ("gt", Modifier::Means(Meaning::Compare(Comparison::Greater))),
    ("gte", Modifier::Means(Meaning::Compare(Comparison::GreaterOrEqual))),
    ("hour", Modifier::Means(Meaning::Part(TimePart::Hour))),
    ("i", Modifier::Flag(|flags| flags.ignore_case = true)),
    ("ignorecase", Modifier::Flag(|flags| flags.ignore_case = true)),
    ("lt", Modifier::Means(Meaning::Compare(Comparison::Less))),
    ("lte", Modifier::Means(Meaning::Compare(Comparison::LessOrEqual))),
    ("m", Modifier::Flag(|flags| flags.multi_line = true)),
    ("minute", Modifier::Means(Meaning::Part(TimePart::Minute))),
    ("month", Modifier::Means(Meaning::Part(TimePart::Month))),
    ("multiline", Modifier::Flag(|flags| flags.multi_line = true)),
    ("neq", Modifier::Differs),
    ("re", Modifier::Means(Meaning::Regex(Flags { ignore_case: false, multi_line: false, dot_all: false }))),
    ("s", Modifier::Flag(|flags| flags.dot_all = true)),
    ("startswith", Modifier::Step(Step::Place(Place::Start))),
    ("utf16", Modifier::Step(Step::Wide(Wide::Marked))),
    ("utf16be", Modifier::Step(Step::Wide(Wide::Big))),
    ("utf16le", Modifier::Step(Step::Wide(Wide::Little))),
    ("week", Modifier::Means(Meaning::Part(TimePart::Week))),
    ("wide", Modifier::Step(Step::Wide(Wide::Little))),
    ("windash", Modifier::Step(Step::Windash)),
    ("year", Modifier::Means(Meaning::Part(TimePart::Year))),
];

impl Asked {
    /// Keywords without modifiers.
    pub(super) fn keywords() -> Self {
        Self {
            field: String::new(),
            meaning: Meaning::Text,
            steps: Vec::new(),
            all: false,
            cased: false,
            differs: false,
        }
    }

    /// Reads a key.
    pub(super) fn read(key: &Key<'_>) -> Result<Self, Issue> {
        let (field, modifiers) = key.name.split_once('|').unwrap_or((&key.name, ""));
        let mut asked = Self { field: without_spaces(field), ..Self::keywords() };
        let names = modifiers.split('|').filter(|_| key.name.contains('|'));
        for name in names {
            let modifier = MODIFIERS.iter().find(|(known, _)| *known == name);
            let (_, modifier) = modifier.ok_or_else(|| unknown(name, key))?;
            asked.add(*modifier).map_err(|why| mixed(name, why, key))?;
        }
        asked.check().map_err(|(name, why)| mixed(name, why, key))?;
        Ok(asked)
    }

    fn add(&mut self, modifier: Modifier) -> Result<(), &'static str> {
        match modifier {
            Modifier::All => self.all = true,
            Modifier::Cased => self.cased = true,
            Modifier::Differs => self.differs = true,
            Modifier::Step(step) => self.steps.push(step),
            Modifier::Means(meaning) if self.meaning == Meaning::Text => self.meaning = meaning,
            Modifier::Means(_) => return Err("the values already mean something else"),
            Modifier::Flag(set) => match &mut self.meaning {
                Meaning::Regex(flags) => set(flags),
                _ => return Err("it belongs behind `re`"),
            },
        }
        Ok(())
    }

    /// Whether everything goes with the meaning of the values.
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let is_place = |step: &Step| matches!(step, Step::Place(_));
        let places = self.steps.iter().filter(|step| is_place(step)).count();
        match self.meaning {
            Meaning::Text => {}
            Meaning::FieldRef if self.steps.iter().all(is_place) && places <= 1 => {}
            _ if self.steps.is_empty() => {}
            _ => return Err(("re, cidr, exists, …", "it takes values that are no texts with wildcards")),
        }
        if places > 1 {
            return Err(("contains, startswith, endswith", "only one of them makes sense"));
        }
        if self.cased && !matches!(self.meaning, Meaning::Text | Meaning::FieldRef) {
            return Err(("cased", "it goes with texts"));
        }
        if self.differs && (self.field.is_empty() || self.meaning == Meaning::Exists) {
            return Err(("neq", "it needs a field and a value"));
        }
        if self.field.is_empty() && !matches!(self.meaning, Meaning::Text | Meaning::Regex(_)) {
            return Err(("keywords", "without a field only texts and `re` can be searched for"));
        }
        Ok(())
    }
}

fn unknown(name: &str, key: &Key<'_>) -> Issue {
    let names = MODIFIERS.iter().map(|(name, _)| *name).filter(|name| name.len() > 1);
    Issue::new(
        Code::UnknownModifier,
        format!("unknown modifier {}", quoted(name)),
        within(key, name),
        "there is no such modifier",
    )
    .help(format!("the modifiers are {}", names.clone().collect::<Vec<_>>().join(", ")))
    .help_if(did_you_mean(name, names))
}

fn mixed(name: &str, why: &str, key: &Key<'_>) -> Issue {
    let title = format!("the modifiers of {} do not go together", quoted(&key.name));
    Issue::new(Code::ModifierMix, title, within(key, name), format!("`{name}`: {why}"))
}

/// Where a modifier stands in its key; the key, if it cannot be told.
fn within(key: &Key<'_>, name: &str) -> Range<usize> {
    let quote = usize::from(key.span.len() > key.name.len());
    let mut at = 0;
    for part in key.name.split('|') {
        if at > 0 && part == name && !name.is_empty() {
            let start = key.span.start + quote + at;
            return start..start + name.len();
        }
        at += part.len() + 1;
    }
    key.span.clone()
}
