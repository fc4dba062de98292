use autosec_core::finding::Evidence;

use crate::feature::FeatureSchema;

/// The largest contributions with their columns' names and values, and one for all others: they add up exactly to what
/// all contributions of the model add up to.
pub(super) fn reasons(
    contributions: &[f64],
    row: &[f64],
    schema: &FeatureSchema,
    most: usize,
) -> Vec<Evidence> {
    let contributions = on_a_grid(contributions);
    let mut ranked: Vec<(usize, f64)> = contributions.into_iter().enumerate().collect();
    ranked.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    let shown = ranked.iter().take_while(|(_, adds)| *adds > 0.0).take(most).count();
    let (first, rest) = ranked.split_at(shown);
    let mut reasons: Vec<Evidence> = first
        .iter()
        .map(|(column, adds)| {
            let name = schema.column(*column).unwrap_or("a column without a name").to_owned();
            Evidence::contribution(name, *adds, told(row.get(*column).copied()))
        })
        .collect();
    if !rest.is_empty() {
        let adds = rest.iter().map(|(_, adds)| adds).sum::<f64>() + 0.0;
        reasons.push(Evidence::contribution(
            "others",
            adds,
            match rest.len() {
                1 => "one column".to_owned(),
                many => format!("{many} columns together"),
            },
        ));
    }
    reasons
}

/// Rounds to a common unit that is so small, and so large, that sums of them in any order are exact.
fn on_a_grid(contributions: &[f64]) -> Vec<f64> {
    let finite =
        contributions.iter().map(|adds| if adds.is_finite() { adds.clamp(-1e15, 1e15) } else { 0.0 });
    let whole: f64 = finite.clone().map(f64::abs).sum();
    // 2^−48 of the power of two above the sum of all: 48 bits and those of rounding stay below 53.
    let unit = libm::exp2(libm::ceil(libm::log2(whole.max(f64::MIN_POSITIVE))) - 48.0).max(f64::MIN_POSITIVE);
    finite.map(|adds| libm::round(adds / unit) * unit).collect()
}

fn told(value: Option<f64>) -> String {
    match value {
        Some(value) if !value.is_nan() => {
            let shown = format!("{value:.3}");
            let shown =
                if shown.contains('.') { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
            format!("is {shown}")
        }
        _ => "is missing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn adds(reasons: &[Evidence]) -> Vec<f64> {
        let adds = reasons.iter().map(|reason| match reason {
            Evidence::Contribution { adds, .. } => *adds,
            other => panic!("{other}"),
        });
        adds.collect()
    }

    proptest! {
        #[test]
        fn add_up_exactly_in_any_order(contributions in prop::collection::vec(any::<f64>(), 1..40), most in 0..6_usize) {
            let schema = FeatureSchema::new("a", 1, (0..40).map(|n| n.to_string())).unwrap();
            let shown = adds(&reasons(&contributions, &[], &schema, most));
            let total: f64 = on_a_grid(&contributions).iter().sum();
            prop_assert_eq!(shown.iter().sum::<f64>(), total);
            prop_assert_eq!(shown.iter().rev().sum::<f64>(), total);
        }
    }

    #[test]
    fn say_what_the_columns_are() {
        let schema = FeatureSchema::new("a", 1, ["b", "c", "d"]).unwrap();
        let shown = reasons(&[0.5, -0.25, 3.0], &[7.0, 1.5, f64::NAN], &schema, 2);
        let shown: Vec<String> = shown.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["d adds 3.00: is missing", "b adds 0.50: is 7", "others adds -0.25: one column"]);
    }

    #[test]
    fn leave_what_is_on_the_grid_of_the_models_as_it_is() {
        let unit = 1.0 / 16_777_216.0;
        let exact = [3.0 * unit, 17.0 + unit, -1_000.0 + 5.0 * unit];
        assert_eq!(on_a_grid(&exact), exact);
    }
}
