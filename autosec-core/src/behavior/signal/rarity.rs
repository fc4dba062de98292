use super::math::{amount, trust};
use super::{Kind, Reason, Signal};

/// How many observations the usual novelty of a level weighs.
const STRENGTH: f64 = 2.0;
/// The share of the smoothing that stays for an entity of whom `n` observations are left: `0.25 / (n + 0.25)`, so
/// that a history that has all but faded says all but nothing.
const FADED: f64 = 0.25;
/// Observations at which a history is half as sure as it gets.
const SURE: f64 = 10.0;
/// How many times likelier than for everyone peers can make what is new to an entity: three nats. Rare values make
/// the ratio of a small group enormous after one event, and whoever poisons that group would make his own network
/// ordinary for all of it.
const PEERS: f64 = 20.0;
/// The most levels a hierarchy may have; narrower ones than that are left out.
const LEVELS: usize = 8;

/// How often one value of one level was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// The weight of this value, 0 if it was never seen.
    pub seen: f64,
    /// The weight of all values of the level.
    pub total: f64,
    /// How many values of the level were seen only once: what Good and Turing tell the unseen by.
    pub once: f64,
}

/// One level of a hierarchy, such as the prefix between address and autonomous system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// How often the entity had this value.
    pub own: Count,
    /// How often its peers had it, the entity among them or not.
    pub peers: Count,
    /// The chance that *somebody else* has this value, as [`share`] gives it from the counts of everyone.
    pub share: f64,
    /// How often something new is usual at this level, 0 to 1, before anything is known of the entity.
    pub novelty: f64,
}

/// [`Layer::novelty`] of address, prefix, autonomous system, country.
///
/// Estimates, not measurements: consumer addresses change every few logins, countries a few times in a hundred.
pub const NETWORK_NOVELTY: [f64; 4] = [0.5, 0.35, 0.15, 0.05];
/// [`Layer::novelty`] of user agent, browser, operating system, kind of device: estimates as well.
pub const SOFTWARE_NOVELTY: [f64; 4] = [0.4, 0.15, 0.08, 0.05];

/// The chance of a value from the counts of everyone: `max(seen, 1) / (total + distinct)`, above 0 and at most 1.
///
/// It is the smoothing of Freeman et al. 2016 ("Who Are You?", section V): a value seen `c` times of `N`, with `M`
/// distinct ones, has `(c/N)·(1 − M/(N + M))`, one never seen `1/(N + M)`; the first is `c/(N + M)`, so
/// an unseen value counts as seen once, and so does one whose weight has faded below 1.
///
/// ```
/// use autosec_core::behavior::signal::share;
///
/// assert_eq!(share(30.0, 90.0, 10.0), 0.3);
/// assert_eq!(share(0.0, 90.0, 10.0), 0.01);
/// assert_eq!(share(0.0, 0.0, 0.0), 1.0, "of whom nothing is known, nothing is rare");
/// ```
pub fn share(seen: f64, total: f64, distinct: f64) -> f64 {
    let all = amount(total).min(1e15) + amount(distinct).min(1e15);
    if all > 0.0 { (amount(seen).max(1.0) / all).min(1.0) } else { 1.0 }
}

/// The chance that the next value of a level is a new one: Good and Turing's `once / total` (Good 1953), drawn
/// towards the `usual` novelty as if that had been seen in two observations, and towards 1 where the history has
/// faded.
///
/// With `usual` = ½ it is `(once + 1) / (total + 2)` but for the last. Who always changes surprises nobody by
/// changing.
pub fn novelty(count: Count, usual: f64) -> f64 {
    let total = amount(count.total).min(1e15);
    let once = amount(count.once).min(total);
    let turing = (once + STRENGTH * amount(usual).min(1.0)) / (total + STRENGTH);
    1.0 - (1.0 - turing) * total / (total + FADED)
}

