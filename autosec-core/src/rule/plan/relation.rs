use std::collections::HashSet;

use super::rolling::Parts;
use super::spelling::with_spelling;
use super::text;
use crate::event::Value;
use crate::rule::lang::ast::Place;

/// How the values of two fields stand to each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relation {
    place: Option<Place>,
    fold: bool,
}

/// Up to so many pairs, of values or of bytes, are compared one by one.
///
/// Both sides are the event's, so whoever writes its values could otherwise have their product compared.
const PAIRS: usize = 256;

impl Relation {
    pub(super) fn new(place: Option<Place>, fold: bool) -> Self {
        Self { place, fold }
    }

    /// Whether any value of `left` is, or has in that place, any of `right`.
    pub(super) fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        let (left, right) = (left.each(), right.each());
        if left.len().saturating_mul(right.len()) > PAIRS {
            return self.any_of_many(self.spelled(left), self.spelled(right));
        }
        left.iter().any(|left| {
            right.iter().any(|right| {
                with_spelling(left, |left| {
                    with_spelling(right, |right| self.texts(left.as_bytes(), right.as_bytes()))
                })
            })
        })
    }

    fn texts(self, left: &[u8], right: &[u8]) -> bool {
        let same = |part: Option<&[u8]>| part.is_some_and(|part| text::same(part, right, self.fold));
        match self.place {
            None => same(Some(left)),
            Some(Place::Start) => same(left.get(..right.len())),
            Some(Place::End) => same(left.len().checked_sub(right.len()).and_then(|start| left.get(start..))),
            Some(Place::Anywhere) if right.is_empty() => true,
            Some(Place::Anywhere) if left.len().saturating_mul(right.len()) <= PAIRS => {
                left.windows(right.len()).any(|part| same(Some(part)))
            }
            Some(Place::Anywhere) if self.fold => {
                memchr::memmem::find(&left.to_ascii_lowercase(), &right.to_ascii_lowercase()).is_some()
            }
            Some(Place::Anywhere) => memchr::memmem::find(left, right).is_some(),
        }
    }

    /// The same without looking at every pair.
    fn any_of_many(self, left: Vec<Vec<u8>>, right: Vec<Vec<u8>>) -> bool {
        match self.place {
            None => {
                let right: HashSet<Vec<u8>> = right.into_iter().collect();
                left.iter().any(|text| right.contains(text))
            }
            Some(Place::Start) => any_starts(&left, right),
            Some(Place::End) => any_starts(&reversed(&left), reversed(&right)),
            Some(Place::Anywhere) => {
                let parts = Parts::new(&right);
                left.iter().any(|text| parts.any_in(text))
            }
        }
    }

    fn spelled(self, values: &[Value<'_>]) -> Vec<Vec<u8>> {
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            with_spelling(value, |text| {
                let text = text.as_bytes();
                texts.push(if self.fold { text.to_ascii_lowercase() } else { text.to_vec() });
                true
            });
        }
        texts
    }
}

/// Whether any text starts with one of these.
///
/// Once none of them starts with another, the only one that a text can start with is the last that is not behind it.
fn any_starts(texts: &[Vec<u8>], mut starts: Vec<Vec<u8>>) -> bool {
    starts.sort_unstable();
    starts.dedup_by(|next, kept| next.starts_with(kept));
    texts.iter().any(|text| {
        let behind = starts.partition_point(|start| start <= text);
        behind.checked_sub(1).and_then(|at| starts.get(at)).is_some_and(|start| text.starts_with(start))
    })
}

fn reversed(texts: &[Vec<u8>]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.iter().rev().copied().collect()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places() -> impl Strategy<Value = Option<Place>> {
        prop::sample::select(vec![None, Some(Place::Start), Some(Place::End), Some(Place::Anywhere)])
    }

    fn list(texts: &[String]) -> Value<'_> {
        Value::List(texts.iter().map(|text| Value::Text(text.as_str().into())).collect())
    }

    /// Compared one by one, these 10,000,000,000 pairs would take minutes.
    #[test]
    fn takes_no_product_of_two_long_sides() {
        let (many, others): (Vec<String>, Vec<String>) =
            (0..100_000).map(|number| (format!("a{number}b"), format!("c{number}"))).unzip();
        let (long, needle) = ("a".repeat(1 << 20), "a".repeat(1 << 19) + "b");
        for place in [None, Some(Place::Start), Some(Place::End), Some(Place::Anywhere)] {
            for fold in [false, true] {
                let relation = Relation::new(place, fold);
                assert!(!relation.holds(&list(&many), &list(&others)));
                assert!(!relation.texts(long.as_bytes(), needle.as_bytes()));
            }
        }
    }

    proptest! {
        #[test]
        fn is_the_same_for_few_and_many(
            left in prop::collection::vec("[abA]{0,9}", 0..40),
            right in prop::collection::vec("[abA]{0,4}", 0..40),
            longest in 0_usize..10,
            place in places(),
            fold in any::<bool>(),
        ) {
            // The shorter the parts, the more of them are found: both answers have to come up.
            let right: Vec<String> = right.into_iter().filter(|text| text.len() + longest > 6).collect();
            let plain = |text: &String| if fold { text.to_ascii_lowercase() } else { text.clone() };
            let expected = left.iter().map(plain).any(|left| {
                right.iter().map(plain).any(|right| match place {
                    None => left == right,
                    Some(Place::Start) => left.starts_with(&right),
                    Some(Place::End) => left.ends_with(&right),
                    Some(Place::Anywhere) => left.contains(&right),
                })
            });
            let relation = Relation::new(place, fold);
            prop_assert_eq!(relation.holds(&list(&left), &list(&right)), expected);
            let (left, right) = (list(&left), list(&right));
            let many = relation.any_of_many(relation.spelled(left.each()), relation.spelled(right.each()));
            prop_assert_eq!(many, expected);
        }

        #[test]
        fn finds_one_text_in_another(hay in "[abA]{0,80}", needle in "[abA]{0,8}", fold in any::<bool>()) {
            let found = Relation::new(Some(Place::Anywhere), fold).texts(hay.as_bytes(), needle.as_bytes());
            let plain = |text: &str| if fold { text.to_ascii_lowercase() } else { text.to_owned() };
            prop_assert_eq!(found, plain(&hay).contains(&plain(&needle)));
        }
    }
}
