//! Baselines beside a slow exact model, and the laws of merging.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::entry::HEAVIEST;
use super::*;
use crate::behavior::Feature;

const DAY: u32 = 86_400;
const START: u32 = 20_000 * DAY;

/// An event: its second, and a value of each feature that is looked at.
type Seen = (u32, u64, u64);

fn ageing() -> &'static Ageing {
    static AGEING: LazyLock<Ageing> = LazyLock::new(Ageing::default);
    &AGEING
}

fn values(address: u64, country: u64, second: u32) -> [Option<u64>; Feature::ALL.len()] {
    let mut values = [None; Feature::ALL.len()];
    values[Feature::Address.index()] = Some(spread(address + 1));
    values[Feature::Country.index()] = Some(spread(country + 1));
    values[Feature::Hour.index()] = Some(u64::from(second / 3600) % 168);
    values
}

fn learn(baseline: &mut Baseline, (second, address, country): Seen) {
    let values = values(address, country, second);
    let lesson = Lesson {
        second,
        arrival: second,
        values: &values,
        place: Place::new(20.0 * country as f64, 0.0, 5.0),
        amount: Some(f64::from(second % 1000)),
        step: Some(0.5),
        weight: 1.0,
        proved: false,
        floor: 1e6,
        share: 1.0,
    };
    baseline.learn(&lesson, ageing());
    baseline.succeeded(second, ageing());
}

fn learned(events: &[Seen]) -> Baseline {
    let mut baseline = Baseline::default();
    events.iter().for_each(|event| learn(&mut baseline, *event));
    baseline
}

/// What the counts of a feature at `now` are if every event is remembered as it was: those that wait count `waiting`.
fn exact(events: &[Seen], now: u32, waiting: f64, value: impl Fn(&Seen) -> u64) -> BTreeMap<u64, f64> {
    let mut counts = BTreeMap::new();
    for event in events {
        let age = f64::from(now - event.0) / f64::from(30 * DAY);
        let waits = now / DAY - event.0 / DAY < 2;
        *counts.entry(value(event)).or_insert(0.0) += (-age).exp2() * if waits { waiting } else { 1.0 };
    }
    counts
}

fn events(most: usize) -> impl Strategy<Value = Vec<Seen>> {
    prop::collection::vec((0..90 * DAY, 0u64..12, 0u64..4).prop_map(|(at, a, c)| (START + at, a, c)), 1..most)
}

/// The same with nothing in quarantine, and known for as long as can be: both follow the order of arrival.
fn unordered(mut baseline: Baseline) -> Baseline {
    baseline.entries.iter_mut().for_each(|entry| entry.settle(2));
    baseline.first = 0;
    baseline
}

/// How far masses may differ by rounding: a unit for each event, merge and half-life.
fn near(one: &Baseline, two: &Baseline, units: u32) -> bool {
    let close = |left: u32, right: u32| left.abs_diff(right) <= units;
    let entries = |baseline: &Baseline| -> BTreeMap<(Feature, u32), (u32, [u32; 2])> {
        let all = Feature::ALL.into_iter().flat_map(|feature| baseline.of(feature).to_vec());
        all.map(|entry| ((entry.feature, entry.value), (entry.settled, entry.fresh))).collect()
    };
    let (left, right) = (entries(one), entries(two));
    let keys = left.keys().chain(right.keys());
    let mut same = keys.map(|key| {
        let of =
            |side: &BTreeMap<(Feature, u32), (u32, [u32; 2])>| side.get(key).copied().unwrap_or_default();
        let ((a, [b, c]), (d, [e, f])) = (of(&left), of(&right));
        close(a, d) && close(b, e) && close(c, f)
    });
    same.all(|same| same)
        && (one.first, one.newest, one.learned, one.place) == (two.first, two.newest, two.learned, two.place)
        && one.successes.newest == two.successes.newest
        && one.successes.window == two.successes.window
        && close(one.successes.mass, two.successes.mass)
}

