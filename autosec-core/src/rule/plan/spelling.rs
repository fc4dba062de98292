use std::fmt::{self, Write};

use crate::event::Value;
use crate::rule::lang::ast::Comparison;
use crate::rule::lang::condition::{Number, TimePart};

/// Asks about a value as it is spelled; never true of a list as a whole.
#[inline]
pub(super) fn with_spelling(value: &Value<'_>, ask: impl FnOnce(&str) -> bool) -> bool {
    match value {
        Value::Text(text) => ask(text),
        Value::Boolean(truth) => ask(if *truth { "true" } else { "false" }),
        Value::List(_) => false,
        other => Spelling::new(other).is_some_and(|spelling| ask(spelling.text())),
    }
}

/// A number or an address spelled out, without the heap.
struct Spelling {
    bytes: [u8; Spelling::LIMIT],
    length: usize,
}

impl Spelling {
    /// The smallest floating-point numbers have 326 digits.
    const LIMIT: usize = 352;

    /// Out of line, so that texts, which most values are, do not pay for the empty buffer.
    #[inline(never)]
    fn new(value: &Value<'_>) -> Option<Self> {
        let mut spelling = Self { bytes: [0; Self::LIMIT], length: 0 };
        write!(spelling, "{value}").ok().map(|()| spelling)
    }

    fn text(&self) -> &str {
        let written = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }
}

impl Write for Spelling {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let free = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        free.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// Whether the text is a number that stands so to `wanted`: whole numbers exactly, others as `f64`.
pub(super) fn compares(text: &str, comparison: Comparison, wanted: Number) -> bool {
    let text = text.trim();
    if let (Ok(number), Number::Integer(wanted)) = (text.parse::<i64>(), wanted) {
        return comparison.holds(&number, &wanted);
    }
    let wanted = match wanted {
        Number::Integer(wanted) => wanted as f64,
        Number::Float(wanted) => wanted,
    };
    // The words `inf` and `nan`, which `f64` reads, are no numbers here.
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    numeric && text.parse().is_ok_and(|number: f64| comparison.holds(&number, &wanted))
}

/// The number that a value is, also as text; a list is none.
pub(crate) fn number(value: &Value<'_>) -> Option<Number> {
    match value {
        Value::Integer(number) => Some(Number::Integer(*number)),
        Value::Float(number) => number.is_finite().then_some(Number::Float(*number)),
        Value::Text(text) => {
            let text = text.trim();
            let float = || text.parse().ok().filter(|number: &f64| number.is_finite()).map(Number::Float);
            text.parse().ok().map(Number::Integer).or_else(float)
        }
        _ => None,
    }
}

/// Whether the text is a time whose part, as it is written there, is this number.
pub(super) fn is_part(text: &str, part: TimePart, wanted: i64) -> bool {
    let text = text.trim().trim_end_matches(['Z', 'z']);
    let Ok(time) = text.parse::<jiff::civil::DateTime>() else { return false };
    let found = match part {
        TimePart::Minute => i64::from(time.minute()),
        TimePart::Hour => i64::from(time.hour()),
        TimePart::Day => i64::from(time.day()),
        TimePart::Week => i64::from(time.date().iso_week_date().week()),
        TimePart::Month => i64::from(time.month()),
        TimePart::Year => i64::from(time.year()),
    };
    found == wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_every_number() {
        for number in [f64::MAX, f64::MIN, 5e-324, -5e-324, 1.0] {
            assert!(with_spelling(&Value::Float(number), |text| text.parse() == Ok(number)), "{number}");
        }
        assert!(with_spelling(&Value::Integer(i64::MIN), |text| text == "-9223372036854775808"));
    }

    #[test]
    fn compares_numbers_in_texts() {
        assert!(compares("9223372036854775807", Comparison::Greater, Number::Integer(i64::MAX - 1)));
        assert!(compares(" 1.5", Comparison::Greater, Number::Integer(1)));
        for text in ["", "inf", "nan", "0x10", "1 2"] {
            assert!(!compares(text, Comparison::GreaterOrEqual, Number::Integer(i64::MIN)), "{text}");
        }
    }

    #[test]
    fn takes_times_apart() {
        for time in ["2026-11-22T12:53:03.5Z", "2026-11-22 12:53:03", "2026-11-22T12:53:03+02:00"] {
            takes_apart(time);
        }
        assert!(!is_part("yesterday", TimePart::Year, 2026));
    }

    fn takes_apart(time: &str) {
        let parts = [
            (TimePart::Minute, 53),
            (TimePart::Hour, 12),
            (TimePart::Day, 22),
            (TimePart::Week, 47),
            (TimePart::Month, 11),
            (TimePart::Year, 2026),
        ];
        for (part, wanted) in parts {
            assert!(is_part(time, part, wanted) && !is_part(time, part, wanted + 1), "{part:?}");
        }
    }
}
