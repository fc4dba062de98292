use std::collections::BTreeMap;

/// MISP's base score: what an indicator is worth, by the tags it bears.
///
/// A taxonomy's base is `namespace:predicate` of `namespace:predicate="value"`, and the namespace of
/// `namespace:predicate`. Its weight counts against those of the other taxonomies whose tags are present and have a number:
/// `Σ (weight / Σ weights present) · number`.
///
/// ```
/// use autosec_core::intel::BaseScore;
///
/// let scores = BaseScore::new(60.0)
///     .with_weight("admiralty-scale:source-reliability", 3.0)
///     .with_weight("phishing", 1.0)
///     .with_number("admiralty-scale:source-reliability=\"b\"", 80.0)
///     .with_number("phishing:confirmed", 40.0);
/// let tags = ["admiralty-scale:source-reliability=\"b\"", "phishing:confirmed", "tlp:green"];
/// assert_eq!(scores.score(tags, []), 70.0, "80 · 3/4 + 40 · 1/4");
/// assert_eq!(scores.score(["tlp:green"], []), 60.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BaseScore {
    default: f64,
    weights: BTreeMap<Box<str>, f64>,
    numbers: BTreeMap<Box<str>, f64>,
}

impl BaseScore {
    /// Scores that are `default` (0 to 100) where no tag says more.
    pub fn new(default: f64) -> Self {
        Self { default, weights: BTreeMap::new(), numbers: BTreeMap::new() }
    }

    /// The same with this weight of a taxonomy's base; one already there is replaced.
    #[must_use]
    pub fn with_weight(mut self, base: &str, weight: f64) -> Self {
        self.weights.insert(base.into(), weight);
        self
    }

    /// The same with this number, 0 to 100, for a tag.
    #[must_use]
    pub fn with_number(mut self, tag: &str, number: f64) -> Self {
        self.numbers.insert(tag.into(), number);
        self
    }

    /// The score of an indicator with these tags in an event with those: of one base, the indicator's own count.
    /// Of several numbers for one base, that of the last tag counts.
    pub fn score<'t>(
        &self,
        own: impl IntoIterator<Item = &'t str>,
        event: impl IntoIterator<Item = &'t str>,
    ) -> f64 {
        let mut present = BTreeMap::new();
        for tag in event.into_iter().chain(own) {
            let base = base(tag);
            if let (Some(weight), Some(number)) = (self.weights.get(base), self.numbers.get(tag)) {
                present.insert(base, (*weight, *number));
            }
        }
        let sum: f64 = present.values().map(|(weight, _)| weight).sum();
        if sum <= 0.0 {
            return self.default;
        }
        present.values().map(|(weight, number)| weight / sum * number).sum()
    }
}

fn base(tag: &str) -> &str {
    match tag.split_once('=') {
        Some((base, _)) => base,
        None => tag.split_once(':').map_or(tag, |(namespace, _)| namespace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_tags_override_those_of_the_event() {
        let scores = BaseScore::new(10.0)
            .with_weight("a:b", 1.0)
            .with_weight("c", 1.0)
            .with_number("a:b=\"x\"", 100.0)
            .with_number("a:b=\"y\"", 20.0)
            .with_number("c:d", 50.0);
        assert_eq!(scores.score(["a:b=\"y\""], ["a:b=\"x\"", "c:d"]), 35.0);
        assert_eq!(scores.score([], ["a:b=\"x\""]), 100.0);
        assert_eq!(
            scores.score(["a:b=\"unknown\""], ["c:d"]),
            50.0,
            "a tag without a number counts for nothing"
        );
        assert_eq!(BaseScore::new(10.0).score(["a:b=\"x\""], []), 10.0);
    }
}
