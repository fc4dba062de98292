//! Compiled expressions against a slow, obvious reference.

use std::net::IpAddr;

use autosec_core::event::{Event, FieldId, Kind, Schema, Value, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Rule, RuleSet};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

/// An expression that knows how it is written and, slowly and obviously, what it means.
#[derive(Clone, Debug)]
enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Exists(&'static str),
    Flag,
    Text { field: &'static str, fold: bool, operator: &'static str, values: Vec<String> },
    Port(&'static str, i64),
    PortIn(Vec<(i64, i64)>),
    Score(&'static str, f64),
    Address { negated: bool, is: IpAddr },
    AddressIn(Vec<(IpAddr, u8)>),
}

fn schema() -> (Schema, FieldId, FieldId) {
    let mut schema = Schema::ecs();
    let flag = schema.add("test.flag", Kind::Boolean).unwrap();
    let score = schema.add("test.score", Kind::Float).unwrap();
    (schema, flag, score)
}

impl Expr {
    fn written(&self) -> String {
        let join = |parts: &[Expr], word: &str| {
            format!("({})", parts.iter().map(Expr::written).collect::<Vec<_>>().join(word))
        };
        match self {
            Expr::All(parts) => join(parts, " and "),
            Expr::Any(parts) => join(parts, " || "),
            Expr::Not(part) => format!("not {}", part.written()),
            Expr::Exists(field) => format!("exists({field})"),
            Expr::Flag => "test.flag".to_owned(),
            Expr::Text { field, fold, operator, values } => {
                let field = if *fold { format!("lower({field})") } else { (*field).to_owned() };
                let values: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
                match values.as_slice() {
                    [value] if *operator != "in" => format!("{field} {operator} {value}"),
                    values => format!("{field} {operator} {{ {} }}", values.join(" ")),
                }
            }
            Expr::Port(operator, number) => format!("source.port {operator} {number}"),
            Expr::PortIn(ranges) => {
                let ranges: Vec<_> = ranges.iter().map(|(first, last)| format!("{first}..{last}")).collect();
                format!("source.port in {{ {} }}", ranges.join(", "))
            }
            Expr::Score(operator, number) => format!("test.score {operator} {number:?}"),
            Expr::Address { negated, is } => format!("source.ip {} {is}", if *negated { "ne" } else { "eq" }),
            Expr::AddressIn(nets) => {
                let nets: Vec<_> =
                    nets.iter().map(|(address, length)| format!("{address}/{length}")).collect();
                format!("source.ip in {{ {} }}", nets.join(" "))
            }
        }
    }

    fn holds(&self, event: &Event<'_>, flag: FieldId, score: FieldId) -> bool {
        let any = |id: FieldId, is: &dyn Fn(&Value<'_>) -> bool| {
            event.get(id).is_some_and(|value| value.each().iter().any(is))
        };
        match self {
            Expr::All(parts) => parts.iter().all(|part| part.holds(event, flag, score)),
            Expr::Any(parts) => parts.iter().any(|part| part.holds(event, flag, score)),
            Expr::Not(part) => !part.holds(event, flag, score),
            Expr::Exists(name) => event.get(text_field(name)).is_some(),
            Expr::Flag => any(flag, &|value| *value == Value::Boolean(true)),
            Expr::Text { field, fold, operator, values } => any(text_field(field), &|value| {
                let case = |text: &str| if *fold { text.to_ascii_lowercase() } else { text.to_owned() };
                let Some(text) = value.as_text().map(case) else { return false };
                values.iter().map(|value| case(value)).any(|value| match *operator {
                    "==" | "in" => text == value,
                    "!=" => text != value,
                    "contains" => text.contains(&value),
                    "starts_with" => text.starts_with(&value),
                    "ends_with" => text.ends_with(&value),
                    "matches" => text.contains(&value),
                    other => unreachable!("{other}"),
                })
            }),
            Expr::Port(operator, number) => any(field::SOURCE_PORT, &|value| {
                value.as_integer().is_some_and(|port| compare(operator, &port, number))
            }),
            Expr::PortIn(ranges) => any(field::SOURCE_PORT, &|value| {
                value.as_integer().is_some_and(|port| ranges.iter().any(|(a, b)| (*a..=*b).contains(&port)))
            }),
            Expr::Score(operator, number) => any(score, &|value| match value {
                Value::Float(score) => compare(operator, score, number),
                Value::Integer(score) => compare(operator, &(*score as f64), number),
                _ => false,
            }),
            Expr::Address { negated, is } => any(field::SOURCE_IP, &|value| {
                value.as_address().is_some_and(|address| (address == *is) != *negated)
            }),
            Expr::AddressIn(nets) => any(field::SOURCE_IP, &|value| {
                value.as_address().is_some_and(|address| nets.iter().any(|net| inside(address, *net)))
            }),
        }
    }
}

fn text_field(name: &str) -> FieldId {
    if name == "url.path" { field::URL_PATH } else { field::USER_NAME }
}

fn compare<T: PartialOrd>(operator: &str, left: &T, right: &T) -> bool {
    match operator {
        "==" => left == right,
        "!=" => left.partial_cmp(right).is_some_and(std::cmp::Ordering::is_ne),
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        ">=" => left >= right,
        other => unreachable!("{other}"),
    }
}

fn inside(address: IpAddr, (net, length): (IpAddr, u8)) -> bool {
    let (IpAddr::V4(address), IpAddr::V4(net)) = (address, net) else { return false };
    u64::from(u32::from(address)) >> (32 - length) == u64::from(u32::from(net)) >> (32 - length)
}

fn text() -> impl Strategy<Value = String> {
    "[aAbBcä]{0,4}"
}

fn number() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="])
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0u8..16).prop_map(|low| IpAddr::from([192, 0, 2, low])),
        Just("2001:db8::1".parse().unwrap())
    ]
}

