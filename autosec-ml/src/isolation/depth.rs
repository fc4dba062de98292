/// A depth of 1. Depths are whole numbers of 2^−16, from 0 to 2^16: sums of them are exact, in any order.
pub(crate) const ONE: u32 = 1 << 16;

const EULER: f64 = 0.577_215_664_901_532_9;

/// How deep a row ends on average in a tree of `rows` rows: c(n) = 2 (ln(n − 1) + γ) − 2 (n − 1) / n, c(2) = 1 and
/// c(1) = 0 (Liu, Ting and Zhou, "Isolation forest", ICDM 2008, equation 1). The logarithm is not the platform's.
pub(crate) fn average(rows: usize) -> f64 {
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let (all, others) = (rows as f64, (rows - 1) as f64);
            2.0 * (libm::log(others) + EULER) - 2.0 * others / all
        }
    }
}

/// The averages of 0..=`rows`, as depths.
pub(crate) fn averages(rows: usize) -> Vec<u32> {
    (0..=rows).map(|rows| from_f64(average(rows))).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "depths stay below 2^16")]
fn from_f64(depth: f64) -> u32 {
    (depth * f64::from(ONE)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_those_of_the_paper() {
        let harmonic = |rows: usize| (1..rows).map(|number| 1.0 / number as f64).sum::<f64>();
        for rows in [64, 256, 1_000, 32_768] {
            let exact = 2.0 * harmonic(rows) - 2.0 * (rows - 1) as f64 / rows as f64;
            assert!((average(rows) - exact).abs() < 1.1 / rows as f64, "{rows}");
        }
        assert_eq!(averages(2), [0, 0, ONE]);
        assert!((average(256) - 10.244_770_920_119_917).abs() < 1e-12);
        assert_eq!(averages(256)[256], 671_401);
    }
}
