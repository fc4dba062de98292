use std::time::Duration;

use super::{Kind, Reason, Signal};
use crate::time::Timestamp;

/// Mean radius of the earth in kilometres (IUGG).
const EARTH: f64 = 6371.0088;
/// An accuracy radius that is not known, in kilometres: about that of a city.
const UNKNOWN_RADIUS: f64 = 50.0;
/// Shorter ways say nothing, in kilometres: the error of databases of places.
const NEAR: f64 = 100.0;
/// Two events at one moment are this far apart at least, in seconds: clocks differ, requests are on their way.
const LEAST_SECONDS: f64 = 60.0;
/// Speeds in km/h between which a journey becomes unbelievable: below are trains, above no airliner with its ways to
/// and from the airport.
const SLOW: f64 = 500.0;
const FAST: f64 = 1000.0;
/// The chance that a place is wrong though nothing hints at it: the error of a good database.
const WRONG: f64 = 0.007;

/// A place on earth as a database gives it: degrees, and how far off it may be.
///
/// ```
/// use autosec_core::behavior::signal::Place;
///
/// let london = Place::new(51.5142, -0.0931, Some(10.0)).unwrap();
/// let paris = Place::new(48.8566, 2.3522, None).unwrap();
/// assert_eq!(london.distance(paris).round(), 343.0);
/// assert!(Place::new(f64::NAN, 0.0, None).is_none());
/// assert!(Place::new(91.0, 0.0, None).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    latitude: f64,
    longitude: f64,
    radius: f64,
}

/// An event at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visit {
    /// Where.
    pub place: Place,
    /// When, in event time.
    pub at: Timestamp,
}

/// What makes a distance say little: each raises the chance that one of the places is wrong.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Doubt {
    /// Both addresses are of one autonomous system: mobile and other large networks are placed at random.
    pub same_system: bool,
    /// One of the addresses is of a hosting provider, a VPN or another anonymizer: nobody sits there.
    pub anonymizer: bool,
    /// The entity, or three or more of its peers, were seen at this pair of places in such a time before.
    pub known_pair: bool,
}

impl Place {
    /// A place at `latitude` and `longitude` in degrees (-90 to 90, -180 to 180), at most `radius` kilometres off.
    ///
    /// None if the coordinates are out of range or not numbers. A radius that is missing, negative or not a number is
    /// taken for 50 km.
    pub fn new(latitude: f64, longitude: f64, radius: Option<f64>) -> Option<Self> {
        let known = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let radius = radius.filter(|radius| *radius >= 0.0).unwrap_or(UNKNOWN_RADIUS);
        known.then_some(Self { latitude, longitude, radius })
    }

    /// Kilometres along the surface of a sphere, by the haversine formula (Sinnott 1984): 0 to 20,015.1.
    pub fn distance(self, other: Place) -> f64 {
        if (self.latitude, self.longitude) == (other.latitude, other.longitude) {
            return 0.0;
        }
        let (here, there) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = libm::sin((there - here) / 2.0);
        let east = libm::sin((other.longitude - self.longitude).to_radians() / 2.0);
        let haversine = north * north + libm::cos(here) * libm::cos(there) * east * east;
        // Rounding may leave it a little above 1 for antipodes.
        2.0 * EARTH * libm::asin(haversine.clamp(0.0, 1.0).sqrt())
    }

    /// Degrees north.
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// How far off it may be, in kilometres.
    pub const fn radius(self) -> f64 {
        self.radius
    }
}

impl Doubt {
    /// The chance that a place is wrong: independent causes, of which one suffices.
    fn wrong(self) -> f64 {
        let causes = [(self.same_system, 0.15), (self.anonymizer, 0.3), (self.known_pair, 0.5)];
        let right =
            causes.iter().filter(|(given, _)| *given).fold(1.0 - WRONG, |right, (_, p)| right * (1.0 - p));
        1.0 - right
    }
}