proptest! {
    #[test]
    fn agrees_with_a_model_that_remembers_everything(seen in events(80), waiting in 0.0..1.0) {
        let mut sorted = seen;
        sorted.sort_unstable();
        let now = sorted.last().unwrap().0;
        let baseline = learned(&sorted);
        let view = baseline.view(now, ageing(), waiting);
        let settled: f64 = exact(&sorted, now, 0.0, |event| event.1).values().sum();
        // Near two settled events rounding decides whether those that wait count.
        prop_assume!((settled - 2.0).abs() > 0.8);
        let waiting = if settled < 2.0 { 1.0 } else { waiting };
        let counts = exact(&sorted, now, waiting, |event| event.1);
        let total: f64 = counts.values().sum();
        for (address, exact) in &counts {
            let held = view.counts(Feature::Address, spread(address + 1));
            // A sixteenth an event for rounding, and one for each half-life; 90 days are at most four.
            let off = sorted.len() as f64 * 0.04 + 4.0 / 16.0;
            prop_assert!((held.value - exact).abs() <= off, "{} for {exact}", held.value);
            prop_assert!((held.total - total).abs() <= off + 12.0 * 4.0 / 16.0);
        }
    }

    #[test]
    fn order_changes_only_rounding(seen in events(40), swaps in prop::collection::vec((0usize..40, 0usize..40), 0..40)) {
        let mut shuffled = seen.clone();
        for (left, right) in swaps {
            let length = shuffled.len();
            shuffled.swap(left % length, right % length);
        }
        let (mut one, mut two) = (learned(&seen), learned(&shuffled));
        // Routes join an event to the one learned before it, which is what order means.
        one.entries.retain(|entry| entry.feature != Feature::Route);
        two.entries.retain(|entry| entry.feature != Feature::Route);
        let place = |baseline: &Baseline| baseline.place.map(|place| place.at);
        prop_assert_eq!(place(&one), place(&two));
        let (one, two) = (unordered(one), unordered(two));
        prop_assert!(near(&one, &two, 2 * 40 + 4), "{one:?} {two:?}");
    }

    #[test]
    fn merging_is_commutative_to_the_bit(left in events(30), right in events(30)) {
        let (left, right) = (learned(&left), learned(&right));
        let (mut one, mut two) = (left.clone(), right.clone());
        one.merge(&right, ageing());
        two.merge(&left, ageing());
        prop_assert_eq!(one, two);
    }

    #[test]
    fn merging_is_associative_but_for_rounding(a in events(20), b in events(20), c in events(20)) {
        let (a, b, c) = (learned(&a), learned(&b), learned(&c));
        let mut left = a.clone();
        left.merge(&b, ageing());
        left.merge(&c, ageing());
        let mut tail = b;
        tail.merge(&c, ageing());
        let mut right = a;
        right.merge(&tail, ageing());
        prop_assert!(near(&left, &right, 2 * 4), "{left:?} {right:?}");
    }

    #[test]
    fn merging_shards_is_learning_in_one(seen in events(60), parts in prop::collection::vec(0usize..3, 60)) {
        let mut shards = [Baseline::default(), Baseline::default(), Baseline::default()];
        for (event, part) in seen.iter().zip(&parts) {
            learn(&mut shards[*part], *event);
        }
        let mut merged = Baseline::default();
        shards.iter().for_each(|shard| merged.merge(shard, ageing()));
        let mut whole = learned(&seen);
        whole.entries.retain(|entry| entry.feature != Feature::Route);
        merged.entries.retain(|entry| entry.feature != Feature::Route);
        let (merged, whole) = (unordered(merged), unordered(whole));
        prop_assert!(near(&merged, &whole, 60 * 2 + 8), "{merged:?} {whole:?}");
    }

    #[test]
    fn reads_what_it_wrote(seen in events(60), failures in prop::collection::vec(START..START + 90 * DAY, 0..5)) {
        let mut baseline = learned(&seen);
        failures.iter().for_each(|second| baseline.failed(*second, ageing()));
        let packed = baseline.pack();
        prop_assert_eq!(Baseline::unpack(&packed), Some(baseline.clone()));
        prop_assert_eq!(Baseline::seen(&packed), Some((baseline.newest, baseline.learned)));
        prop_assert_eq!(Baseline::unpack(&packed[..packed.len() - 1]), None);
    }

    #[test]
    fn survives_any_bytes(bytes: Vec<u8>) {
        if let Some(baseline) = Baseline::unpack(&bytes) {
            let mut other = baseline.clone();
            other.merge(&baseline, ageing());
            learn(&mut other, (u32::MAX, 1, 1));
            learn(&mut other, (0, 1, 1));
            prop_assert!(Baseline::unpack(&other.pack()).is_some());
        }
    }
}

#[test]
fn a_million_devices_stay_within_the_cap() {
    let mut baseline = Baseline::default();
    let mut largest = 0;
    for device in 0..1_000_000u64 {
        let mut values = [None; Feature::ALL.len()];
        for feature in Feature::ALL {
            values[feature.index()] = Some(spread(device + 1));
        }
        values[Feature::Hour.index()] = Some(device);
        let lesson = Lesson {
            second: START + u32::try_from(device / 100).unwrap(),
            arrival: START,
            values: &values,
            place: Place::new((device % 170) as f64 - 85.0, (device % 350) as f64 - 175.0, 1e9),
            amount: Some(1e9),
            step: Some(0.1),
            weight: 1.0,
            proved: device % 2 == 0,
            floor: 1e6,
            share: 1.0,
        };
        // The first ones fill every feature; of the others one in five hundred is enough.
        if device < 2_000 || device % 500 == 0 {
            baseline.learn(&lesson, ageing());
            largest = largest.max(baseline.pack().len());
        }
    }
    assert!(largest <= Baseline::LARGEST, "{largest} bytes");
    assert!(Feature::ALL.into_iter().all(|feature| baseline.distinct(feature) <= feature.limit()));
    let view = baseline.view(START, ageing(), 1.0);
    let counts = view.counts(Feature::Device, spread(77_000_001));
    assert!(counts.total > 3_000.0 && counts.singles > 0.9 * counts.total, "who always changes: {counts:?}");
}

