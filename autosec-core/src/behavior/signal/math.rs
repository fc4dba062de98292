//! What several signals compute with. Every function is total: any number in, a number out.

/// The exponent of the calibrator: small enough that deep tails count nearly in full.
const KAPPA: f64 = 0.15;
/// [`evidence`] of a chance of 1: most windows have no event before this one, so most tails are that.
const ORDINARY: f64 = -0.553_385_238_184_786_7;

/// Evidence against the ordinary from the chance `p = e^ln_tail` of something at least as extreme, in nats.
///
/// `p ↦ κ·p^(κ−1)` turns a p-value into a bet against it whose expectation is at most 1 if all is ordinary (Vovk
/// and Wang 2021, "E-values: calibration, combination and applications"; Shafer et al. 2011), here with κ = 0.15. The mean of it
/// and 1 is such a bet as well, and is the likelihood ratio against attackers of whom half behave like the
/// entity in this respect: so what is ordinary speaks for the ordinary by at most ln 2. Zero is at p = 0.107.
pub(super) fn evidence(ln_tail: f64) -> f64 {
    if ln_tail == 0.0 {
        return ORDINARY;
    }
    // e^(0.85 · 700) is still a finite number.
    let bet = KAPPA * libm::exp((KAPPA - 1.0) * ln_tail.clamp(-700.0, 0.0));
    libm::log(0.5 + 0.5 * bet)
}

/// `ln P(T ≥ t)` of Student's t with four degrees of freedom, in closed form.
///
/// Four, because amounts and counts of people have heavier tails than the normal distribution, on a logarithmic scale
/// too. With s = sin(atan(t/2)) the tail is ¼(1 − s)²(2 + s); no digits cancel for large t, since
/// 1 − s = cos²/(1 + s).
pub(super) fn ln_student_tail(t: f64) -> f64 {
    let t = t.clamp(-1e6, 1e6);
    let square = 1.0 / (1.0 + t * t / 4.0);
    let sine = t / 2.0 * square.sqrt();
    let rest = if sine > 0.0 { square / (1.0 + sine) } else { 1.0 - sine };
    libm::log(0.25 * rest * rest * (2.0 + sine))
}

/// How much `n` observations count beside a prior as strong as `strength` of them: `n / (n + strength)`, 0 to 1.
pub(super) fn trust(n: f64, strength: f64) -> f64 {
    let n = amount(n);
    if n.is_infinite() { 1.0 } else { n / (n + strength) }
}

/// The number if it is a number above zero, else zero.
pub(super) fn amount(number: f64) -> f64 {
    if number > 0.0 { number } else { 0.0 }
}

/// The nearest number of half the width; beyond its range its ends, not-a-number is zero.
#[expect(clippy::cast_possible_truncation, reason = "state is kept in half the width on purpose")]
pub(super) fn narrow(number: f64) -> f32 {
    if number.is_nan() { 0.0 } else { number.clamp(-1e30, 1e30) as f32 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn golden_values_worked_by_hand() {
        // κ·1 = 0.15, ln(0.5 + 0.075) = -0.5534.
        assert!((evidence(0.0) + 0.553_385_238).abs() < 1e-9);
        assert_eq!(evidence(0.0), evidence(-1e-300), "the constant is what is computed, to the last bit");
        // p = 10⁻⁶: 0.15 · 10^5.1 = 18,883.9; half of it and a half: ln 9,442.5 = 9.1530.
        assert!((evidence(1e-6f64.ln()) - 9.153).abs() < 1e-3);
        // Tables: P(T₄ ≥ 2.776) = 0.025, P(T₄ ≥ 4.604) = 0.005, P(T₄ ≥ 0) = ½.
        assert!((ln_student_tail(2.776).exp() - 0.025).abs() < 2e-5);
        assert!((ln_student_tail(4.604).exp() - 0.005).abs() < 1e-5);
        assert!((ln_student_tail(0.0) - 0.5f64.ln()).abs() < 1e-15);
        assert!((ln_student_tail(-2.776).exp() - 0.975).abs() < 2e-5);
    }

    #[test]
    fn the_bet_is_fair() {
        // ∫₀¹ (½ + ½·κ·p^(κ−1)) dp = 1. In u = p^κ the integrand is flat, so a midpoint sum converges.
        let steps = 100_000;
        let sum: f64 = (0..steps)
            .map(|step| {
                let u = (f64::from(step) + 0.5) / f64::from(steps);
                let p = u.powf(1.0 / KAPPA);
                evidence(p.ln()).exp() * u.powf(1.0 / KAPPA - 1.0) / KAPPA / f64::from(steps)
            })
            .sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn the_tail_is_the_sum_of_its_density() {
        // Density of Student's t with 4 degrees of freedom: 3/8 · (1 + t²/4)^(-5/2).
        let density = |t: f64| 0.375 * (1.0 + t * t / 4.0).powf(-2.5);
        for from in [-3.0, 0.0, 1.0, 4.0] {
            let step = 1e-3;
            let sum: f64 = (0..2_000_000).map(|i| density(from + (f64::from(i) + 0.5) * step) * step).sum();
            assert!((ln_student_tail(from).exp() - sum).abs() < 1e-7, "{from}");
        }
    }

    proptest! {
        #[test]
        fn deeper_tails_are_more_evidence(a in -800.0..0.0, b in -800.0..0.0) {
            prop_assert!((a <= b) == (evidence(a) >= evidence(b)) || evidence(a) == evidence(b));
        }

        #[test]
        fn tails_fall(a in -50.0..1e6, b in -50.0..1e6) {
            prop_assert!((a <= b) == (ln_student_tail(a) >= ln_student_tail(b))
                || ln_student_tail(a) == ln_student_tail(b));
        }

        #[test]
        fn any_number_has_an_answer(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assert!((0.0..=1.0).contains(&trust(number, 5.0)));
            prop_assert!(amount(number) >= 0.0);
            prop_assert!(narrow(number).is_finite());
            prop_assert!(number.is_nan() || ln_student_tail(number).is_finite());
            prop_assert!(number.is_nan() || evidence(number).is_finite());
        }
    }
}
