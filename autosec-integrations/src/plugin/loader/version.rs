//! Which of two versions is the later one.

use std::cmp::Ordering;

/// Compares versions by their numbers, as far as there are some; a preview (`1.2.0-rc.1`) comes before its release, and what
/// stands behind `+` does not count.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (split(one), split(other));
    let numbers = parts(one.0, other.0);
    numbers.then_with(|| match (one.1, other.1) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) => parts(one, other),
    })
}

/// The numbers, and what stands behind the hyphen.
fn split(version: &str) -> (&str, Option<&str>) {
    let version = version.split('+').next().unwrap_or_default();
    version.split_once('-').map_or((version, None), |(numbers, preview)| (numbers, Some(preview)))
}

/// Part by part; one that is missing is 0, and a number comes before a word.
fn parts(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        let (left, right) = match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => (left.unwrap_or("0"), right.unwrap_or("0")),
        };
        let order = match (left.parse::<u64>(), right.parse::<u64>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => left.cmp(right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_versions_come_behind_earlier_ones() {
        let rising = [
            "0.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-rc.2",
            "1.0.0-rc.11",
            "1.0.0",
            "1.0.1",
            "1.2.0",
            "1.10.0",
            "2",
            "99999999999999999999999",
        ];
        for (at, one) in rising.iter().enumerate() {
            for (beside, other) in rising.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&beside), "{one} {other}");
            }
        }
        assert_eq!(compare("1.2", "1.2.0+build.7"), Ordering::Equal);
    }
}
