/// Shares are whole multiples of 2^−24, so that their sums are exact in any order.
const GRID: f64 = 16_777_216.0;

/// The nearest multiple of 2^−24.
pub(super) fn on_grid(number: f64) -> f64 {
    libm::round(number * GRID) / GRID
}

/// Divides `evidence`, from 0 up and on the grid, among columns by what each adds to a member's own measure. The shares add
/// up to it exactly.
///
/// Columns keep their signs, and their order among those of one sign. What makes a row look usual takes no more away than
/// the evidence itself: where both sides nearly balance, proportions alone would make giants of both. Where no column
/// makes the row unusual, all have the same share.
pub(super) fn divide(evidence: f64, contributions: &[f64]) -> Vec<f64> {
    let most = contributions.iter().map(|adds| adds.abs()).fold(0.0, f64::max);
    let relative = |adds: &f64| if most > 0.0 && adds.is_finite() { adds / most } else { 0.0 };
    let sum = |sign: f64| contributions.iter().map(|adds| (relative(adds) * sign).max(0.0)).sum::<f64>();
    let (for_it, against) = (sum(1.0), sum(-1.0));
    let unit = evidence / for_it.max(against);
    let boost = (evidence + unit * against) / for_it;
    let even = evidence / contributions.len().max(1) as f64;
    let share = |adds: &f64| match relative(adds) {
        _ if for_it <= 0.0 => even,
        adds if adds > 0.0 => adds * boost,
        adds => adds * unit,
    };
    // Rounding sums up to a column, rather than each share, makes what was rounded add up as well.
    let (mut sum, mut before) = (0.0, 0.0);
    let last = contributions.len().saturating_sub(1);
    let shares = contributions.iter().enumerate().map(|(column, adds)| {
        sum += share(adds);
        let rounded = if column == last { evidence } else { on_grid(sum) };
        rounded - std::mem::replace(&mut before, rounded)
    });
    shares.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn shares_add_up_and_keep_their_signs() {
        let mut random = Random::new(1, 0);
        for _ in 0..2_000 {
            let evidence = on_grid(random.fraction() * 50.0);
            let contributions: Vec<f64> =
                (0..1 + random.below(8)).map(|_| random.fraction() * 6.0 - 3.0).collect();
            let shares = divide(evidence, &contributions);
            let forth: f64 = shares.iter().sum();
            let back: f64 = shares.iter().rev().sum();
            assert_eq!((forth, back), (evidence, evidence), "{contributions:?}");
            if contributions.iter().any(|adds| *adds > 0.0) {
                for (share, adds) in shares.iter().zip(&contributions) {
                    assert!(share * adds > -1e-6, "{share} of {adds}");
                    assert!(share.abs() <= 2.0 * evidence + 1e-6, "{share} of {evidence}");
                }
            }
        }
    }

    #[test]
    fn the_simple_cases_are_simple() {
        assert_eq!(divide(6.0, &[1.0, 0.0, 2.0]), [2.0, 0.0, 4.0]);
        assert_eq!(divide(6.0, &[3.0, -3.0]), [12.0, -6.0]);
        assert_eq!(divide(0.5, &[-1.0, 0.0]), [0.25, 0.25]);
        assert_eq!(divide(1.0, &[f64::NAN, 1.0]), [0.0, 1.0]);
        assert_eq!(divide(0.0, &[1.0, 2.0]), [0.0, 0.0]);
        assert_eq!(divide(1.0, &[]), [0.0; 0]);
        assert!(divide(3.0, &[f64::MAX, f64::MAX, f64::MIN]).iter().all(|share| share.is_finite()));
    }
}
