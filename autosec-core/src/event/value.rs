use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use super::Kind;
use crate::net;

/// A field's value, borrowed from the input where it can be.
///
/// ```
/// use std::net::IpAddr;
///
/// use autosec_core::event::Value;
///
/// let borrowed = Value::from("GET");
/// assert_eq!(borrowed.as_text(), Some("GET"));
/// assert_eq!(borrowed.as_integer(), None);
///
/// let mapped = Value::from("::ffff:192.0.2.1".parse::<IpAddr>()?);
/// assert_eq!(mapped.to_string(), "192.0.2.1");
///
/// let ports = Value::List(vec![Value::Integer(80), Value::Integer(443)]);
/// assert_eq!(ports.each().len(), 2);
/// assert_eq!(ports.to_string(), "80, 443");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
///
/// Prefer the conversions over the variants: only they make an address canonical.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// An IP address, in canonical form (never IPv4-mapped).
    Address(IpAddr),
    /// True or false.
    Boolean(bool),
    /// A floating-point number.
    Float(f64),
    /// A signed number.
    Integer(i64),
    /// Several values: a rule matches the field if it matches any of them.
    List(Vec<Value<'a>>),
    /// Text.
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The address, if it is one.
    pub fn as_address(&self) -> Option<IpAddr> {
        match self {
            Value::Address(address) => Some(*address),
            _ => None,
        }
    }

    /// The number, if it is an integer.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The same value, borrowing nothing.
    pub fn to_owned_value(&self) -> Value<'static> {
        match self {
            Value::Address(address) => Value::Address(*address),
            Value::Boolean(truth) => Value::Boolean(*truth),
            Value::Float(number) => Value::Float(*number),
            Value::Integer(number) => Value::Integer(*number),
            Value::List(values) => Value::List(values.iter().map(Value::to_owned_value).collect()),
            Value::Text(text) => Value::Text(Cow::Owned(text.clone().into_owned())),
        }
    }

    /// The value by itself, or each value of a list.
    ///
    /// This is what gives lists their meaning in rules: a test passes if any of these values passes it.
    pub fn each(&self) -> &[Value<'a>] {
        match self {
            Value::List(values) => values,
            single => std::slice::from_ref(single),
        }
    }
}

impl<'a> Value<'a> {
    /// Reads a text as a field of this kind has it; text where it is not of the kind, so that nothing is lost.
    ///
    /// All readers of events share it, so that a field means the same whichever way it came in.
    ///
    /// ```
    /// use autosec_core::event::{Kind, Value};
    ///
    /// assert_eq!(Value::read("22".into(), Kind::Integer), Value::Integer(22));
    /// assert_eq!(Value::read("ssh".into(), Kind::Integer), Value::from("ssh"));
    /// ```
    #[inline(always)]
    pub fn read(text: Cow<'a, str>, kind: Kind) -> Self {
        let typed = match kind {
            Kind::Text => return Value::Text(text),
            Kind::Address => net::address(&text).map(Value::from),
            Kind::Boolean => text.parse().ok().map(Value::Boolean),
            Kind::Float => number(&text).map(Value::Float),
            Kind::Integer => integer(&text),
        };
        match typed {
            Some(typed) => typed,
            None => Value::Text(text),
        }
    }
}

/// A number with a fraction, or too large for an integer, stays a number.
fn integer<'a>(text: &str) -> Option<Value<'a>> {
    if let Ok(integer) = text.parse() {
        return Some(Value::Integer(integer));
    }
    let number = number(text)?;
    // Digits alone that are no `i64` are beyond it, and rounding must not bring them back.
    let whole = if text.contains(['.', 'e', 'E']) { whole(number) } else { None };
    Some(whole.map_or(Value::Float(number), Value::Integer))
}

fn whole(number: f64) -> Option<i64> {
    /// 2 to the 63rd: the first float too large.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() != 0.0 || !(-BEYOND..BEYOND).contains(&number) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range, as just checked")]
    let whole = number as i64;
    Some(whole)
}

/// The number, unless the text is one of the words that `f64` reads (`inf`, `nan`) or too large.
fn number(text: &str) -> Option<f64> {
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if numeric { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Address(address) => write!(f, "{address}"),
            Value::Boolean(truth) => write!(f, "{truth}"),
            Value::Float(number) => write!(f, "{number}"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
            Value::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    let gap = if index == 0 { "" } else { ", " };
                    write!(f, "{gap}{value}")?;
                }
                Ok(())
            }
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Value::Text(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Value::Float(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Value::Boolean(truth)
    }
}

/// An IPv4-mapped IPv6 address becomes its IPv4 address.
impl From<IpAddr> for Value<'_> {
    fn from(address: IpAddr) -> Self {
        Value::Address(address.to_canonical())
    }
}
