//! Many rules at once give the answers of a slow, obvious evaluator, which shares nothing with the one it checks: rules
//! are trees of its own, written out in the language, and every question is answered by trying everything.

use std::net::{IpAddr, Ipv4Addr};

use autosec_core::event::{Event, FieldId, Schema, Value, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Rule, RuleSet};
use autosec_core::time::Timestamp;
use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;

/// Text fields, a number, an address.
const TEXTS: [(&str, FieldId); 3] =
    [("url.path", field::URL_PATH), ("user.name", field::USER_NAME), ("tags", field::TAGS)];
const NUMBER: (&str, FieldId) = ("destination.port", field::DESTINATION_PORT);
const ADDRESS: (&str, FieldId) = ("source.ip", field::SOURCE_IP);

/// An expression and what it means for a text.
type Pattern = (&'static str, fn(&str) -> bool);

const PATTERNS: [Pattern; 5] = [
    ("abba", |text| text.contains("abba")),
    ("^abab", |text| text.starts_with("abab")),
    ("(?:abab|baba)b", |text| text.contains("ababb") || text.contains("babab")),
    ("(b1)?aa[b1]b", |text| text.contains("aabb") || text.contains("aa1b")),
    ("b.?abb$", |text| {
        let Some(before) = text.strip_suffix("abb") else { return false };
        before.ends_with('b') || before.chars().rev().nth(1) == Some('b')
    }),
];

#[derive(Clone, Debug)]
enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Text { field: usize, lower: bool, check: Check },
    Exists(usize),
    Compare(&'static str, i64),
    Ranges(Vec<(i64, i64)>),
    Networks(Vec<Ipv4Net>),
}

#[derive(Clone, Debug)]
enum Check {
    Equal(String),
    Differs(String),
    In(Vec<String>),
    Find(&'static str, Vec<String>),
    Matches(usize),
}

impl Expr {
    fn text(&self) -> String {
        let joined = |parts: &[Expr], word: &str| {
            let parts: Vec<_> = parts.iter().map(|part| format!("({})", part.text())).collect();
            parts.join(word)
        };
        match self {
            Expr::All(parts) => joined(parts, " and "),
            Expr::Any(parts) => joined(parts, " or "),
            Expr::Not(part) => format!("not ({})", part.text()),
            Expr::Exists(at) => format!("exists({})", TEXTS[*at].0),
            Expr::Compare(sign, number) => format!("{} {sign} {number}", NUMBER.0),
            Expr::Ranges(ranges) => {
                let ranges: String = ranges.iter().map(|(first, last)| format!(" {first}..{last}")).collect();
                format!("{} in {{{ranges} }}", NUMBER.0)
            }
            Expr::Networks(networks) => {
                let networks: String = networks.iter().map(|network| format!(" {network}")).collect();
                format!("{} in {{{networks} }}", ADDRESS.0)
            }
            Expr::Text { field, lower, check } => {
                let name = TEXTS[*field].0;
                let name = if *lower { format!("lower({name})") } else { name.to_owned() };
                let set =
                    |texts: &[String]| texts.iter().map(|text| format!(" {text:?}")).collect::<String>();
                match check {
                    Check::Equal(text) => format!("{name} == {text:?}"),
                    Check::Differs(text) => format!("{name} != {text:?}"),
                    Check::In(texts) => format!("{name} in {{{} }}", set(texts)),
                    Check::Find(place, texts) => format!("{name} {place} {{{} }}", set(texts)),
                    Check::Matches(at) => format!("{name} matches {:?}", PATTERNS[*at].0),
                }
            }
        }
    }

    fn holds(&self, event: &Event<'_>) -> bool {
        let each = |field| event.get(field).map_or(&[][..], Value::each);
        match self {
            Expr::All(parts) => parts.iter().all(|part| part.holds(event)),
            Expr::Any(parts) => parts.iter().any(|part| part.holds(event)),
            Expr::Not(part) => !part.holds(event),
            Expr::Exists(at) => event.get(TEXTS[*at].1).is_some(),
            Expr::Compare(sign, wanted) => {
                each(NUMBER.1).iter().filter_map(Value::as_integer).any(|number| match *sign {
                    "==" => number == *wanted,
                    "!=" => number != *wanted,
                    "<" => number < *wanted,
                    _ => number >= *wanted,
                })
            }
            Expr::Ranges(ranges) => each(NUMBER.1)
                .iter()
                .filter_map(Value::as_integer)
                .any(|number| ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))),
            Expr::Networks(networks) => each(ADDRESS.1)
                .iter()
                .filter_map(Value::as_address)
                .any(|address| networks.iter().any(|network| IpNet::V4(*network).contains(&address))),
            Expr::Text { field, lower, check } => {
                each(TEXTS[*field].1).iter().filter_map(Value::as_text).any(|text| check.passes(text, *lower))
            }
        }
    }
}