/// Impossible travel: how much the way between two events speaks for two people.
///
/// The distance is what is left after the accuracy radii of both places; below 100 km it says nothing. The speed is
/// it over the time between the events, at least a minute, *whichever of them came first*: an event that comes late,
/// or a clock that runs backwards, gives the same answer as sorted events.
///
/// A journey of the same person that looks as fast as v happens with chance `s(v)`, falling from 1 at 500 km/h to 0
/// at 1,000 (Okta alarms at 805, Airlock at 1,000), or a place is wrong, with chance `ε`. Somebody else is anywhere.
/// So
///
/// `llr = -ln(ε + (1 − ε)·s(v))`, from 0 up to `-ln ε`, with ε = 0.007 when nothing hints at an error, and 1 − ε
/// falling by 15 % for one autonomous system, 30 % for anonymizers, 50 % for a known pair of places. At 750 km/h it
/// is 0.7 nats, at 900 still 1.6: flights are ordinary.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::behavior::signal::{Doubt, Place, Visit, travel};
/// use autosec_core::time::Timestamp;
///
/// let start = Timestamp::parse("2026-11-22T14:00:00Z")?;
/// let home = Visit { place: Place::new(52.52, 13.41, Some(20.0)).unwrap(), at: start };
/// let away = Visit {
///     place: Place::new(40.71, -74.01, Some(20.0)).unwrap(),
///     at: start + Duration::from_secs(1200),
/// };
/// let signal = travel(home, away, Doubt::default());
/// assert_eq!(signal.reason().to_string(), "6346 km in 20m, 19037 km/h");
/// assert_eq!(signal.llr().to_string(), "+4.96");
///
/// let by_vpn = travel(home, away, Doubt { anonymizer: true, ..Doubt::default() });
/// assert_eq!(by_vpn.llr().to_string(), "+1.19");
/// # Ok::<(), autosec_core::time::TimestampError>(())
/// ```
pub fn travel(from: Visit, to: Visit, doubt: Doubt) -> Signal {
    let km = (from.place.distance(to.place) - (from.place.radius + to.place.radius)).max(0.0);
    let within = from.at.since(to.at).max(to.at.since(from.at));
    let speed = km / within.as_secs_f64().max(LEAST_SECONDS) * 3600.0;
    let wrong = doubt.wrong();
    let possible = if km < NEAR { 1.0 } else { ((FAST - speed) / (FAST - SLOW)).clamp(0.0, 1.0) };
    let llr = -libm::log(wrong + (1.0 - wrong) * possible);
    let reason =
        Reason::Travel { km, within: whole_seconds(within), speed, damped: doubt != Doubt::default() };
    Signal::new(Kind::Travel, llr, 1.0 - wrong, reason)
}

