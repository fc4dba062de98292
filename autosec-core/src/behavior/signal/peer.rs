use super::level::logarithm;
use super::math::{amount, evidence, ln_student_tail, trust};
use super::{Kind, Level, Reason, Signal};

/// How many observations of an entity the habit of its peers weighs.
pub const PEER_STRENGTH: f64 = 10.0;

/// What is expected of an entity that showed `own` in `n` observations, whose peers show `peers`: `θ = (n·own +
/// m·peers) / (n + m)` with m = `strength`, the posterior mean of a conjugate prior (James and Stein 1961; Gelman et
/// al., "Bayesian Data Analysis", 5). Of no observations it is the peers', of many its own. A `peers` or `own` that
/// is not a number leaves the other.
///
/// ```
/// use autosec_core::behavior::signal::shrunk;
///
/// assert_eq!(shrunk(8.0, 0.0, 2.0, 10.0), 2.0);
/// assert_eq!(shrunk(8.0, 10.0, 2.0, 10.0), 5.0);
/// assert_eq!(shrunk(f64::NAN, 10.0, 2.0, 10.0), 2.0);
/// ```
pub fn shrunk(own: f64, n: f64, peers: f64, strength: f64) -> f64 {
    let share = trust(n, amount(strength).max(f64::MIN_POSITIVE));
    match (own.is_nan(), peers.is_nan()) {
        (true, _) => peers,
        (_, true) => own,
        _ => share * own + (1.0 - share) * peers,
    }
}

/// An entity that does more than its peers: how far its own mean (events a day, bytes a session), drawn towards their
/// median, lies above what they show, as robust z of logarithms, turned into evidence like [`level`](super::level).
///
/// `n` is how many observations the mean rests on. It is about habits, not about one event: who has always done more
/// than others has it in every event, so its cap is low. None if the mean is below zero or not a number, or nothing
/// is known of the peers.
///
/// ```
/// use autosec_core::behavior::signal::{Level, peer};
///
/// let mut peers = Level::default();
/// (0..50).for_each(|who| peers.observe(20.0 + f64::from(who % 10)));
/// assert!(peer(25.0, 100.0, peers).unwrap().llr().value() < 0.0);
/// assert!(peer(900.0, 100.0, peers).unwrap().llr().value() > 2.5);
/// assert!(peer(900.0, 0.0, peers).unwrap().llr().value() < 0.0, "nothing is known of its habit");
/// ```
pub fn peer(own: f64, n: f64, peers: Level) -> Option<Signal> {
    let y = logarithm(own)?;
    let [median, _, weight] = peers.parts();
    let z = (weight > 0.0).then(|| peers.z(shrunk(y, n, f64::from(median), PEER_STRENGTH)))?;
    let reason = Reason::Peer { own, peers: peers.median(), z };
    let confidence = trust(n, PEER_STRENGTH) * trust(peers.weight(), PEER_STRENGTH);
    Some(Signal::new(Kind::Peer, evidence(ln_student_tail(z)), confidence, reason))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn z_by_hand() {
        // Peers: median 2, MAD 0.5, so many that the root is 1. Own 6 from 30 observations: θ = (30·6 + 10·2)/40 = 5,
        // z = 0.6745·3/0.5 = 4.047.
        let signal = peer(libm::expm1(6.0), 30.0, Level::from_parts([2.0, 0.5, 1e9])).unwrap();
        let Reason::Peer { z, .. } = signal.reason() else { unreachable!() };
        assert!((z - 4.047).abs() < 1e-6, "{z}");
    }

    proptest! {
        #[test]
        fn lies_between(own in -1e9..1e9, peers in -1e9..1e9, n in 0.0..1e9, strength in 0.0..1e9) {
            let theta = shrunk(own, n, peers, strength);
            prop_assert!(theta >= f64::min(own, peers) - 1e-6 && theta <= f64::max(own, peers) + 1e-6);
        }

        #[test]
        fn any_number_has_an_answer(own: u64, n: u64, parts: [u32; 3]) {
            let peers = Level::from_parts(parts.map(f32::from_bits));
            if let Some(signal) = peer(f64::from_bits(own), f64::from_bits(n), peers) {
                let (least, most) = Kind::Peer.caps();
                prop_assert!((least..=most).contains(&signal.llr()));
            }
        }
    }
}