#[test]
fn a_faithful_user_keeps_the_same_share() {
    let mut baseline = Baseline::default();
    for day in 0..2_000 {
        learn(&mut baseline, (START + day * DAY, 1, 1));
        if day % 10 == 0 {
            learn(&mut baseline, (START + day * DAY + 60, 2, 1));
        }
    }
    let view = baseline.view(START + 2_000 * DAY, ageing(), 1.0);
    let home = view.counts(Feature::Address, spread(2));
    assert!((home.value / home.total - 10.0 / 11.0).abs() < 0.02, "{home:?}");
    assert!((home.value - 43.0).abs() < 3.0, "30 days / ln 2: {home:?}");
}

#[test]
fn time_that_runs_backwards_is_only_late() {
    let mut baseline = learned(&[(START, 1, 1)]);
    learn(&mut baseline, (0, 2, 2));
    learn(&mut baseline, (START - 400 * DAY, 3, 3));
    assert_eq!(baseline.newest, START);
    assert_eq!(baseline.first, START, "how long it is known is not what old events say");
    assert_eq!(baseline.place.unwrap().at, START);
    let view = baseline.view(0, ageing(), 1.0);
    assert!(view.counts(Feature::Address, spread(2)).value > 0.9);
    assert_eq!(view.counts(Feature::Address, spread(3)).value, 0.0, "faded before it came");
}

#[test]
fn new_mass_waits_and_can_be_dropped() {
    let mut baseline = Baseline::default();
    (0..20).for_each(|day| learn(&mut baseline, (START + day * DAY, 1, 1)));
    let attack = START + 20 * DAY;
    learn(&mut baseline, (attack, 9, 9));
    let known = |baseline: &Baseline, now: u32| {
        let mut later = baseline.clone();
        later.advance(now, ageing());
        later.view(now, ageing(), 0.0).counts(Feature::Address, spread(10)).value
    };
    assert_eq!(known(&baseline, attack + 60), 0.0);
    assert_eq!(known(&baseline, attack + DAY), 0.0);
    assert!(known(&baseline, attack + 2 * DAY) > 0.9);
    let mut cleared = baseline.clone();
    assert!((cleared.drift(Feature::Address).unwrap() - 0.5).abs() < 0.02, "half of it is new");
    cleared.drop_unsettled();
    assert_eq!(cleared.drift(Feature::Address), None);
    assert_eq!(known(&cleared, attack + 2 * DAY), 0.0);
    assert_eq!(cleared.place, None);
    assert_eq!(cleared.distinct(Feature::Address), 1);
}

#[test]
fn heavy_features_are_made_lighter_as_a_whole() {
    let mut baseline = learned(&[(START, 1, 1), (START, 1, 1), (START, 1, 1), (START, 2, 1)]);
    for _ in 0..40 {
        let twin = baseline.clone();
        baseline.merge(&twin, ageing());
    }
    let view = baseline.view(START, ageing(), 1.0);
    let counts = view.counts(Feature::Address, spread(2));
    assert!((counts.value / counts.total - 0.75).abs() < 0.01, "{counts:?}");
}

/// A service that is asked a hundred thousand times a day keeps what it knows, though the rest of a rarer value be lost.
#[test]
fn a_value_that_grows_too_heavy_leaves_a_baseline_that_can_be_read() {
    let mut baseline = learned(&[(START, 1, 0), (START, 2, 0)]);
    let heavy = kept(Feature::Address, spread(2));
    for entry in baseline.entries.iter_mut().filter(|entry| entry.feature == Feature::Address) {
        (entry.settled, entry.fresh) = (if entry.value == heavy { HEAVIEST + 1 } else { 1 }, [0; 2]);
    }
    learn(&mut baseline, (START + 60, 1, 0));
    assert_eq!(baseline.distinct(Feature::Address), 1);
    assert!(baseline.of(Feature::Address).iter().all(|entry| entry.settled <= HEAVIEST));
    assert_eq!(Baseline::unpack(&baseline.pack()), Some(baseline));
}

#[test]
fn a_baseline_is_read_from_more_room_than_it_takes() {
    let baseline = learned(&[(START, 1, 0), (START + DAY, 2, 1)]);
    let mut packed = baseline.pack();
    let length = packed.len();
    assert!((1..200).all(|length| (length..length + 16).contains(&room(length)) && room(length) % 16 == 8));
    packed.resize(room(length) + 16, 0);
    let mut read = Baseline::default();
    assert_eq!(read.fill(&packed).map(<[u8]>::len), Some(packed.len() - length));
    assert_eq!(read, baseline);
    assert_eq!(Baseline::unpack(&packed), None, "a snapshot says its length");
}