/// A rare or new value of a hierarchy: `llr = ln(p_everyone(x) / p_own(x))`, `layers` from narrow to wide, such as
/// address, prefix, autonomous system, country. A layer whose field is missing is left out; none without layers.
///
/// The entity draws its next value from one of its levels: with chance `1 − g₀` an address it has used, with `g₀ −
/// g₁` a new address in a prefix it has used, and so on, and with the `g` of the widest level something of which
/// nothing is known, like its peers. Here `g` is the [`novelty`] of each level, which cannot rise from narrow to
/// wide. A level where the value has count `c` of `n` and the share `q` among everyone contributes `c/(n·q)` times
/// what everyone would, so that
///
/// `p_own / p_everyone = Σ (g₋₁ − g)·c/(n·q) + g_last · p_peers/p_everyone`,
///
/// and the same with the counts of the peers and 1 at the end is their ratio, of which at most 20 counts. This
/// interpolates as Freeman et al. 2016 and Wiefling et al. 2022 do over address, AS and country with 0.6, 0.3, 0.1,
/// but with weights that follow from how often *this* entity changes: a new address in a known AS surprises little, a
/// new country much, and neither surprises of a traveller.
///
/// ```
/// use autosec_core::behavior::signal::{Count, Kind, Layer, NETWORK_NOVELTY, rarity, share};
///
/// // Twenty logins from one address of a large provider in Germany; 100,000 logins of everyone.
/// let own = |seen| Count { seen, total: 20.0, once: 0.0 };
/// let layers = |known: usize| -> Vec<Layer> {
///     let everyone = [(20.0, 40_000.0), (100.0, 5_000.0), (9_000.0, 500.0), (60_000.0, 50.0)];
///     let layer = |(level, (seen, distinct)): (usize, (f64, f64))| Layer {
///         own: own(if level >= known { 20.0 } else { 0.0 }),
///         peers: Count::default(),
///         share: share(if level >= known { seen } else { 0.0 }, 100_000.0, distinct),
///         novelty: NETWORK_NOVELTY[level],
///     };
///     everyone.into_iter().enumerate().map(layer).collect()
/// };
/// let llr = |known| rarity(Kind::Network, layers(known)).unwrap().llr().to_string();
/// assert_eq!(llr(0), "-4.00", "the same address");
/// assert_eq!(llr(1), "-2.67", "another address of its prefix");
/// assert_eq!(llr(2), "+1.46", "another prefix of its AS");
/// assert_eq!(llr(4), "+4.08", "another country");
/// ```
pub fn rarity(kind: Kind, layers: impl IntoIterator<Item = Layer, IntoIter: Clone>) -> Option<Signal> {
    let layers = layers.into_iter().take(LEVELS);
    let narrowest = layers.clone().next()?;
    let peers = ratio(layers.clone().map(|layer| (layer.peers, layer)), 1.0).min(PEERS);
    let own = ratio(layers.clone().map(|layer| (layer.own, layer)), peers);
    let reason = Reason::Rarity {
        own: known(layers.clone().map(|layer| layer.own)),
        peers: known(layers.map(|layer| layer.peers)),
        ratio: own,
        novelty: novelty(narrowest.own, narrowest.novelty),
    };
    Some(Signal::new(kind, -libm::log(own), trust(narrowest.own.total, SURE), reason))
}

/// How many times likelier the value is for whom the counts are of than for everyone, where whom `beyond` is the
/// ratio of is asked about what is new on all levels.
fn ratio(layers: impl Iterator<Item = (Count, Layer)>, beyond: f64) -> f64 {
    let (mut sum, mut left) = (0.0, 1.0);
    for (count, layer) in layers {
        let total = amount(count.total).min(1e15);
        if total > 0.0 {
            let new = novelty(count, layer.novelty).min(left);
            let share = layer.share.clamp(1e-15, 1.0);
            sum += (left - new) * (amount(count.seen).min(total) / total) / share;
            left = new;
        }
    }
    (sum + left * beyond).clamp(1e-30, 1e30)
}