impl Check {
    fn passes(&self, text: &str, lower: bool) -> bool {
        let case = |text: &str| if lower { text.to_ascii_lowercase() } else { text.to_owned() };
        let text = case(text);
        match self {
            Check::Equal(wanted) => text == case(wanted),
            Check::Differs(wanted) => text != case(wanted),
            Check::In(texts) => texts.iter().any(|wanted| text == case(wanted)),
            Check::Find("contains", texts) => texts.iter().any(|wanted| text.contains(&case(wanted))),
            Check::Find("starts_with", texts) => texts.iter().any(|wanted| text.starts_with(&case(wanted))),
            Check::Find(_, texts) => texts.iter().any(|wanted| text.ends_with(&case(wanted))),
            Check::Matches(at) => PATTERNS[*at].1(&text),
        }
    }
}

/// Of few letters, so that texts are often the same, and parts of each other.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[abAB1/\u{e4}]{0,8}", 2 => "(ab|ba){1,4}", 1 => "[ab]{1,3}", 1 => "(ab){2,3}b?"]
}

fn check() -> impl Strategy<Value = Check> {
    let places = prop::sample::select(vec!["contains", "starts_with", "ends_with"]);
    prop_oneof![
        2 => text().prop_map(Check::Equal),
        1 => text().prop_map(Check::Differs),
        1 => prop::collection::vec(text(), 1..6).prop_map(Check::In),
        5 => (places, prop::collection::vec(text(), 1..5)).prop_map(|(place, texts)| Check::Find(place, texts)),
        1 => prop::collection::vec(text(), 40).prop_map(|texts| Check::Find("contains", texts)),
        2 => (0..PATTERNS.len()).prop_map(Check::Matches),
    ]
}

fn network() -> impl Strategy<Value = Ipv4Net> {
    (0..64_u32, 20..=32_u8)
        .prop_map(|(low, length)| Ipv4Net::new(Ipv4Addr::from(0xc000_0200 + low), length).unwrap().trunc())
}

fn leaf() -> impl Strategy<Value = Expr> {
    let signs = prop::sample::select(vec!["==", "!=", "<", ">="]);
    let range = (-9..9_i64, 0..20_i64).prop_map(|(first, length)| (first, first + length));
    prop_oneof![
        8 => (0..TEXTS.len(), any::<bool>(), check())
            .prop_map(|(field, lower, check)| Expr::Text { field, lower, check }),
        1 => (0..TEXTS.len()).prop_map(Expr::Exists),
        2 => (signs, -9..9_i64).prop_map(|(sign, number)| Expr::Compare(sign, number)),
        1 => prop::collection::vec(range, 1..4).prop_map(Expr::Ranges),
        2 => prop::collection::vec(network(), 1..4).prop_map(Expr::Networks),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(3, 10, 3, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            3 => parts.clone().prop_map(Expr::All),
            2 => parts.prop_map(Expr::Any),
            1 => inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

fn value() -> impl Strategy<Value = Value<'static>> {
    let single = prop_oneof![
        6 => text().prop_map(Value::from),
        2 => (-10..12_i64).prop_map(Value::from),
        2 => (0..64_u32).prop_map(|low| Value::from(IpAddr::from(Ipv4Addr::from(0xc000_0200 + low)))),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::from(1.5)),
    ];
    single.prop_recursive(2, 4, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::List))
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let fields: Vec<FieldId> = TEXTS.iter().map(|(_, id)| *id).chain([NUMBER.1, ADDRESS.1]).collect();
    prop::collection::vec(prop::option::weighted(0.8, value()), fields.len()).prop_map(move |values| {
        let held = fields.iter().zip(values).filter_map(|(field, value)| Some((*field, value?)));
        held.fold(Event::new(Timestamp::EPOCH), |event, (field, value)| event.with(field, value))
    })
}

/// So many rules that nothing satisfies make a set large enough for an index.
const PADDING: usize = 40;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn many_rules_give_the_answers_of_each(
        exprs in prop::collection::vec(expr(), 1..16),
        events in prop::collection::vec(event(), 8),
        padded in prop::bool::weighted(0.7),
    ) {
        let padding = (0..if padded { PADDING } else { 0 }).map(|at| {
            Rule::new(format!("p-{at}"), Severity::Low, format!("user.name == \"nobody {at}\""))
        });
        let rules = exprs.iter().enumerate().map(|(at, expr)| Rule {
            subject: Some("event.kind".to_owned()),
            ..Rule::new(format!("r-{at}"), Severity::Low, expr.text())
        });
        let schema = Schema::ecs();
        let rules = rules.chain(padding);
        let builder = rules.fold(RuleSet::builder(&schema), |builder, rule| builder.rule(rule));
        let rules = builder.build().unwrap_or_else(|errors| panic!("{errors}"));
        for event in &events {
            let event = event.clone().with(field::EVENT_KIND, "x");
            let mut findings = Findings::default();
            rules.detect(&event, &mut findings);
            let found: Vec<_> = findings.found().iter().map(|one| one.analytic.id.to_string()).collect();
            let held = exprs.iter().enumerate().filter(|(_, expr)| expr.holds(&event));
            let expected: Vec<_> = held.map(|(at, _)| format!("r-{at}")).collect();
            prop_assert_eq!(found, expected, "{:?}", event);
        }
    }
}