fn leaf() -> impl Strategy<Value = Expr> {
    let name = || prop::sample::select(vec!["url.path", "user.name"]);
    let many = prop::sample::select(vec!["in", "contains", "starts_with", "ends_with"]);
    let single = prop::sample::select(vec!["==", "!=", "contains", "matches"]);
    let range = (0i64..20, 0i64..5).prop_map(|(first, more)| (first, first + more));
    prop_oneof![
        name().prop_map(Expr::Exists),
        Just(Expr::Flag),
        (name(), any::<bool>(), many, prop::collection::vec(text(), 1..8))
            .prop_map(|(field, fold, operator, values)| Expr::Text { field, fold, operator, values }),
        (name(), any::<bool>(), single, text()).prop_map(|(field, fold, operator, value)| Expr::Text {
            field,
            fold,
            operator,
            values: vec![value]
        }),
        (number(), 0i64..20).prop_map(|(operator, port)| Expr::Port(operator, port)),
        prop::collection::vec(range, 1..4).prop_map(Expr::PortIn),
        (number(), prop::sample::select(vec![0.0, 0.5, 1.0]))
            .prop_map(|(operator, score)| Expr::Score(operator, score)),
        (any::<bool>(), address()).prop_map(|(negated, is)| Expr::Address { negated, is }),
        prop::collection::vec(((0u8..16).prop_map(|low| IpAddr::from([192, 0, 2, low])), 26u8..=32), 1..4)
            .prop_map(Expr::AddressIn),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::Any),
            inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

fn value() -> impl Strategy<Value = Value<'static>> {
    let single = prop_oneof![
        4 => text().prop_map(Value::from),
        2 => (0i64..20).prop_map(Value::from),
        1 => prop::sample::select(vec![0.0, 0.5, 1.0, f64::NAN]).prop_map(Value::from),
        2 => address().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ];
    prop_oneof![5 => single.clone(), 1 => prop::collection::vec(single, 0..3).prop_map(Value::List)]
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let (_, flag, score) = schema();
    let ids = [field::URL_PATH, field::USER_NAME, field::SOURCE_PORT, field::SOURCE_IP, flag, score];
    let of_kind: [BoxedStrategy<Value<'static>>; 6] = [
        text().prop_map(Value::from).boxed(),
        text().prop_map(Value::from).boxed(),
        (0i64..20).prop_map(Value::from).boxed(),
        address().prop_map(Value::from).boxed(),
        any::<bool>().prop_map(Value::from).boxed(),
        prop::sample::select(vec![0.0, 0.5, 1.0, f64::NAN]).prop_map(Value::from).boxed(),
    ];
    let values: Vec<_> =
        of_kind.into_iter().map(|kind| prop::option::of(prop_oneof![4 => kind, 1 => value()])).collect();
    values.prop_map(move |values| {
        let mut event = Event::new(Timestamp::EPOCH).with(field::HOST_NAME, "host");
        for (id, value) in ids.into_iter().zip(values) {
            value.into_iter().for_each(|value| event.set(id, value));
        }
        event
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn means_what_the_reference_says(expr in expr(), events in prop::collection::vec(event(), 1..12)) {
        let (schema, flag, score) = schema();
        let rule = Rule { subject: Some("host.name".into()), ..Rule::new("a", Severity::Low, expr.written()) };
        let set = RuleSet::builder(&schema).rule(rule).build().unwrap();
        for event in events {
            let mut findings = Findings::default();
            set.detect(&event, &mut findings);
            prop_assert_eq!(
                findings.found().len() == 1, expr.holds(&event, flag, score), "{} on {:?}", expr.written(), event
            );
        }
    }
}