/// The narrowest level on which a value was seen.
fn known(counts: impl Iterator<Item = Count>) -> Option<u8> {
    counts.zip(0u8..).find(|(count, _)| count.seen > 0.0).map(|(_, level)| level)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layer(seen: f64, total: f64, once: f64, share: f64, novelty: f64) -> Layer {
        Layer { own: Count { seen, total, once }, peers: Count::default(), share, novelty }
    }

    fn llr(layers: &[Layer]) -> f64 {
        rarity(Kind::Network, layers.iter().copied()).unwrap().llr().value()
    }

    #[test]
    fn one_level_by_hand() {
        // n = 8, all of one value that everyone has with 0.5: turing = 2·0.2/10 = 0.04, g = 1 - 0.96·8/8.25 =
        // 0.069091. Known: (1 - g)·1/0.5 + g = 1.930909; new: g.
        let known = llr(&[layer(8.0, 8.0, 0.0, 0.5, 0.2)]);
        assert!((known + 1.930_909f64.ln()).abs() < 1e-5, "{known}");
        let new = llr(&[layer(0.0, 8.0, 0.0, 0.5, 0.2)]);
        assert!((new + 0.069_091f64.ln()).abs() < 1e-5, "{new}");
    }

    #[test]
    fn who_always_changes_surprises_little() {
        let stable = llr(&[layer(0.0, 20.0, 0.0, 1e-4, 0.5)]);
        let restless = llr(&[layer(0.0, 20.0, 20.0, 1e-4, 0.5)]);
        assert!(stable > 2.5 && restless < 0.1, "{stable} {restless}");
    }

    #[test]
    fn what_peers_do_surprises_less() {
        let alone = layer(0.0, 20.0, 0.0, 0.001, 0.05);
        let common = Layer { peers: Count { seen: 300.0, total: 1000.0, once: 3.0 }, ..alone };
        assert!(llr(&[alone]) > llr(&[common]) + 2.9);
        let reason = |layer| rarity(Kind::Rarity, [layer]).unwrap().reason().known();
        assert_eq!(reason(alone), Some(crate::behavior::signal::Known::ToNeither));
        assert_eq!(reason(common), Some(crate::behavior::signal::Known::ToPeers));
    }

    #[test]
    fn a_poisoned_group_excuses_little() {
        // One event of a hundred of a group, from a network that nobody else has: the ratio would be 1,000.
        let unknown = layer(0.0, 20.0, 0.0, 1e-5, 0.15);
        let poisoned = Layer { peers: Count { seen: 1.0, total: 100.0, once: 1.0 }, ..unknown };
        assert!((llr(&[unknown]) - llr(&[poisoned]) - PEERS.ln()).abs() < 1e-5);
        assert!(llr(&[poisoned]) > 0.0);
    }

    #[test]
    fn nothing_known_says_nothing() {
        assert_eq!(llr(&[layer(0.0, 0.0, 0.0, 0.01, 0.5), layer(0.0, 0.0, 0.0, 0.3, 0.05)]), 0.0);
        assert!(rarity(Kind::Network, []).is_none());
    }

    #[test]
    fn freeman_smoothing_is_what_share_says() {
        for (c, n, m) in [(1.0, 10.0, 4.0), (7.0, 1e6, 3.0), (3.0, 3.0, 1.0)] {
            let freeman: f64 = (c / n) * (1.0 - m / (n + m));
            assert!((share(c, n, m) - freeman).abs() < 1e-15);
        }
    }

    #[test]
    fn chances_of_all_values_add_up() {
        // Three addresses in two prefixes, everyone's shares q; the entity's chances q·ratio must add up to 1.
        let everyone = [[0.2, 0.5], [0.3, 0.5], [0.5, 0.5]];
        let own = [[4.0, 5.0], [1.0, 5.0], [0.0, 0.0]];
        let chance = |value: usize| {
            let layers = [0, 1].map(|level| layer(own[value][level], 5.0, 1.0, everyone[value][level], 0.4));
            let ratio = ratio(layers.into_iter().map(|layer| (layer.own, layer)), 1.0);
            ratio * everyone[value][0]
        };
        assert!(((0..3).map(chance).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn bits_are_golden() {
        assert_eq!(
            llr(&[layer(0.0, 12.0, 2.0, 1e-5, 0.5), layer(11.0, 12.0, 1.0, 0.02, 0.15)]),
            -1.716_185_569_763_183_6
        );
    }

    fn layers() -> impl Strategy<Value = Vec<Layer>> {
        let count = || {
            (0.0..1.0, 0.0..1e3, 0.0..1.0).prop_map(|(seen, total, once)| Count {
                seen: seen * total,
                total,
                once: once * total,
            })
        };
        let layer = (count(), count(), 1e-9..1.0, 0.0..1.0).prop_map(|(own, peers, share, novelty)| Layer {
            own,
            peers,
            share,
            novelty,
        });
        prop::collection::vec(layer, 1..6)
    }

    proptest! {
        #[test]
        fn seeing_it_more_often_never_makes_it_stranger(layers in layers(), at in 0..6usize) {
            let mut more = layers.clone();
            let at = at % more.len();
            more[at].own.seen = more[at].own.total;
            prop_assert!(llr(&more) <= llr(&layers));
        }

        #[test]
        fn rarer_elsewhere_is_never_stranger_here(layers in layers(), at in 0..6usize) {
            let mut rarer = layers.clone();
            let at = at % rarer.len();
            rarer[at].share /= 2.0;
            prop_assert!(llr(&rarer) <= llr(&layers));
        }

        #[test]
        fn more_singletons_never_make_the_new_stranger(total in 0.0..1e3, once in 0.0..1.0, share in 1e-9..1.0) {
            let new = |once| llr(&[layer(0.0, total, once, share, 0.5)]);
            prop_assert!(new(once * total + 1.0) <= new(once * total));
        }

        #[test]
        fn any_number_has_an_answer(numbers: [u64; 8]) {
            let [a, b, c, d, e, f, g, h] = numbers.map(f64::from_bits);
            let layer = Layer {
                own: Count { seen: a, total: b, once: c },
                peers: Count { seen: d, total: e, once: f },
                share: g,
                novelty: h,
            };
            let (least, most) = Kind::Rarity.caps();
            let signal = rarity(Kind::Rarity, [layer; 12]).unwrap();
            prop_assert!((least..=most).contains(&signal.llr()));
            prop_assert!((0.0..=1.0).contains(&novelty(layer.own, h)));
            prop_assert!((0.0..=1.0).contains(&share(a, b, c)));
        }
    }
}
