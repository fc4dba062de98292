use crate::order::median;
use crate::statistic::on_grid;

/// Hours of a week.
pub(super) const HOURS: usize = 168;
const DAY: usize = 24;
/// What is known of all hours counts as much as so many values of one.
const SHRINKS: f64 = 10.0;
/// Hours farther away than this lend nothing to an hour.
const REACH: usize = 4;
/// Standard deviation of what an hour lends to its neighbours, in hours.
const WIDTH: f64 = 1.5;

/// The hour of the week, 0..168, that a number of hours stands for; none of what is no number.
#[expect(clippy::cast_possible_truncation, reason = "it is below 168")]
#[expect(clippy::cast_sign_loss, reason = "it is not negative")]
pub(super) fn hour(number: f64) -> Option<usize> {
    let week = HOURS as f64;
    let within = number - libm::floor(number / week) * week;
    (0.0..week).contains(&within).then_some(within as usize)
}

/// What a column holds at each hour: medians, drawn towards those of the hour on all days, and these towards the median of
/// all, the more the fewer values there are. `by_hour` has a place for each hour; `all` is the median of all.
pub(super) fn centres(by_hour: &mut [Vec<f64>], all: f64) -> Vec<f64> {
    let drawn = |values: &mut [f64], towards: f64| {
        let count = values.len() as f64;
        // A mean of the two that cannot overflow.
        median(values).map_or(towards, |median| {
            let share = count / (count + SHRINKS);
            (median * share + towards * (1.0 - share)).clamp(f64::MIN, f64::MAX)
        })
    };
    let mut of_day = [all; DAY];
    for (hour, centre) in of_day.iter_mut().enumerate() {
        let days = by_hour.iter().skip(hour).step_by(DAY);
        let mut values: Vec<f64> = days.flatten().copied().collect();
        *centre = drawn(&mut values, all);
    }
    let towards = of_day.iter().cycle();
    by_hour.iter_mut().zip(towards).map(|(values, towards)| drawn(values, *towards)).collect()
}

/// How surprising each hour is: ln of the chance of the most usual hour by its own, 0 and more. Hours lend to their
/// neighbours, over midnight and over Sunday night.
pub(super) fn surprises(counts: &[u32]) -> Vec<f64> {
    let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let lent: Vec<f64> =
        (0..=REACH).map(|away| libm::exp(-0.5 * libm::pow(away as f64 / WIDTH, 2.0))).collect();
    let whole = lent.iter().sum::<f64>() * 2.0 - 1.0;
    let at = |hour: usize| counts.get(hour % HOURS).map_or(0.0, |count| f64::from(*count));
    let chance = |hour: usize| {
        let near = lent.iter().enumerate().map(|(away, share)| match away {
            0 => at(hour) * share,
            _ => (at(hour + away) + at(hour + HOURS - away)) * share,
        });
        (near.sum::<f64>() / whole + SHRINKS / HOURS as f64) / (total + SHRINKS)
    };
    let chances: Vec<f64> = (0..HOURS).map(chance).collect();
    let most = chances.iter().copied().fold(0.0, f64::max);
    chances.into_iter().map(|chance| on_grid(libm::log(most / chance))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_go_round() {
        assert_eq!([0.0, 167.9, 168.0, -0.5, 1e300].map(hour).map(|hour| hour.is_some()), [true; 5]);
        assert_eq!([hour(167.9), hour(168.0), hour(-0.5)], [Some(167), Some(0), Some(167)]);
        assert_eq!([hour(f64::NAN), hour(f64::INFINITY)], [None, None]);
    }

    #[test]
    fn neighbours_of_usual_hours_are_less_surprising() {
        let mut counts = [0; HOURS];
        counts[0] = 500;
        let surprises = surprises(&counts);
        assert_eq!(surprises[0], 0.0);
        assert_eq!(surprises[1], surprises[167], "over Sunday night");
        assert!(surprises[1] < surprises[3] && surprises[3] < surprises[80]);
        assert!(surprises.iter().all(|surprise| surprise.is_finite()));
        assert!(super::surprises(&[0; HOURS]).iter().all(|surprise| *surprise == 0.0), "nothing is known");
    }

    #[test]
    fn few_values_move_little() {
        let mut by_hour = vec![Vec::new(); HOURS];
        by_hour[30] = vec![110.0];
        let centres = centres(&mut by_hour, 0.0);
        let of_day = 110.0 / 11.0;
        assert_eq!(centres[6], of_day);
        assert!((centres[30] - (110.0 + 10.0 * of_day) / 11.0).abs() < 1e-9, "{}", centres[30]);
        assert_eq!(centres[7], 0.0);
    }
}
