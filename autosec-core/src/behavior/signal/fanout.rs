use super::math::evidence;
use super::rate::{Excess, excess};
use super::{Kind, Rate, Reason, Shape, Signal};

/// Failures below which no shape is told.
const FEW: u64 = 10;
/// Users from which on they are many.
const MANY_USERS: u64 = 5;
/// Failures for each user from which on they are many.
const MANY_EACH: u64 = 5;

/// One source, such as an address or a host, with too many distinct targets or users in a window: the chance of so
/// many or more, turned into evidence as [`rate`](super::rate) does.
///
/// `distinct` is how many there were in a part of `window` windows (1 for a whole one), `failures` how many of its
/// attempts failed; `own` and `prior` are distinct targets a window, of the source and of sources like it: the
/// gateway of an office has many users every day. Failures don't add to the evidence, for the rate counts them; they
/// tell the [`Shape`] of what is seen: many users with few failures each, or few with many.
///
/// ```
/// use autosec_core::behavior::signal::{Rate, fanout};
///
/// // Addresses have 1.2 users an hour; this one has 40 and 43 failures.
/// let spray = fanout(40, 43, 1.0, Rate::default(), Rate::new(12.0, 10.0));
/// assert_eq!(spray.llr().to_string(), "+6.00");
/// assert!(spray.reason().to_string().ends_with("password spraying or stuffing"));
///
/// // An office with 45 users an hour.
/// let office = fanout(40, 3, 1.0, Rate::new(4500.0, 100.0), Rate::new(12.0, 10.0));
/// assert!(office.llr().value() < 0.0);
/// ```
pub fn fanout(distinct: u64, failures: u64, window: f64, own: Rate, prior: Rate) -> Signal {
    let Excess { expected, ln_tail, confidence } = excess(distinct, window, own, prior);
    let shape = shape(distinct, failures);
    let reason = Reason::Fanout { distinct, expected, tail: libm::exp(ln_tail), shape };
    Signal::new(Kind::Fanout, evidence(ln_tail), confidence, reason)
}

fn shape(users: u64, failures: u64) -> Shape {
    let many_each = failures / users.max(1) >= MANY_EACH;
    match (users >= MANY_USERS, many_each) {
        _ if failures < FEW => Shape::Unclear,
        (true, false) => Shape::Spray,
        (false, true) => Shape::BruteForce,
        (true, true) => Shape::Both,
        (false, false) => Shape::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_spray_from_brute_force() {
        assert_eq!(shape(40, 43), Shape::Spray);
        assert_eq!(shape(1, 300), Shape::BruteForce);
        assert_eq!(shape(20, 900), Shape::Both);
        assert_eq!(shape(4, 12), Shape::Unclear);
        assert_eq!(shape(0, 0), Shape::Unclear);
        assert_eq!(shape(0, u64::MAX), Shape::BruteForce);
    }

    proptest! {
        #[test]
        fn more_is_never_less_suspicious(distinct in 0..5_000u64, events in 0.0..1e4, windows in 0.0..1e4) {
            let llr = |distinct| fanout(distinct, 0, 1.0, Rate::new(events, windows), Rate::VAGUE).llr();
            prop_assert!(llr(distinct + 1 + distinct / 2) >= llr(distinct));
        }

        #[test]
        fn any_number_has_an_answer(distinct: u64, failures: u64, window: u64, a: u64, b: u64) {
            let own = Rate::new(f64::from_bits(a), f64::from_bits(b));
            let signal = fanout(distinct, failures, f64::from_bits(window), own, own);
            let (least, most) = Kind::Fanout.caps();
            prop_assert!((least..=most).contains(&signal.llr()));
        }
    }
}