fn whole_seconds(span: Duration) -> Duration {
    Duration::from_secs(span.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::behavior::signal::Nats;

    fn place(latitude: f64, longitude: f64) -> Place {
        Place::new(latitude, longitude, Some(0.0)).unwrap()
    }

    fn visit(latitude: f64, longitude: f64, second: i64) -> Visit {
        Visit { place: place(latitude, longitude), at: Timestamp::from_secs(second) }
    }

    #[test]
    fn distances_of_the_globe() {
        let quarter = std::f64::consts::FRAC_PI_2 * EARTH;
        assert!((place(0.0, 0.0).distance(place(0.0, 180.0)) - 2.0 * quarter).abs() < 1e-6, "antipodes");
        assert!((place(90.0, 0.0).distance(place(-90.0, 77.0)) - 2.0 * quarter).abs() < 1e-6, "poles");
        assert!((place(90.0, 10.0).distance(place(90.0, -130.0))).abs() < 1e-6, "one pole, many longitudes");
        assert!((place(0.0, 0.0).distance(place(90.0, 5.0)) - quarter).abs() < 1e-6);
        assert!((place(10.0, 180.0).distance(place(10.0, -180.0))).abs() < 1e-6, "the date line");
        // One degree of the equator: 6371.0088 · π / 180 = 111.1951 km.
        assert!((place(0.0, 0.0).distance(place(0.0, 1.0)) - 111.195_08).abs() < 1e-4);
    }

    #[test]
    fn coordinates_that_are_none_give_no_place() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 180.1, -180.1] {
            assert_eq!(Place::new(bad, 0.0, None), None);
            assert_eq!(Place::new(0.0, bad, None), None);
        }
        for radius in [f64::NAN, -1.0] {
            assert_eq!(Place::new(0.0, 0.0, Some(radius)).unwrap().radius(), UNKNOWN_RADIUS);
        }
        let nowhere = Place::new(0.0, 0.0, Some(f64::INFINITY)).unwrap();
        let at = Timestamp::EPOCH;
        let signal = travel(Visit { place: nowhere, at }, visit(0.0, 180.0, 0), Doubt::default());
        assert_eq!(signal.llr(), Nats::ZERO, "somewhere on earth is everywhere");
    }

    #[test]
    fn the_ramp_by_hand() {
        // 1,000 km on the equator in degrees; 750 km/h are 4,800 s. s = 0.5, llr = -ln(0.007 + 0.993 · 0.5) = 0.6862.
        let degrees = 1000.0 / (EARTH * std::f64::consts::PI / 180.0);
        let llr =
            |second| travel(visit(0.0, 0.0, 0), visit(0.0, degrees, second), Doubt::default()).llr().value();
        assert!((llr(4_800) - 0.686_172).abs() < 2e-6, "{}", llr(4_800));
        assert_eq!(llr(7_201), 0.0, "below 500 km/h");
        assert!((llr(3_599) - 4.961_845).abs() < 2e-6, "-ln 0.007");
        let near = travel(visit(0.0, 0.0, 0), visit(0.0, 0.8, 0), Doubt::default());
        assert_eq!(near.llr(), Nats::ZERO, "89 km are within what databases get wrong");
    }

    #[test]
    fn bits_are_golden() {
        let signal = travel(visit(51.5142, -0.0931, 0), visit(58.4167, 15.6167, 4_800), Doubt::default());
        let Reason::Travel { km, speed, .. } = signal.reason() else { unreachable!() };
        assert_eq!(
            (km.to_bits(), speed.to_bits()),
            (0x4093_a6e8_d1e7_3627, 0x408d_7a5d_3ada_d13b),
            "{km} {speed}"
        );
        assert_eq!(signal.llr().value(), 2.123_476_028_442_383);
    }

    fn places() -> impl Strategy<Value = Place> {
        (-90.0..=90.0, -180.0..=180.0, 0.0..300.0)
            .prop_map(|(latitude, longitude, radius)| Place::new(latitude, longitude, Some(radius)).unwrap())
    }

    proptest! {
        #[test]
        fn distance_is_a_metric(a in places(), b in places(), c in places()) {
            prop_assert_eq!(a.distance(b).to_bits(), b.distance(a).to_bits());
            prop_assert!(a.distance(a) == 0.0);
            prop_assert!((0.0..=20_015.2).contains(&a.distance(b)));
            prop_assert!(a.distance(c) <= a.distance(b) + b.distance(c) + 1e-6);
            // Against the spherical law of cosines, where that is well conditioned.
            let (la, lb) = (a.latitude.to_radians(), b.latitude.to_radians());
            let east = (b.longitude - a.longitude).to_radians();
            let cosine = la.sin() * lb.sin() + la.cos() * lb.cos() * east.cos();
            if cosine.abs() < 0.99 {
                prop_assert!((EARTH * cosine.acos() - a.distance(b)).abs() < 1e-6);
            }
        }

        #[test]
        fn order_of_events_is_no_matter(a in places(), b in places(), first: i64, second: i64) {
            let (from, to) = (
                Visit { place: a, at: Timestamp::from_micros(first) },
                Visit { place: b, at: Timestamp::from_micros(second) },
            );
            let signal = travel(from, to, Doubt::default());
            prop_assert_eq!(signal, travel(to, from, Doubt::default()));
            let (least, most) = Kind::Travel.caps();
            prop_assert!((least..=most).contains(&signal.llr()));
        }

        #[test]
        fn more_time_or_more_doubt_never_says_more(a in places(), b in places(), seconds in 0..200_000i64) {
            let llr = |seconds, doubt| {
                let from = Visit { place: a, at: Timestamp::EPOCH };
                travel(from, Visit { place: b, at: Timestamp::from_secs(seconds) }, doubt).llr()
            };
            let plain = Doubt::default();
            let all = Doubt { same_system: true, anonymizer: true, known_pair: true };
            prop_assert!(llr(seconds + 1000, plain) <= llr(seconds, plain));
            for doubt in [
                Doubt { same_system: true, ..plain },
                Doubt { anonymizer: true, ..plain },
                Doubt { known_pair: true, ..plain },
            ] {
                prop_assert!(llr(seconds, doubt) <= llr(seconds, plain));
                prop_assert!(llr(seconds, all) <= llr(seconds, doubt));
            }
        }
    }
}
